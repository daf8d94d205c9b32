"""``borderlands topics``: make the topics of the table on a cluster, or compare them with it."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import typer
from aiokafka.errors import KafkaError

from console.output import Exit, JsonOption, fail, out, print_json
from runtime.settings import Settings, SettingsMistake, load_settings
from runtime.topics import TopicsDiffer, create_topics, verify_topics
from schemas.topics import TOPICS, Topic

T = TypeVar("T")

app = typer.Typer(help="The Kafka topics.", no_args_is_help=True)


@app.command("create")
def create(as_json: JsonOption = False) -> None:
    """Create the topics that are missing, then verify all of them."""
    made = asyncio.run(_asked(create_topics(_settings())))
    if not as_json:
        out.print(f"created {', '.join(made)}" if made else "all topics exist")
    _verify()
    if as_json:
        print_json({"created": list(made), "topics": list(TOPICS)})
    else:
        out.print(_VERIFIED)


@app.command("verify")
def verify(as_json: JsonOption = False) -> None:
    """Compare the broker's topics with schemas/topics.py. Exit code 78: they differ."""
    _verify()
    if as_json:
        print_json({"topics": list(TOPICS)})
    else:
        out.print(_VERIFIED)


_VERIFIED = f"✓ {len(TOPICS)} topics are as schemas/topics.py says"


def _verify() -> None:
    try:
        asyncio.run(_asked(verify_topics(_settings())))
    except TopicsDiffer as differ:
        fail(str(differ), Exit.CONFIGURATION)


@app.command("list")
def list_topics(as_json: JsonOption = False) -> None:
    """Print the table of topics."""
    if as_json:
        print_json([_as_json(topic) for topic in TOPICS.values()])
        return
    for topic in TOPICS.values():
        out.print(f"{topic.name:24} key: {topic.key:50} {', '.join(topic.written_by)} → {', '.join(topic.read_by)}")


def _as_json(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "key": topic.key,
        "records": [record.__name__ for record in topic.records],
        "written_by": list(topic.written_by),
        "read_by": list(topic.read_by),
        "partitions": topic.partitions,
        "config": topic.config,
    }


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsMistake as mistake:
        fail(str(mistake), Exit.CONFIGURATION)


async def _asked(question: Awaitable[T]) -> T:
    try:
        return await question
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be reached: {problem}", Exit.UNAVAILABLE, mend="set BORDERLANDS_BOOTSTRAP to a broker")

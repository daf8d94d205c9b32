"""``borderlands topics``: make the topics of the table on a cluster, or compare them with it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import typer
from aiokafka.errors import KafkaError

from console.output import Exit, fail, out
from runtime.settings import Settings, SettingsMistake, load_settings
from runtime.topics import TopicsDiffer, create_topics, verify_topics
from schemas.topics import TOPICS

T = TypeVar("T")

app = typer.Typer(help="The Kafka topics.", no_args_is_help=True)


@app.command("create")
def create() -> None:
    """Create the topics that are missing, then verify all of them."""
    made = asyncio.run(_asked(create_topics(_settings())))
    out.print(f"created {', '.join(made)}" if made else "all topics exist")
    verify()


@app.command("verify")
def verify() -> None:
    """Compare the broker's topics with schemas/topics.py."""
    try:
        asyncio.run(_asked(verify_topics(_settings())))
    except TopicsDiffer as differ:
        fail(str(differ), Exit.CONFIGURATION)
    out.print(f"✓ {len(TOPICS)} topics are as schemas/topics.py says")


@app.command("list")
def list_topics() -> None:
    """Print the table of topics."""
    for topic in TOPICS.values():
        out.print(f"{topic.name:24} key: {topic.key:50} {', '.join(topic.written_by)} → {', '.join(topic.read_by)}")


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

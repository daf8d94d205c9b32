"""The topics of a cluster: made from the table in ``schemas/topics.py``, verified against it, waited for."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, for_code

from runtime.settings import Settings
from schemas.topics import TOPICS, Topic

LEADERS_WITHIN_S = 30.0
TOPICS_WITHIN_S = 60.0


class TopicsDiffer(Exception):
    """The topics on the broker are not those of ``schemas/topics.py``; the text names every difference."""


class TopicsMissing(TopicsDiffer):
    """Topics are missing, and nothing else is wrong: somebody may be about to make them."""


@contextlib.asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client, closed at the end."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, request_timeout_ms=int(settings.request_timeout_s * 1000)
    )
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def create_topics(settings: Settings) -> list[str]:
    """Create the topics of the table that are missing; returns their names."""
    async with _admin(settings) as admin:
        existing = set(await admin.list_topics())
        missing = [topic for topic in TOPICS.values() if topic.name not in existing]
        if missing:
            answer = await admin.create_topics([_new(topic, settings) for topic in missing])
            for name, code, *_rest in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"creating topic {name}")
            counts = {topic.name: topic.partition_count(settings.partitions) for topic in missing}
            async with asyncio.timeout(LEADERS_WITHIN_S):
                await _until_led(admin, counts)
        return [topic.name for topic in missing]


async def _until_led(admin: AIOKafkaAdminClient, counts: dict[str, int]) -> None:
    """A topic just created is not known everywhere for a moment, and then has no leaders for another."""
    while True:
        led = {
            topic["topic"]: sum(part["leader"] >= 0 and not part["error_code"] for part in topic["partitions"])
            for topic in await admin.describe_topics(list(counts))
        }
        if led == counts:
            return
        await asyncio.sleep(0.05)


def _new(topic: Topic, settings: Settings) -> NewTopic:
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partition_count(settings.partitions),
        replication_factor=settings.replication,
        topic_configs=topic.config,
    )


async def await_topics(settings: Settings, within_s: float = TOPICS_WITHIN_S) -> None:
    """Verify the topics, waiting for a broker that is just starting and for topics that are just being made.

    Raises:
        TopicsDiffer: they differ, or are still missing after ``within_s`` seconds.
        KafkaConnectionError: no broker answers by then.
    """
    deadline = time.monotonic() + within_s
    await _until_it_listens(settings, within_s)
    while True:
        try:
            return await verify_topics(settings)
        except (TopicsMissing, KafkaConnectionError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)


async def _until_it_listens(settings: Settings, within_s: float) -> None:
    """Wait for an open port, cheaply: a Kafka client would log every refusal. Giving up is left to the caller."""
    host, _, port = settings.bootstrap.split(",")[0].rpartition(":")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while True:
                try:
                    _, writer = await asyncio.open_connection(host, int(port))
                except OSError:
                    await asyncio.sleep(0.2)
                else:
                    writer.close()
                    return


async def verify_topics(settings: Settings, topics: Iterable[Topic] = tuple(TOPICS.values())) -> None:
    """Compare the broker's topics with the table.

    Raises:
        TopicsDiffer: a topic is missing, or its partition count or a promised setting differs.
    """
    wanted = {topic.name: topic for topic in topics}
    async with _admin(settings) as admin:
        found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(list(wanted))}
        present = [name for name in wanted if found.get(name)]
        configs = await _configs(admin, present)
    faults = list(_differences(wanted, found, configs, settings.partitions))
    if faults:
        kind = TopicsMissing if len(faults) == len(wanted) - len(present) else TopicsDiffer
        raise kind(
            "topics differ from schemas/topics.py: "
            + "; ".join(faults)
            + ". Create missing ones with `borderlands topics create`; a partition count is fixed for life"
        )


def _differences(
    wanted: dict[str, Topic], found: dict[str, int], configs: dict[str, dict[str, str]], common: int
) -> Iterable[str]:
    for name, topic in wanted.items():
        count = found.get(name, 0)
        if not count:
            yield f"{name} is missing"
            continue
        if count != topic.partition_count(common):
            yield f"{name} has {count} partitions, not {topic.partition_count(common)}"
        for key in ("cleanup.policy", "message.timestamp.type"):
            if configs[name].get(key) != topic.config[key]:
                yield f"{name} has {key}={configs[name].get(key)}, not {topic.config[key]}"
        if int(configs[name].get("max.message.bytes", "0")) < int(topic.config["max.message.bytes"]):
            yield f"{name} takes records of {configs[name].get('max.message.bytes')} bytes only"


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for _code, _message, _kind, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found

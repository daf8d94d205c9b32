"""Where records stand in a cluster: its partitions, how far they reach, and who is reading them."""

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from console.logs.raw import RawRecord, raw_of
from runtime.kafka import assign_paused, read_range
from runtime.settings import Settings
from schemas.topics import TOPICS


def places_of(common: int) -> list[TopicPartition]:
    """Every partition of every topic of the table."""
    return [
        TopicPartition(name, number)
        for name, topic in TOPICS.items()
        for number in range(topic.partition_count(common))
    ]


async def ends_of(consumer: AIOKafkaConsumer, common: int) -> dict[TopicPartition, int]:
    """The offset behind the last committed record of each partition."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places_of(common))
    return ends


async def last_of(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> RawRecord | None:
    """The record before ``end``, or None where compaction or a transaction left none there."""
    assign_paused(consumer, [place])
    found = await read_range(consumer, {place: end - 1}, {place: end})
    return raw_of(found[-1]) if found else None


async def groups_at_work(settings: Settings, groups: Iterable[str]) -> list[str]:
    """Those of ``groups`` that have members now."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, request_timeout_ms=int(settings.request_timeout_s * 1000)
    )
    await admin.start()
    try:
        # Only those that exist: asked for others, a new cluster would first have to make the topic of group offsets.
        known = {group[0] for group in await admin.list_consumer_groups()}
        # One at a time: aiokafka 0.14 reads the answer about several by an older schema, and closes the connection.
        answers = [await admin.describe_consumer_groups([group]) for group in groups if group in known]
        return sorted(group[1] for answer in answers for part in answer for group in part.groups if group[5])
    finally:
        await admin.close()

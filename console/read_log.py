"""Reading topics from one moment to another, decoded, in the order they were appended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime.kafka import appended_at, make_consumer, read_range
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import Undecodable, decode
from schemas.topics import Topic

MAX_RECORDS = 5_000_000


class TooMuchToRead(Exception):
    """The range holds more records than one command reads; narrow it."""


@dataclass(frozen=True)
class Logged:
    """One record where it stands. ``record`` is None when it cannot be decoded; ``fault`` says why."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    record: Record | None
    fault: Undecodable | None = None


async def read_log(
    settings: Settings, topics: Iterable[Topic], *, since: datetime | None = None, partition: int | None = None
) -> list[Logged]:
    """Every committed record of ``topics`` appended at ``since`` or later (default: all), oldest first.

    Reads up to the ends the topics have now. ``partition`` limits co-partitioned topics to one partition.

    Raises:
        TooMuchToRead: more than ``MAX_RECORDS`` records.
    """
    wanted = {topic.name: topic for topic in topics}
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, number)
            for topic in wanted.values()
            for number in range(topic.partition_count(settings.partitions))
            if partition is None or topic.partitions is not None or number == partition
        ]
        consumer.assign(places)
        starts, ends = await _bounds(consumer, places, since)
        total = sum(ends[place] - starts[place] for place in places)
        if total > MAX_RECORDS:
            raise TooMuchToRead(f"{total} records; narrow the time range")
        records = await read_range(consumer, starts, ends)
    finally:
        await consumer.stop()
    logged = [_logged(wanted[record.topic], record) for record in records]
    return sorted(logged, key=lambda one: (one.appended_at, one.topic, one.partition, one.offset))


async def _bounds(
    consumer: AIOKafkaConsumer, places: list[TopicPartition], since: datetime | None
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    starts: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    if since is not None:
        moment = int(since.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(places, moment))
        for place in places:
            starts[place] = found[place].offset if found.get(place) else ends[place]
    return starts, ends


def _logged(topic: Topic, record: "ConsumerRecord[Any, Any]") -> Logged:
    place = topic.name, record.partition, record.offset, appended_at(record), record.key, record.value
    try:
        return Logged(*place, decode(topic, record.value))
    except Undecodable as fault:
        return Logged(*place, None, fault)

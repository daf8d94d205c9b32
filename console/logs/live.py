"""Reading topics from one moment to another, decoded, in the order they were appended."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from console.logs.exported import told, undecoded
from console.logs.logged import MAX_RECORDS, Logged, TooMuchToRead
from console.logs.raw import raw_of
from console.logs.restore_mark import RestoredTo, restored_to
from console.logs.source import read_all
from runtime.kafka import assign_paused, make_consumer, stream_range
from runtime.settings import Settings
from schemas.topics import Topic


class LiveLog:
    """The committed records on the topics of a running system; a ``LogSource``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._restored_to: RestoredTo | None = None
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """The broker's address."""
        return self._settings.bootstrap

    @property
    def partitions(self) -> int:
        """The common count of the incident topics."""
        return self._settings.partitions

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``LogSource.stream``."""
        wanted = {topic.name: topic for topic in topics}
        async for batch in self._records(wanted, since, until, partitions):
            read = (raw_of(one) for one in batch if keys is None or one.key in keys)
            found = (told(wanted[one.topic], one, since, until) for one in read)
            yield [one for one in found if one is not None]

    async def stream_values(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``ValueSource.stream_values``."""
        wanted = {topic.name: topic for topic in topics}
        async for batch in self._records(wanted, since, until, partitions):
            found = (undecoded(raw_of(one), since, until) for one in batch)
            yield [one for one in found if one is not None]

    async def _records(
        self,
        wanted: dict[str, Topic],
        since: datetime | None,
        until: datetime | None,
        partitions: frozenset[int] | None,
    ) -> "AsyncIterator[list[ConsumerRecord[Any, Any]]]":
        consumer = make_consumer(self._settings)
        try:
            await consumer.start()  # in here: one that cannot connect must be stopped as well
            places = [
                TopicPartition(topic.name, number)
                for topic in wanted.values()
                for number in range(topic.partition_count(self.partitions))
                if partitions is None or topic.partitions is not None or number in partitions
            ]
            assign_paused(consumer, places)
            starts, ends = await self.bounds(consumer, places, since, until)
            total = sum(ends[place] - starts[place] for place in places)
            if total > MAX_RECORDS:
                raise TooMuchToRead(f"{total} records; narrow the time range")
            async for _, batch in stream_range(consumer, starts, ends):
                yield batch
        finally:
            await consumer.stop()

    async def bounds(
        self,
        consumer: AIOKafkaConsumer,
        places: list[TopicPartition],
        since: datetime | None,
        until: datetime | None,
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """First and end offset of what may have been appended from ``since`` to ``until`` on each of ``places``."""
        starts, ends = await _bounds(consumer, places, since, until)
        if since is not None or until is not None:
            await self._widen(consumer, starts, ends)
        return starts, ends

    async def _widen(
        self, consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
    ) -> None:
        """Take in what was restored, whatever the range: Kafka knows when it was restored, its headers when it was."""
        async with self._asking:  # which several readings at once do only once
            if self._restored_to is None:
                self._restored_to = await restored_to(self._settings)
        begins = await consumer.beginning_offsets(list(starts))
        now = await consumer.end_offsets(list(starts))
        for place in starts:
            end = min(self._restored_to(place.topic, place.partition), now[place])
            if end > begins[place]:
                starts[place], ends[place] = begins[place], max(ends[place], end)


async def read_log(
    settings: Settings, topics: Iterable[Topic], *, since: datetime | None = None, partition: int | None = None
) -> list[Logged]:
    """Every committed record of ``topics`` appended at ``since`` or later (default: all), oldest first.

    Reads up to the ends the topics have now. ``partition`` limits co-partitioned topics to one partition.

    Raises:
        TooMuchToRead: more than ``MAX_RECORDS`` records.
    """
    only = None if partition is None else frozenset({partition})
    return await read_all(LiveLog(settings), topics, since=since, partitions=only)


async def _bounds(
    consumer: AIOKafkaConsumer, places: list[TopicPartition], since: datetime | None, until: datetime | None
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    starts: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    if since is not None:
        starts = {place: max(starts[place], at) for place, at in (await _at(consumer, ends, since)).items()}
    if until is not None:
        ends = {place: max(starts[place], at) for place, at in (await _at(consumer, ends, until)).items()}
    return starts, ends


async def _at(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], moment: datetime
) -> dict[TopicPartition, int]:
    """The first offset appended at ``moment`` or later, or the end."""
    found = await consumer.offsets_for_times(dict.fromkeys(ends, int(moment.timestamp() * 1000)))
    return {place: min(found[place].offset, end) if found.get(place) else end for place, end in ends.items()}

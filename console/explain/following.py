"""Following the topics as they grow: each record once, in spite of a broker that goes away and comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from console.logs.logged import Logged, in_order, logged
from runtime.kafka import appended_at, make_consumer, silent_for_s
from runtime.settings import Settings
from schemas.topics import TOPICS, Topic

AWAY_AFTER_S = 5.0
"""A broker that has answered nothing for so long is said to be away; a healthy one answers four times a second."""

POLL_MS = 200
AGAIN_S = 1.0
START_WITHIN_S = 10.0


class Feed:
    """The records of ``topics`` from now on, or from ``since``. ``settings`` is asked anew at each connection, since a
    system that was started again may listen elsewhere. ``notice`` hears what happens to the connection. ``ready``
    is set once nothing that comes is missed."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        topics: Iterable[Topic],
        notice: Callable[[str], None],
        since: datetime | None = None,
    ) -> None:
        self._settings, self._topics, self._notice, self._since = settings, tuple(topics), notice, since
        self._next: dict[TopicPartition, int] = {}
        self.ready = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[list[Logged]]:
        """Batches of what was appended, oldest first, until cancelled.

        Raises:
            KafkaError, OSError: the broker is not there when this begins.
        """
        consumer = await self._connect(self._settings())
        self.ready.set()
        while True:
            async for batch in self._read(consumer):
                yield batch
            consumer = await self._again()

    async def _read(self, consumer: AIOKafkaConsumer) -> AsyncIterator[list[Logged]]:
        """What comes by this connection; ends when the broker has gone away."""
        started_ms = time.time() * 1000
        try:
            while True:
                try:
                    batches = await consumer.getmany(timeout_ms=POLL_MS)
                except (KafkaError, OSError) as problem:
                    self._notice(f"the connection to Kafka is lost ({type(problem).__name__}); connecting again")
                    return
                fresh = [one for place, records in batches.items() for one in self._take(place, records)]
                if fresh:
                    yield in_order(fresh)
                elif silent_for_s(consumer, self._next, started_ms) > AWAY_AFTER_S:
                    self._notice(f"Kafka has not answered for {AWAY_AFTER_S:.0f} s; connecting again")
                    return
        finally:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(START_WITHIN_S):
                    await consumer.stop()

    def _take(self, place: TopicPartition, records: "list[ConsumerRecord[Any, Any]]") -> Iterable[Logged]:
        for record in records:
            if record.offset < self._next[place]:
                continue  # told already, by the connection before this one
            self._next[place] = record.offset + 1
            yield logged(
                TOPICS[place.topic],
                place.partition,
                record.offset,
                appended_at(record),
                record.key,
                record.value,
            )

    async def _again(self) -> AIOKafkaConsumer:
        while True:
            try:
                consumer = await self._connect(self._settings())
            except (KafkaError, OSError):
                await asyncio.sleep(AGAIN_S)
                continue
            self._notice("Kafka answers again; going on where it broke off")
            return consumer

    async def _connect(self, settings: Settings) -> AIOKafkaConsumer:
        consumer = make_consumer(settings)
        try:
            async with asyncio.timeout(START_WITHIN_S):
                await consumer.start()
                places = [
                    TopicPartition(topic.name, number)
                    for topic in self._topics
                    for number in range(topic.partition_count(settings.partitions))
                ]
                consumer.assign(places)
                await self._seek(consumer, places)
        except BaseException:
            with suppress(KafkaError, OSError):
                await consumer.stop()
            raise
        return consumer

    async def _seek(self, consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> None:
        """To where it broke off; at first to the moment asked for, or the end. A log that is now shorter than what was
        read of it is another one, and is read from its start."""
        ends = await consumer.end_offsets(places)
        if not self._next:
            self._next = await self._first(consumer, ends)
        for place, end in ends.items():
            if self._next[place] > end:
                self._notice(f"{place.topic}[{place.partition}] is not the log it was; it is read from its start")
                self._next[place] = 0
            consumer.seek(place, self._next[place])

    async def _first(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        if self._since is None:
            return dict(ends)
        at = await consumer.offsets_for_times(dict.fromkeys(ends, int(self._since.timestamp() * 1000)))
        return {place: min(found.offset, end) if (found := at.get(place)) else end for place, end in ends.items()}

"""Writes what doors write, and reads what the router wrote since."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import decode
from schemas.decision import Decision
from schemas.event import Rejection
from schemas.topics import DECISIONS, EVENTS, REJECTED, TOPICS, Topic
from tests.router.reports import raw


@dataclass(frozen=True)
class Written:
    """Where a record was appended, and when."""

    partition: int
    offset: int
    at: datetime


@dataclass(frozen=True)
class Read:
    """One output of the router."""

    topic: str
    partition: int
    key: bytes | None
    headers: dict[str, str]
    record: Decision | Rejection


class Bus:
    """Reads ``decisions`` and ``events.rejected`` from where they ended when it was opened."""

    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.partitions
        self._producer: AIOKafkaProducer = make_producer(settings)
        self._consumer: AIOKafkaConsumer = make_consumer(settings, fetch_wait_ms=20)
        self.seen: list[Read] = []

    async def __aenter__(self) -> Self:
        """Open both ends."""
        await self._producer.start()
        await self._consumer.start()
        places = [
            TopicPartition(topic.name, number) for topic in (DECISIONS, REJECTED) for number in range(self._partitions)
        ]
        self._consumer.assign(places)
        for place, end in (await self._consumer.end_offsets(places)).items():
            self._consumer.seek(place, end)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._producer.stop()

    async def report(self, body: dict[str, Any]) -> Written:
        """Append a report as its door would: keyed by its incident, on the incident's partition."""
        incident = str(body["incident_id"])
        return await self.append(raw(body), partition_for(incident, self._partitions), incident.encode())

    async def append(
        self, value: bytes, partition: int = 0, key: bytes | None = b"somebody", topic: Topic = EVENTS
    ) -> Written:
        """Append any bytes."""
        done = await self._producer.send_and_wait(topic.name, value, key=key, partition=partition)
        return Written(done.partition, done.offset, datetime.fromtimestamp(done.timestamp / 1000, tz=UTC))

    async def burst(self, bodies: list[dict[str, Any]]) -> None:
        """Append many reports, and return when the broker has all of them."""
        sends = []
        for body in bodies:
            incident = str(body["incident_id"])
            partition = partition_for(incident, self._partitions)
            sends.append(await self._producer.send(EVENTS.name, raw(body), key=incident.encode(), partition=partition))
        await asyncio.gather(*sends)

    async def wait(self, true: Callable[[Read], bool], within_s: float = 20.0) -> Read:
        """The first output that ``true`` holds for."""
        return (await self.wait_all(lambda seen: any(map(true, seen)), within_s, keep=true))[0]

    async def wait_all(
        self,
        true: Callable[[list[Read]], bool],
        within_s: float = 20.0,
        keep: Callable[[Read], bool] = lambda _: True,
    ) -> list[Read]:
        """Every output so far that ``keep`` holds for, once ``true`` holds for all of them together."""
        try:
            async with asyncio.timeout(within_s):
                while not true(self.seen):
                    for records in (await self._consumer.getmany(timeout_ms=100)).values():
                        self.seen += map(_read, records)
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s; {len(self.seen)} outputs, last {self.seen[-2:]}") from None
        return [one for one in self.seen if keep(one)]

    async def decision_on(self, event: str, within_s: float = 20.0) -> Read:
        """The first decision on ``event``."""
        return await self.wait(lambda one: isinstance(one.record, Decision) and one.record.event_id == event, within_s)

    async def rejection_at(self, where: Written) -> Read:
        """The rejection of the record at ``where``."""
        place = EVENTS.name, where.partition, where.offset
        return await self.wait(
            lambda one: (
                isinstance(one.record, Rejection)
                and (one.record.topic, one.record.partition, one.record.offset) == place
            )
        )


def _read(message: "ConsumerRecord[Any, Any]") -> Read:
    record = decode(TOPICS[message.topic], message.value)
    assert isinstance(record, Decision | Rejection)
    headers = {name: value.decode() for name, value in message.headers}
    return Read(message.topic, message.partition, message.key, headers, record)

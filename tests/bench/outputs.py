"""What a router under measurement has written: how much by now, and when each record was appended."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from runtime.kafka import make_consumer
from runtime.settings import Settings
from schemas.topics import DECISIONS, TOPICS
from tests.bench.systems import process_cpu_s

MADE_WITHIN_S, ARRIVED_WITHIN_S = 60.0, 60.0


class TooSlow(Exception):
    """A process did not get ready, or not through its events, in time."""


class OutputReader:
    """Reads one output topic, which it makes with ``config`` unless it is one of the system's."""

    def __init__(self, settings: Settings, topic: str, config: dict[str, str]) -> None:
        self._settings, self.topic, self._config = settings, topic, config
        self._places = [TopicPartition(topic, number) for number in range(settings.partitions)]
        self._consumer: AIOKafkaConsumer = make_consumer(settings, fetch_wait_ms=50)

    async def __aenter__(self) -> Self:
        """Make the topic, and stand at its end."""
        if self.topic not in TOPICS:
            await self._create()
        await self._consumer.start()
        self._consumer.assign(self._places)
        await self.to_end()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def _create(self) -> None:
        async with admin_of(self._settings) as admin:
            config = {**DECISIONS.config, **self._config}
            await admin.create_topics([NewTopic(self.topic, self._settings.partitions, 1, topic_configs=config)])
            async with asyncio.timeout(MADE_WITHIN_S):
                while True:
                    (told,) = await admin.describe_topics([self.topic])
                    led = [part["leader"] >= 0 and not part["error_code"] for part in told["partitions"]]
                    if sum(led) == self._settings.partitions:
                        return
                    await asyncio.sleep(0.1)

    async def count(self) -> int:
        """Records written so far."""
        return sum((await self._consumer.end_offsets(self._places)).values())

    async def to_end(self) -> None:
        """Read next what is written from now on."""
        for place, end in (await self._consumer.end_offsets(self._places)).items():
            self._consumer.seek(place, end)

    async def read(self, wanted: int, prefix: bytes) -> dict[bytes, float]:
        """When the first record of each of ``wanted`` keys that begin with ``prefix`` was appended, in milliseconds."""
        found: dict[bytes, float] = {}
        deadline_s = time.monotonic() + ARRIVED_WITHIN_S
        while len(found) < wanted:
            if time.monotonic() > deadline_s:
                raise TooSlow(f"{len(found)} of {wanted} events came out")
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    if record.key is not None and record.key.startswith(prefix):
                        found.setdefault(record.key, record.timestamp)
        return found


@asynccontextmanager
async def admin_of(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client, closed at the end."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@dataclass(frozen=True)
class Reach:
    """Records written at an instant, and the CPU seconds of their writer by then."""

    count: int
    at_s: float
    cpu_s: float


async def reached(reader: OutputReader, wanted: int, pid: int, within_s: float) -> Reach:
    """How far the writer is once ``wanted`` records are written, or after ``within_s`` seconds."""
    deadline_s = time.monotonic() + within_s
    while True:
        reach = Reach(await reader.count(), time.monotonic(), process_cpu_s(pid) or 0.0)
        if reach.count >= wanted or reach.at_s > deadline_s:
            return reach
        await asyncio.sleep(0.02)

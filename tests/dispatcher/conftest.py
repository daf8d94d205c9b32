"""A broker with fresh topics for each story, and a dispatcher on it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from runtime.health import Health
from runtime.kafka import make_consumer, make_producer, read_range
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.base import Record
from schemas.codec import decode, encode
from schemas.incident import Cursor
from schemas.notification import Notification, Receipt
from schemas.topics import NOTIFY, TOPICS, Topic
from streams.dispatcher.service import serve_dispatcher
from tests.dispatcher.builders import T0

PARTITIONS = 3


class Bus:
    """Writes what router and notifiers write, and reads what the dispatcher wrote, read committed."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self.settings = settings
        self._producer, self._consumer = producer, consumer

    async def write(self, topic: Topic, record: Record, partition: int = 0) -> None:
        """Append ``record``."""
        encoded = encode(topic, record, source="test", at=T0)
        key = str(getattr(record, "incident_id", "")).encode()
        await self.raw(topic, encoded.value, partition, key)

    async def raw(self, topic: Topic, value: bytes, partition: int = 0, key: bytes = b"k") -> None:
        """Append any bytes."""
        await self._producer.send_and_wait(topic.name, value, key=key, partition=partition)

    async def read(self, *topics: Topic) -> list[tuple[str, int, Record]]:
        """Everything committed on ``topics`` so far, as (topic, partition, record)."""
        parts = [TopicPartition(topic.name, number) for topic in topics for number in range(PARTITIONS)]
        self._consumer.assign(parts)
        begin = await self._consumer.beginning_offsets(parts)
        end = await self._consumer.end_offsets(parts)
        records = await read_range(self._consumer, begin, end)
        return [(record.topic, record.partition, decode(TOPICS[record.topic], record.value)) for record in records]

    async def notifications(self) -> list[Notification]:
        """Every committed notification."""
        return [record for _, _, record in await self.read(*NOTIFY.values()) if isinstance(record, Notification)]

    async def receipts(self) -> list[Receipt]:
        """Every committed receipt."""
        return [record for _, _, record in await self.read(TOPICS["receipts"]) if isinstance(record, Receipt)]

    async def wait_notifications(self, count: int, timeout_s: float = 15.0) -> list[Notification]:
        """Wait until ``count`` notifications are committed."""
        async with asyncio.timeout(timeout_s):
            # Kafka has no event for "somebody committed": reading again is the only way to see it.
            while len(found := await self.notifications()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return found

    async def wait_cursor(self, source: str, offset: int, partition: int = 0, timeout_s: float = 30.0) -> None:
        """Wait until the dispatcher has committed that it read ``source`` up to ``offset``."""
        async with asyncio.timeout(timeout_s):
            while await self._cursor(source, partition) < offset:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    async def _cursor(self, source: str, partition: int) -> int:
        records = await self.read(TOPICS["incidents"])
        cursors = [record for _, at, record in records if at == partition and isinstance(record, Cursor)]
        return cursors[-1].offsets.get(source, 0) if cursors else 0


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """Settings for a dispatcher on the test broker."""
    values: dict[str, Any] = {"bootstrap": kafka, "partitions": PARTITIONS, "home": tmp_path, "log_format": "json"}
    return Settings(**values)


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    """Fresh topics, and a way to write and read them."""
    await _fresh_topics(settings)
    producer, consumer = make_producer(settings), make_consumer(settings, fetch_wait_ms=20)
    await producer.start()
    await consumer.start()
    yield Bus(settings, producer, consumer)
    await consumer.stop()
    await producer.stop()


async def _fresh_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        old = set(await admin.list_topics()) & set(TOPICS)
        if old:
            await admin.delete_topics(sorted(old))
        async with asyncio.timeout(30):
            await _until_topics(admin, 0)
            await create_topics(settings)
            await _until_topics(admin, len(TOPICS))
    finally:
        await admin.close()


async def _until_topics(admin: AIOKafkaAdminClient, count: int) -> None:
    while len(set(await admin.list_topics()) & set(TOPICS)) != count:  # noqa: ASYNC110 - Kafka does not announce when topics are there
        await asyncio.sleep(0.05)


@asynccontextmanager
async def dispatching(settings: Settings, *, ahead: timedelta = timedelta(0)) -> AsyncIterator[Health]:
    """A dispatcher in this process, from the moment it has caught up; its machine's clock runs ``ahead``."""
    stop, health = asyncio.Event(), Health("dispatcher")
    task = asyncio.create_task(serve_dispatcher(settings, health, stop, lambda: datetime.now(tz=UTC) + ahead))
    try:
        async with asyncio.timeout(30):
            while not health.ready and not task.done():  # noqa: ASYNC110 - health is a value, as its readers see it
                await asyncio.sleep(0.02)
        if task.done():
            task.result()
        yield health
    finally:
        stop.set()
        await task


@contextmanager
def process(settings: Settings, instance: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A dispatcher process of its own; killed at the end if it still runs."""
    env = os.environ | {
        "BORDERLANDS_BOOTSTRAP": settings.bootstrap,
        "BORDERLANDS_PARTITIONS": str(settings.partitions),
        "BORDERLANDS_HOME": str(settings.home),
        "BORDERLANDS_SESSION_TIMEOUT_S": "6",
        "BORDERLANDS_LOG_FORMAT": "json",
    }
    if instance is not None:
        env["BORDERLANDS_INSTANCE"] = instance
    running = subprocess.Popen([sys.executable, "-m", "streams.dispatcher"], env=env, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait(10)

"""How long `borderlands trace` takes to tell of one incident among a million records, from the command to its end."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from console.explain.reading import find
from console.logs.live import LiveLog
from console.publish import publish
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.topics import TOPICS
from schemas.vocabulary import Answer
from tests.bench.dispatchers import broker_at
from tests.bench.figures import AtMost, Figure
from tests.bench.policies import shipped
from tests.bench.systems import fresh_home
from tests.explain.evening import Evening

RECORDS = 1_000_000
RUNS = 5
SPREAD = timedelta(days=3 * 365)
"""Over how long the records of the second log lie: as long as records are kept."""

GOAL_S = 1.0
BATCH_BYTES = 900_000
_NAME, _EVENT = "in-peat", "ev-peat"


@dataclass(frozen=True)
class Template:
    """One record of an incident: its topic, its value, and how long after the report it comes."""

    topic: str
    value: bytes
    after: timedelta


def bench_tracing() -> list[Figure]:
    """Seconds of a `trace` process among a million records, over years and all of one hour; and its parts."""
    figures: list[Figure] = []
    for name, spread in (("over three years", SPREAD), ("all of one hour", timedelta(hours=1))):
        with fresh_home() as home, broker_at(home) as settings:
            count, size = asyncio.run(_fill(settings, spread))
            incident = _name(count // len(_templates()) // 2)
            took = [_timed(settings, "trace", incident) for _ in range(RUNS)]
            read_s = asyncio.run(_read(settings, incident))
            note = f"{count:,} records, {size / 1e6:.0f} MB, 12 partitions; process from start to end, median of {RUNS}"
            figures.append(Figure("tracing", f"trace of one incident, {name}", median(took), "s", AtMost(GOAL_S), note))
            figures.append(Figure("tracing", f"… of it reading the log, {name}", read_s, "s", None, "in a process"))
    with contextlib.chdir(Path(__file__).parents[2]):
        bare = [_timed(None, "trace", "--help") for _ in range(RUNS)]
    figures.append(Figure("tracing", "… of it Python, imports and arguments", median(bare), "s", None, "trace --help"))
    return figures


def _timed(settings: Settings | None, *arguments: str) -> float:
    """Seconds that the command takes as a process of its own.

    Raises:
        RuntimeError: it failed.
    """
    environment = {**os.environ, "BORDERLANDS_BOOTSTRAP": settings.bootstrap if settings else ""}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "console", *arguments], capture_output=True, env=environment, timeout=120, check=False
    )
    took = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return took


async def _read(settings: Settings, incident: str) -> float:
    source = LiveLog(settings)
    await find(source, incident)
    started = time.perf_counter()
    await find(source, incident)
    return time.perf_counter() - started


def _templates() -> list[Template]:
    """The records of one fire that was answered on the second step, as the rules make them."""
    evening = Evening(shipped()).report().send().wait(minutes=6).send("birzai-volunteer-1")
    evening.answer("birzai-volunteer-1", Answer.ACCEPT, "TAIP 20 min").send()
    start = evening.log[0].appended_at
    found = []
    for one in evening.log:
        if one.record is not None and one.topic not in ("policy", "control"):
            value = encode(TOPICS[one.topic], one.record, source="bench", at=one.appended_at).value
            found.append(Template(one.topic, value, one.appended_at - start))
    return found


def _name(number: int) -> str:
    return f"in-{number:06d}"


def _incidents(count: int) -> Iterator[tuple[int, str]]:
    yield from ((number, _name(number)) for number in range(count))


async def _fill(settings: Settings, spread: timedelta) -> tuple[int, int]:
    """Write ``RECORDS`` records of incidents that begin one after the other over ``spread`` up to now.

    The topics here take the writer's times, since the broker's own would all be of these minutes, and keep orders as
    long as everything else.
    """
    await _topics(settings)
    await publish(settings, shipped(), note="bench", by="bench")
    templates = _templates()
    incidents = RECORDS // len(templates)
    begin = datetime.now(UTC) - spread
    queues: dict[tuple[str, int], _Queue] = {}
    producer = make_producer(settings)
    await producer.start()
    size = 0
    try:
        for number, name in _incidents(incidents):
            partition = partition_for(name, settings.partitions)
            at = begin + spread * (number / incidents)
            for template in templates:
                queue = queues.setdefault((template.topic, partition), _Queue(producer, template.topic, partition))
                value = template.value.replace(_NAME.encode(), name.encode())
                value = value.replace(_EVENT.encode(), f"ev-{number:06d}".encode())
                size += len(value)
                await queue.add(name.encode(), value, at + template.after)
        for queue in queues.values():
            await queue.flush()
    finally:
        await producer.stop()
    return incidents * len(templates), size


class _Queue:
    """Records for one partition, written a large batch at a time."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer, self._topic, self._partition = producer, topic, partition
        self._waiting: list[tuple[bytes, bytes, int]] = []
        self._bytes = 0

    async def add(self, key: bytes, value: bytes, at: datetime) -> None:
        """Append a record, and write when enough wait."""
        self._waiting.append((key, value, int(at.timestamp() * 1000)))
        self._bytes += len(key) + len(value) + 40
        if self._bytes >= BATCH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        while waiting:
            batch = self._producer.create_batch()
            taken = 0
            for key, value, at in waiting:
                if batch.append(key=key, value=value, timestamp=at) is None:
                    break
                taken += 1
            waiting = waiting[taken:]
            await (await self._producer.send_batch(batch, self._topic, partition=self._partition))


async def _topics(settings: Settings) -> None:
    kept = str(int((SPREAD + timedelta(days=30)).total_seconds() * 1000))
    changes = {"message.timestamp.type": "CreateTime", "flush.messages": "100000", "max.message.bytes": "4000000"}
    topics = []
    for topic in TOPICS.values():
        config = {**topic.config, **changes}
        if topic.retention_ms is not None:
            config["retention.ms"] = kept
        topics.append(NewTopic(topic.name, topic.partition_count(settings.partitions), 1, topic_configs=config))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        await admin.create_topics(topics)
    finally:
        await admin.close()

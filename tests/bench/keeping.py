"""How many records per second are exported, read back from the file, and restored, against merely consuming them."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from console.keep.restoring import Restore
from console.keep.writing import Wanted, export
from console.logs.archive import Archive
from console.logs.raw import RawRecord
from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.notification import Receipt
from schemas.topics import RECEIPTS
from schemas.vocabulary import ReceiptKind
from tests.bench.dispatchers import broker_at, make_topics
from tests.bench.figures import Figure
from tests.bench.systems import fresh_home

RECORDS = 100_000
_AT_ONCE = 2000


def bench_keeping() -> list[Figure]:
    """Records per second: consumed, exported, proved and parsed from the file, restored."""
    with fresh_home() as home:
        target = home / "bench.jsonl.gz"
        with broker_at(home / "source") as settings:
            asyncio.run(make_topics(settings))
            asyncio.run(_fill(settings))
            consumed_s = _timed(_consume(settings))
            began = time.perf_counter()
            manifest = asyncio.run(export(settings, Wanted(), target))
            exported_s = time.perf_counter() - began
        read_s = _read(target)
        with broker_at(home / "target") as settings:
            asyncio.run(make_topics(settings))
            restored_s = _timed(Restore(settings, Archive(target)).run())
    note = f"{RECORDS:,} receipts on 12 partitions, one process"
    consumed, exported, read, restored = (manifest.records / s for s in (consumed_s, exported_s, read_s, restored_s))
    return [
        Figure("keeping", "consume only", consumed, "rec/s", None, note),
        Figure("keeping", "export", exported, "rec/s", None, f"{exported / consumed:.2f} of consuming"),
        Figure("keeping", "verify a file", read, "rec/s", None, "every hash, every line parsed"),
        Figure("keeping", "restore", restored, "rec/s", None, f"{restored / exported:.2f} of exporting"),
    ]


def _timed(work: Coroutine[Any, Any, object]) -> float:
    began = time.perf_counter()
    asyncio.run(work)
    return time.perf_counter() - began


def _read(target: Path) -> float:
    began = time.perf_counter()
    archive = Archive(target)
    read = sum(1 for block in archive.manifest.blocks for _ in archive.read(block))
    if read != archive.manifest.records:
        raise AssertionError(f"read {read} of {archive.manifest.records}")
    return time.perf_counter() - began


async def _consume(settings: Settings) -> None:
    consumer = make_consumer(settings)
    places = [TopicPartition(RECEIPTS.name, number) for number in range(settings.partitions)]
    consumer.assign(places)
    await consumer.start()
    try:
        left = sum((await consumer.end_offsets(places)).values())
        while left > 0:
            left -= sum(len(batch) for batch in (await consumer.getmany(timeout_ms=500)).values())
    finally:
        await consumer.stop()


async def _fill(settings: Settings) -> None:
    now = datetime.now(UTC)
    async with make_producer(settings) as producer:
        for first in range(0, RECORDS, _AT_ONCE):
            sent = []
            for number in range(first, first + _AT_ONCE):
                record = _record(number, settings.partitions, now)
                sent.append(
                    await producer.send(
                        record.topic,
                        record.value,
                        key=record.key,
                        partition=record.partition,
                        headers=list(record.headers),
                    )
                )
            await asyncio.gather(*sent)


def _record(number: int, partitions: int, now: datetime) -> RawRecord:
    incident = f"in-{number // 10}"
    receipt = Receipt(
        kind=ReceiptKind.CLAIM, incident_id=incident, notification_id=f"nt-{number}", attempt=1, claim_id="c1", at=now
    )
    made = encode(RECEIPTS, receipt, source="bench", at=now)
    place = partition_for(incident, partitions)
    return RawRecord(RECEIPTS.name, place, number, 0, incident.encode(), made.value, tuple(made.headers))

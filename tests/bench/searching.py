"""How long the read model of 50,000 incidents takes to be made, a search in it, and an audit of a large log."""

import asyncio
import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from aiokafka import AIOKafkaProducer

from console.audit import balance, gather
from console.logs.logged import MAX_RECORDS
from console.search.match import Wanted, count, expression, find
from console.search.model import ReadModel
from runtime.kafka import make_producer
from runtime.settings import Settings
from tests.bench.copies import Copies
from tests.bench.dispatchers import broker_at, make_topics
from tests.bench.figures import AtMost, Figure
from tests.bench.systems import fresh_home

INCIDENTS = int(os.environ.get("BENCH_INCIDENTS", "50000"))
AUDITED = int(os.environ.get("BENCH_AUDITED", "1000000"))
"""Incidents searched in and records audited; fewer for a quick look."""

GOAL_MS = 50.0
COMMANDS_RUN = 9
AT_ONCE = 2_000

QUERIES = (
    "ugunsgrēks", "gaisras", "fire", "Skaistkalne", "skaistkalnėje gaisras", "kūdra", "autocisterna", "Biržai",
    "birzai-vecumnieki", "declined", "neatbildēts", "atšaukta", "Žagarė", "naftos tarša", "miškas", "zebiekste", "ski",
    "fire at Skaistkalne", "Deg kūdra mežmalā, vējš no dienvidiem", "in-7e77", "AWXY", "didelis", "medical", "a",
)  # fmt: skip


def bench_searching() -> list[Figure]:
    """Rebuild, one search, the whole command, and the audit."""
    with fresh_home() as home, broker_at(home) as settings:
        written = asyncio.run(_fill(settings))
        first_s, peak_mb = _command(settings, home, "ugunsgrēks")
        later = [_command(settings, home, words)[0] for words in QUERIES[:COMMANDS_RUN]]
        path = home / "read" / "topics.sqlite"
        found, took_ms, size_mb = *_searches(path), path.stat().st_size / 1e6
    audit_s, audit_mb, audited, holes = _in_a_process(AUDITED)
    p95_ms, searched = quantiles(took_ms, n=20)[-1], f"{len(took_ms)} searches"
    rate = f"{audited / audit_s:,.0f}/s, {holes} holes"
    return [
        Figure("searching", f"rebuild of {written:,} records", first_s, "s", None, f"{found:,} incidents, live topics"),
        Figure("searching", "peak memory of it", peak_mb, "MB", None, f"the file then has {size_mb:.0f} MB"),
        Figure("searching", "one search, p95", p95_ms, "ms", AtMost(GOAL_MS), searched),
        Figure("searching", "one search, median", median(took_ms), "ms", None, ""),
        Figure("searching", "the whole command, median", median(later), "s", None, "with start, Kafka and what is new"),
        Figure("audit", f"audit of {audited:,} records", audit_s, "s", None, rate),
        Figure("audit", "peak memory of it", audit_mb, "MB", None, "decoded one by one, kept as ids"),
    ]  # fmt: skip


async def _fill(settings: Settings) -> int:
    """Write the incidents to the topics; how many records they are."""
    await make_topics(settings)
    copies = Copies(INCIDENTS // 7, thin=True)
    written, sent = 0, []
    async with make_producer(settings) as producer:
        for one in copies.raw():
            sent.append(await _send(producer, one.topic.name, one.key, one.value, one.partition))
            written += 1
            if len(sent) >= AT_ONCE:
                await asyncio.gather(*sent)
                sent = []
        await asyncio.gather(*sent)
    return written


async def _send(
    producer: AIOKafkaProducer, topic: str, key: bytes | None, value: bytes | None, partition: int
) -> "asyncio.Future[object]":
    future: asyncio.Future[object] = await producer.send(topic, value, key=key, partition=partition)
    return future


def _command(settings: Settings, home: Path, words: str) -> tuple[float, float]:
    """Seconds and peak memory (MB) of one ``borderlands search``."""
    environment = {**os.environ, "BORDERLANDS_BOOTSTRAP": settings.bootstrap}
    command = [sys.executable, "-m", "console", "search", words, "--home", str(home)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, timeout=3600, check=False)
    took = time.perf_counter() - began
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _searches(path: Path) -> tuple[int, list[float]]:
    """Incidents in the read model, and the milliseconds of each search: what words mean, what is found, how many."""
    model = ReadModel.open(path)
    took = []
    for typed in QUERIES * 5:
        for best in (False, True):
            began = time.perf_counter()
            _search(model.db, Wanted(typed=typed, best_first=best))
            took.append((time.perf_counter() - began) * 1000)
    found = model.count()
    model.close()
    return found, took


def _search(db: sqlite3.Connection, wanted: Wanted) -> None:
    meant = expression(db, wanted.typed)
    if meant.text and not meant.unknown:
        find(db, wanted, meant.text)
        count(db, wanted, meant.text)


def _in_a_process(records: int) -> tuple[float, float, int, int]:
    """Audit ``records`` in a process of its own, so that the memory is the audit's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_audit, min(records, MAX_RECORDS)).result()


def _audit(records: int) -> tuple[float, float, int, int]:
    evening = sum(1 for _ in Copies(1).raw())
    copies = Copies(max(1, records // evening))
    began = time.perf_counter()
    books = asyncio.run(gather(copies, None))
    assert books.newest_at is not None
    end = books.newest_at + timedelta(minutes=10)
    holes = sum(1 for _ in balance(books, end - timedelta(days=365), end, end))
    took = time.perf_counter() - began
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, copies.count * evening, holes


if __name__ == "__main__":
    for figure in bench_searching():
        print(figure)

"""A broker with the topics and nothing else on it, and one real dispatcher process, for the benchmarks of it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.kafka import EmbeddedKafka
from runtime.settings import Settings
from runtime.topics import create_topics
from tests.bench.systems import ended_afterwards, resident_mb_of
from tests.ports import free_port

READY_WITHIN_S = 180.0
STOP_WITHIN_S = 30.0
TRANSACTIONS = "borderlands_dispatcher_transaction_seconds"

Buckets = dict[float, float]
"""How many transactions took at most so many seconds."""


@contextmanager
def broker_at(home: Path) -> Iterator[Settings]:
    """The embedded Kafka in ``home``, as shipped; the settings of a client of it."""
    kafka = EmbeddedKafka(home / "kafka")
    bootstrap = kafka.start()
    try:
        values: dict[str, Any] = {"bootstrap": bootstrap, "home": home}
        yield Settings(**values)
    finally:
        kafka.stop()


async def make_topics(settings: Settings) -> None:
    """The topics of the table."""
    await create_topics(settings)


@dataclass(frozen=True)
class Dispatcher:
    """A running dispatcher process. ``ready_s``: from its start until it had caught up and was ready."""

    process: "subprocess.Popen[bytes]"
    port: int
    ready_s: float

    @property
    def resident_mb(self) -> float:
        """What it takes of memory now."""
        return resident_mb_of(self.process.pid) or 0.0

    def transactions(self) -> Buckets:
        """The process's own histogram of transactions so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return {
            float(sample.labels["le"]): sample.value
            for family in text_string_to_metric_families(text)
            if family.name == TRANSACTIONS
            for sample in family.samples
            if sample.name.endswith("_bucket")
        }


@contextmanager
def dispatcher(settings: Settings, log: Path) -> Iterator[Dispatcher]:
    """`python -m streams.dispatcher`, once it is ready; its log goes to the file ``log``."""
    port = free_port()
    env = os.environ | {
        "BORDERLANDS_BOOTSTRAP": settings.bootstrap,
        "BORDERLANDS_HOME": str(settings.home),
        "BORDERLANDS_INSTANCE": "dispatcher",
        "BORDERLANDS_HEALTH_PORT": str(port),
        "BORDERLANDS_LOG_FORMAT": "json",
    }
    began_s = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.dispatcher"], env=env, stdout=output, stderr=subprocess.STDOUT
        )
    with ended_afterwards(process, STOP_WITHIN_S):
        yield Dispatcher(process, port, _until_ready(process, port, log) - began_s)


class NotReady(Exception):
    """The dispatcher did not become ready; the text holds the end of its log."""


def _until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> float:
    """The moment it says so (monotonic clock, seconds)."""
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if json.load(answer)["ready"]:
                    return time.monotonic()
        except urllib.error.HTTPError as answer:
            answer.close()
        except OSError:
            pass  # not listening yet
        time.sleep(0.02)
    raise NotReady(log.read_text(encoding="utf-8", errors="replace")[-2000:])


def histogram_between(before: Buckets, after: Buckets) -> Buckets:
    """The histogram of what came between two readings."""
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def quantile(buckets: Buckets, share: float) -> float:
    """The upper bound, in seconds, of the bucket in which the transaction at ``share`` (0 to 1) lies.

    Raises:
        ValueError: there was no transaction.
    """
    total = max(buckets.values(), default=0.0)
    if not total:
        raise ValueError("no transactions between the two readings")
    return next(bound for bound, count in sorted(buckets.items()) if count >= total * share)

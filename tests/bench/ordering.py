"""From decisions on the log to orders that a notifier can read: how many a second, how late, by which transactions."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.decision import Decision
from schemas.topics import DECISIONS, NOTIFY
from streams.rules.routing.route import route
from tests.bench.dispatchers import Dispatcher, broker_at, dispatcher, histogram_between, make_topics, quantile
from tests.bench.figures import Figure, number, percentile
from tests.bench.policies import shipped
from tests.bench.reports import one_to_tell
from tests.bench.restoring import bench_restore
from tests.bench.systems import fresh_home

STEADY = (20, 15.0)
"""Decisions a second, and for how many seconds."""

BURST = 5_000
WARM_UP = 100
ORDERS_EACH = 2
"""One SMS and one e-mail of every decision."""

ALL_WITHIN_S = 180.0


class NotOrdered(Exception):
    """Orders are missing after the time in which all should have been written."""


def bench_dispatcher() -> list[Figure]:
    """Orders at a steady pace and in a burst, and what a restart costs with many incidents."""
    with fresh_home() as home, broker_at(home) as settings:
        asyncio.run(make_topics(settings))
        with dispatcher(settings, home / "dispatcher.log") as running:
            figures = asyncio.run(_loads(settings, running))
    return [*figures, *bench_restore()]


@dataclass(frozen=True)
class Ordered:
    """What became of some decisions. Latency: from a decision's append until a reader of committed records had
    its order. ``took_s``: from the first decision's append until the last order was there."""

    late_ms: list[float]
    took_s: float

    @property
    def a_second(self) -> float:
        """Orders a second."""
        return len(self.late_ms) / self.took_s


async def _loads(settings: Settings, running: Dispatcher) -> list[Figure]:
    decisions = _decisions()
    async with _bench(settings, running) as bench:
        await bench.run(list(islice(decisions, WARM_UP)), rate=50)
        rate, seconds = STEADY
        steady, calm = await bench.run(list(islice(decisions, int(rate * seconds))), rate=rate)
        burst, busy = await bench.run(list(islice(decisions, BURST)), rate=None)
    how = f"{rate} decisions/s for {seconds:.0f} s, {ORDERS_EACH} orders each"
    return [
        _figure(f"decision → order readable, {rate}/s, p50", percentile(steady.late_ms, 0.5), "ms", how),
        _figure(f"decision → order readable, {rate}/s, p99", percentile(steady.late_ms, 0.99), "ms", how),
        *_transactions(f"{rate}/s", calm),
        _figure(f"orders from a burst of {BURST:,} decisions", burst.a_second, "/s", f"{burst.took_s:.1f} s in all"),
        *_transactions("burst", busy),
    ]


def _transactions(when: str, took: dict[float, float]) -> Iterator[Figure]:
    total = max(took.values())
    for share in (0.5, 0.99):
        value = quantile(took, share) * 1000
        yield _figure(f"transaction, {when}, p{share * 100:.0f}", value, "ms", f"at most; of {number(total)}")


def _figure(name: str, value: float, unit: str, note: str) -> Figure:
    return Figure("dispatcher", name, value, unit, None, note)


def _decisions() -> Iterator[Decision]:
    policy = shipped()
    return (route(event, policy) for event in one_to_tell(policy))


@contextlib.asynccontextmanager
async def _bench(settings: Settings, running: Dispatcher) -> AsyncIterator["_Bench"]:
    places = [TopicPartition(topic.name, number) for topic in NOTIFY.values() for number in range(settings.partitions)]
    async with make_producer(settings) as producer, make_consumer(settings, fetch_wait_ms=100) as orders:
        orders.assign(places)
        await orders.seek_to_end()
        yield _Bench(settings, running, producer, orders)


@dataclass(frozen=True)
class _Bench:
    settings: Settings
    running: Dispatcher
    producer: AIOKafkaProducer
    orders: AIOKafkaConsumer

    async def run(self, decisions: list[Decision], rate: int | None) -> tuple[Ordered, dict[float, float]]:
        """Write ``decisions`` at ``rate`` a second (None: at once), and wait for all orders."""
        before = await asyncio.to_thread(self.running.transactions)
        written: dict[str, float] = {}
        reading = asyncio.create_task(self._read(len(decisions) * ORDERS_EACH))
        writing = asyncio.create_task(self._write(decisions, rate, written))
        try:
            async with asyncio.timeout(ALL_WITHIN_S):
                await writing
                seen = await reading
        except TimeoutError:
            raise NotOrdered(f"not all orders of {len(decisions)} decisions within {ALL_WITHIN_S:.0f} s") from None
        finally:
            reading.cancel()
            writing.cancel()
        late_ms = [(at - written[incident]) * 1000 for incident, at in seen]
        took_s = max(at for _, at in seen) - min(written.values())
        after = await asyncio.to_thread(self.running.transactions)
        return Ordered(late_ms, took_s), histogram_between(before, after)

    async def _write(self, decisions: list[Decision], rate: int | None, written: dict[str, float]) -> None:
        began_s, sending = time.monotonic(), []
        for place, decision in enumerate(decisions):
            if rate is not None:
                await asyncio.sleep(began_s + place / rate - time.monotonic())
            encoded = encode(DECISIONS, decision, source="router", at=decision.recorded_at)
            sent = await self.producer.send(
                DECISIONS.name,
                encoded.value,
                key=decision.incident_id.encode(),
                headers=encoded.headers,
                partition=partition_for(decision.incident_id, self.settings.partitions),
            )
            sending.append((decision.incident_id, sent))
        for incident, sent in sending:
            written[incident] = (await sent).timestamp / 1000

    async def _read(self, count: int) -> list[tuple[str, float]]:
        """Incident and moment (epoch, seconds) of the next ``count`` orders."""
        seen: list[tuple[str, float]] = []
        while len(seen) < count:
            batches = await self.orders.getmany(timeout_ms=1000)
            now_s = time.time()
            seen += [((record.key or b"").decode(), now_s) for batch in batches.values() for record in batch]
        return seen

"""How late the next step of a ladder leaves after its deadline, with thousands of incidents open in one dispatcher."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import decode, encode
from schemas.control import PublishedPolicy
from schemas.notification import Notification
from schemas.policy.models import Ladder, LadderStep
from schemas.topics import DECISIONS, NOTIFY, POLICY, RECEIPTS, TOPICS, Topic
from schemas.vocabulary import Channel, Delivery
from tests.bench.dispatchers import broker_at, dispatcher, make_topics
from tests.bench.figures import AtMost, Figure, percentile
from tests.bench.systems import fresh_home
from tests.dispatcher.builders import outcome
from tests.rules.ladders import DESK, asked, asking, rules

INCIDENTS = 5_000
TAKEN_A_SECOND = 80
"""First texts that providers take; the deadlines follow each other as fast."""

ANSWER_S = 90
"""Longer than it takes until all are taken, so that all are open when the first deadline comes."""

GOAL_S = 1.0
ALL_WITHIN_S = 420.0


def _rung(role: str) -> LadderStep:
    return LadderStep(roles=(role,), channels=(Channel.SMS,), send_within=3600, answer_within=ANSWER_S)


LADDER = Ladder(id="bench", steps=(_rung("duty_desk"), _rung("fire_chief")))
RULES = rules(ladders=(LADDER,))


class NotClimbed(Exception):
    """Next steps are missing after the time in which all should have left."""


def bench_ladders() -> list[Figure]:
    """From each step's deadline until the order of the next step could be read."""
    with fresh_home() as home, broker_at(home) as settings:
        asyncio.run(make_topics(settings))
        with dispatcher(settings, home / "dispatcher.log") as running:
            late_s = asyncio.run(_climbs(settings))
            resident_mb = running.resident_mb
    how = f"{INCIDENTS:,} open, {TAKEN_A_SECOND} deadlines/s, one dispatcher, {resident_mb:.0f} MB"
    name = "deadline → next step's order readable"
    return [
        Figure("ladders", f"{name}, p50", percentile(late_s, 0.5), "s", None, how),
        Figure("ladders", f"{name}, p99", percentile(late_s, 0.99), "s", AtMost(GOAL_S), how),
        Figure("ladders", f"{name}, latest", max(late_s), "s", AtMost(GOAL_S), how),
    ]


async def _climbs(settings: Settings) -> list[float]:
    """Seconds from each deadline to the next step's order."""
    async with _bench(settings) as bench:
        try:
            async with asyncio.timeout(ALL_WITHIN_S):
                return await bench.run()
        except TimeoutError:
            missing = INCIDENTS - len(bench.second)
            raise NotClimbed(f"{missing} of {INCIDENTS} next steps are missing after {ALL_WITHIN_S:.0f} s") from None


@contextlib.asynccontextmanager
async def _bench(settings: Settings) -> AsyncIterator["_Bench"]:
    places = [TopicPartition(topic.name, number) for topic in NOTIFY.values() for number in range(settings.partitions)]
    async with make_producer(settings) as producer, make_consumer(settings, fetch_wait_ms=20) as orders:
        orders.assign(places)
        await orders.seek_to_end()
        yield _Bench(settings, producer, orders)


@dataclass
class _Bench:
    """``first`` are the first orders by incident; ``taken`` and ``second`` are moments (epoch, seconds)."""

    settings: Settings
    producer: AIOKafkaProducer
    orders: AIOKafkaConsumer
    first: dict[str, Notification] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    second: dict[str, float] = field(default_factory=dict)

    async def run(self) -> list[float]:
        """Open all, take each first text in turn, and wait for the next step of each."""
        now = datetime.now(tz=UTC)
        await self._write(POLICY, PublishedPolicy(policy_version=RULES.version, policy=RULES, published_at=now), 0)
        reading = asyncio.create_task(self._read())
        try:
            for number in range(INCIDENTS):
                await self._open(f"in-bench-{number}", now)
            while len(self.first) < INCIDENTS:  # noqa: ASYNC110 - the reader fills it
                await asyncio.sleep(0.1)
            await self._take()
            await reading
        finally:
            reading.cancel()
        return [at - self.taken[incident] - ANSWER_S for incident, at in self.second.items()]

    async def _open(self, incident: str, now: datetime) -> None:
        route = asking(DESK, ladder=LADDER)
        values: dict[str, Any] = {
            "policy_version": RULES.version,
            "recorded_at": now,
            "expires_at": now + timedelta(hours=4),
        }
        record = asked(f"ev-{incident}", route, incident_id=incident, **values)
        await self._write(DECISIONS, record, self._partition(incident), wait=False)

    async def _take(self) -> None:
        began_s = time.monotonic()
        for place, (incident, note) in enumerate(self.first.items()):
            await asyncio.sleep(began_s + place / TAKEN_A_SECOND - time.monotonic())
            sent = await self._write(RECEIPTS, outcome(note, Delivery.SENT), self._partition(incident))
            self.taken[incident] = sent

    async def _read(self) -> None:
        while len(self.second) < INCIDENTS:
            batches = await self.orders.getmany(timeout_ms=500)
            now_s = time.time()
            for record in (record for batch in batches.values() for record in batch):
                note = decode(TOPICS[record.topic], record.value)
                if isinstance(note, Notification) and note.step == 0:
                    self.first.setdefault(note.incident_id, note)
                elif isinstance(note, Notification):
                    self.second.setdefault(note.incident_id, now_s)

    def _partition(self, incident: str) -> int:
        return partition_for(incident, self.settings.partitions)

    async def _write(self, topic: Topic, record: Record, partition: int, *, wait: bool = True) -> float:
        """Append ``record``; the moment at which Kafka did (epoch, seconds), if it is waited for."""
        encoded = encode(topic, record, source="bench", at=datetime.now(tz=UTC))
        key = str(getattr(record, "incident_id", "bench")).encode()
        sent = await self.producer.send(topic.name, encoded.value, key=key, partition=partition)
        return (await sent).timestamp / 1000 if wait else 0.0

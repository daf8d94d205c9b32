"""A what-if over a long past: events a second beside merely consuming the records, and what two processes gain."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from console.logs.live import LiveLog
from console.replay.compare import Question
from console.replay.past import Past, read_past
from console.replay.whatif import Part, run
from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import PublishedPolicy
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.policy.models import Agreement, Clause, Policy
from schemas.topics import DECISIONS, EVENTS, POLICY, Topic
from schemas.vocabulary import EventType
from streams.rules.routing.route import route
from tests.bench.dispatchers import broker_at, make_topics
from tests.bench.figures import AtLeast, Figure
from tests.bench.outputs import admin_of
from tests.bench.policies import shipped
from tests.bench.reports import by_code, by_point, with_text
from tests.bench.systems import fresh_home

EVENTS_PAST = 100_000
CHANGED_EVERY = 100
"""One event in so many is of the type that the changed policy treats otherwise: its ladder is climbed again, twice."""

ROUNDS = 2
AT_ONCE = 2_000
OF_CONSUMING, OF_ONE_JOB = 0.25, 1.6


def bench_whatif() -> list[Figure]:
    """Fill a log, read it bare, then ask what if, in one process and in two."""
    policy = shipped()
    with fresh_home() as home, broker_at(home) as settings:
        asyncio.run(make_topics(settings))
        asyncio.run(_fill(settings, policy))
        now = datetime.now(UTC)
        question = Question(now - timedelta(days=1), now + timedelta(minutes=1), changed(policy))
        past = asyncio.run(read_past(LiveLog(settings)))
        bare = min(_consuming_s(settings, question) for _ in range(ROUNDS))
        one = min(_asking_s(settings, question, past, 1) for _ in range(ROUNDS))
        two = min(_asking_s(settings, question, past, 2) for _ in range(ROUNDS))
    return [
        Figure("whatif", "merely consuming events and decisions", EVENTS_PAST / bare, "events/s", None,
               f"{2 * EVENTS_PAST:,} records, raw bytes, one aiokafka consumer"),
        Figure("whatif", "what if, one process", EVENTS_PAST / one, "events/s", None,
               f"{EVENTS_PAST // CHANGED_EVERY:,} of {EVENTS_PAST:,} differ, and their ladders are climbed twice"),
        Figure("whatif", "what if, one process, against consuming", bare / one, "×", AtLeast(OF_CONSUMING), ""),
        Figure("whatif", "what if, two processes, against one", one / two, "×", AtLeast(OF_ONE_JOB),
               f"{EVENTS_PAST / two:,.0f} events/s; the broker shares the two cores"),
    ]  # fmt: skip


def changed(policy: Policy) -> Policy:
    """``policy`` with a shorter time to reply for floods, and for nothing else."""
    return policy.with_parts(agreements=tuple(_sooner(one) for one in policy.agreements))


def _sooner(agreement: Agreement) -> Agreement:
    clauses = chain.from_iterable(_apart(clause) for clause in agreement.clauses)
    return agreement.model_copy(update={"clauses": tuple(clauses)})


def _apart(clause: Clause) -> Iterator[Clause]:
    if clause.needs == "required" and EventType.FLOOD in clause.event_types:
        yield clause.model_copy(
            update={"id": f"{clause.id}_flood", "event_types": (EventType.FLOOD,), "reply_within": 600}
        )
    yield clause


def _events(policy: Policy) -> Iterator[EmergencyEvent]:
    """By turns with a code only, and with a point and a sentence of text; now and then a flood."""
    ways = (by_code(policy), with_text(by_point(policy)))
    for number in range(EVENTS_PAST):
        event = next(ways[number % 2])
        update: dict[str, object] = {"event_id": f"ev-{number}", "incident_id": f"in-{number}", "recorded_at": None}
        if number % CHANGED_EVERY == 0:
            update["event_type"] = EventType.FLOOD
        yield event.model_copy(update=update)


async def _fill(settings: Settings, policy: Policy) -> None:
    """Write it all, without a flush for each append: how it came there is not what is measured."""
    async with admin_of(settings) as admin:
        flushed_late = {"flush.messages": str(2**63 - 1)}
        await admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic.name, {**topic.config, **flushed_late})
                for topic in (EVENTS, DECISIONS)
            ]
        )
    now = datetime.now(UTC)
    published = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=now)
    value = encode(POLICY, published, source="bench", at=now).value
    events = _events(policy)
    async with make_producer(settings) as producer:
        await producer.send_and_wait(POLICY.name, value, key=policy.version.encode(), partition=0)
        while batch := list(islice(events, AT_ONCE)):
            places = [partition_for(event.incident_id, settings.partitions) for event in batch]
            reported = [await _send(producer, EVENTS, *pair) for pair in zip(batch, places, strict=True)]
            taken = [(await one).timestamp for one in reported]
            # As the router does it: now is when the broker took the event.
            times = [datetime.fromtimestamp(moment / 1000, tz=UTC) for moment in taken]
            decisions = [
                route(event.model_copy(update={"recorded_at": at}), policy)
                for event, at in zip(batch, times, strict=True)
            ]
            await asyncio.gather(
                *[await _send(producer, DECISIONS, *pair) for pair in zip(decisions, places, strict=True)]
            )


async def _send(
    producer: AIOKafkaProducer, topic: Topic, record: EmergencyEvent | Decision, partition: int
) -> "asyncio.Future[Any]":
    encoded = encode(topic, record, source="bench", at=record.expires_at)
    sent: asyncio.Future[Any] = await producer.send(
        topic.name, encoded.value, key=record.incident_id.encode(), partition=partition
    )
    return sent


def _consuming_s(settings: Settings, question: Question) -> float:
    """Seconds to read the same records and do nothing with them."""
    return asyncio.run(_consume(settings, question))


async def _consume(settings: Settings, question: Question) -> float:
    began_s = time.perf_counter()
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, number) for topic in (EVENTS, DECISIONS) for number in range(settings.partitions)
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found = await consumer.offsets_for_times(dict.fromkeys(places, int(question.since.timestamp() * 1000)))
        for place in places:
            consumer.seek(place, found[place].offset)
        seen = 0
        while seen < 2 * EVENTS_PAST:
            batches = await consumer.getmany(*places, timeout_ms=500)
            seen += sum(len(batch) for batch in batches.values())
        if seen != sum(ends.values()):
            raise RuntimeError(f"{seen} records read, {sum(ends.values())} are there")
    finally:
        await consumer.stop()
    return time.perf_counter() - began_s


def _asking_s(settings: Settings, question: Question, past: Past, jobs: int) -> float:
    """Seconds from the question to the answer, all differences included."""
    began_s = time.perf_counter()
    parts = run(LiveLog(settings), question, past, jobs=jobs, only=frozenset())
    took_s = time.perf_counter() - began_s
    _check(parts)
    return took_s


def _check(parts: list[Part]) -> None:
    events = sum(part.counts.events for part in parts)
    differing = sum(len(part.incidents) for part in parts)
    wanted = EVENTS_PAST, EVENTS_PAST // CHANGED_EVERY
    if (events, differing) != wanted:
        raise RuntimeError(f"{events} events and {differing} differences, where there are {wanted}")

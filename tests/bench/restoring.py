"""How long a dispatcher takes from its start until it knows 50,000 incidents, and how much memory they take."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from aiokafka import AIOKafkaProducer

from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.decision import Decision
from schemas.ids import reply_code
from schemas.incident import CURSOR_KEY, Cursor, IncidentState
from schemas.notification import Notification, Receipt
from schemas.topics import INCIDENTS
from schemas.vocabulary import DecisionOutcome, Delivery, EventKind, ReceiptKind
from streams.rules.incidents.effects import Emit, Folded
from streams.rules.incidents.fold import fold
from streams.rules.routing.route import route
from tests.bench.dispatchers import broker_at, dispatcher, make_topics
from tests.bench.figures import AtMost, Figure
from tests.bench.policies import shipped
from tests.bench.reports import by_code, one_to_tell
from tests.bench.systems import fresh_home

INCIDENTS_KNOWN = 50_000
SUPERSEDED_EVERY, FORGOTTEN_EVERY = 4, 50
"""Every so many'th incident has an older snapshot as well; and one beside it was forgotten, which a tombstone says."""

A_TRANSACTION = 50
"""Records a transaction, as of a busy dispatcher."""

GOAL_S = 10.0
_NAME = "in-bench-template"
_CODE = "AAAA"


def bench_restore() -> list[Figure]:
    """Seconds from the command to *ready* without and with incidents, and resident memory then."""
    with fresh_home() as home, broker_at(home) as settings:
        asyncio.run(make_topics(settings))
        log = home / "dispatcher.log"
        with dispatcher(settings, log):
            pass  # a broker's first transaction and first group make its internal topics, once in its life
        with dispatcher(settings, log) as empty:
            bare_s, bare_mb = empty.ready_s, empty.resident_mb
        written = asyncio.run(_fill(settings))
        with dispatcher(settings, log) as full:
            restored_s, full_mb = full.ready_s, full.resident_mb
    what = f"{written.records} records, {written.size / 1e6:.0f} MB on 12 partitions"
    return [
        Figure("dispatcher", "start → ready, no incident", bare_s, "s", None, ""),
        Figure("dispatcher", f"start → ready, {INCIDENTS_KNOWN:,} incidents", restored_s, "s", AtMost(GOAL_S), what),
        Figure("dispatcher", "resident memory, no incident", bare_mb, "MB", None, ""),
        Figure("dispatcher", f"resident memory, {INCIDENTS_KNOWN:,} incidents", full_mb, "MB", None, "once ready"),
    ]


@dataclass
class Written:
    """What stands on the topic: records of all kinds, and their values' bytes."""

    records: int = 0
    size: int = 0


async def _fill(settings: Settings) -> Written:
    """Write the snapshots as a dispatcher does: in transactions, each with a cursor, a partition at a time."""
    by_partition: dict[int, list[tuple[bytes, bytes | None]]] = {n: [] for n in range(settings.partitions)}
    for number, (key, values) in enumerate(_histories(settings.partitions, INCIDENTS_KNOWN)):
        queue = by_partition[partition_for(key, settings.partitions)]
        queue += [(key.encode(), value) for value in values]
        if number % FORGOTTEN_EVERY == 0:
            queue += [(f"{key}-gone".encode(), values[-1]), (f"{key}-gone".encode(), None)]
    written = Written()
    await asyncio.gather(*(_write(settings, partition, queue, written) for partition, queue in by_partition.items()))
    return written


async def _write(settings: Settings, partition: int, queue: list[tuple[bytes, bytes | None]], written: Written) -> None:
    producer: AIOKafkaProducer = make_producer(settings, transactional_id=f"dispatcher-{partition}", timeout_s=60)
    await producer.start()
    try:
        for first in range(0, len(queue), A_TRANSACTION):
            now = datetime.now(UTC)
            cursor = encode(INCIDENTS, Cursor(partition=partition, offsets={}, at=now), source="bench", at=now)
            records = [*queue[first : first + A_TRANSACTION], (CURSOR_KEY.encode(), cursor.value)]
            async with producer.transaction():
                sent = [
                    await producer.send(INCIDENTS.name, value, key=key, partition=partition) for key, value in records
                ]
                await asyncio.gather(*sent)
            written.records += len(records)
            written.size += sum(len(value or b"") for _, value in records)
    finally:
        await producer.stop()


def _histories(partitions: int, count: int) -> Iterator[tuple[str, list[bytes]]]:
    """Incident ids, each with its snapshots, oldest first. Made from a few real ones, ids and codes exchanged."""
    templates = list(_templates())
    codes = dict.fromkeys(range(partitions), 0)
    for number in range(count):
        key = f"in-restored-{number:08d}"
        partition = partition_for(key, partitions)
        code, codes[partition] = _code(partition, codes[partition])
        history = templates[number % len(templates)]
        kept = history if number % SUPERSEDED_EVERY == 0 else history[-1:]
        yield key, [value.replace(_NAME.encode(), key.encode()).replace(_CODE.encode(), code) for value in kept]


def _code(partition: int, number: int) -> tuple[bytes, int]:
    """The next reply code of ``partition`` by counting in its alphabet, and the number after it."""
    alphabet, digits = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ", ""
    rest = number
    for _ in range(3):
        rest, place = divmod(rest, len(alphabet))
        digits = alphabet[place] + digits
    return (reply_code(partition, _NAME, 0)[0] + digits).encode(), number + 1


def _templates() -> Iterator[list[bytes]]:
    """Snapshots of incidents in the states they come to rest in: mostly told, some over, some being told."""
    policy = shipped()
    for reports, of_each in ((one_to_tell(policy), 12), (by_code(policy), 12)):
        for number, report in enumerate(islice(reports, of_each)):
            event = report.model_copy(update={"incident_id": _NAME, "event_id": f"ev-bench-{number}"})
            yield [_snapshot(state) for state in _story(route(event, policy), number)]


def _story(decision: Decision, number: int) -> list[IncidentState]:
    now = datetime.now(UTC)
    opened = fold(None, decision, partition=0, codes_in_use=(), now=now)
    states = [opened]
    if number % 6 != 5:  # every sixth is still being told
        delivery = Delivery.FAILED_PERM if number % 6 == 4 else Delivery.SENT
        states.append(_told(opened, delivery, now))
    if number % 3 == 0:
        states.append(_over(states[-1], decision, now + timedelta(minutes=10)))
    return [folded.state for folded in states if folded.state is not None]


def _told(opened: Folded, delivery: Delivery, now: datetime) -> Folded:
    """Every alert of ``opened`` with an outcome."""
    folded = opened
    for effect in opened.effects:
        if isinstance(effect, Emit):
            word = _outcome(effect.notification, delivery, now)
            folded = fold(folded.state, word, partition=0, codes_in_use=(), now=now)
    return Folded(folded.state)


def _outcome(note: Notification, delivery: Delivery, now: datetime) -> Receipt:
    return Receipt(
        kind=ReceiptKind.OUTCOME,
        incident_id=note.incident_id,
        event_id=note.event_id,
        notification_id=note.notification_id,
        attempt=note.attempt,
        contact_id=note.contact_id,
        channel=note.channel,
        delivery=delivery,
        at=now,
    )


def _over(told: Folded, decision: Decision, now: datetime) -> Folded:
    """The asker says that it is over, and everybody has been told so."""
    changes = {
        "event_id": f"{decision.event_id}-over",
        "kind": EventKind.CANCEL,
        "outcome": DecisionOutcome.FOLLOW_UP,
        "routes": (),
        "reported_at": now,
        "recorded_at": now,
    }
    over = fold(told.state, decision.model_copy(update=changes), partition=0, codes_in_use=(), now=now)
    return _told(over, Delivery.SENT, now)


def _snapshot(state: IncidentState) -> bytes:
    named = state.model_dump_json(exclude_none=True).replace(f'"{state.code}"', f'"{_CODE}"')
    return named.encode()

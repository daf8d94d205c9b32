"""``borderlands audit``: does every event, decision and notification of a time range end somewhere?

Compares sets of ids at both ends, in both directions, so that a record missing at either end is a hole.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.logs.live import read_log
from console.logs.logged import Logged, TooMuchToRead
from console.output import Exit, fail, out
from runtime.settings import Settings
from schemas.decision import Decision
from schemas.event import MAX_LIFETIME, EmergencyEvent, Rejection, SourceOfRejection
from schemas.ids import notification_id
from schemas.notification import Notification, Receipt
from schemas.topics import DECISIONS, EVENTS, NOTIFY, RECEIPTS, REJECTED, Topic
from schemas.vocabulary import SERVICE_TEMPLATES, DecisionOutcome, Delivery, EventKind, ReceiptKind, RejectionReason
from streams.rules.incidents.opening import rung_of

GRACE = timedelta(seconds=90)
"""Younger than this, something without an end is still on its way and no hole. An e-mail whose notifier is killed is
taken over 26 s later (the claim's 5 s, the SMTP time-out and some slack), after up to 10 s in which nobody owns its
partition; the new notifier tries for seconds itself, and after a failure the dispatcher's next order follows in 10 s
and in 30 s."""

_DONE = {
    Delivery.SENT,
    Delivery.DELIVERED,
    Delivery.READ,
    Delivery.UNKNOWN,
    Delivery.FAILED_PERM,
    Delivery.EXPIRED,
    Delivery.SUPPRESSED,
}


_UNDECIDED = {RejectionReason.INTERNAL_ERROR, RejectionReason.TOO_LARGE}
"""Why the router may refuse an event that it could read without a decision on it."""

Spot = tuple[str, int, int]
"""Topic, partition, offset."""
Order = tuple[str, int]


@dataclass(frozen=True)
class Hole:
    """Something that is there at one end and not at the other."""

    what: str
    where: str


@dataclass
class Books:
    """What stands on the topics, by id. An order is one attempt at a notification: (notification id, attempt).

    ``ended_events`` ended as a whole; of ``ended_texts_of`` the dispatcher ended a text, ordered or not.
    """

    events: dict[str, Logged] = field(default_factory=dict)
    undecodable: list[Logged] = field(default_factory=list)
    places: set[Spot] = field(default_factory=set)
    decisions: dict[str, Decision] = field(default_factory=dict)
    refused: dict[str, RejectionReason] = field(default_factory=dict)
    refused_places: dict[Spot, Rejection] = field(default_factory=dict)
    notifications: dict[str, tuple[Notification, Logged]] = field(default_factory=dict)
    orders: dict[Order, datetime] = field(default_factory=dict)
    claims: set[tuple[Order, str]] = field(default_factory=set)
    of_notifiers: list[Receipt] = field(default_factory=list)
    settled: set[Order] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ended_events: set[str] = field(default_factory=set)
    ended_texts_of: set[str] = field(default_factory=set)

    def add(self, one: Logged) -> None:
        """Enter one record; the first of an id counts."""
        self.places.add((one.topic, one.partition, one.offset))
        match one.record:
            case EmergencyEvent() as event:
                self.events.setdefault(event.event_id, one)
            case Decision() as decision:
                self.decisions.setdefault(decision.event_id, decision)
            case Rejection() as rejection:
                self._add_rejection(rejection)
            case Notification() as notification:
                self.notifications.setdefault(notification.notification_id, (notification, one))
                self.orders.setdefault((notification.notification_id, notification.attempt), one.appended_at)
            case Receipt() as receipt:
                self._add_receipt(receipt)
            case _:
                self.undecodable.append(one)

    def summary(self) -> str:
        """How much stands on the topics. What is about the system itself is counted apart."""
        events = [one.record for one in self.events.values() if isinstance(one.record, EmergencyEvent)]
        service = sum(event.service is not None for event in events)
        decided = sum(decision.service is None for decision in self.decisions.values())
        own = sum(notification.template in SERVICE_TEMPLATES for notification, _ in self.notifications.values())
        apart = f"; and {service} events and {own} notifications about the system itself" if service or own else ""
        return (
            f"{len(self.events) - service} events, {decided} decisions, "
            f"{len(self.refused_places)} refused, {len(self.notifications) - own} notifications, "
            f"{len(self.ended)} ended{apart}"
        )

    def _add_rejection(self, rejection: Rejection) -> None:
        if rejection.event_id and rejection.refused_by is SourceOfRejection.ROUTER:
            self.refused.setdefault(rejection.event_id, rejection.reason)  # a door's event never reached the topic
        if rejection.topic and rejection.partition is not None and rejection.offset is not None:
            self.refused_places[rejection.topic, rejection.partition, rejection.offset] = rejection

    def _add_receipt(self, receipt: Receipt) -> None:
        if receipt.kind is ReceiptKind.END and receipt.event_id and not receipt.notification_id:
            self.ended_events.add(receipt.event_id)
        if not receipt.notification_id:
            return
        if receipt.kind is ReceiptKind.END and receipt.event_id and not receipt.claim_id:
            self.ended_texts_of.add(receipt.event_id)
        order = receipt.notification_id, receipt.attempt or 1
        if receipt.claim_id and receipt.kind is not ReceiptKind.RELEASE:
            self.of_notifiers.append(receipt)
        if receipt.claim_id and receipt.kind is ReceiptKind.CLAIM:
            self.claims.add((order, receipt.claim_id))
        if receipt.kind in (ReceiptKind.OUTCOME, ReceiptKind.END):
            self.settled.add(order)
        if receipt.kind is ReceiptKind.END or (receipt.kind is ReceiptKind.OUTCOME and receipt.delivery in _DONE):
            self.ended.add(receipt.notification_id)


def balance(books: Books, start: datetime, end: datetime, now: datetime) -> Iterator[Hole]:
    """Every hole among records of ``start`` to ``end``; what is younger than ``GRACE`` is still on its way.

    What retention has removed by ``now`` is no hole.
    """
    due = min(end, now - GRACE)
    ordered = max(start, _kept_since(next(iter(NOTIFY.values())), now))
    yield from _events(books, max(start, _kept_since(REJECTED, now)), due)
    yield from _decisions(books, start, due)
    yield from _notifications(books, start, due)
    yield from _attempts(books, ordered, due)
    yield from _receipts(books, ordered, due)


def _kept_since(topic: Topic, now: datetime) -> datetime:
    """Younger records of ``topic`` have not been removed by its retention."""
    return now - timedelta(milliseconds=topic.retention_ms) if topic.retention_ms else datetime.min.replace(tzinfo=UTC)


def _events(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    for event_id, one in books.events.items():
        if not start <= one.appended_at <= due or event_id in books.decisions:
            continue
        reason = books.refused.get(event_id)
        if reason is None:
            yield Hole(f"event {event_id} has neither a decision nor a rejection", _where(one))
        elif reason not in _UNDECIDED:
            yield Hole(f"event {event_id} was refused ({reason}), but the decision on it is gone", _where(one))
    for one in books.undecodable:
        place = one.topic, one.partition, one.offset
        if start <= one.appended_at <= due and place not in books.refused_places:
            yield Hole("a record that cannot be decoded has no rejection", _where(one))
    for place, rejection in books.refused_places.items():
        if rejection.event_id in books.decisions:
            continue  # the decision tells that its event is gone
        if start <= rejection.rejected_at <= due and place[0] == EVENTS.name and place not in books.places:
            yield Hole(f"{place[0]}[{place[1]}]@{place[2]} was refused, but that record is gone", rejection.reason)


def _decisions(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    told: dict[str, set[str]] = {}
    for notification, _ in books.notifications.values():
        told.setdefault(notification.event_id, set()).add(notification.notification_id)
    for event_id, decision in books.decisions.items():
        if not start <= decision.recorded_at <= due:
            continue
        where = f"incident {decision.incident_id}"
        if event_id not in books.events:
            yield Hole(f"decision on event {event_id}, but the event is gone", where)
        if decision.outcome is DecisionOutcome.REJECTED and event_id not in books.refused:
            yield Hole(f"event {event_id} was refused, but its rejection is gone", where)
        yield from _owed(books, decision, told.get(event_id, set()))


def _owed(books: Books, decision: Decision, told: set[str]) -> Iterator[Hole]:
    """What a decision owed: each planned text of a report, or one trace at least of a follow-up."""
    if decision.event_id in books.ended_events:
        return
    if decision.outcome is DecisionOutcome.FOLLOW_UP or decision.kind is not EventKind.REPORT:
        ended = decision.event_id in books.ended_texts_of
        if decision.outcome is DecisionOutcome.FOLLOW_UP and not told and not ended:
            yield Hole(
                f"follow-up {decision.event_id} told nobody and nothing says why", f"incident {decision.incident_id}"
            )
        return
    for route in decision.routes:
        for recipient in route.recipients:
            for channel in recipient.channels:
                step = rung_of(route, recipient)
                wanted = notification_id(decision.event_id, step, recipient.contact_id, channel)
                if wanted not in told and wanted not in books.ended:
                    yield Hole(
                        f"{route.partner} {recipient.role} ({recipient.contact_id}) was to be told by {channel}, "
                        f"but there is no notification {wanted}",
                        f"event {decision.event_id}, incident {decision.incident_id}",
                    )


def _notifications(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    settled = {number for number, _ in books.settled}
    for number, (notification, one) in books.notifications.items():
        if not start <= one.appended_at <= due:
            continue
        if notification.event_id not in books.decisions:
            yield Hole(f"notification {number}, but the decision on {notification.event_id} is gone", _where(one))
        waiting = notification.expires_at > due and number in settled
        if number not in books.ended and not waiting:
            yield Hole(f"notification {number} to {notification.contact_id} has no end", _where(one))


def _attempts(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    """The dispatcher orders an attempt only after the one before it came to something."""
    for (number, attempt), at in sorted(books.orders.items()):
        if attempt == 1 or not start <= at <= due:
            continue
        before, where = (number, attempt - 1), f"attempt {attempt} of it was ordered at {at:%Y-%m-%d %H:%M:%S} UTC"
        if before not in books.orders:
            yield Hole(f"notification {number}: the order of attempt {attempt - 1} is gone", where)
        if before not in books.settled:
            yield Hole(f"notification {number}: what came of attempt {attempt - 1} is gone", where)


def _receipts(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    """A notifier claims nothing but an order, and what it says of an attempt follows its own claim.

    The dispatcher may end a notification that it never ordered, so that its ends say nothing here.
    """
    without_order: dict[Order, str] = {}
    for receipt in books.of_notifiers:
        order = str(receipt.notification_id), receipt.attempt or 1
        if not start <= receipt.at <= due:
            continue
        where = f"incident {receipt.incident_id}"
        if order not in books.orders and (order[0], order[1] + 1) not in books.orders:
            without_order[order] = where
        if receipt.kind is not ReceiptKind.CLAIM and (order, receipt.claim_id) not in books.claims:
            yield Hole(f"{receipt.kind} of notification {order[0]}, but the claim on attempt {order[1]} is gone", where)
    for (number, attempt), where in without_order.items():
        yield Hole(f"receipts of notification {number}, but the order of attempt {attempt} is gone", where)


def _where(one: Logged) -> str:
    return f"{one.topic}[{one.partition}]@{one.offset}, {one.appended_at:%Y-%m-%d %H:%M:%S} UTC"


def audit(
    since: Annotated[datetime | None, typer.Option("--from", help="Start, UTC; default: a day ago.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="End, UTC; default: now.")] = None,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Check that nothing was lost: every event, decision and notification ends somewhere. Exit code 1: a hole."""
    now = datetime.now(UTC)
    start = since.replace(tzinfo=UTC) if since else now - timedelta(days=1)
    end = until.replace(tzinfo=UTC) if until else now
    if start >= end:
        fail(f"--from {start:%Y-%m-%d %H:%M} is not before --to {end:%Y-%m-%d %H:%M}", Exit.USAGE)
    try:
        books = asyncio.run(read_books(connection(home), start))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be read: {problem}", Exit.UNAVAILABLE)
    holes = list(balance(books, start, end, now))
    out.print(f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC: {books.summary()}")
    for hole in holes:
        out.print(f"✗ {hole.what} ({hole.where})", markup=False)
    if holes:
        fail(f"{len(holes)} holes", Exit.DIFFERENT)
    out.print("✓ nothing is missing")


async def read_books(settings: Settings, start: datetime) -> Books:
    """Read what the audit compares, from as far back as a follow-up can reach."""
    books = Books()
    topics = (EVENTS, REJECTED, DECISIONS, *NOTIFY.values(), RECEIPTS)
    for one in await read_log(settings, topics, since=start - MAX_LIFETIME):
        books.add(one)
    return books

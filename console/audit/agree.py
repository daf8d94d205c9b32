"""Whether the dispatcher's snapshots, its cursors, the answers, the policies and the switches agree with the rest."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from console.audit.books import Books
from console.audit.hole import LOOK_AT_DISPATCHER, Hole
from console.audit.states import ClimbSeen, SlotSeen, Snapshot
from schemas.ids import is_canary
from schemas.incident import Ending
from schemas.topics import CONTROL, DECISIONS, EVENTS, INCIDENTS, POLICY, RECEIPTS, RESPONSES
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason
from streams.rules.incidents.due import FORGET_AFTER
from streams.rules.incidents.parking import ANSWERS_MAX

TIMERS_GRACE = timedelta(minutes=5)
"""A timer that is so long overdue did not fire: after an outage the dispatcher fires a hundred at a time."""

_SOURCES = (DECISIONS.name, RECEIPTS.name, RESPONSES.name)
_ACTIVATE = "publish it again (`borderlands policy activate`); what cites it waits until it is known"


def agreement_holes(books: Books, start: datetime, ordered: datetime, due: datetime, now: datetime) -> Iterator[Hole]:
    """Holes between snapshots, cursors, answers, policies and switches, and what they speak of.

    ``ordered`` is since when orders have not been removed by retention.
    """
    yield from _cursors(books, due)
    yield from _unsnapped(books, start, due, now)
    for snapshot in books.snapshots.values():
        if snapshot.at <= due:
            yield from _snapshot(books, snapshot, start, ordered, due)
    yield from _answers(books, start, due, now)
    yield from _policies(books)
    yield from _switches(books)


def _cursors(books: Books, due: datetime) -> Iterator[Hole]:
    """How far the dispatcher says that it has read each partition, and how far the partition reaches."""
    for (topic, partition), spot in books.due_ends.items():
        if topic not in _SOURCES or spot.at > due or _mixed(books, topic, partition):
            continue
        place, cursor = f"{topic}[{partition}]", books.cursors.get(partition)
        read = cursor[0].offsets.get(topic, 0) if cursor is not None else 0
        if cursor is None and books.complete:
            what = f"there is no cursor that says how far {place} was read"
            yield Hole(what, str(spot), INCIDENTS.name, f"@cursor {partition}", LOOK_AT_DISPATCHER)
        elif cursor is not None and read <= spot.offset:
            what = f"the dispatcher has read {place} up to {read} only; the cursor is behind or its newest record gone"
            yield Hole(what, str(spot), INCIDENTS.name, f"@cursor {partition}", LOOK_AT_DISPATCHER)
    yield from _cut_off(books)


def _cut_off(books: Books) -> Iterator[Hole]:
    """Partitions that end before the place up to which the dispatcher has read them."""
    for partition, (cursor, spot) in books.cursors.items():
        for topic, read in cursor.offsets.items():
            end = books.ends.get((topic, partition))
            if _mixed(books, topic, partition) or (end is None and not books.whole):
                continue
            if read > (0 if end is None else end + 1):
                what = f"the dispatcher has read {topic}[{partition}] up to {read}, but its last records are gone"
                yield Hole(what, str(spot), topic, f"{topic}[{partition}]@{read - 1}")


def _mixed(books: Books, topic: str, partition: int) -> bool:
    """Whether places there are of two logs, one restored into the other: their offsets cannot be compared."""
    return (topic, partition) in books.mixed or (INCIDENTS.name, partition) in books.mixed


def _unsnapped(books: Books, start: datetime, due: datetime, now: datetime) -> Iterator[Hole]:
    """Every decision is part of its incident's snapshot, for as long as the incident is remembered."""
    if not books.complete:
        return
    since = max(start, now - FORGET_AFTER)
    known = {incident: {event for event, _ in one.events} for incident, one in books.snapshots.items()}
    for event_id, decision in books.decisions.items():
        if not since <= decision.spot.at <= due or decision.replayed or event_id in books.ended_events:
            continue
        incident = decision.incident
        if incident in books.forgotten or is_canary(incident):
            continue
        if incident not in known:
            what = f"there is no snapshot of incident {incident}, on which {event_id} was decided"
            yield Hole(what, str(decision.spot), INCIDENTS.name, incident, LOOK_AT_DISPATCHER)
        elif event_id not in known[incident]:
            what = f"the snapshot of incident {incident} does not have the decision on {event_id}"
            yield Hole(what, str(decision.spot), INCIDENTS.name, incident, LOOK_AT_DISPATCHER)


def _snapshot(books: Books, snapshot: Snapshot, start: datetime, ordered: datetime, due: datetime) -> Iterator[Hole]:
    where = f"incident {snapshot.incident}"
    for event_id, at in snapshot.events:
        if start <= at <= due and event_id not in books.decisions:
            what = f"the snapshot has a decision on {event_id} that is gone"
            yield Hole(what, where, DECISIONS.name, event_id)
    for response_id, at in snapshot.answers:
        if start <= at <= due and response_id not in books.responses:
            yield Hole(f"the snapshot has an answer {response_id} that is gone", where, RESPONSES.name, response_id)
    for slot in snapshot.slots:
        if ordered <= slot.since <= due and not snapshot.quarantined:
            yield from _slot(books, slot, where)
            yield from _behind(books, slot, where, due)
    for climb in snapshot.climbs:
        if not snapshot.quarantined and snapshot.at >= start:
            yield from _climb(books, snapshot, climb, due)
    late = snapshot.due_at is not None and snapshot.due_at < due - TIMERS_GRACE
    if late and not snapshot.quarantined:
        what = f"{where} was to be looked at by {snapshot.due_at:%Y-%m-%d %H:%M:%S} UTC and has not moved since"
        yield Hole(what, f"its snapshot of {snapshot.at:%Y-%m-%d %H:%M:%S} UTC", INCIDENTS.name, snapshot.incident,
                   LOOK_AT_DISPATCHER)  # fmt: skip


_SAID = frozenset(
    {Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.UNKNOWN, Delivery.FAILED_TEMP, Delivery.FAILED_PERM}
)


def _slot(books: Books, slot: SlotSeen, where: str) -> Iterator[Hole]:
    """What the dispatcher believes of a notification was said by a receipt; what it waits for was ordered."""
    text = books.texts.get(slot.number)
    said = text.said if text is not None else ()
    if slot.delivery in (Delivery.PENDING, Delivery.CLAIMED) and not (text and text.ordered(slot.attempt)):
        what = f"notification {slot.number} to {slot.contact} waits, but the order of attempt {slot.attempt} is gone"
        yield Hole(what, where, "notify", slot.number)
    if slot.delivery in _SAID and not any(one.delivery is slot.delivery for one in said):
        what = f"notification {slot.number} to {slot.contact} counts as {slot.delivery}, but the receipt is gone"
        yield Hole(what, where, RECEIPTS.name, slot.number)
    claims = (one.claim for one in said if one.kind is ReceiptKind.CLAIM)
    if slot.delivery is Delivery.CLAIMED and slot.claim not in claims:
        what = f"notification {slot.number} to {slot.contact} counts as claimed, but the claim is gone"
        yield Hole(what, where, RECEIPTS.name, slot.number)


_ARRIVED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
_NOT_YET = (Delivery.PENDING, Delivery.CLAIMED, Delivery.SENT, Delivery.DELIVERED)


def _behind(books: Books, slot: SlotSeen, where: str, due: datetime) -> Iterator[Hole]:
    """A snapshot that does not have what a provider said was not the newest, or the dispatcher has not read it."""
    text = books.texts.get(slot.number)
    if text is None or slot.delivery not in _NOT_YET:
        return
    known = _ARRIVED.index(slot.delivery) if slot.delivery in _ARRIVED else -1
    for one in text.said:
        newer = one.delivery in _ARRIVED and _ARRIVED.index(one.delivery) > known
        if one.kind is ReceiptKind.OUTCOME and one.attempt == slot.attempt and newer and one.at <= due:
            what = (
                f"notification {slot.number} to {slot.contact} is {one.delivery}, but counts as {slot.delivery}: "
                "the newest snapshot is gone, or the dispatcher behind"
            )
            yield Hole(what, where, INCIDENTS.name, slot.number, LOOK_AT_DISPATCHER)
            return


_ENDS: dict[Ending, tuple[ReceiptReason, str]] = {
    Ending.ACCEPTED: (ReceiptReason.ANSWERED, ""),
    Ending.ENOUGH: (ReceiptReason.ANSWERED, ""),
    Ending.PARTLY: (ReceiptReason.NOBODY_ANSWERED, "the ladder is at its end"),
    Ending.UNANSWERED: (ReceiptReason.NOBODY_ANSWERED, "the ladder is at its end"),
    Ending.EXPIRED: (ReceiptReason.EXPIRED, ""),
}


def _climb(books: Books, snapshot: Snapshot, climb: ClimbSeen, due: datetime) -> Iterator[Hole]:
    """Each step that did not help, and the end of the ladder, were explained; an open one is looked at again."""
    where, said = f"incident {snapshot.incident}", books.explained.get(snapshot.incident, [])
    for rung in climb.over:
        if not any(detail.startswith(f"{climb.who}: step {rung + 1}:") for _, detail in said):
            what = f"{climb.who}: step {rung + 1} of the ladder is over, but the receipt that says why is gone"
            yield Hole(what, where, RECEIPTS.name, snapshot.incident)
    if climb.ended in _ENDS:
        reason, words = _ENDS[climb.ended]
        if not any(why is reason and detail.startswith(f"{climb.who}: {words}") for why, detail in said):
            what = f"{climb.who}: the ladder ended ({climb.ended}), but the receipt that says so is gone"
            yield Hole(what, where, RECEIPTS.name, snapshot.incident)
    if climb.ended is None and climb.next_at is None and snapshot.at < due - TIMERS_GRACE:
        what = f"{climb.who}: the ladder is open and nothing will move it"
        yield Hole(what, where, INCIDENTS.name, snapshot.incident, LOOK_AT_DISPATCHER)


def _answers(books: Books, start: datetime, due: datetime, now: datetime) -> Iterator[Hole]:
    """An answer is part of its incident's snapshot; a STOP or START stands on ``control`` too."""
    applied = {incident: {number for number, _ in one.answers} for incident, one in books.snapshots.items()}
    incidents = {decision.incident for decision in books.decisions.values()}
    for number, one in books.responses.items():
        if not max(start, now - FORGET_AFTER) <= one.spot.at <= due:
            continue
        if one.command and one.contact and one.contact not in books.contact_stops:
            what = f"{one.contact} said {one.command.upper()} ({number}), but it is not on {CONTROL.name}"
            yield Hole(what, str(one.spot), CONTROL.name, f"contact:{one.contact}")
        if not one.counts or one.incident in books.forgotten or not books.complete:
            continue
        if one.incident not in applied:
            known = one.incident in incidents
            why = "whose snapshot is gone" if known else "of which nothing is known"
            what = f"answer {number} is to incident {one.incident}, {why}"
            yield Hole(what, str(one.spot), INCIDENTS.name if known else EVENTS.name, one.incident, LOOK_AT_DISPATCHER)
        elif number not in applied[one.incident] and len(applied[one.incident]) < ANSWERS_MAX:
            what = f"the dispatcher has not applied answer {number} to incident {one.incident}"
            yield Hole(what, str(one.spot), INCIDENTS.name, number, LOOK_AT_DISPATCHER)


def _policies(books: Books) -> Iterator[Hole]:
    """Every version that is cited can be read: a decision can be repeated only with it."""
    if not books.complete:
        return
    for version, spot in books.cited.items():
        if version not in books.published:
            what = f"policy {version[:12]} is cited, but it is not on {POLICY.name}"
            yield Hole(what, str(spot), POLICY.name, version, _ACTIVATE)
    if not books.active and books.decisions:
        yield Hole("nothing says which policy is active", POLICY.name, POLICY.name, "active", _ACTIVATE)
    for version in books.active:
        if version not in books.published and version not in books.cited:
            what = f"policy {version[:12]} is active, but it is not on {POLICY.name}"
            yield Hole(what, POLICY.name, POLICY.name, version, _ACTIVATE)


def _switches(books: Books) -> Iterator[Hole]:
    if books.stopped_by_switch is not None and not books.switches:
        what = f"a text was stopped by a switch, but no switch stands on {CONTROL.name}"
        yield Hole(what, str(books.stopped_by_switch), CONTROL.name, "stop")

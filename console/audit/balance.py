"""Both ends compared: events, decisions, rejections, orders and receipts. Snapshots and the rest are in ``agree``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from console.audit.agree import agreement_holes
from console.audit.books import Books, counted
from console.audit.entries import Decided, Said, Text
from console.audit.hole import LOOK_AT_DISPATCHER, Hole
from schemas.ids import notification_id
from schemas.topics import DECISIONS, EVENTS, NOTIFY, RECEIPTS, REJECTED, TOPICS, Topic
from schemas.vocabulary import DecisionOutcome, EventKind, ReceiptKind, RejectionReason

GRACE = timedelta(seconds=90)
"""Younger than this, something without an end is still on its way and no hole. An e-mail whose notifier is killed is
taken over 26 s later (the claim's 5 s, the SMTP time-out and some slack), after up to 10 s in which nobody owns its
partition; the new notifier tries for seconds itself, and after a failure the dispatcher's next order follows in 10 s
and in 30 s."""

_UNDECIDED = {RejectionReason.INTERNAL_ERROR, RejectionReason.TOO_LARGE}
"""Why the router may refuse an event that it could read without a decision on it."""

_ROUTER = "see whether the router runs (`borderlands status`); it decides what it finds undecided as it starts"
_REPORT_ANEW = "if it is gone from every copy, ask the sender to report it anew"


def balance(books: Books, start: datetime, end: datetime, now: datetime) -> Iterator[Hole]:
    """Every hole among records of ``start`` to ``end``; what is younger than ``GRACE`` is still on its way.

    What retention has removed by ``now`` is no hole.
    """
    due = min(end, now - GRACE)
    ordered = max(start, kept_since(next(iter(NOTIFY.values())), now))
    if books.complete:
        yield from _gaps(books, start, due)
    yield from _events(books, max(start, kept_since(REJECTED, now)), due)
    yield from _refusals(books, max(start, kept_since(REJECTED, now)), due, now)
    yield from _decisions(books, start, due)
    for text in books.texts.values():
        yield from _orders(books, text, start, due)
        yield from _attempts(text, ordered, due)
        yield from _receipts(books, text, ordered, due)
    yield from agreement_holes(books, start, ordered, due, now)


def kept_since(topic: Topic, now: datetime) -> datetime:
    """Younger records of ``topic`` have not been removed by its retention."""
    return now - timedelta(milliseconds=topic.retention_ms) if topic.retention_ms else datetime.min.replace(tzinfo=UTC)


def _gaps(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    for spot, missing in books.gaps:
        if start <= spot.at <= due and (spot.topic, spot.partition) not in books.mixed:
            first, last = spot.offset - missing, spot.offset - 1
            place = f"{spot.topic}[{spot.partition}]@{first}" + (f" to {last}" if last > first else "")
            yield Hole(f"{counted(missing, 'record')} before {spot} taken out", place, spot.topic, place)


def _events(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    for event_id, spot in books.events.items():
        if not start <= spot.at <= due or event_id in books.decisions:
            continue
        reason = books.refused.get(event_id)
        if reason is None:
            what = f"event {event_id} has neither a decision nor a rejection"
            yield Hole(what, str(spot), DECISIONS.name, event_id, _ROUTER)
        elif reason not in _UNDECIDED:
            what = f"event {event_id} was refused ({reason}), but the decision on it is gone"
            yield Hole(what, str(spot), DECISIONS.name, event_id)
    for spot in books.undecodable:
        if start <= spot.at <= due and (spot.topic, spot.partition, spot.offset) not in books.refused_places:
            place = f"{spot.topic}[{spot.partition}]@{spot.offset}"
            yield Hole("a record that cannot be decoded has no rejection", str(spot), REJECTED.name, place)


def _refusals(books: Books, start: datetime, due: datetime, now: datetime) -> Iterator[Hole]:
    """What was refused must still stand where it stood, so that a refusal can be checked against it."""
    for place, rejection in books.refused_places.items():
        if rejection.event_id in books.decisions and rejection.reason is not RejectionReason.INTERNAL_ERROR:
            continue  # the decision tells that its event is gone
        topic = TOPICS.get(place[0])
        if topic is None or not (books.complete or topic is EVENTS):
            continue
        if (
            max(start, kept_since(topic, now)) <= rejection.rejected_at <= due
            and not books.has(place)
            and place[0] != REJECTED.name
        ):
            named = f"{place[0]}[{place[1]}]@{place[2]}"
            yield Hole(f"{named} was refused, but that record is gone", rejection.reason, place[0], named)


def _decisions(books: Books, start: datetime, due: datetime) -> Iterator[Hole]:
    told: dict[str, set[str]] = {}
    for text in books.texts.values():
        if text.spot is not None:
            told.setdefault(text.event, set()).add(text.number)
    for event_id, decision in books.decisions.items():
        if not start <= decision.recorded_at <= due:
            continue
        where = f"incident {decision.incident}"
        if event_id not in books.events:
            what = f"decision on event {event_id}, but the event is gone"
            yield Hole(what, where, EVENTS.name, event_id, _REPORT_ANEW)
        if decision.outcome is DecisionOutcome.REJECTED and event_id not in books.refused:
            what = f"event {event_id} was refused, but its rejection is gone"
            yield Hole(what, where, REJECTED.name, event_id)
        yield from _owed(books, event_id, decision, told.get(event_id, set()))


def _owed(books: Books, event_id: str, decision: Decided, told: set[str]) -> Iterator[Hole]:
    """What a decision owed: each planned text of a report, or one trace at least of a follow-up."""
    if event_id in books.ended_events:
        return
    if decision.outcome is DecisionOutcome.FOLLOW_UP or decision.kind is not EventKind.REPORT:
        ended = event_id in books.ended_texts_of
        if decision.outcome is DecisionOutcome.FOLLOW_UP and not told and not ended:
            what = f"follow-up {event_id} told nobody and nothing says why"
            yield Hole(what, f"incident {decision.incident}", RECEIPTS.name, event_id, LOOK_AT_DISPATCHER)
        return
    for owed in decision.owed:
        wanted = notification_id(event_id, owed.step, owed.contact, owed.channel)
        text = books.texts.get(wanted)
        if wanted not in told and not (text is not None and text.ended):
            yield Hole(
                f"{owed.partner} {owed.role} ({owed.contact}) was to be told by {owed.channel}, "
                f"but there is no notification {wanted}",
                f"event {event_id}, incident {decision.incident}",
                f"notify.{owed.channel}",
                wanted,
                LOOK_AT_DISPATCHER,
            )


def _orders(books: Books, text: Text, start: datetime, due: datetime) -> Iterator[Hole]:
    if text.spot is None or text.expires_at is None or not start <= text.spot.at <= due:
        return
    if text.event not in books.decisions:
        what = f"notification {text.number}, but the decision on {text.event} is gone"
        yield Hole(what, str(text.spot), DECISIONS.name, text.event)
    waiting = text.expires_at > due and text.settled()
    if not text.ended and not waiting:
        what = f"notification {text.number} to {text.contact} has no end"
        mend = "see whether the notifiers run (`borderlands status`), and whether sending is stopped"
        yield Hole(what, str(text.spot), RECEIPTS.name, text.number, mend)


def _attempts(text: Text, start: datetime, due: datetime) -> Iterator[Hole]:
    """The dispatcher orders an attempt only after the one before it came to something."""
    for attempt, at in text.orders:
        if attempt == 1 or not start <= at <= due:
            continue
        where = f"attempt {attempt} of it was ordered at {at:%Y-%m-%d %H:%M:%S} UTC"
        if not text.ordered(attempt - 1):
            what = f"notification {text.number}: the order of attempt {attempt - 1} is gone"
            yield Hole(what, where, "notify", text.number)
        if not text.settled(attempt - 1):
            what = f"notification {text.number}: what came of attempt {attempt - 1} is gone"
            yield Hole(what, where, RECEIPTS.name, text.number)


def _receipts(books: Books, text: Text, start: datetime, due: datetime) -> Iterator[Hole]:
    """A notifier claims nothing but an order, and what it says of an attempt follows its own claim.

    The dispatcher may end a notification that it never ordered, so that its ends say nothing here.
    """
    where = f"incident {text.incident}"
    seen = [one for one in text.said if start <= one.at <= due and one.claim and one.kind is not ReceiptKind.RELEASE]
    claimed = {(one.attempt, one.claim) for one in text.said if one.kind is ReceiptKind.CLAIM}
    for one in seen:
        if one.kind is not ReceiptKind.CLAIM and (one.attempt, one.claim) not in claimed:
            what = f"{one.kind} of notification {text.number}, but the claim on attempt {one.attempt} is gone"
            yield Hole(what, where, RECEIPTS.name, text.number)
    for attempt in sorted({one.attempt for one in seen}):
        if not text.ordered(attempt) and not text.ordered(attempt + 1):
            what = f"receipts of notification {text.number}, but the order of attempt {attempt} is gone"
            yield Hole(what, where, "notify", text.number)
        yield from _unreleased(text, attempt, where)
        yield from _reported(books, text, attempt, where)


def _unreleased(text: Text, attempt: int, where: str) -> Iterator[Hole]:
    """Only who held an attempt says what came of it, and it is held by the next only once it was given back."""
    holder, held = "", set[str]()
    for one in (one for one in text.said if one.attempt == attempt and one.claim):
        if one.kind is ReceiptKind.CLAIM and not holder:
            holder = one.claim
            held.add(holder)
        elif one.kind is ReceiptKind.OUTCOME and holder not in ("", one.claim) and one.claim not in held:
            if (attempt, one.claim) in {(each.attempt, each.claim) for each in text.said if _claims(each)}:
                what = f"notification {text.number}: the release of an earlier claim on attempt {attempt} is gone"
                yield Hole(what, where, RECEIPTS.name, text.number)
            return
        elif one.claim == holder:
            holder = ""


def _reported(books: Books, text: Text, attempt: int, where: str) -> Iterator[Hole]:
    """A provider's report without the notifier's own word before it, and a place on the log without a record there.

    Either alone is no hole: a notifier may have died before its word, and a transaction may leave a mark.
    """
    if not books.complete:
        return
    of_it = [one for one in text.said if one.attempt == attempt]
    claim = next((one for one in of_it if one.kind is ReceiptKind.CLAIM), None)
    report = next((one for one in of_it if one.kind is ReceiptKind.OUTCOME and not one.claim), None)
    if claim is None or report is None or any(one.claim and one.kind is not ReceiptKind.CLAIM for one in of_it):
        return
    if any(claim.offset < offset < report.offset for offset in books.lone_gaps.get(text.partition, ())):
        what = f"notification {text.number}: what its notifier said of attempt {attempt} is gone"
        yield Hole(what, where, RECEIPTS.name, text.number)


def _claims(one: Said) -> bool:
    return one.kind is ReceiptKind.CLAIM

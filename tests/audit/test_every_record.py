"""Any record of a real evening that is taken out is noticed, but for those that nothing else speaks of."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

import pytest

from console.audit import Books, Hole, balance
from console.logs.logged import Logged
from schemas.control import OperationsNote, StopSwitch
from schemas.event import Rejection
from schemas.incident import Cursor, IncidentState
from schemas.notification import Receipt
from schemas.topics import DECISIONS, EVENTS, INCIDENTS, RECEIPTS, RESPONSES
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason
from tests.audit.evening import evening

EVENING = evening()
START = min(one.appended_at for one in EVENING) - timedelta(minutes=1)
LATER = max(one.appended_at for one in EVENING) + timedelta(minutes=10)


def holes(log: Iterable[Logged]) -> list[Hole]:
    """What an audit of the whole ``log`` finds, ten minutes after it ended."""
    books = Books(whole=True, complete=True)
    for one in log:
        books.add(one)
    return list(balance(books, START, LATER, LATER))


def newest_of_each_key() -> set[tuple[int, int]]:
    """Partition and offset of the newest snapshot of each incident, and of the newest cursor of each partition."""
    newest: dict[tuple[int, bytes | None], int] = {}
    for one in EVENING:
        if one.topic == INCIDENTS.name:
            newest[one.partition, one.key] = max(one.offset, newest.get((one.partition, one.key), 0))
    return {(partition, offset) for (partition, _), offset in newest.items()}


NEWEST = newest_of_each_key()


def unnoticed_because(one: Logged) -> str | None:
    """Why nothing speaks of ``one``, so that it can be taken out without a trace; None: it must be noticed."""
    match one.record:
        case IncidentState() | Cursor() if (one.partition, one.offset) not in NEWEST:
            return "a newer one has replaced it: compaction takes it out anyway"
        case Cursor(offsets=offsets) if not any(offsets.values()):
            return "it says that nothing was read, which no cursor says too"
        case Receipt(kind=ReceiptKind.OUTCOME, delivery=Delivery.DELIVERED, claim_id=None) if _replaced(one):
            return "a provider's report of a text that a newer one to the same contact has replaced in the snapshot"
        case Receipt(kind=ReceiptKind.END, notification_id=None, event_id=None) as word if _taken_back(word):
            return "a word about a ladder's end that an answer has taken back, or that says that it was"
        case OperationsNote() | StopSwitch():
            return "what stands on control is the state of the switches now; no text of the evening met one"
        case _:
            return None


def _replaced(one: Logged) -> bool:
    assert isinstance(one.record, Receipt)
    number = one.record.notification_id
    current = set()
    for snapshot in EVENING:
        if isinstance(snapshot.record, IncidentState) and (snapshot.partition, snapshot.offset) in NEWEST:
            slots = (*snapshot.record.slots, *snapshot.record.news)
            current |= {slot.current.notification_id for slot in slots}
    return number not in current


def _taken_back(word: Receipt) -> bool:
    if word.reason is ReceiptReason.ANSWERED:
        return any(
            isinstance(one.record, Receipt)
            and one.record.incident_id == word.incident_id
            and "was taken back" in (one.record.detail or "")
            for one in EVENING
        )
    return "was taken back" in (word.detail or "")


def test_the_evening_has_no_hole() -> None:
    """Everything that happened on a real Kafka has its counterpart."""
    assert holes(EVENING) == []


def title(one: Logged) -> str:
    """Where a record stood, for the name of a test."""
    return f"{one.topic}-{one.partition}-{one.offset}"


@pytest.mark.parametrize("number", range(len(EVENING)), ids=[title(one) for one in EVENING])
def test_a_record_taken_out_is_noticed(number: int) -> None:
    """Each record in turn, of every topic: a hole names it or what it belongs to, unless nothing speaks of it."""
    gone = EVENING[number]
    found = holes(one for one in EVENING if one is not gone)
    if unnoticed_because(gone) is not None:
        assert found == [], "it is noticed after all: take it off the exceptions"
        return
    assert found
    assert any(speaks_of(hole, gone) for hole in found), found


def speaks_of(hole: Hole, gone: Logged) -> bool:
    """Whether ``hole`` names the record, its incident or its place."""
    said = f"{hole.what} {hole.where} {hole.id}"
    named = [
        str(value)
        for name in ("event_id", "notification_id", "response_id", "incident_id", "policy_version")
        if (value := getattr(gone.record, name, None)) is not None
    ]
    place = [f"{gone.topic}[{gone.partition}]", f"@cursor {gone.partition}"]
    if isinstance(gone.record, Rejection):
        place.append(f"{gone.record.topic}[{gone.record.partition}]@{gone.record.offset}")
    named += ["active"] if gone.key == b"active" else []
    return any(word in said for word in (*named, *place)) and bool(hole.mend)


def test_what_goes_unnoticed_is_little() -> None:
    """The exceptions are those of docs/audit.md, and no event, decision, order, claim or answer is among them."""
    by_topic: dict[str, int] = defaultdict(int)
    for one in EVENING:
        if unnoticed_because(one) is not None:
            by_topic[one.topic] += 1
    assert set(by_topic) <= {INCIDENTS.name, RECEIPTS.name, "control"}
    assert by_topic[RECEIPTS.name] <= 8


@pytest.mark.parametrize("topic", [EVENTS, DECISIONS, RECEIPTS, RESPONSES, INCIDENTS], ids=lambda topic: topic.name)
def test_a_whole_topic_taken_out_is_noticed(topic: object) -> None:
    """Nothing is left to compare within a topic; what stands on the others speaks of it."""
    assert holes(one for one in EVENING if one.topic != getattr(topic, "name", ""))


@pytest.mark.parametrize("partition", range(12))
def test_a_whole_partition_taken_out_is_noticed(partition: int) -> None:
    """An event's partition of `events` is gone: the decisions on its events say so."""
    rest = [one for one in EVENING if (one.topic, one.partition) != (EVENTS.name, partition)]
    if len(rest) < len(EVENING):
        assert holes(rest)


def test_the_same_evening_copied_to_other_places_is_judged_by_what_it_says() -> None:
    """Copied record by record, a log has no gaps that a transaction's mark left: nothing is missing all the same."""
    at: dict[tuple[str, int], int] = defaultdict(int)
    copied = []
    for one in EVENING:
        place = one.topic, one.partition
        if place[0] in (EVENTS.name, DECISIONS.name, RESPONSES.name):
            copied.append(one)
            continue
        copied.append(Logged(one.topic, one.partition, at[place], one.appended_at, one.key, one.value, one.record))
        at[place] += 1
    told = [hole for hole in holes(copied) if "last records are gone" not in hole.what]
    assert told == []

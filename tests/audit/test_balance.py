"""The audit compares what stands at both ends: a complete night has no hole, and any record taken out makes one."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from console.audit import GRACE, Books, Hole, balance
from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.event import EmergencyEvent, Rejection, SourceOfRejection
from schemas.notification import Notification, Receipt
from schemas.topics import NOTIFY
from schemas.upkeep import canary_event
from schemas.vocabulary import (
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    ReceiptKind,
    ReceiptReason,
    RejectionReason,
)
from tests.console.story import (
    CHIEF,
    END,
    LATER,
    START,
    Log,
    decision,
    event,
    night,
    order,
    receipt,
    refusal,
    title,
)

NIGHT = night()


def holes(log: Iterable[Logged], now: datetime = LATER, start: datetime = START) -> list[Hole]:
    """The holes of ``log``."""
    books = Books()
    for one in log:
        books.add(one)
    return list(balance(books, start, now, now))


def test_a_complete_night_has_no_hole() -> None:
    """Sent, expired, refused, without route, noise: each has its end."""
    assert holes(NIGHT) == []


def name_of(one: Logged) -> str:
    """The id by which a hole must name what is missing."""
    match one.record:
        case EmergencyEvent() | Decision():
            return one.record.event_id
        case Notification():
            return one.record.notification_id
        case Receipt():
            return one.record.notification_id or str(one.record.event_id)
        case Rejection() if one.record.event_id:
            return one.record.event_id
        case Rejection():
            return f"{one.record.topic}[{one.record.partition}]@{one.record.offset}"
        case _:
            return f"{one.topic}[{one.partition}]@{one.offset}"


FROM_A_DOOR = len(NIGHT) - 1
"""A door's rejection answers somebody who is still there to read it; nothing on the log refers to it."""


@pytest.mark.parametrize("number", range(FROM_A_DOOR), ids=[title(one) for one in NIGHT[:FROM_A_DOOR]])
def test_any_record_taken_out_is_a_hole_that_names_it(number: int) -> None:
    """Whatever is deleted, something at the other end still speaks of it."""
    gone = NIGHT[number]
    found = holes(one for one in NIGHT if one is not gone)
    assert found
    assert any(name_of(gone) in hole.what + hole.where for hole in found), found
    if not isinstance(gone.record, Decision):  # without a decision, all that follows from it is unexplained
        assert len(found) == 1, found


def test_what_is_younger_than_the_grace_is_still_on_its_way() -> None:
    """A second after the report nothing need have come of it; a minute later it must."""
    report = [NIGHT[0]]
    assert holes(report, now=START + GRACE / 2) == []
    assert len(holes(report, now=START + 2 * GRACE)) == 1


def follow_up(*receipts: Receipt) -> list[Logged]:
    """A complete night and one more cancel of its fire, with what the dispatcher said of it."""
    happened: list[tuple[str, EmergencyEvent | Decision | Receipt]] = [
        ("events", event("ev-cancel-2", kind=EventKind.CANCEL)),
        ("decisions", decision("ev-cancel-2", DecisionOutcome.FOLLOW_UP, kind=EventKind.CANCEL)),
        *(("receipts", one) for one in receipts),
    ]
    return [
        *NIGHT,
        *(Logged(topic, 0, 900 + number, START, None, b"?", one) for number, (topic, one) in enumerate(happened)),
    ]


def test_a_follow_up_whose_texts_were_all_superseded_has_ended() -> None:
    """An end that names notification and event is a trace of the event; a notifier's own end needs its order."""
    by_notifier = receipt(order("ev-cancel-2", CHIEF, Channel.SMS), ReceiptKind.END, Delivery.SUPPRESSED)
    by_dispatcher = by_notifier.model_copy(
        update={"claim_id": None, "incarnation": None, "reason": ReceiptReason.SUPERSEDED}
    )
    assert [hole.what for hole in holes(follow_up())] == [
        "follow-up ev-cancel-2 told nobody and nothing says why",
    ]
    assert holes(follow_up(by_dispatcher)) == []
    assert any("the order of attempt 1 is gone" in hole.what for hole in holes(follow_up(by_notifier)))


def test_an_email_taken_over_after_a_kill_is_no_hole_yet() -> None:
    """A notifier was killed with a claim in hand: a minute later its successor may still be at it."""
    claimed = [one for one in NIGHT if not isinstance(one.record, Receipt) or one.record.kind is ReceiptKind.CLAIM][:5]
    assert holes(claimed, now=START + timedelta(seconds=60)) == []
    assert len(holes(claimed, now=START + timedelta(seconds=120))) == 3


def test_a_refusal_at_the_door_does_not_excuse_the_router() -> None:
    """A report that was mended and sent anew under its id needs a decision like any other."""
    log = [one for one in NIGHT if isinstance(one.record, EmergencyEvent) and one.record.event_id == "ev-nobody"]
    door = refusal("ev-nobody", RejectionReason.INVALID, SourceOfRejection.DOOR)
    log.append(Logged("events.rejected", 0, 99, START, None, b"", door))
    assert [hole.what for hole in holes(log)] == ["event ev-nobody has neither a decision nor a rejection"]


def test_what_retention_removed_is_no_hole() -> None:
    """Orders are kept for days, receipts for years: an audit of last month misses no orders."""
    retention_ms = next(iter(NOTIFY.values())).retention_ms
    assert retention_ms is not None
    kept = [one for one in NIGHT if not one.topic.startswith("notify.")]
    assert holes(kept)
    assert holes(kept, now=END + timedelta(milliseconds=retention_ms)) == []


def test_records_outside_the_range_are_not_judged() -> None:
    """A range that begins after the night has nothing to say of it."""
    assert holes(NIGHT[:1], start=START + timedelta(minutes=30)) == []


def test_events_about_the_system_itself_are_accounted_for_and_counted_apart() -> None:
    """A canary without its decision is a hole like any other; in the summary it stands beside the emergencies."""
    canary = canary_event("vecumnieki", 0, 1, START, partition_of=lambda _: 0)
    books, log = Books(), Log()
    for one in (*NIGHT, log.add("events", canary)):
        books.add(one)
    plain = Books()
    for one in NIGHT:
        plain.add(one)
    assert "about the system" not in plain.summary()
    counted = plain.summary().split(" decisions")[0]
    assert books.summary().startswith(f"{counted} decisions")
    assert books.summary().endswith("; and 1 event and 0 notifications about the system itself")
    (hole,) = balance(books, START, LATER, LATER)
    assert canary.event_id in hole.what

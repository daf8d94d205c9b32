"""Canaries: one per partition and slot of time, and what counts as having come through."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from gateway.canaries import Canaries
from runtime.kafka import partition_for
from schemas.ids import is_canary
from schemas.notification import Receipt
from schemas.upkeep import canary_event
from schemas.vocabulary import Delivery, Origin, ReceiptKind, ReceiptReason, ServiceKind, Status

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
EVERY = timedelta(minutes=5)
PATIENCE = timedelta(minutes=20)
"""Two rounds, and the ten minutes that a canary may take."""


def after(seconds: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(seconds=seconds)


def said(incident: str, delivery: Delivery, kind: ReceiptKind = ReceiptKind.OUTCOME) -> Receipt:
    """A notifier's or provider's word."""
    reasons = {
        Delivery.SENT: ReceiptReason.ACCEPTED,
        Delivery.DELIVERED: ReceiptReason.DELIVERED,
        Delivery.FAILED_PERM: ReceiptReason.UNKNOWN_CONTACT,
    }
    return Receipt(kind=kind, incident_id=incident, delivery=delivery, reason=reasons[delivery], at=NOW)


@pytest.mark.parametrize("count", [1, 3, 12, 24])
def test_every_partition_gets_a_canary_of_its_own(count: int) -> None:
    """Names are tried until one falls on the partition, for every partition there may be."""
    for number in range(count):
        event = canary_event("birzai", number, 7, NOW, partition_of=partial(partition_for, partitions=count))
        assert partition_for(event.incident_id, count) == number
        assert is_canary(event.incident_id)
        assert (event.status, event.origin) == (Status.SYSTEM, Origin.LIVE)
        assert event.service is not None
        assert event.service.kind is ServiceKind.CANARY
    with pytest.raises(LookupError, match="partition 24"):
        canary_event("birzai", 24, 7, NOW, partition_of=partial(partition_for, partitions=24))


def test_a_canary_of_the_same_slot_is_the_same_event() -> None:
    """A process that starts anew sends none twice; the next slot's is another incident."""
    where = partial(partition_for, partitions=12)
    one, again = (canary_event("birzai", 3, 7, after(s), partition_of=where) for s in (0, 60))
    later = canary_event("birzai", 3, 8, NOW, partition_of=where)
    assert (one.event_id, one.incident_id) == (again.event_id, again.incident_id)
    assert one.incident_id != later.incident_id


def test_accepted_is_through_while_no_delivery_was_ever_proven() -> None:
    """Where a provider gives no proof of delivery, its acceptance is the end of the way."""
    canaries = Canaries(3)
    canaries.sent("cn-a", 0, NOW)
    canaries.receipt(said("cn-a", Delivery.SENT), after(1.5))
    flight = canaries.through[0]
    assert (canaries.last_through(0), flight.seconds(flight.accepted_at), flight.delivered_at) == (
        after(1.5),
        1.5,
        None,
    )
    assert canaries.last_through(1) is None


def test_once_deliveries_are_proven_an_acceptance_alone_is_not_enough() -> None:
    """Accepted but never delivered does not count, or a dead phone would go unnoticed."""
    canaries = Canaries(1)
    for number, name in enumerate(("cn-a", "cn-b", "cn-c")):
        canaries.sent(name, 0, after(300 * number))
        canaries.receipt(said(name, Delivery.SENT), after(300 * number + 1))
        if name != "cn-b":
            canaries.receipt(said(name, Delivery.DELIVERED), after(300 * number + 4))
            assert canaries.last_through(0) == after(300 * number + 4)
        else:
            assert canaries.last_through(0) == after(4)
    assert canaries.through[0].seconds(canaries.through[0].delivered_at) == 4


def test_a_failure_is_kept_until_one_comes_through() -> None:
    """The reason of the newest failure stands beside the last success."""
    canaries = Canaries(1)
    canaries.sent("cn-a", 0, NOW)
    canaries.receipt(said("cn-a", Delivery.FAILED_PERM, ReceiptKind.END), after(1))
    assert canaries.failed == {0: "unknown_contact"}
    canaries.sent("cn-b", 0, after(300))
    canaries.receipt(said("cn-b", Delivery.SENT), after(301))
    assert canaries.failed == {}


def test_receipts_of_anything_else_change_nothing() -> None:
    """An unknown incident, a claim and a replayed receipt are no sign of life."""
    canaries = Canaries(1)
    canaries.sent("cn-a", 0, NOW)
    sent = said("cn-a", Delivery.SENT)
    canaries.receipt(said("in-1", Delivery.SENT), after(1))
    canaries.receipt(sent.model_copy(update={"kind": ReceiptKind.CLAIM}), after(1))
    canaries.receipt(sent.model_copy(update={"replayid": "r-1"}), after(1))
    assert canaries.last_through(0) is None


def test_a_late_answer_of_an_old_canary_does_not_hide_a_newer_one() -> None:
    """Deliveries may overtake each other: the newest canary that came through counts."""
    canaries = Canaries(1)
    for name, at in (("cn-a", 0), ("cn-b", 300)):
        canaries.sent(name, 0, after(at))
    canaries.receipt(said("cn-b", Delivery.DELIVERED), after(303))
    canaries.receipt(said("cn-a", Delivery.DELIVERED), after(400))
    assert canaries.through[0].incident == "cn-b"


def test_a_partition_is_late_after_two_rounds_and_the_time_one_may_take() -> None:
    """Counted from the last one, or from the moment canaries were begun."""
    canaries = Canaries(1)
    assert not canaries.late(0, EVERY, NOW, NOW + PATIENCE)
    assert canaries.late(0, EVERY, NOW, NOW + PATIENCE + timedelta(seconds=1))
    canaries.sent("cn-a", 0, after(600))
    canaries.receipt(said("cn-a", Delivery.SENT), after(602))
    assert not canaries.late(0, EVERY, NOW, after(602) + PATIENCE)
    assert canaries.late(0, EVERY, NOW, after(603) + PATIENCE)


def test_the_newest_of_a_partition_is_known_however_seldom_it_comes() -> None:
    """A canary a day is not sent again after an hour because it was forgotten."""
    canaries = Canaries(2)
    canaries.sent("cn-a", 0, NOW)
    canaries.sent("cn-b", 1, after(20_000))
    assert canaries.knows("cn-a")
    canaries.sent("cn-c", 0, after(86_400))
    assert not canaries.knows("cn-a")
    assert canaries.knows("cn-b")


def test_the_book_does_not_grow() -> None:
    """An hour of canaries is kept, and the last one of each partition."""
    canaries = Canaries(1)
    for number in range(1000):
        canaries.sent(f"cn-{number}", 0, after(60 * number))
    assert not canaries.knows("cn-0")
    assert canaries.knows("cn-999")
    assert sum(canaries.knows(f"cn-{number}") for number in range(1000)) <= 62

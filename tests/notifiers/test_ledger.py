"""What receipts say about an order, without a broker."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.ledger import Done, Ended, Free, Held, Ledger, Order
from notifiers.progress import Progress
from schemas.notification import Receipt
from schemas.vocabulary import Delivery, ReceiptKind

ORDER = Order("nt-1", 1)
AT = datetime(2026, 7, 4, tzinfo=UTC)


def receipt(kind: ReceiptKind, claim: str | None = None, **changes: Any) -> Receipt:
    """A receipt about attempt 1 of the notification."""
    values: dict[str, Any] = {"incident_id": "in-1", "notification_id": "nt-1", "attempt": 1, "claim_id": claim}
    return Receipt(kind=kind, at=AT, **{**values, **changes})


def claim(name: str, **changes: Any) -> Receipt:
    """A claim."""
    return receipt(ReceiptKind.CLAIM, name, **changes)


def after(*receipts: Receipt) -> Ledger:
    """A ledger that read these, a second apart."""
    ledger = Ledger()
    for index, each in enumerate(receipts):
        ledger.fold(each, 1000 * (index + 1))
    return ledger


def test_the_first_claim_holds() -> None:
    """A second claim on a held order is void."""
    assert after(claim("a"), claim("b")).standing(ORDER) == Held("a", 1000)


def test_a_void_claim_stays_void_after_a_release() -> None:
    """Only a claim written after the release can hold; a loser's old one never comes to life."""
    released = receipt(ReceiptKind.RELEASE, "a")
    assert after(claim("a"), claim("b"), released).standing(ORDER) == Free()
    assert after(claim("a"), claim("b"), released, claim("c")).standing(ORDER) == Held("c", 4000)


def test_a_release_of_another_claim_changes_nothing() -> None:
    """Two that reconciled the same lapsed claim: the slower one's release does not free the quicker one's claim."""
    ledger = after(claim("a"), receipt(ReceiptKind.RELEASE, "a"), claim("b"), receipt(ReceiptKind.RELEASE, "a"))
    assert ledger.standing(ORDER) == Held("b", 3000)


def test_an_outcome_closes_the_attempt() -> None:
    """After an outcome no claim holds any more; the next attempt is free."""
    sent = receipt(ReceiptKind.OUTCOME, "a", delivery=Delivery.SENT, provider_ref="SM1")
    ledger = after(claim("a"), sent, claim("b"))
    assert ledger.standing(ORDER) == Done(sent, 2000)
    assert ledger.standing(Order("nt-1", 2)) == Free()
    assert ledger.refs() == {"SM1"}


def test_a_loser_may_report_that_it_sent_but_not_that_it_failed() -> None:
    """A failure of somebody who lost the claim says nothing about the one who holds it."""
    taken_over = (claim("a"), receipt(ReceiptKind.RELEASE, "a"), claim("b"))
    failed = receipt(ReceiptKind.OUTCOME, "a", delivery=Delivery.UNKNOWN)
    sent = receipt(ReceiptKind.OUTCOME, "a", delivery=Delivery.SENT)
    assert after(*taken_over, failed).standing(ORDER) == Held("b", 3000)
    assert after(*taken_over, sent).standing(ORDER) == Done(sent, 4000)


@pytest.mark.parametrize("attempt", [1, None])
def test_an_end_before_the_claim_wins(attempt: int | None) -> None:
    """What the dispatcher ended cannot be claimed."""
    end = receipt(ReceiptKind.END, attempt=attempt, delivery=Delivery.SUPPRESSED)
    assert after(end, claim("a")).standing(ORDER) == Ended()


def test_an_end_after_the_claim_comes_too_late() -> None:
    """The claim goes on to its outcome; once released, the order is ended."""
    end = receipt(ReceiptKind.END, delivery=Delivery.SUPPRESSED)
    assert after(claim("a"), end).standing(ORDER) == Held("a", 1000)
    assert after(claim("a"), end, receipt(ReceiptKind.RELEASE, "a"), claim("b")).standing(ORDER) == Ended()


def test_an_earlier_attempt_ends_when_a_later_one_is_claimed() -> None:
    """A slow notifier with attempt 1 in hand does not send beside attempt 2."""
    ledger = after(claim("b", attempt=2), claim("a"))
    assert ledger.standing(ORDER) == Ended()


def test_replayed_receipts_say_nothing() -> None:
    """A restored record's receipts do not touch the real notification."""
    assert after(receipt(ReceiptKind.END, replayid="r-1")).standing(ORDER) == Free()


def test_reconciling_looks_back_to_the_first_claim_of_any_attempt() -> None:
    """A text of the first attempt that shows up late counts for the second."""
    ledger = after(claim("a"), receipt(ReceiptKind.OUTCOME, "a", delivery=Delivery.FAILED_TEMP), claim("b", attempt=2))
    assert ledger.first_claim_ms("nt-1") == 1000


def test_old_notifications_are_forgotten() -> None:
    """Memory holds only what can still matter."""
    ledger = after(claim("a"))
    ledger.forget_before(1001)
    assert ledger.standing(ORDER) == Free()


_EVENTS = st.lists(
    st.tuples(st.sampled_from([ReceiptKind.CLAIM, ReceiptKind.RELEASE]), st.sampled_from(["a", "b", "c"])), max_size=30
)


@given(_EVENTS)
def test_at_most_one_claim_holds_at_any_place_of_the_log(events: list[tuple[ReceiptKind, str]]) -> None:
    """The holder changes only through its own release."""
    ledger, holder = Ledger(), None
    for kind, name in events:
        ledger.fold(receipt(kind, name), 1)
        if kind is ReceiptKind.CLAIM:
            holder = holder or name
        elif name == holder:
            holder = None
        standing = ledger.standing(ORDER)
        assert (standing.claim_id if isinstance(standing, Held) else None) == holder


def test_only_the_contiguous_done_prefix_is_committed() -> None:
    """A slow record holds the commit back; what is done behind it counts once it is done."""
    progress = Progress()
    for offset in (5, 6, 9):
        progress.add(offset, offset)
    assert progress.to_commit() is None
    progress.done(6)
    assert progress.to_commit() is None
    progress.done(5)
    assert progress.to_commit() == 7
    progress.committed(7)
    assert progress.to_commit() is None
    progress.done(9)
    assert (progress.to_commit(), progress.in_hand) == (10, 0)

"""An order to send again leads to one new attempt of the same text, or is refused with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.ids import resend_id
from schemas.incident import IncidentState
from schemas.notification import Notification, ResendOrder
from schemas.vocabulary import Answer, Channel, Delivery, EventKind, ReceiptKind, ReceiptReason
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Emit, Folded, Say
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import CHIEF, DUTY, INCIDENT, at, claim, decision, outcome, receipt, response, route
from tests.rules.ladders import RULES, asked, asking, crews_of, says
from tests.rules.test_fold import PARTITION, Story

LATE = 3600.0
"""Seconds after the start of the story at which orders are given."""


def lost(delivery: Delivery = Delivery.FAILED_PERM, **changes: Any) -> Story:
    """An incident whose chief's text ended like that."""
    story = Story().then(decision("ev-1", route(CHIEF)))
    note = story.emitted[0]
    return story.then(claim(note)).then(outcome(note, delivery, **changes))


def order(story: Story, **changes: Any) -> ResendOrder:
    """An operator's order about the chief's text."""
    note = story.slot().current
    return order_of(note, **changes)


def order_of(note: Notification, **changes: Any) -> ResendOrder:
    """An operator's order about ``note``."""
    values: dict[str, Any] = {
        "order_id": resend_id(note.notification_id, note.attempt),
        "incident_id": note.incident_id,
        "notification_id": note.notification_id,
        "attempt": note.attempt,
        "expires_at": at(LATE + 1800),
        "by": "operator",
        "reason": "the number was wrong",
        "at": at(LATE),
    }
    return ResendOrder(**{**values, **changes})


@pytest.mark.parametrize("delivery", [Delivery.FAILED_PERM, Delivery.FAILED_TEMP])
def test_what_did_not_arrive_is_ordered_once_more_under_the_same_id(delivery: Delivery) -> None:
    """One attempt further, until the order's own time is over, and not called a repetition: nothing had arrived."""
    story = lost(delivery)
    before = story.slot().current
    story.then(order(story), LATE)
    (again,) = story.emitted
    assert (again.notification_id, again.attempt) == (before.notification_id, before.attempt + 1)
    assert (again.repetition, again.expires_at) == (False, at(LATE + 1800))
    assert (again.contact_id, again.facts, again.origin) == (before.contact_id, before.facts, before.origin)
    assert story.slot().delivery is Delivery.PENDING


def test_what_may_have_arrived_says_that_it_is_a_repetition() -> None:
    """Nobody knows of the first text, so the second says so."""
    story = Story().then(decision("ev-1", route(CHIEF)))
    first = story.emitted[0]
    story.then(claim(first)).then(outcome(first, Delivery.UNKNOWN)).wait(1)
    for number in range(2, 6):  # the urgent text is repeated by itself for a while
        story.then(outcome(story.slot().current, Delivery.UNKNOWN), number * 400).wait(number * 400 + 399)
    story.then(order(story), LATE)
    assert [note.repetition for note in story.emitted] == [True]


def test_what_expired_is_sent_after_all_when_somebody_wants_it() -> None:
    """The order brings a time of its own; the outage's end alone sends nothing."""
    story = Story().then(decision("ev-1", route(CHIEF), expires_at=at(60))).wait(61)
    assert story.slot().delivery is Delivery.EXPIRED
    story.then(order(story), LATE)
    assert [note.attempt for note in story.emitted] == [2]


def test_an_order_applied_twice_is_one_attempt() -> None:
    """Whether it is read again, or given again by somebody else, before or after the new attempt had its outcome."""
    story = lost()
    wanted = order(story)
    story.then(wanted, LATE)
    after = story.state
    story.then(wanted, LATE + 1)
    assert (story.state, story.emitted, story.said) == (after, [], [])
    story.then(outcome(story.slot().current, Delivery.FAILED_PERM), LATE + 2)
    after = story.state
    story.then(wanted, LATE + 3)
    assert (story.state, story.emitted, story.said) == (after, [], [])


def test_the_arrival_of_the_first_attempt_ends_the_second() -> None:
    """A late word that the text arrived after all: the repeat that nobody has claimed yet is not sent."""
    story = lost(Delivery.FAILED_TEMP)
    first = story.slot().current
    story.then(order(story), LATE).then(outcome(first, Delivery.DELIVERED), LATE + 1)
    assert story.reasons == [ReceiptReason.DUPLICATE]
    assert story.slot().delivery is Delivery.DELIVERED


def cancelled() -> Story:
    """The incident is over, and the chief was never reached."""
    return lost().then(decision("ev-2", kind=EventKind.CANCEL))


def sent() -> Story:
    """A provider took it."""
    return lost(Delivery.SENT)


def waiting() -> Story:
    """It is still on its topic."""
    return Story().then(decision("ev-1", route(CHIEF)))


def kept_back() -> Story:
    """A notifier did not send it, on purpose."""
    story = waiting()
    end = receipt(story.emitted[0], ReceiptKind.END, Delivery.SUPPRESSED, reason=ReceiptReason.NOT_FOR_SENDING)
    return story.then(end)


def for_others() -> Story:
    """A real text to an exercise contact was refused."""
    return lost(reason=ReceiptReason.ORIGIN_MISMATCH)


def answered() -> Story:
    """The chief telephoned."""
    return lost().then(response("rs-1", contact_id="birzai-chief", answer=Answer.DECLINE))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (cancelled, ReceiptReason.CANCELLED),
        (sent, ReceiptReason.DUPLICATE),
        (waiting, ReceiptReason.DUPLICATE),
        (kept_back, ReceiptReason.NOT_FOR_SENDING),
        (for_others, ReceiptReason.ORIGIN_MISMATCH),
        (answered, ReceiptReason.ANSWERED),
    ],
)
def test_what_must_not_be_sent_is_refused_with_a_receipt(make: Any, reason: ReceiptReason) -> None:
    """The receipt names the order, and neither ends nor claims anything of the text itself."""
    story: Story = make()
    before = story.state
    story.then(order(story), LATE)
    assert (story.state, story.emitted) == (before, [])
    (said,) = story.said
    assert (said.reason, said.resend) == (reason, order(story).order_id)
    assert (said.notification_id, said.event_id, said.claim_id) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attempt": 7}, ReceiptReason.STALE_ATTEMPT),
        ({"notification_id": "nt-other"}, ReceiptReason.SUPERSEDED),
        ({"at": at(LATE - 7200), "expires_at": at(LATE - 3600)}, ReceiptReason.EXPIRED),
    ],
)
def test_an_order_that_things_have_overtaken_is_refused(changes: dict[str, Any], reason: ReceiptReason) -> None:
    """Another attempt was made, another text has taken its place, or it lay unread too long."""
    story = lost()
    story.then(order(story, **changes), LATE)
    assert (story.emitted, story.reasons) == ([], [reason])


def test_an_update_takes_the_place_of_the_text_that_was_lost() -> None:
    """The contact gets the newest word only; an order about the older text is refused."""
    story = lost(Delivery.FAILED_TEMP)
    wanted = order(story)
    story.then(decision("ev-2", route(CHIEF), kind=EventKind.UPDATE)).then(wanted, LATE)
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.SUPERSEDED])


def test_an_unknown_incident_has_nothing_to_send_again() -> None:
    """It is said, and nothing is remembered of it."""
    wanted = order(lost())
    folded = fold(None, wanted, partition=PARTITION, codes_in_use=frozenset(), now=at(LATE))
    assert folded.state is None
    assert [effect.receipt.reason for effect in folded.effects if isinstance(effect, Say)] == [
        ReceiptReason.UNKNOWN_INCIDENT
    ]


def test_a_cancel_that_did_not_arrive_is_sent_again_though_the_incident_is_over() -> None:
    """Somebody who was told must hear that it is over."""
    story = lost(Delivery.SENT).then(decision("ev-2", kind=EventKind.CANCEL))
    story.then(outcome(story.slot().current, Delivery.FAILED_PERM))
    story.then(order(story), LATE)
    assert [note.template.value for note in story.emitted] == ["cancel"]


def climbing() -> tuple[IncidentState, Notification]:
    """A request that the desk has answered with a yes; the chief's text was lost."""
    desk_by_sms = DUTY.model_copy(update={"channels": (Channel.SMS,)})
    report = asked("ev-1", asking(desk_by_sms, CHIEF), expires_at=at(2 * LATE))
    state = fold(None, report, partition=1, codes_in_use=frozenset(), now=at(0)).state
    assert state is not None
    chief = next(slot.current for slot in state.slots if slot.contact_id == CHIEF.contact_id)
    desk = next(slot.current for slot in state.slots if slot.contact_id == DUTY.contact_id)
    for record in (
        outcome(chief, Delivery.FAILED_PERM),
        outcome(desk, Delivery.SENT),
        says(DUTY.contact_id, Answer.ACCEPT),
    ):
        state = looked(fold(state, record, partition=1, codes_in_use=frozenset(), now=at(1))).state
        assert state is not None
    return state, chief


def looked(folded: Folded) -> Folded:
    """What the dispatcher's look at its timers makes of it a moment later."""
    assert folded.state is not None
    after = due(folded.state, at(LATE + 2), crews_of(RULES)) if folded.state.answers else Folded(folded.state)
    return Folded(after.state, (*folded.effects, *after.effects))


def test_what_somebody_else_has_said_yes_to_is_sent_again_only_when_asked_for() -> None:
    """And then the ladder, which has its yes, does not take it back."""
    state, chief = climbing()
    plain = fold(state, order_of(chief), partition=1, codes_in_use=frozenset(), now=at(LATE))
    assert [effect.receipt.reason for effect in plain.effects if isinstance(effect, Say)] == [ReceiptReason.ANSWERED]
    wanted = order_of(chief, although_answered=True)
    folded = looked(fold(state, wanted, partition=1, codes_in_use=frozenset(), now=at(LATE)))
    assert [effect.notification.attempt for effect in folded.effects if isinstance(effect, Emit)] == [2]
    assert folded.state is not None
    slot = next(slot for slot in folded.state.slots if slot.contact_id == CHIEF.contact_id)
    assert slot.delivery is Delivery.PENDING


def test_an_order_does_not_hold_for_days() -> None:
    """At most a day from when it was given; and not backwards."""
    for expires_at in (at(LATE + 25 * 3600), at(LATE - 1)):
        with pytest.raises(ValidationError, match="within 24 hours"):
            order(lost(), expires_at=expires_at)
    assert order(lost(), expires_at=at(LATE) + timedelta(hours=24)).incident_id == INCIDENT

"""What time alone brings about."""

from schemas.event import Service
from schemas.incident import IncidentState
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, EventKind, Lane, ReceiptReason, ServiceKind, Status, Template
from streams.rules.incidents.due import CANARY_FORGOTTEN_AFTER, FORGET_AFTER, due, next_due
from streams.rules.incidents.effects import Emit, Say
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import CHIEF, DUTY, at, claim, decision, outcome, route

EXPIRY_S = 4 * 3600


def apply(state: IncidentState, record: Receipt, seconds: float) -> IncidentState:
    """The state after ``record``."""
    folded = fold(state, record, partition=0, codes_in_use=frozenset(), now=at(seconds))
    assert folded.state is not None
    return folded.state


def later(state: IncidentState, seconds: float) -> tuple[IncidentState, list[Notification], list[Receipt]]:
    """The state at a moment, with what that moment asks for."""
    folded = due(state, at(seconds))
    assert folded.state is not None
    assert due(folded.state, at(seconds)).effects == ()
    emitted = [effect.notification for effect in folded.effects if isinstance(effect, Emit)]
    return folded.state, emitted, [effect.receipt for effect in folded.effects if isinstance(effect, Say)]


def nothing_left(state: IncidentState) -> bool:
    """Whether no timer is left but the one that forgets the incident."""
    moment = next_due(state)
    return moment is not None and moment - state.updated_at >= FORGET_AFTER


def alerted(channel: Channel = Channel.SMS, lane: Lane = Lane.URGENT) -> IncidentState:
    """An incident with one pending alert on ``channel``."""
    recipient = (CHIEF if channel is Channel.SMS else DUTY).model_copy(update={"channels": (channel,)})
    record = decision("ev-1", route(recipient, lane=lane))
    folded = fold(None, record, partition=0, codes_in_use=frozenset(), now=at(0))
    assert folded.state is not None
    return folded.state


def test_a_temporary_failure_is_tried_again_with_growing_waits() -> None:
    """Attempts follow after 10, 30, 60, 120 and then every 300 seconds, under one notification id."""
    state, moment = alerted(), 0.0
    first = state.slots[0].current
    for attempt, wait in enumerate((10, 30, 60, 120, 300, 300), start=1):
        state = apply(state, outcome(state.slots[0].current, Delivery.FAILED_TEMP), moment)
        assert next_due(state) == at(moment + wait)
        assert later(state, moment + wait - 1)[1:] == ([], [])
        moment += wait
        state, (retry,), _ = later(state, moment)
        assert (retry.notification_id, retry.attempt, retry.repetition) == (first.notification_id, attempt + 1, False)


def test_what_is_not_sent_in_time_expires_with_a_reason() -> None:
    """A pending alert, and one that kept failing, end as expired when their time is over."""
    pending = alerted()
    failing = apply(pending, outcome(pending.slots[0].current, Delivery.FAILED_TEMP), EXPIRY_S - 5)
    for state in (pending, failing):
        after, emitted, (said,) = later(state, EXPIRY_S)
        assert (emitted, said.reason, said.delivery) == ([], ReceiptReason.EXPIRED, Delivery.EXPIRED)
        assert (after.slots[0].delivery, nothing_left(after)) == (Delivery.EXPIRED, True)


def test_a_pending_notification_is_not_sent_again() -> None:
    """Before its expiry a pending notification is left to the notifiers, however long it takes."""
    assert later(alerted(), EXPIRY_S - 1)[1:] == ([], [])


def test_an_unknown_outcome_of_an_urgent_sms_is_repeated_at_once_and_marked() -> None:
    """The repeat goes out at once with the same code, further ones later, and never without end."""
    state, moment = alerted(), 0.0
    code = state.code
    attempts = []
    for _ in range(8):
        state = apply(state, outcome(state.slots[0].current, Delivery.UNKNOWN), moment)
        assert state.slots[0].reached
        state, emitted, _said = later(state, moment)
        if not emitted:
            moment += 300
            state, emitted, _said = later(state, moment)
        attempts += emitted
    assert [(note.attempt, note.repetition, note.code) for note in attempts] == [
        (attempt, True, code) for attempt in (2, 3, 4)
    ]


def test_a_routine_sms_with_unknown_outcome_is_not_repeated_but_mail_is() -> None:
    """A doubled routine text is worse than a lost one; a doubled mail carries the same Message-ID."""
    for channel, repeats in ((Channel.SMS, 0), (Channel.EMAIL, 1)):
        state = alerted(channel, Lane.ROUTINE)
        state = apply(state, outcome(state.slots[0].current, Delivery.UNKNOWN), 0)
        assert len(later(state, 0)[1]) == repeats


def test_an_unknown_outcome_is_not_repeated_after_its_expiry() -> None:
    """What was unknown when it expired stays unknown."""
    state = alerted()
    state = apply(state, outcome(state.slots[0].current, Delivery.UNKNOWN), EXPIRY_S + 1)
    after, emitted, said = later(state, EXPIRY_S + 1)
    assert (emitted, said, after.slots[0].delivery, nothing_left(after)) == ([], [], Delivery.UNKNOWN, True)


def test_a_claim_that_never_gets_an_outcome_ends_as_unknown_and_frees_what_waits() -> None:
    """Ten minutes after expiry a claimed alert counts as possibly sent, so the cancel that waits goes out."""
    state = alerted()
    state = apply(state, claim(state.slots[0].current), 1)
    cancel = decision("ev-2", kind=EventKind.CANCEL, expires_at=at(2 * EXPIRY_S))
    folded = fold(state, cancel, partition=0, codes_in_use=frozenset(), now=at(2))
    assert folded.state is not None
    assert next_due(folded.state) == at(EXPIRY_S + 600)
    _, (note,), (said,) = later(folded.state, EXPIRY_S + 600)
    assert (note.template, said.delivery, said.reason) == (
        Template.CANCEL,
        Delivery.UNKNOWN,
        ReceiptReason.CLAIM_LAPSED,
    )


def test_a_quarantined_incident_has_no_timers() -> None:
    """Nothing is sent by itself for an incident whose state is in doubt."""
    state = alerted().model_copy(update={"quarantined": "fold failed"})
    assert (next_due(state), due(state, at(2 * EXPIRY_S)).effects) == (None, ())


def test_an_incident_that_is_long_over_is_forgotten() -> None:
    """A month after its end nothing of it is kept but its records; a day earlier everything is."""
    state = apply(alerted(), outcome(alerted().slots[0].current, Delivery.SENT), 5)
    over = EXPIRY_S + FORGET_AFTER.total_seconds()
    assert due(state, at(over - 86400)).state == state
    assert due(state, at(over)).state is None


def test_a_canary_is_forgotten_an_hour_after_its_end() -> None:
    """Thousands go out in a day; the state of each goes as soon as no receipt of it is to be expected."""
    service = Service(kind=ServiceKind.CANARY)
    record = decision(
        "ev-1", route(CHIEF), incident_id="cn-story", expires_at=at(600), status=Status.SYSTEM, service=service
    )
    folded = fold(None, record, partition=0, codes_in_use=frozenset(), now=at(0))
    assert folded.state is not None
    state = apply(folded.state, outcome(folded.state.slots[0].current, Delivery.DELIVERED), 3)
    assert next_due(state) == at(600) + CANARY_FORGOTTEN_AFTER
    assert due(state, at(600) + CANARY_FORGOTTEN_AFTER).state is None


def test_a_late_receipt_of_a_forgotten_canary_is_not_kept_for_a_month() -> None:
    """A phone that was off tells of thousands the next day: what is parked for them goes within the hour."""
    late = outcome(alerted().slots[0].current, Delivery.DELIVERED).model_copy(update={"incident_id": "cn-story"})
    folded = fold(None, late, partition=0, codes_in_use=frozenset(), now=at(90_000))
    assert folded.state is not None
    assert due(folded.state, at(90_000) + CANARY_FORGOTTEN_AFTER).state is None


def test_an_emergency_is_no_canary_whatever_its_name() -> None:
    """The name alone makes nothing forgotten: a report may bear any."""
    record = decision("ev-1", route(CHIEF), incident_id="cn-fire")
    folded = fold(None, record, partition=0, codes_in_use=frozenset(), now=at(0))
    assert folded.state is not None
    state = apply(folded.state, outcome(folded.state.slots[0].current, Delivery.DELIVERED), 3)
    assert next_due(state) == at(EXPIRY_S) + FORGET_AFTER

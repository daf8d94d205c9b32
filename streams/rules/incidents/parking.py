"""Receipts about a notification: applied to its slot, or parked until something makes it known."""

from datetime import datetime

from schemas import ids
from schemas.incident import IncidentState, Slot
from schemas.notification import Receipt, Response
from schemas.vocabulary import ReceiptKind, ReceiptReason
from streams.rules.incidents.answers import heard
from streams.rules.incidents.effects import Effect, Folded, Say, SlotStep
from streams.rules.incidents.followup import thanks_of
from streams.rules.incidents.slots import apply_receipt

PARKED_MAX = 200
"""Receipts and answers kept for later; the oldest makes room, and a receipt names what it was about."""

ANSWERS_MAX = 200
"""Newest answers kept in the state; all of them stand on ``responses``, with the words as typed."""


def receive(state: IncidentState, receipt: Receipt, now: datetime) -> Folded:
    """Apply ``receipt`` to the slot it is about, of those asked or of the asking side; park it where none is known."""
    if receipt.replayid is not None or receipt.notification_id is None:
        return Folded(state)
    known = _applied(state, receipt, now)
    if known is not None:
        return known
    if receipt.kind is ReceiptKind.END:
        return Folded(state)  # an end of something unknown has nothing left to say, and may be our own
    return park(state, receipt, now)


def park(state: IncidentState, record: Receipt | Response, now: datetime) -> Folded:
    """Keep ``record`` until its incident or notification is known."""
    record = _short(record)
    if record in state.parked:
        return Folded(state)
    parked = (*state.parked, record)
    dropped = parked[: max(0, len(parked) - PARKED_MAX)]
    kept = state.model_copy(update={"parked": parked[len(dropped) :], "updated_at": now})
    return Folded(kept, tuple(_dropped(state.incident_id, record, now) for record in dropped))


def _short(record: Receipt | Response) -> Receipt | Response:
    """``record`` without the words for people, which stand on its topic: they decide nothing."""
    if isinstance(record, Response):
        return _short_answer(record)
    return record if record.detail is None else record.model_copy(update={"detail": None})


def _short_answer(response: Response) -> Response:
    return response if response.text is None else response.model_copy(update={"text": None})


def answer(state: IncidentState, response: Response, now: datetime) -> IncidentState:
    """Keep ``response`` with the incident and with the requests it answers; a repeated one changes nothing."""
    if any(known.response_id == response.response_id for known in state.answers):
        return state
    answers = (*state.answers, _short_answer(response))[-ANSWERS_MAX:]
    return heard(state.model_copy(update={"answers": answers, "updated_at": now}), response, now)


def unpark(folded: Folded, now: datetime) -> Folded:
    """Apply what was parked and has become known."""
    state, effects = folded.state, list(folded.effects)
    if state is None or not state.parked or state.opened_at is None:
        return folded
    waiting = state.parked
    state = state.model_copy(update={"parked": ()})
    for record in waiting:
        if isinstance(record, Response):
            state = answer(state, record, now)
            continue
        step = _applied(state, record, now)
        if step is None:
            state = state.model_copy(update={"parked": (*state.parked, record)})
            continue
        state, effects = step.state or state, [*effects, *step.effects]
    return Folded(state, tuple(effects))


def _applied(state: IncidentState, receipt: Receipt, now: datetime) -> Folded | None:
    """What ``receipt`` does to the slot it is about; None where no slot is known."""
    index = _slot_of(state, receipt)
    if index is not None:
        step = apply_receipt(state.slots[index], receipt, now)
        return _with(state, "slots", state.slots, index, step, now)
    for index, slot in enumerate(state.news):
        if slot.current.notification_id == receipt.notification_id:
            return _with(state, "news", state.news, index, apply_receipt(slot, receipt, now), now)
    return None


def _with(
    state: IncidentState, name: str, slots: tuple[Slot, ...], index: int, step: SlotStep, now: datetime
) -> Folded:
    if step.slot == slots[index] and not step.effects:
        return Folded(state)
    changed = (*slots[:index], step.slot, *slots[index + 1 :])
    return Folded(state.model_copy(update={name: changed, "updated_at": now}), step.effects)


def _slot_of(state: IncidentState, receipt: Receipt) -> int | None:
    """The slot ``receipt`` is about: by the notification in hand, or by one of an earlier event.

    Ids are hashes of event, rung, contact and channel, so earlier ones are recomputed rather than stored.
    """
    for index, slot in enumerate(state.slots):
        if slot.current.notification_id == receipt.notification_id:
            return index
    for index, slot in enumerate(state.slots):
        if _may_be(slot, receipt) and any(
            receipt.notification_id
            == ids.notification_id(named, slot.current.step, slot.contact_id, slot.channel.value)
            for event in state.events
            for named in (event.event_id, thanks_of(event.event_id))
        ):
            return index
    return None


def _may_be(slot: Slot, receipt: Receipt) -> bool:
    return receipt.contact_id in (None, slot.contact_id) and receipt.channel in (None, slot.channel)


def _dropped(incident_id: str, record: Receipt | Response, now: datetime) -> Effect:
    about = record if isinstance(record, Receipt) else None
    return Say(
        Receipt(
            kind=ReceiptKind.END,
            incident_id=incident_id,
            event_id=about.event_id if about else None,
            notification_id=about.notification_id if about else None,
            attempt=about.attempt if about else None,
            reason=ReceiptReason.UNKNOWN_INCIDENT,
            detail="parked for a notification or incident that never became known; dropped to make room",
            at=now,
        )
    )

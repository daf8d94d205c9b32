"""An operator's order to send again: into a new attempt of the same notification, or refused with a reason. Pure.

It changes neither who is told nor whether it is an exercise: the new attempt is the slot's own text once more.
"""

from datetime import datetime

from schemas.incident import IncidentState, Slot
from schemas.notification import Receipt, ResendOrder
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason
from streams.rules.incidents.climbs import HELPED, belongs
from streams.rules.incidents.effects import Folded, Say
from streams.rules.incidents.followup import CLOSING, again
from streams.rules.incidents.slots import ACCEPTED, UNSETTLED, send

WITHOUT_RECEIPT = frozenset({Delivery.UNKNOWN, Delivery.FAILED_TEMP, Delivery.FAILED_PERM, Delivery.EXPIRED})
"""Ends of a text of which nobody can say that it arrived, and which was not kept back on purpose."""

NEVER_SENT = frozenset({ReceiptReason.REPLAYED, ReceiptReason.NOT_FOR_SENDING, ReceiptReason.ORIGIN_MISMATCH})
"""Failures that say that the text must not reach this contact at all: trying again would be the same mistake."""

Refusal = tuple[ReceiptReason, str]


def send_again(state: IncidentState | None, order: ResendOrder, now: datetime) -> Folded:
    """Apply ``order``. A replayed one does nothing, one that was applied before does nothing more."""
    if order.replayid is not None:
        return Folded(state)
    if state is None or state.opened_at is None:
        return _refused(state, order, (ReceiptReason.UNKNOWN_INCIDENT, "nobody was told of this incident"), now)
    for name, slots in (("slots", state.slots), ("news", state.news)):
        for place, slot in enumerate(slots):
            if slot.current.notification_id != order.notification_id:
                continue
            if slot.current.resend == order.order_id:
                return Folded(state)
            refusal = _overtaken(slot, order, now) or refusal_of(state, slot, although_answered=order.although_answered)
            if refusal is not None:
                return _refused(state, order, refusal, now, slot)
            return _ordered(state, name, place, slot, order, now)
    gone = "another text has taken its place, or this incident has never had it"
    return _refused(state, order, (ReceiptReason.SUPERSEDED, gone), now)


def refusal_of(state: IncidentState, slot: Slot, *, although_answered: bool) -> Refusal | None:
    """Why the text in ``slot``, of those asked or of the asking side, is not sent again; None where it may be."""
    return _set_aside(state, slot) or _not_lost(slot) or (None if although_answered else _answered(state, slot)) or None


def _set_aside(state: IncidentState, slot: Slot) -> Refusal | None:
    current = slot.current
    if state.quarantined is not None:
        return ReceiptReason.QUARANTINED, f"the incident is quarantined: {state.quarantined}"[:300]
    if current.replayid is not None:
        return ReceiptReason.REPLAYED, "a replayed text is never sent"
    if (current.status, current.origin, current.exerciseid) != (state.status, state.origin, state.exerciseid):
        return ReceiptReason.STATUS_CONFLICT, "its status, origin or exercise is not that of its incident"
    if state.closed_by is not None and current.template not in CLOSING:
        return ReceiptReason.CANCELLED, f"the incident is over: {state.closed_by.value}"
    if slot.waiting is not None:
        return ReceiptReason.SUPERSEDED, "newer word waits for the same contact"
    return None


def _not_lost(slot: Slot) -> Refusal | None:
    if slot.delivery in ACCEPTED:
        return ReceiptReason.DUPLICATE, f"a provider took it: {slot.delivery.value}"
    if slot.delivery in UNSETTLED:
        return ReceiptReason.DUPLICATE, f"it is on its way: {slot.delivery.value}"
    if slot.delivery not in WITHOUT_RECEIPT:
        why = slot.reason or ReceiptReason.NOTHING_OWED
        return why, f"it was kept back on purpose: {why.value}"
    if slot.reason in NEVER_SENT:
        return slot.reason, f"it must not reach {slot.contact_id}: {slot.reason.value}"
    return None


def _answered(state: IncidentState, slot: Slot) -> Refusal | None:
    if slot in state.news or slot.current.template in CLOSING:
        return None
    if any(answer.contact_id == slot.contact_id and answer.answer is not None for answer in state.answers):
        return ReceiptReason.ANSWERED, f"{slot.contact_id} has answered"
    helped = any(
        duty.climb is not None and duty.climb.ended in HELPED for duty in state.obligations if belongs(slot, duty)
    )
    if slot.answered or helped:
        return ReceiptReason.ANSWERED, "somebody has said yes to the request"
    return None


def _overtaken(slot: Slot, order: ResendOrder, now: datetime) -> Refusal | None:
    if slot.current.attempt != order.attempt:
        return (
            ReceiptReason.STALE_ATTEMPT,
            f"attempt {slot.current.attempt} was made since; this order is about {order.attempt}",
        )
    if order.expires_at <= now:
        return ReceiptReason.EXPIRED, f"the order held until {order.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _ordered(state: IncidentState, name: str, place: int, slot: Slot, order: ResendOrder, now: datetime) -> Folded:
    """The new attempt: marked as a repetition where an earlier one may have arrived."""
    anew = again(slot.current, repetition=slot.delivery is Delivery.UNKNOWN, now=now)
    step = send(slot, anew.model_copy(update={"expires_at": order.expires_at, "resend": order.order_id}), now)
    after = step.slot.model_copy(update={"insisted": True if order.although_answered else None})
    slots: tuple[Slot, ...] = getattr(state, name)
    changed = (*slots[:place], after, *slots[place + 1 :])
    return Folded(state.model_copy(update={name: changed, "updated_at": now}), step.effects)


def _refused(
    state: IncidentState | None, order: ResendOrder, refusal: Refusal, now: datetime, slot: Slot | None = None
) -> Folded:
    """The receipt that refuses ``order``. It names neither event nor notification: those have their own ends."""
    reason, detail = refusal
    end = Receipt(
        kind=ReceiptKind.END,
        incident_id=order.incident_id,
        contact_id=slot.contact_id if slot else None,
        channel=slot.channel if slot else None,
        reason=reason,
        detail=f"not sent again ({order.notification_id}): {detail}"[:400],
        resend=order.order_id,
        at=now,
    )
    return Folded(state, (Say(end),))

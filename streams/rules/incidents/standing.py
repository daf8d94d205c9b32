"""How a climb stands at an instant: what its answers amount to, who may still answer, until when it waits."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.incident import Asked, Climb, Ending, IncidentState, Obligation, Reply, Slot
from schemas.vocabulary import Answer, Channel, Delivery, NeedKind, ReceiptReason
from streams.rules.incidents.slots import ENDED_UNSENT

COMES = frozenset({Answer.ACCEPT, Answer.PARTIAL})
"""Answers by which somebody comes."""

DECIDED = COMES | {Answer.DECLINE}
"""Answers after which a contact is not waited for any more."""

PROVES_ARRIVAL = frozenset({Channel.SMS})
"""Channels whose providers report the arrival of a text; a mail server only takes a mail."""

LAST_WAIT_S = 600
"""How long a ladder's last step waits for an answer where no step says how long."""


@dataclass(frozen=True)
class RungOver:
    """The step brought nothing: why, for the log, and how it came to that."""

    reason: ReceiptReason
    detail: str


def helped(duty: Obligation, climb: Climb) -> Ending | None:
    """How the answers so far end the climb, if they do.

    A yes ends it. Of a group, as many must come as its role says; of partial offers, as much as was asked for.
    """
    heads: Counter[str] = Counter()
    for reply in climb.replies:
        if reply.role is not None and reply.role in climb.groups:
            heads[reply.role] += reply.answer in COMES
        elif reply.answer is Answer.ACCEPT:
            return Ending.ACCEPTED
    for role, count in heads.items():
        enough = climb.groups[role]
        if count >= max(1, enough):
            return Ending.ENOUGH if enough else Ending.ACCEPTED
    return Ending.ACCEPTED if _need_met(duty, climb) else None


def _need_met(duty: Obligation, climb: Climb) -> bool:
    """Whether partial offers together are as much of everything as was asked for."""
    offered: Counter[NeedKind] = Counter()
    for reply in climb.replies:
        if reply.answer in COMES:
            offered.update({need.kind: need.count for need in reply.amounts})
    needs = duty.facts.needs
    return bool(needs) and all(offered[need.kind] >= need.count for need in needs)


def somebody_comes(climb: Climb) -> bool:
    """Whether anybody said yes, even if not enough."""
    return any(reply.answer in COMES for reply in climb.replies)


def reply_of(climb: Climb, contact: str) -> Reply | None:
    """The newest answer of ``contact``."""
    return next((reply for reply in climb.replies if reply.contact_id == contact), None)


def has_decided(climb: Climb, one: Asked) -> bool:
    """Whether ``one`` has said yes, partly or no."""
    reply = reply_of(climb, one.contact_id)
    return reply is not None and reply.answer in DECIDED


def rung_over(state: IncidentState, duty: Obligation, climb: Climb, now: datetime) -> RungOver | datetime:
    """Why the present step is over at ``now``, or until when its people are waited for."""
    members = [one for one in climb.asked if one.rung == climb.rung]
    if climb.rung < 0 or not members:
        return RungOver(ReceiptReason.NOTHING_OWED, "nobody is asked yet")
    slots = {one.contact_id: _slots_of(state, one) for one in members}
    if not any(_may_answer(climb, one, slots[one.contact_id]) for one in members):
        return _nobody_left(climb, members)
    step = climb.plan[climb.rung]
    begun = climb.rung_at or now
    accepted = [slot.accepted_at for own in slots.values() for slot in own if slot.accepted_at is not None]
    if not accepted:
        deadline = begun + timedelta(seconds=step.send_within_s)
        if now < deadline:
            return deadline
        return RungOver(ReceiptReason.NOT_SENT_IN_TIME, f"no provider took a text within {step.send_within_s} s")
    wait_s = answer_within_s(duty, climb)
    deadline = max(begun, min(accepted)) + timedelta(seconds=wait_s)
    if now < deadline:
        return deadline
    return RungOver(ReceiptReason.NOBODY_ANSWERED, f"no yes within {wait_s} s of the first text taken by a provider")


def answer_within_s(duty: Obligation, climb: Climb) -> int:
    """How long the present step waits: as it says; where it does not, as long as the last step below that does."""
    below = [step.answer_within_s for step in climb.plan[: climb.rung + 1] if step.answer_within_s is not None]
    return below[-1] if below else duty.reply_within_s or LAST_WAIT_S


def _nobody_left(climb: Climb, members: list[Asked]) -> RungOver:
    undecided = [one for one in members if not has_decided(climb, one)]
    if not undecided:
        return RungOver(ReceiptReason.NOBODY_ANSWERED, "everybody asked has answered, and it is not enough")
    if all(one.stopped for one in undecided):
        return RungOver(ReceiptReason.NOBODY_ANSWERED, "who has not answered wants no more texts (STOP)")
    return RungOver(ReceiptReason.NOT_SENT_IN_TIME, "nobody is left who can be reached and has not answered")


def _slots_of(state: IncidentState, one: Asked) -> list[Slot]:
    return [slot for slot in state.slots if slot.contact_id == one.contact_id]


def _may_answer(climb: Climb, one: Asked, slots: list[Slot]) -> bool:
    if one.stopped or has_decided(climb, one):
        return False
    return any(slot.reached or slot.delivery not in ENDED_UNSENT for slot in slots)


def silent_at(climb: Climb, slot: Slot) -> datetime | None:
    """When a text that ``slot``'s provider took, and of which nothing was heard since, is ordered by another one."""
    one = next((each for each in climb.asked if each.contact_id == slot.contact_id), None)
    if one is None or one.dismissed or one.stopped or reply_of(climb, one.contact_id) is not None:
        return None
    step = climb.plan[one.rung] if 0 <= one.rung < len(climb.plan) else None
    if step is None or step.deliver_within_s is None or slot.channel not in PROVES_ARRIVAL:
        return None
    if slot.delivery is not Delivery.SENT or slot.provider is None or slot.provider in slot.current.not_by:
        return None
    return slot.since + timedelta(seconds=step.deliver_within_s)

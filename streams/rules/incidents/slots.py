"""One slot: one contact on one channel, to whom everything of an incident goes one after the other.

A slot never holds two notifications that may both be sent: what is in hand must have an outcome, or be ended
on the log, before the next is emitted. A notifier may have claimed before it saw our end; the log arbitrates
and the outcome arrives here, so outcomes of ended notifications still count.
"""

from datetime import datetime, timedelta

from schemas.incident import Slot
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, Lane, ReceiptKind, ReceiptReason, Template
from streams.rules.incidents.effects import Effect, Emit, SlotStep, ended, kept_back
from streams.rules.incidents.followup import ALERTS, CLOSING, FOR_THE_TOLD, as_first_alert, carry_changes

BACKOFF_S = (10, 30, 60, 120, 300)
"""Waits after the first, second… temporary failure, seconds; the last one repeats."""

LAST_REPETITION = 4
"""A repetition whose outcome is again unknown is itself repeated only before this attempt."""

RELEASED_FOR = timedelta(seconds=2)
"""A notification given back, or never claimed, gives way to the update that waits when no claim comes for so long."""

CLAIM_STALE = timedelta(seconds=60)
"""A claim this old no longer stands against a newer one."""

UNSENT = frozenset({Delivery.PENDING, Delivery.FAILED_TEMP})
UNSETTLED = frozenset({Delivery.PENDING, Delivery.CLAIMED})
"""A notifier may be at it: what waits behind such a notification goes on waiting."""

ARRIVED = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.UNKNOWN})
"""Outcomes after which the contact has, or may have, the text."""

ACCEPTED = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})
"""Outcomes by which a provider is known to have taken the text."""

ENDED_UNSENT = frozenset({Delivery.SUPPRESSED, Delivery.EXPIRED, Delivery.FAILED_PERM})
"""Ends of a text that did not arrive, and will not."""

_FIRST_ALERTS = frozenset(ALERTS.values())

# An outcome of an attempt only ever moves up this order, so that repeated and reordered receipts do no harm: a
# provider's later word ('undelivered') stands above its acceptance, and a proof of arrival above everything.
_RANK = {
    Delivery.PENDING: 0,
    Delivery.CLAIMED: 1,
    Delivery.FAILED_TEMP: 2,
    Delivery.SUPPRESSED: 3,
    Delivery.EXPIRED: 3,
    Delivery.UNKNOWN: 4,
    Delivery.SENT: 5,
    Delivery.FAILED_PERM: 6,
    Delivery.DELIVERED: 7,
    Delivery.READ: 8,
}


def backoff(attempt: int) -> timedelta:
    """How long to wait after failed attempt number ``attempt`` (1 is the first)."""
    return timedelta(seconds=BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1])


def send(slot: Slot, notification: Notification, now: datetime) -> SlotStep:
    """Emit ``notification`` as the current one; if its time is over already, end it as expired instead."""
    insisted = slot.insisted and notification.resend is not None and notification.resend == slot.current.resend
    changes: dict[str, object] = {"current": notification, "waiting": None, "provider": None}
    changes["insisted"] = True if insisted else None
    if notification.template in _FIRST_ALERTS and notification.attempt == 1:
        changes["accepted_at"] = None  # asked anew: what a provider took before is another matter
    slot = slot.model_copy(update=changes)
    if notification.expires_at <= now:
        expired = ended(notification, ReceiptReason.EXPIRED, now, delivery=Delivery.EXPIRED)
        return SlotStep(moved(slot, Delivery.EXPIRED, ReceiptReason.EXPIRED, now), (expired,))
    return SlotStep(moved(slot, Delivery.PENDING, None, now), (Emit(notification),))


def owe(slot: Slot, follow_up: Notification, now: datetime) -> SlotStep:
    """Give ``slot`` the newest follow-up; it goes out as soon as nothing else is on its way.

    A cancel ends a pending notification at once, and so does word that enough others come. An update gives it
    ``RELEASED_FOR`` to be claimed: a claim may stand on the log already, and two first alerts would ring where an
    alert and its update should.
    """
    effects: tuple[Effect, ...] = ()
    since = now
    if slot.waiting is not None:
        effects = (ended(slot.waiting, ReceiptReason.SUPERSEDED, now),)
        since = slot.since  # counted from the first that waited, or a stream of updates would put it off for ever
    slot = slot.model_copy(update={"waiting": follow_up})
    if slot.delivery is Delivery.PENDING and follow_up.template not in FOR_THE_TOLD:
        return SlotStep(slot.model_copy(update={"since": since}), effects)
    step = settle(slot, now)
    return SlotStep(step.slot, effects + step.effects)


def settle(slot: Slot, now: datetime) -> SlotStep:
    """Emit, hold or drop what waits in ``slot``, by where its current notification stands."""
    waiting = slot.waiting
    if waiting is None or slot.delivery is Delivery.CLAIMED:
        return SlotStep(slot)
    closing = waiting.template in FOR_THE_TOLD
    effects: tuple[Effect, ...] = ()
    if slot.delivery in UNSENT:
        reason = _ended_by(slot, waiting)
        effects = (ended(slot.current, reason, now),)
        slot = moved(slot, Delivery.SUPPRESSED, reason, now)
    if not slot.reached and (closing or slot.answered):
        # Nobody was told, as far as we know. A claim may have overtaken our end of this text or, whatever became
        # of this one, of an earlier one: its outcome brings us back here.
        return SlotStep(slot, effects)
    if not slot.reached and slot.delivery is Delivery.FAILED_PERM:
        dropped = ended(waiting, ReceiptReason.NOTHING_OWED, now)
        return SlotStep(slot.model_copy(update={"waiting": None}), (*effects, dropped))
    if slot.delivery not in ARRIVED:
        waiting = carry_changes(slot.current, waiting)
    step = send(slot, waiting if slot.reached else as_first_alert(waiting), now)
    return SlotStep(step.slot, effects + step.effects)


def _ended_by(slot: Slot, waiting: Notification) -> ReceiptReason:
    """Why an unsent notification of ``slot`` gives way to ``waiting``."""
    if waiting.template is Template.ENOUGH or (slot.answered and not slot.reached and waiting.template not in CLOSING):
        return ReceiptReason.ANSWERED
    return ReceiptReason.CANCELLED if waiting.template in CLOSING else ReceiptReason.SUPERSEDED


def spare(slot: Slot, now: datetime) -> SlotStep:
    """Let ``slot`` be: an alert that would wake its contact for the first time, or once more, is not sent any more.

    What is in a notifier's hand goes its way. What a contact that was told is owed stays owed: an update, and word
    that what was called off goes on.
    """
    if not slot.answered:
        slot = slot.model_copy(update={"answered": True})
    if slot.current.template not in _FIRST_ALERTS or slot.insisted:
        return SlotStep(slot)
    if slot.delivery is Delivery.UNKNOWN and slot.next_attempt_at is not None:
        return SlotStep(slot.model_copy(update={"next_attempt_at": None}))
    if slot.delivery not in UNSENT or (slot.reached and (slot.waiting is not None or not slot.current.repetition)):
        return SlotStep(slot)
    end = ended(slot.current, ReceiptReason.ANSWERED, now)
    step = explained(SlotStep(moved(slot, Delivery.SUPPRESSED, ReceiptReason.ANSWERED, now)), now)
    return SlotStep(step.slot, (end, *step.effects))


def spared(slot: Slot) -> bool:
    """Whether the contact was never told, since the request was answered first: nothing is owed to it."""
    return not slot.reached and slot.delivery is Delivery.SUPPRESSED and slot.reason is ReceiptReason.ANSWERED


def apply_receipt(slot: Slot, receipt: Receipt, now: datetime) -> SlotStep:
    """Apply a receipt about ``slot.current`` or about an earlier notification of this slot."""
    current = slot.current
    about_current = receipt.notification_id == current.notification_id
    if not about_current or receipt.attempt not in (None, current.attempt):
        return _earlier(slot, receipt, now, same=about_current)
    match receipt.kind:
        case ReceiptKind.CLAIM:
            return SlotStep(_claimed(slot, receipt, now))
        case ReceiptKind.RELEASE:
            if slot.delivery is not Delivery.CLAIMED or _others_claim(slot, receipt):
                return SlotStep(slot)
            # What waits is not sent yet: a notifier that tries again claims anew in the same breath.
            return SlotStep(
                slot.model_copy(
                    update={"delivery": Delivery.PENDING, "claim_id": None, "since": now, "reason": receipt.reason}
                )
            )
        case ReceiptKind.END:
            return _outcome(slot, receipt, receipt.delivery or Delivery.SUPPRESSED, now)
        case ReceiptKind.OUTCOME:
            return SlotStep(slot) if receipt.delivery is None else _outcome(slot, receipt, receipt.delivery, now)


def _claimed(slot: Slot, receipt: Receipt, now: datetime) -> Slot:
    lapsed = slot.delivery is Delivery.CLAIMED and now - slot.since >= CLAIM_STALE and _others_claim(slot, receipt)
    if slot.delivery is not Delivery.PENDING and not lapsed:
        return slot
    return slot.model_copy(update={"delivery": Delivery.CLAIMED, "claim_id": receipt.claim_id, "since": now})


def _others_claim(slot: Slot, receipt: Receipt) -> bool:
    return None not in (slot.claim_id, receipt.claim_id) and slot.claim_id != receipt.claim_id


def _outcome(slot: Slot, receipt: Receipt, new: Delivery, now: datetime) -> SlotStep:
    old = slot.delivery
    if _RANK[new] <= max(_RANK[old], _RANK[Delivery.CLAIMED]):
        return SlotStep(slot)
    after = moved(slot, new, receipt.reason, now)
    if new in ACCEPTED:
        taken = {"accepted_at": slot.accepted_at or now, "provider": receipt.provider or slot.provider}
        after = after.model_copy(update=taken)
    if new in ARRIVED and old not in ARRIVED:
        after = after.model_copy(update={"reached": True, "sent_count": slot.sent_count + 1})
    elif new is Delivery.FAILED_PERM and old in ARRIVED:
        others = max(0, slot.sent_count - 1)
        accepted_at = slot.accepted_at if others else None
        after = after.model_copy(update={"reached": others > 0, "sent_count": others, "accepted_at": accepted_at})
    step = settle(after.model_copy(update={"next_attempt_at": _next_attempt(after, now)}), now)
    return explained(step, now) if old in UNSETTLED else step


def explained(step: SlotStep, now: datetime) -> SlotStep:
    """``step``, which ended the wait behind a notification, with a reason where a cancel is kept back all the same."""
    kept = step.slot.waiting
    return step if kept is None else SlotStep(step.slot, (*step.effects, kept_back(kept, now)))


def _next_attempt(slot: Slot, now: datetime) -> datetime | None:
    """When to try again, if at all: a temporary failure after a wait, an unknown outcome by its channel's rule.

    E-mail repeats carry the same Message-ID and do no harm; an SMS is repeated only on the urgent lane.
    """
    current = slot.current
    if slot.delivery is Delivery.FAILED_TEMP:
        return now + backoff(current.attempt)
    if slot.delivery is Delivery.UNKNOWN and (current.lane is Lane.URGENT or current.channel is Channel.EMAIL):
        if not current.repetition:
            return now
        if current.attempt < LAST_REPETITION:
            return now + backoff(current.attempt)
    return None


def _earlier(slot: Slot, receipt: Receipt, now: datetime, *, same: bool) -> SlotStep:
    """A late word about an earlier notification or attempt: only a text that arrived changes anything."""
    if receipt.delivery not in ARRIVED:
        return SlotStep(slot)
    before, effects = slot, tuple[Effect, ...]()
    if receipt.delivery in ACCEPTED and slot.accepted_at is None and (same or not slot.reached):
        slot = slot.model_copy(update={"accepted_at": now})
    if not slot.reached:
        slot = slot.model_copy(update={"reached": True, "sent_count": max(1, slot.sent_count)})
    repeated = same and receipt.attempt is not None and receipt.attempt < slot.current.attempt
    if receipt.delivery is Delivery.SENT and receipt.provider in slot.current.not_by:
        repeated = False  # that it took the text is known, and that it never arrived is why it is ordered again
    if repeated and receipt.delivery is not Delivery.UNKNOWN and slot.delivery in UNSENT:
        effects = (ended(slot.current, ReceiptReason.DUPLICATE, now),)
        slot = moved(slot, receipt.delivery, ReceiptReason.DUPLICATE, now)
        # Counted once more, so that a failure of the repeat does not take back the attempt that arrived.
        slot = slot.model_copy(update={"sent_count": slot.sent_count + 1})
    if slot == before:
        return SlotStep(slot)  # known already: what waits behind a claim goes on waiting
    step = settle(slot, now)
    return SlotStep(step.slot, effects + step.effects)


def moved(slot: Slot, delivery: Delivery, reason: ReceiptReason | None, now: datetime) -> Slot:
    """``slot`` with its current notification in another delivery state, and nothing planned for it."""
    return slot.model_copy(
        update={"delivery": delivery, "reason": reason, "since": now, "next_attempt_at": None, "claim_id": None}
    )

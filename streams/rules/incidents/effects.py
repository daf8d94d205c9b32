"""What the dispatcher's rules ask for, as values: a notification to emit, a receipt to write."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.decision import Decision
from schemas.incident import IncidentState, Slot
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason


@dataclass(frozen=True)
class Emit:
    """Order the notifiers to send this notification."""

    notification: Notification


@dataclass(frozen=True)
class Say:
    """Write this receipt: why something ends without being sent."""

    receipt: Receipt


Effect = Emit | Say


@dataclass(frozen=True)
class Folded:
    """The state after a record or a moment, and what it asks for. ``state`` is None while nothing is known."""

    state: IncidentState | None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class SlotStep:
    """One slot after a step, and what the step asks for."""

    slot: Slot
    effects: tuple[Effect, ...] = ()


def ended(
    notification: Notification, reason: ReceiptReason, now: datetime, *, delivery: Delivery = Delivery.SUPPRESSED
) -> Say:
    """The receipt that ends ``notification`` without sending it (again)."""
    return Say(
        Receipt(
            kind=ReceiptKind.END,
            incident_id=notification.incident_id,
            event_id=notification.event_id,
            notification_id=notification.notification_id,
            attempt=notification.attempt,
            contact_id=notification.contact_id,
            channel=notification.channel,
            delivery=delivery,
            reason=reason,
            at=now,
        )
    )


def event_ended(decision: Decision, reason: ReceiptReason, now: datetime, detail: str) -> Say:
    """The receipt for an event that leads to no notification (or not to all of them)."""
    return Say(
        Receipt(
            kind=ReceiptKind.END,
            incident_id=decision.incident_id,
            event_id=decision.event_id,
            reason=reason,
            detail=detail[:400],
            replayid=decision.replayid,
            at=now,
        )
    )


def kept_back(waiting: Notification, now: datetime) -> Say:
    """The receipt for an event that owes a contact nothing, as far as is known: it was never told.

    It names the event, not ``waiting``: an ended notification could not be sent any more, and this one must be
    should an earlier text prove to have arrived after all.
    """
    return Say(
        Receipt(
            kind=ReceiptKind.END,
            incident_id=waiting.incident_id,
            event_id=waiting.event_id,
            contact_id=waiting.contact_id,
            channel=waiting.channel,
            reason=ReceiptReason.NOTHING_OWED,
            detail="this contact was never told, as far as is known; should that prove wrong it is told of the end",
            at=now,
        )
    )


def emits(effects: Iterable[Effect]) -> bool:
    """Whether anything is to be sent."""
    return any(isinstance(effect, Emit) for effect in effects)

"""The last look before sending: whether this notification may go to this contact at all, and with which text."""

from dataclasses import dataclass
from datetime import datetime

from notifiers.message import Message, render
from notifiers.texts import Unrenderable
from runtime.control import Control
from runtime.quoting import bounded
from schemas.notification import Notification
from schemas.policy.directory import Directory
from schemas.policy.models import Policy
from schemas.vocabulary import SERVICE_TEMPLATES, Channel, Delivery, Origin, ReceiptReason, Status, Template

_SENDABLE = frozenset({Status.ACTUAL, Status.EXERCISE, Status.TEST})


@dataclass(frozen=True)
class Refusal:
    """Why a notification ends here without being sent."""

    delivery: Delivery
    reason: ReceiptReason
    detail: str


def refused_for_good(reason: ReceiptReason, detail: str) -> Refusal:
    """A refusal that no later attempt can change."""
    return Refusal(Delivery.FAILED_PERM, reason, detail)


def forbidden(notification: Notification) -> Refusal | None:
    """Whether the record itself says that it must not be sent: replayed, or no consistent origin and status."""
    if notification.replayid is not None:
        return refused_for_good(ReceiptReason.REPLAYED, f"replay {notification.replayid}")
    about_system = notification.template in SERVICE_TEMPLATES
    if about_system != (notification.status is Status.SYSTEM):
        return refused_for_good(
            ReceiptReason.NOT_FOR_SENDING,
            f"status {notification.status.value} with template {notification.template.value}",
        )
    if not about_system and notification.status not in _SENDABLE:
        return refused_for_good(ReceiptReason.NOT_FOR_SENDING, f"status {notification.status.value}")
    drill = notification.origin is Origin.EXERCISE
    either = notification.status in (Status.TEST, Status.SYSTEM)
    if not either and (notification.status is Status.EXERCISE) != drill:
        return refused_for_good(
            ReceiptReason.NOT_FOR_SENDING,
            f"status {notification.status.value} with origin {notification.origin.value}",
        )
    if drill != (notification.exerciseid is not None):
        return refused_for_good(ReceiptReason.NOT_FOR_SENDING, "origin exercise and exerciseid go together")
    return None


def expired(notification: Notification, now: datetime) -> Refusal | None:
    """Whether it is too late: a text needs at least a second of validity."""
    if (notification.expires_at - now).total_seconds() >= 1:
        return None
    return Refusal(Delivery.EXPIRED, ReceiptReason.EXPIRED, f"expired at {notification.expires_at:%Y-%m-%dT%H:%M:%SZ}")


def silenced(notification: Notification, control: Control) -> Refusal | None:
    """Whether its contact has asked for no more texts (STOP). E-mail still goes."""
    if notification.channel is not Channel.SMS or notification.contact_id not in control.stopped_contacts:
        return None
    return refused_for_good(
        ReceiptReason.RECIPIENT_STOPPED, f"{notification.contact_id} asked for no more texts (STOP)"
    )


def prepare(
    notification: Notification, policy: Policy, directory: Directory, only_to: str | None = None
) -> Message | Refusal:
    """The message for the contact as the directory has it now, or why there is none.

    With ``only_to`` it goes there and not to the contact; everything else is as it would be.
    """
    refusal = forbidden(notification)
    if refusal is not None:
        return refusal
    contact = directory.contacts.get(notification.contact_id)
    if contact is None:
        return refused_for_good(ReceiptReason.UNKNOWN_CONTACT, f"{notification.contact_id} is not in the directory")
    if contact.purpose is not notification.origin:
        return refused_for_good(
            ReceiptReason.ORIGIN_MISMATCH,
            f"origin {notification.origin.value}, but {notification.contact_id} is for {contact.purpose.value} only",
        )
    if notification.template is Template.CANARY and not contact.test_phone:
        return refused_for_good(ReceiptReason.NOT_FOR_SENDING, f"{notification.contact_id} is no test phone")
    to = contact.address(notification.channel)
    if to is None:
        return refused_for_good(
            ReceiptReason.NO_ADDRESS, f"{notification.contact_id} has no {notification.channel.value}"
        )
    try:
        return render(notification, policy, contact, to, only_to)
    except Unrenderable as error:
        return refused_for_good(ReceiptReason.TEXT_UNRENDERABLE, bounded(str(error)))
    except Exception as error:  # noqa: BLE001 - rendering is pure: one text that breaks it must not stop the others
        return refused_for_good(ReceiptReason.TEXT_UNRENDERABLE, f"the renderer failed: {type(error).__name__}")

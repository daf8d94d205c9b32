"""A provider's report on a text becomes a receipt: delivered, read, or given up for good."""

from datetime import datetime

from gateway.signature import Form
from runtime.status_callback import About
from schemas.notification import Receipt
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason

PROVIDER = "twilio"

_MEANS: dict[str, tuple[Delivery, ReceiptReason]] = {
    "delivered": (Delivery.DELIVERED, ReceiptReason.DELIVERED),
    "read": (Delivery.READ, ReceiptReason.DELIVERED),
    "undelivered": (Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED),
    "failed": (Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED),
}
"""Statuses that say more than the provider's acceptance did. The others (queued, sending, sent) are passed over, as is
``canceled``: nobody here cancels, so it is no word about delivery.

https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
"""


def receipt_of(about: About, form: Form, at: datetime) -> Receipt | None:
    """What a status callback says of the attempt it is about; None where that is nothing new."""
    status = form.get("MessageStatus", "")
    meaning = _MEANS.get(status)
    if meaning is None:
        return None
    delivery, reason = meaning
    return Receipt(
        kind=ReceiptKind.OUTCOME,
        incident_id=about.incident,
        event_id=about.event,
        notification_id=about.notification,
        attempt=about.attempt,
        contact_id=about.contact,
        channel=about.channel,
        delivery=delivery,
        reason=reason,
        detail=_detail(status, form.get("ErrorCode")) if delivery is Delivery.FAILED_PERM else None,
        provider=PROVIDER,
        provider_ref=form.get("MessageSid"),
        at=at,
    )


def _detail(status: str, code: str | None) -> str:
    known = code is not None and code.isascii() and code.isdigit() and len(code) <= 6
    return f"{status}, error {code}" if known else status

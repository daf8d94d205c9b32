"""Reading the ledger back: the state of the sandbox as its predecessor left it."""

from deploy.local.sandbox.ledger import Entry, Ledger
from deploy.local.sandbox.messages import TWILIO, Message, MessageStore
from deploy.local.sandbox.phones import Phones
from deploy.local.sandbox.smtp_inbox import MailStore


def restore(ledger: Ledger, store: MessageStore, phones: Phones, mails: MailStore) -> None:
    """Apply every entry since the last reset, oldest first. Faults and troubles are not kept over a restart."""
    for entry in ledger.chapter():
        match entry["kind"]:
            case "accepted":
                store.add(_message(entry, store.next_serial, "outbound-api", "queued"))
            case "inbound":
                message = _message(entry, store.next_serial, "inbound", "received")
                message.sent_at = message.created_at
                store.add(message)
                phones.add(message.sender, "out", message, message.created_at)
            case "status" | "redacted" | "deleted":
                _change(entry, store, phones)
            case "mail":
                mails.restore(entry)


def _change(entry: Entry, store: MessageStore, phones: Phones) -> None:
    message = store.get(entry["sid"])
    if message is None:
        return
    if entry["kind"] == "deleted":
        store.delete(message)
        return
    message.updated_at = entry["at_s"]
    if entry["kind"] == "redacted":
        message.body = ""
        return
    message.status, message.error_code = entry["status"], entry["error_code"]
    if message.status == "sent":
        message.sent_at = entry["at_s"]
    elif message.status == "delivered":
        phones.add(message.to, "in", message, entry["at_s"])


def _message(entry: Entry, serial: int, direction: str, status: str) -> Message:
    return Message(
        serial=serial,
        sid=entry["sid"],
        to=entry["to"],
        sender=entry["from"],
        body=entry["body"],
        segments=entry["segments"],
        direction=direction,
        status=status,
        created_at=entry["created_at"],
        updated_at=entry["created_at"],
        validity_s=entry["validity_s"],
        status_callback=entry["status_callback"],
        via=entry.get("via", TWILIO),
    )

"""The e-mail of a notification: headers that thread an incident and say that a machine wrote it."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notifiers.message import Message
from schemas.notification import Notification
from schemas.vocabulary import Lane, Status

# 7-bit: a relay without 8BITMIME must not be able to spoil a letter.
_POLICY = SMTP.clone(cte_type="7bit")


def message_id(notification: Notification, domain: str) -> str:
    """The same for every attempt of a notification, so that a mailbox can recognise a repetition."""
    return f"<{notification.notification_id}@{domain}>"


def compose(message: Message, *, sender: str, sender_name: str, now: datetime) -> EmailMessage:
    """The mail of ``message``: text and HTML in UTF-8, threaded by incident and recipient's language."""
    notification, domain = message.notification, sender.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(display_name=sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(notification, domain)
    # Nobody sends the thread's first mail itself: every mail of an incident names it, so none depends on another.
    thread = f"<{notification.incident_id}@{domain}>"
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail["X-Safe-Borderlands-Status"] = notification.status.value
    mail["X-Safe-Borderlands-Origin"] = notification.origin.value
    if notification.lane is Lane.URGENT and notification.status is Status.ACTUAL:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1 (Highest)"
    mail.set_content(message.body, charset="utf-8")
    mail.add_alternative(message.html, subtype="html", charset="utf-8")
    return mail

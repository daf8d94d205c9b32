"""The e-mail of a notification: headers that thread an incident and say that a machine wrote it."""

from datetime import datetime
from email.header import Header
from email.headerregistry import (
    Address,
    BaseHeader,
    HeaderRegistry,
    UniqueSingleAddressHeader,
    UniqueUnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from notifiers.message import Message
from schemas.notification import Notification
from schemas.vocabulary import Lane, Status

_LINE_CHARS = 75


class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]
    """A subject of which every letter and space arrives.

    The standard library of Python 3.11 folds one subject in forty of ours so that a space between two words is lost.
    """

    def fold(self, *, policy: Policy) -> str:
        """The header, in encoded words (RFC 2047) where it needs them, as lines of at most 75 characters."""
        return f"{self.name}: {_encoded(str(self), self.name, policy)}{policy.linesep}"


class _Sender(UniqueSingleAddressHeader, BaseHeader):  # type: ignore[misc]
    """A sender of whose name every letter arrives; the library puts a space into some where it folds them."""

    def fold(self, *, policy: Policy) -> str:
        """The header, the name in encoded words where it needs them."""
        mailbox = self.address
        name, spec = mailbox.display_name, f"<{mailbox.addr_spec}>"
        if not name or name.isascii():
            return f"{self.name}: {mailbox}{policy.linesep}"
        return f"{self.name}: {_encoded(name, self.name, policy)}{policy.linesep} {spec}{policy.linesep}"


def _encoded(text: str, name: str, policy: Policy) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, maxlinelen=_LINE_CHARS, header_name=name).encode(linesep=policy.linesep)


class _Headers(HeaderRegistry):
    """Makes the class of a header once; the library makes it anew for every header of every mail."""

    def __init__(self) -> None:
        super().__init__()
        self.map_to_type("subject", _Subject)
        self.map_to_type("from", _Sender)
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


# 7-bit: a relay without 8BITMIME must not be able to spoil a letter.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_Headers())


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

"""A notification made ready for one channel: address and text, and what a channel must be able to do with it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from notifiers.outcome import Outcome, Reconciled
from notifiers.texts import render_email, render_sms
from schemas.notification import Notification
from schemas.policy.directory import Contact
from schemas.policy.models import Policy
from schemas.vocabulary import Channel


@dataclass(frozen=True)
class Message:
    """A text and where it goes. ``to`` never shows in a representation, so that no log can hold it.

    ``segments`` and ``encoding`` are of SMS, ``subject`` and ``html`` of e-mail.
    """

    notification: Notification
    to: str = field(repr=False)
    body: str = field(repr=False)
    segments: int | None = None
    encoding: str | None = None
    subject: str = ""
    html: str = field(default="", repr=False)

    @property
    def body_sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hex."""
        return hashlib.sha256(self.body.encode()).hexdigest()


class Provider(Protocol):
    """One way to reach people. ``call_timeout_s`` bounds a call of ``send``, from its start to its end;
    ``can_be_asked`` says whether asking again what became of a message can bring another answer; ``calls_at_once`` is
    how many calls it takes at a time, None where that is for others to bound."""

    channel: Channel
    name: str
    call_timeout_s: float
    can_be_asked: bool
    calls_at_once: int | None

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Hand ``message`` over once; never raises for anything a provider or a network does."""

    async def reconcile(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        """Whether ``message`` was taken at or after ``since``; those named in ``known_refs`` are accounted for."""

    async def close(self) -> None:
        """Close connections."""


def render(notification: Notification, policy: Policy, contact: Contact, to: str) -> Message:
    """``notification`` in the language and script of ``contact``, for the address ``to`` of its channel.

    Raises:
        notifiers.texts.Unrenderable: the texts have no words for it.
    """
    if notification.channel is Channel.SMS:
        sms = render_sms(notification, policy, language=contact.language, script=contact.script)
        return Message(notification, to, sms.body, segments=sms.segments, encoding=sms.encoding)
    email = render_email(notification, policy, language=contact.language)
    return Message(notification, to, email.text, subject=email.subject, html=email.html)

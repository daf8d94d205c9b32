"""A notification made ready for one channel: address and text, and what a channel must be able to do with it."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from notifiers.outcome import Outcome, Reconciled
from notifiers.texts import Unrenderable, addressee_marks, render_digest, render_email, render_sms
from schemas.notification import Notification
from schemas.policy.directory import Contact
from schemas.policy.models import Policy
from schemas.vocabulary import Channel


@dataclass(frozen=True)
class Message:
    """A text and where it goes. ``to`` never shows in a representation, so that no log can hold it.

    ``segments`` and ``encoding`` are of SMS, ``subject`` and ``html`` of e-mail. ``partition`` is where the
    notification stands, for reports on it; None asks for no reports.
    """

    notification: Notification
    to: str = field(repr=False)
    body: str = field(repr=False)
    segments: int | None = None
    encoding: str | None = None
    subject: str = ""
    html: str = field(default="", repr=False)
    partition: int | None = None

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


@dataclass(frozen=True)
class OnlyTo:
    """The one number and the one mailbox that everything goes to on the first day with a real provider."""

    sms: str | None = field(repr=False)
    email: str | None = field(repr=False)

    def address(self, channel: Channel) -> str | None:
        """Where everything of ``channel`` goes, or None: to its true address."""
        return self.sms if channel is Channel.SMS else self.email

    @property
    def line(self) -> str:
        """The mode for people; of a number only its end."""
        number = f"the number that ends in {self.sms[-3:]}" if self.sms else "no number"
        return f"TEXT ONLY ME: everything goes to {number} and to {self.email or 'no mailbox'}, nobody else is reached"


def render(
    notification: Notification, policy: Policy, contact: Contact, to: str, only_to: str | None = None
) -> Message:
    """``notification`` in the language and script of ``contact``, for the address ``to`` of its channel.

    With ``only_to`` it goes there instead, with its addressee in front.

    Raises:
        notifiers.texts.Unrenderable: the texts have no words for it.
    """
    if only_to is None:
        return _rendered(notification, policy, contact, to, None)
    return _marked(notification, lambda mark: _rendered(notification, policy, contact, only_to, mark))


def render_together(
    notifications: Sequence[Notification], policy: Policy, contact: Contact, to: str, only_to: str | None = None
) -> Message:
    """One SMS that tells of ``notifications`` (oldest first); its own is the newest of them.

    Raises:
        notifiers.texts.Unrenderable: the texts have no words for it.
    """

    def rendered(mark: str | None) -> Message:
        sms = render_digest(notifications, policy, language=contact.language, script=contact.script, in_front=mark)
        return Message(newest, only_to or to, sms.body, segments=sms.segments, encoding=sms.encoding)

    newest = notifications[-1]
    return rendered(None) if only_to is None else _marked(newest, rendered)


def _marked(notification: Notification, rendered: Callable[[str], Message]) -> Message:
    """What ``rendered`` makes with the fullest mark of the addressee that leaves room for the text."""
    *fuller, shortest = addressee_marks(notification)
    for mark in fuller:
        with suppress(Unrenderable):
            return rendered(mark)
    return rendered(shortest)


def _rendered(notification: Notification, policy: Policy, contact: Contact, to: str, mark: str | None) -> Message:
    if notification.channel is Channel.SMS:
        sms = render_sms(notification, policy, language=contact.language, script=contact.script, in_front=mark)
        return Message(notification, to, sms.body, segments=sms.segments, encoding=sms.encoding)
    email = render_email(notification, policy, language=contact.language, in_front=mark)
    return Message(notification, to, email.text, subject=email.subject, html=email.html)

"""The texts of notifications as they were sent: rendered again from the same policy, proven by their hash."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from notifiers.texts.addressee import addressee_marks
from notifiers.texts.email import render_email
from notifiers.texts.sms import render_sms
from notifiers.texts.wording import Unrenderable
from schemas.notification import Notification
from schemas.policy.directory import Contact
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy
from schemas.vocabulary import Channel


class TextsSent:
    """Renders what a notification's contact was sent. Shows it as sent only if the receipt's hash agrees."""

    def __init__(self, directory: Path, policy_of: Callable[[str], Policy | None]) -> None:
        self._policy_of = policy_of
        self._contacts: dict[str, Contact] = {}
        try:
            self._contacts = dict(load_directory(directory).contacts)
        except (PolicyMistakes, OSError):
            self._contacts = {}  # without the private directory a trace tells everything but the texts

    def lines(self, order: Notification, body_sha256: str) -> list[str]:
        """The text as lines, or why it cannot be shown."""
        policy, contact = self._policy_of(order.policy_version), self._contacts.get(order.contact_id)
        if policy is None or contact is None:
            return [f"(the text needs {'its policy' if policy is None else 'the private directory'} to be shown)"]
        shown = ""
        # As it is; or as it went to one number only, with its addressee in front.
        for mark in (None, *addressee_marks(order)):
            try:
                text, body = _rendered(order, policy, contact, mark)
            except Unrenderable as problem:
                return [f"(the text cannot be shown: {problem})"]
            shown = shown or text
            if hashlib.sha256(body.encode()).hexdigest() == body_sha256:
                return [f"“{text}”"]
        return [f"(was sent in other words; today's would be: “{shown}”)"]


def _rendered(order: Notification, policy: Policy, contact: Contact, mark: str | None) -> tuple[str, str]:
    """What of a message is shown, and what its hash is of."""
    if order.channel is Channel.EMAIL:
        mail = render_email(order, policy, language=contact.language, in_front=mark)
        return f"✉ {mail.subject}", mail.text
    body = render_sms(order, policy, language=contact.language, script=contact.script, in_front=mark).body
    return body, body

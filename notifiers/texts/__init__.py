"""What people read: a notification, a policy and a language in; an SMS or an e-mail out. Pure.

``render_sms``, ``render_digest``, ``render_email`` and ``render_reply`` are the doors; all raise ``Unrenderable``.
"""

from notifiers.texts.addressee import addressee_marks
from notifiers.texts.digest import may_be_digested, render_digest
from notifiers.texts.email import Email, render_email
from notifiers.texts.replies import render_reply
from notifiers.texts.sms import Sms, render_sms
from notifiers.texts.wording import Unrenderable

__all__ = [
    "Email",
    "Sms",
    "Unrenderable",
    "addressee_marks",
    "may_be_digested",
    "render_digest",
    "render_email",
    "render_reply",
    "render_sms",
]

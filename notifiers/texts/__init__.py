"""What people read: a notification, a policy and a language in; an SMS or an e-mail out. Pure.

``render_sms``, ``render_email`` and ``render_reply`` are the doors; they raise ``Unrenderable``.
"""

from notifiers.texts.email import Email, render_email
from notifiers.texts.replies import render_reply
from notifiers.texts.sms import Sms, render_sms
from notifiers.texts.wording import Unrenderable

__all__ = ["Email", "Sms", "Unrenderable", "render_email", "render_reply", "render_sms"]

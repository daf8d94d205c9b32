"""Whom a text is really for, in front of it: for the first day with a real provider, when all go to one number."""

from schemas.notification import Notification

_SHORT_ID = 20


def addressee_marks(notification: Notification) -> tuple[str, ...]:
    """What may stand in front, fullest first: the contact's id and role (never a name or number), then less of it."""
    contact, role = notification.contact_id, notification.role
    short = contact if len(contact) <= _SHORT_ID else contact[: _SHORT_ID - 1] + "…"
    return tuple(dict.fromkeys((f"[→ {contact}, {role}]", f"[→ {contact}]", f"[→ {short}]")))

"""An inbound text as a provider brings it."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from gateway.signature import Form

TWILIO = "twilio"

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}").fullmatch
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch


@dataclass(frozen=True)
class InboundText:
    """A text that came in. ``ref`` is what the provider calls it; ``sender`` and ``to`` are numbers as it gave them."""

    provider: str
    ref: str
    sender: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    at: datetime

    @property
    def number(self) -> str | None:
        """The sender's telephone number in E.164; None where it is a name or a short number: they get no replies."""
        compact = re.sub(r"[\s().-]", "", self.sender)
        if compact.startswith("00"):
            compact = "+" + compact[2:]
        return compact if _NUMBER(compact) else None


def inbound_of(form: Form, at: datetime) -> InboundText | None:
    """The text that a signed form brings; None where it names no message of the provider's."""
    ref, sender = form.get("MessageSid", ""), form.get("From", "")
    if not _SID(ref) or not sender:
        return None
    return InboundText(TWILIO, ref, sender, form.get("To", ""), form.get("Body", ""), at)


def is_message(ref: str | None) -> bool:
    """Whether ``ref`` has the form of the provider's name for a message."""
    return ref is not None and _SID(ref) is not None

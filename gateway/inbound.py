"""An inbound text, what it means, and the record that keeps it. Nothing here reads or writes anything."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from gateway.signature import Form
from schemas import ids
from schemas.base import TEXT_MAX
from schemas.event import Need
from schemas.incident import IncidentState
from schemas.notification import Response
from schemas.policy.directory import Contact, Directory
from schemas.privacy import mask
from schemas.vocabulary import Answer, Origin, ReplyProblem

TWILIO = "twilio"
CHANNEL = "sms"

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


def holders_of(number: str | None, directory: Directory) -> dict[str, Contact]:
    """The contacts whom ``number`` reaches: usually one, a second where they take part in exercises as well."""
    if number is None:
        return {}
    found = [(name, contact) for name, contact in directory.contacts.items() if contact.sms == number]
    return dict(sorted(found, key=lambda holder: holder[1].purpose is not Origin.LIVE))


class Reading(Protocol):
    """What a text was understood as, whoever sent it."""

    @property
    def code(self) -> str | None:
        """The reply code in it."""

    @property
    def answer(self) -> Answer | None:
        """What it answers; None where it can be taken as no answer."""

    @property
    def amounts(self) -> tuple[Need, ...]:
        """What comes."""

    @property
    def eta_min(self) -> int | None:
        """Minutes until it is there."""

    @property
    def command(self) -> Literal["stop", "start"] | None:
        """STOP or START, which answers no request."""


@dataclass(frozen=True)
class Meant:
    """The request that a reply of ``contact_id`` means."""

    contact_id: str
    incident_id: str
    code: str | None
    party: str | None
    role: str | None


@dataclass(frozen=True)
class NotMeant:
    """Why a reply means no request; ``codes`` are those it may have meant."""

    problem: ReplyProblem
    codes: tuple[str, ...] = ()


Meaning = Meant | NotMeant


class Mind(Protocol):
    """How texts are read: the rules for it."""

    def understand(self, text: str, now: datetime) -> Reading:
        """What ``text`` says."""

    def resolve(self, reading: Reading, contact_id: str, states: Sequence[IncidentState], now: datetime) -> Meaning:
        """Which request of ``contact_id`` among ``states`` a reply means that was read as ``reading``."""


_TELLING = (
    ReplyProblem.NOT_UNDERSTOOD,
    ReplyProblem.TOO_LATE,
    ReplyProblem.UNKNOWN_CODE,
    ReplyProblem.NOTHING_OPEN,
)
"""Where a number belongs to several contacts the first of these is the one to speak of."""


def settled(meanings: Mapping[str, Meaning]) -> Meaning:
    """What the meanings that a text has for each contact of its number come to together."""
    if not meanings:
        return NotMeant(ReplyProblem.UNKNOWN_NUMBER)
    meant = [meaning for meaning in meanings.values() if isinstance(meaning, Meant)]
    unclear = [
        meaning
        for meaning in meanings.values()
        if isinstance(meaning, NotMeant) and meaning.problem is ReplyProblem.WHICH_REQUEST
    ]
    if len(meant) == 1 and not unclear:
        return meant[0]
    if meant or unclear:
        codes = [*(one.code for one in meant if one.code), *(code for one in unclear for code in one.codes)]
        return NotMeant(ReplyProblem.WHICH_REQUEST, tuple(dict.fromkeys(codes)))
    failed = [meaning for meaning in meanings.values() if isinstance(meaning, NotMeant)]
    return min(failed, key=lambda one: _TELLING.index(one.problem) if one.problem in _TELLING else len(_TELLING))


def response_of(text: InboundText, reading: Reading, contact_id: str | None, meaning: Meaning | None) -> Response:
    """The record of a text. ``meaning`` is None for a command, which is about no request."""
    meant = meaning if isinstance(meaning, Meant) else None
    return Response(
        response_id=ids.response_id(text.provider, text.ref, contact_id if meaning is None else None),
        incident_id=meant.incident_id if meant else None,
        code=(meant.code if meant else None) or reading.code,
        party=meant.party if meant else None,
        role=meant.role if meant else None,
        contact_id=meant.contact_id if meant else contact_id,
        channel=CHANNEL,
        answer=reading.answer,
        amounts=reading.amounts,
        eta_min=reading.eta_min,
        text=kept_text(text.body),
        problem=meaning.problem if isinstance(meaning, NotMeant) else None,
        command=reading.command,
        provider=text.provider,
        provider_ref=text.ref,
        at=text.at,
    )


def kept_text(body: str) -> str | None:
    """``body`` as it may stand on a topic: as typed, but for personal data and for characters nobody can see."""
    seen = "".join(
        char if char in "\n\t" or not unicodedata.category(char).startswith(("C", "Zl", "Zp")) else " " for char in body
    )
    text = unicodedata.normalize("NFC", mask(seen).text)[:TEXT_MAX]
    return text if text.strip() else None

"""The record of a reply on ``responses``: what was typed, scanned for personal data, and what it means."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from schemas import ids
from schemas.base import TEXT_MAX, Lang
from schemas.incident import IncidentState
from schemas.notification import Response
from schemas.privacy import mask
from streams.rules.replies.resolve import Resolved, Sender, Unresolved
from streams.rules.replies.understand import Understood


@dataclass(frozen=True)
class Arrival:
    """How a reply came in. ``response_id`` is the same for the same message, ``channel`` sms or console; ``provider``
    and ``provider_ref`` name the message at its provider. ``text`` is as typed."""

    response_id: str
    channel: str
    text: str
    at: datetime
    provider: str | None = None
    provider_ref: str | None = None
    language: Lang | None = None


def make_response(
    arrival: Arrival, understood: Understood, meaning: Resolved | Unresolved | None, sender: Sender | None = None
) -> Response:
    """The record of a reply. ``meaning`` is None for a STOP or START, which is about no request; ``sender`` is None for
    a number that belongs to nobody."""
    resolved = meaning if isinstance(meaning, Resolved) else None
    unresolved = meaning if isinstance(meaning, Unresolved) else None
    return Response(
        response_id=arrival.response_id,
        incident_id=meaning.incident_id if meaning else None,
        code=(resolved.code if resolved else None) or understood.code,
        party=(meaning.party if meaning else None) or (sender.party if sender else None),
        role=(meaning.role if meaning else None) or (sender.role if sender else None),
        contact_id=sender.contact_id if sender else None,
        channel=arrival.channel,
        answer=resolved.answer if resolved else understood.answer,
        amounts=resolved.amounts if resolved else understood.amounts,
        eta_min=resolved.eta_min if resolved else understood.eta_min,
        text=kept_text(arrival.text),
        language=arrival.language,
        problem=unresolved.problem if unresolved else None,
        command=understood.command,
        provider=arrival.provider,
        provider_ref=arrival.provider_ref,
        at=arrival.at,
    )


def of_request(wish: Response, state: IncidentState) -> Response:
    """What the STOP or START ``wish`` means to a request in which its contact is being asked: nobody waits for it.

    A record of its own, on the request's partition. The text and its name at the provider stand in ``wish`` alone,
    whose presence says that all is done.
    """
    named = ids.response_id(wish.provider or wish.channel, wish.response_id, state.incident_id)
    apart = {"response_id": named, "text": None, "provider": None, "provider_ref": None}
    return wish.model_copy(update={**apart, "incident_id": state.incident_id, "code": state.code})


def kept_text(typed: str) -> str | None:
    """``typed`` as it may stand on a topic: without personal data and without characters that nobody can see."""
    seen = "".join(char if char in "\n\t" or char.isprintable() else " " for char in typed)
    text = mask(unicodedata.normalize("NFC", seen)).text.strip()[:TEXT_MAX]
    return text or None

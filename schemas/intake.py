"""What every door does to a report before it becomes an event: complete it, mask its free text, name its mistakes.

Pure: the clock is an argument, ids are hashes of the sender's key or come from ``fresh``.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from schemas.codec import Undecodable, decode
from schemas.event import EmergencyEvent
from schemas.ids import event_id, incident_id
from schemas.privacy import mask
from schemas.topics import EVENTS
from schemas.vocabulary import RejectionReason

DEFAULT_LIFETIME = timedelta(hours=6)

_FREE_FIELDS = {"text": ("text",), "place": ("name", "parish", "municipality"), "psap_notified": ("reference",)}


@dataclass(frozen=True)
class Report:
    """An event ready to be written. ``notes`` say what the door completed or masked."""

    event: EmergencyEvent
    notes: tuple[str, ...]


def accept(
    raw: bytes, *, now: datetime, fresh: Callable[[], str], key: str | None = None, incident_key: str | None = None
) -> Report:
    """Make an event of ``raw``, one JSON object in UTF-8.

    Left out, ``event_id`` and ``incident_id`` are derived from ``key`` and ``incident_key`` (the sender's own names,
    so that a repeat is recognised; without ``incident_key`` the report's key names its incident too) or taken from
    ``fresh``; ``reported_at`` is now and ``expires_at`` six hours later. ``recorded_at`` is always now. Everything
    else must be there.

    Raises:
        Undecodable: what is wrong, where, and how to mend it.
    """
    if len(raw) > EVENTS.max_bytes:
        decode(EVENTS, raw)  # refuses by size, in the same words as everywhere
    body = _parse(raw)
    notes: list[str] = []
    _complete(body, now, fresh, key, incident_key, notes)
    _mask(body, notes)
    event = decode(EVENTS, json.dumps(body, ensure_ascii=False).encode())
    return Report(cast(EmergencyEvent, event), tuple(notes))


def _parse(raw: bytes) -> dict[str, Any]:
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            twice.extend(name for name, times in Counter(key for key, _ in pairs).items() if times > 1)
        return made

    try:
        body = json.loads(raw, object_pairs_hook=unique)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Undecodable(
            RejectionReason.NOT_JSON, f"not JSON in UTF-8: {error}"[:300], "send one JSON object in UTF-8"
        ) from error
    if not isinstance(body, dict):
        raise Undecodable(RejectionReason.NOT_JSON, "not a JSON object", "send one JSON object")
    if twice:
        raise Undecodable(
            RejectionReason.INVALID,
            f"given twice in one object: {', '.join(name[:60] for name in twice[:10])}",
            "give each field once; which of the two was meant cannot be known",
            body,
        )
    return body


def _complete(
    body: dict[str, Any],
    now: datetime,
    fresh: Callable[[], str],
    key: str | None,
    incident_key: str | None,
    notes: list[str],
) -> None:
    sender = str(body.get("reporting_party", ""))
    if "event_id" not in body:
        body["event_id"] = event_id(sender, key) if key else f"ev-{fresh()}"
    if "incident_id" not in body:
        # A report repeated under its key must find the same incident, or its repeat would be an alert of its own.
        own_name = incident_key or key
        body["incident_id"] = incident_id(sender, own_name) if own_name else f"in-{fresh()}"
        notes.append(f"new incident {body['incident_id']}")
    if "recorded_at" in body:
        notes.append("recorded_at is set by the system; the one given is not used")
    body["recorded_at"] = now.isoformat()
    if "reported_at" not in body:
        body["reported_at"] = now.isoformat()
    if "expires_at" not in body:
        reported = _moment(body["reported_at"]) or now
        body["expires_at"] = (reported + DEFAULT_LIFETIME).isoformat()
        notes.append(f"expires after {DEFAULT_LIFETIME.total_seconds() / 3600:g} hours, as no expires_at was given")


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _mask(body: dict[str, Any], notes: list[str]) -> None:
    for part, fields in _FREE_FIELDS.items():
        section = body.get(part)
        if not isinstance(section, dict):
            continue
        for field in fields:
            if not isinstance(section.get(field), str):
                continue
            masked = mask(section[field])
            if masked.found:
                kinds = ", ".join(f"{kind.replace('_', ' ')} ({n})" for kind, n in sorted(masked.found.items()))
                notes.append(f"masked in {part}.{field}: {kinds}; personal data do not cross the border this way")
                section[field] = masked.text

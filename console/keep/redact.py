"""What an exported file for sharing leaves out. Pure: the same record and key give the same bytes.

Sequence, times, parties, roles, outcomes and reasons of the bounded lists stay, so that a log can be studied by
somebody who may not know whom it is about.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from console.logs.raw import RawRecord
from console.logs.restored import as_it_was
from schemas.codec import Undecodable, decode
from schemas.topics import CO_PARTITIONED, INCIDENTS, TOPICS, Topic

SHARED: Final[tuple[Topic, ...]] = tuple(topic for topic in CO_PARTITIONED if topic is not INCIDENTS)
"""Topics that stand in a redacted file. The policy names contacts, ``control`` says who wants no texts, and a snapshot
repeats what stands elsewhere."""

WORD: Final = "[redacted]"
_GRID_DEG: Final = 1
"""Decimals of a degree that stay of a position: a square of about 6 by 11 km."""

_WORDS = {"detail", "explanation", "excerpt", "mend", "note", "name", "origin_key"}
_DROPPED = {"callback_role", "reference", "provider_ref", "body_sha256"}
_HEADERS = {"ce_specversion", "ce_type", "ce_time", "content-type", "ce_partitionkey", "ce_correlationid"}
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Redactor:
    """Redacts records with a secret ``key`` of one file: a contact has one pseudonym in it, and another elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._rules: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(_WORDS, _word),
            "contact_id": self._contact,
            "subject": self._contact,
            "incarnation": lambda one: f"process-{self._digest(one)[:10]}" if one else one,
            "sha256": self._digest,
            "code": self._code,
            "text": _text,
            "lat": _coarse,
            "lon": _coarse,
        }

    def record(self, record: RawRecord) -> RawRecord:
        """``record`` without what tells of a person; a record that cannot be decoded keeps its size only."""
        record = as_it_was(record)
        value = self._value(record)
        headers = tuple(header for header in record.headers if header[0] in _HEADERS)
        known = value is not None and record.key is not None and _incident(value) == record.key
        return replace(record, key=record.key if known else None, value=value, headers=headers)

    def _value(self, record: RawRecord) -> bytes | None:
        if record.value is None:
            return None
        topic = TOPICS[record.topic]
        try:
            decode(topic, record.value)
            value = json.dumps(self._part(json.loads(record.value)), ensure_ascii=False, separators=(",", ":")).encode()
            decode(topic, value)
        except Undecodable:
            what = {"redacted": f"{len(record.value)} bytes that are no record of {record.topic}"}
            return json.dumps(what).encode()
        return value

    def _part(self, part: Any) -> Any:
        if isinstance(part, list):
            return [self._part(one) for one in part]
        if not isinstance(part, dict):
            return part
        return {name: self._field(name, one) for name, one in part.items() if name not in _DROPPED}

    def _field(self, name: str, value: Any) -> Any:
        rule = self._rules.get(name)
        return rule(value) if rule is not None and value is not None else self._part(value)

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _contact(self, contact: str) -> str:
        return f"contact-{self._digest(contact)[:10]}"

    def _code(self, given: Any) -> Any:
        """A reply code still names its partition, and answers nothing. A place's code is public."""
        if not isinstance(given, str) or len(given) != 4 or any(letter not in _LETTERS for letter in given):
            return given
        number = int(self._digest(given), 16)
        return given[0] + "".join(_LETTERS[number >> shift & 31] for shift in (0, 5, 10))


def _word(_given: object) -> str:
    return WORD


def _text(given: Any) -> Any:
    return {**given, "text": WORD} if isinstance(given, dict) else WORD


def _coarse(degrees: float) -> float:
    return round(degrees, _GRID_DEG)


def _incident(value: bytes) -> bytes | None:
    found = json.loads(value).get("incident_id")
    return found.encode() if isinstance(found, str) else None

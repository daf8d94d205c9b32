"""Bytes in, records out: JSON bodies with CloudEvents 1.0 binary-mode headers, bounded in size.

Everything that matters for safety stands in the body; headers serve other tools and may be lost.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from schemas.base import Record
from schemas.clear import unclear
from schemas.control import ActivePolicy, PolicyChange, PublishedPolicy
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.incident import Cursor, IncidentState
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.snapshot import NotWhole, whole, written
from schemas.topics import Topic
from schemas.vocabulary import RejectionReason

Headers = list[tuple[str, bytes]]

CONTENT_TYPE = "application/json; charset=utf-8"
TYPE_PREFIX = "eu.safeborderlands."


_SPEC_VERSION, _CONTENT_TYPE = ("ce_specversion", b"1.0"), ("content-type", CONTENT_TYPE.encode())


class Undecodable(Exception):
    """A value that is no valid record of its topic: bounded ``reason``, ``detail`` for people, ``mend``.

    ``fragment`` holds the parsed JSON object where there was one, so that its ids can be named.
    """

    def __init__(self, reason: RejectionReason, detail: str, mend: str, fragment: dict[str, Any] | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.mend, self.fragment = reason, detail, mend, fragment or {}


class TooLargeToWrite(ValueError):
    """A record we made ourselves exceeds its topic's bound: a defect, never sent."""


@dataclass(frozen=True)
class Encoded:
    """A record ready for the producer."""

    value: bytes
    headers: Headers


def encode(topic: Topic, record: Record, *, source: str, at: datetime, cause: str | None = None) -> Encoded:
    """Encode ``record`` for ``topic``. ``source`` is the writing process, ``cause`` the id it answers.

    Raises:
        TooLargeToWrite: the body exceeds ``topic.max_bytes``.
        TypeError: the record does not belong on that topic.
    """
    if not isinstance(record, topic.records):
        raise TypeError(f"{type(record).__name__} does not belong on {topic.name}")
    value = written(record) if isinstance(record, IncidentState) else record.model_dump_json(exclude_none=True).encode()
    if len(value) > topic.max_bytes:
        raise TooLargeToWrite(f"{len(value)} bytes for {topic.name}, which takes {topic.max_bytes}")
    headers = [
        _SPEC_VERSION,
        ("ce_id", record_id(record).encode()),
        ("ce_source", f"/safe-borderlands/{source}".encode()),
        ("ce_type", f"{TYPE_PREFIX}{record.record}.v{record.version}".encode()),  # type: ignore[attr-defined]
        ("ce_time", at.isoformat().encode()),
        _CONTENT_TYPE,
    ]
    incident = getattr(record, "incident_id", None)
    if incident:
        of_incident = incident.encode()
        headers += [("ce_partitionkey", of_incident), ("ce_correlationid", of_incident)]
    if cause:
        headers.append(("ce_causationid", cause.encode()))
    expires = getattr(record, "expires_at", None)
    if expires:
        headers.append(("ce_expirytime", expires.isoformat().encode()))
    return Encoded(value, headers)


def record_id(record: Record) -> str:
    """The id by which people and the audit know ``record``."""
    match record:
        case EmergencyEvent() | Decision():
            return record.event_id
        case Notification():
            return f"{record.notification_id}.{record.attempt}"
        case Receipt():
            return ".".join(
                str(part)
                for part in (
                    record.notification_id or record.event_id or record.incident_id,
                    record.attempt,
                    record.kind.value,
                    record.claim_id,
                )
                if part is not None
            )
        case Response():
            return record.response_id
        case ResendOrder():
            return record.order_id
        case IncidentState():
            return f"{record.incident_id}.{record.revision}"
        case Cursor():
            return f"cursor.{record.partition}"
        case PublishedPolicy() | ActivePolicy():
            return record.policy_version
        case PolicyChange():
            return record.change_id
        case _:
            return getattr(record, "record", type(record).__name__)


def decode(topic: Topic, value: bytes | None) -> Record:
    """Decode one record of ``topic`` from its body alone.

    Raises:
        Undecodable: with the reason, the place of the mistake and how to mend it.
    """
    if value is not None and len(topic.records) == 1 and len(value) <= topic.max_bytes:
        try:
            record = topic.records[0].model_validate_json(value)
        except ValidationError:
            pass  # what follows finds the words for why
        else:
            _must_be_clear(topic, value)
            return record
    body = _parse(topic, value)
    kind = body.get("record")
    by_name = {cls.model_fields["record"].default: cls for cls in topic.records}
    if kind is None and len(by_name) == 1:
        cls = topic.records[0]
    elif isinstance(kind, str) and kind in by_name:
        cls = by_name[kind]
    else:
        raise Undecodable(
            RejectionReason.WRONG_RECORD,
            f"record is {str(kind)[:60]!r}; {topic.name} holds {sorted(by_name)}",
            f"set record to {' or '.join(sorted(by_name))}",
            body,
        )
    if body.get("version", 1) != 1:
        raise Undecodable(
            RejectionReason.WRONG_VERSION,
            f"version is {str(body['version'])[:40]!r}; this system reads version 1",
            "send version 1 (schemas/json describes it), or update this system",
            body,
        )
    try:
        shortened = cls is IncidentState and "once" in body
        record = cls.model_validate(whole(body)) if shortened else cls.model_validate_json(value or b"")
    except NotWhole as error:
        raise Undecodable(RejectionReason.INVALID, str(error)[:2000], "correct the named fields", body) from error
    except ValidationError as error:
        raise _explained(error, body) from error
    _must_be_clear(topic, value or b"")
    return record


def _must_be_clear(topic: Topic, value: bytes) -> None:
    """Refuse a body that could be read in two ways where it says whom it may reach."""
    fault = unclear(value, nested=IncidentState in topic.records)
    if fault is not None:
        raise Undecodable(
            RejectionReason.INVALID, fault, "give each field once, and leave out what has no value", json.loads(value)
        )


def _parse(topic: Topic, value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Undecodable(RejectionReason.NOT_JSON, "the value is empty", "send a JSON object")
    if len(value) > topic.max_bytes:
        raise Undecodable(
            RejectionReason.TOO_LARGE,
            f"{len(value)} bytes; {topic.name} takes at most {topic.max_bytes}",
            "shorten the text or the polygon; attachments do not travel here",
        )
    try:
        body = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Undecodable(
            RejectionReason.NOT_JSON, f"not JSON in UTF-8: {error}"[:300], "send one JSON object in UTF-8"
        ) from error
    if not isinstance(body, dict):
        raise Undecodable(
            RejectionReason.NOT_JSON, f"a JSON {type(body).__name__}, not an object", "send one JSON object"
        )
    return body


_FIELD_REASONS = {
    "origin": (RejectionReason.NO_ORIGIN, "set origin to live or exercise; without it nobody may be told"),
    "event_type": (
        RejectionReason.UNKNOWN_TYPE,
        "use a type of the list `borderlands policy show types` prints",
    ),
}


def _explained(error: ValidationError, body: dict[str, Any]) -> Undecodable:
    reason, mend = RejectionReason.INVALID, "correct the named fields and send again"
    lines = []
    for fault in error.errors(include_url=False, include_input=False)[:10]:
        where = ".".join(str(part) for part in fault["loc"]) or "record"
        lines.append(f"{where[:160]}: {fault['msg']}")
        if reason is RejectionReason.INVALID and where in _FIELD_REASONS:
            reason, mend = _FIELD_REASONS[where]
    return Undecodable(reason, "; ".join(lines)[:2000], mend, body)


def header(headers: Sequence[tuple[str, bytes]], name: str) -> str | None:
    """One header as text, or None."""
    return next((value.decode(errors="replace") for key, value in headers if key == name), None)

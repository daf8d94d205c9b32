"""Makes the ``Rejection`` of a value that could not be used, without carrying its personal data along."""

import hashlib
import json
import re
from datetime import datetime

from schemas.codec import Undecodable
from schemas.event import Rejection, SourceOfRejection
from schemas.privacy import MASK, mask

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_EXCERPT_CHARS = 200
_READ_BYTES = 64 * 1024


def rejection(
    fault: Undecodable,
    value: bytes | None,
    *,
    refused_by: SourceOfRejection,
    at: datetime,
    topic: str | None = None,
    partition: int | None = None,
    offset: int | None = None,
    key: bytes | None = None,
) -> Rejection:
    """The rejection of ``value``: where it stands, why it was refused, how to mend it, a masked excerpt."""
    raw = value or b""
    return Rejection(
        reason=fault.reason,
        detail=mask(_printable(fault.detail)).text[:2000],
        mend=fault.mend[:600],
        refused_by=refused_by,
        topic=topic,
        partition=partition,
        offset=offset,
        origin_key=mask(_printable(key.decode(errors="replace"))).text[:200] if key else None,
        event_id=_named(fault, "event_id"),
        incident_id=_named(fault, "incident_id"),
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        excerpt=_excerpt(raw),
        rejected_at=at,
    )


def _excerpt(raw: bytes) -> str:
    """The beginning of ``raw``, masked before it is cut, since half a number would no longer be recognised.

    Free text of a record is left out altogether: names in it cannot be found by any pattern.
    """
    text = raw[:_READ_BYTES].decode(errors="replace")
    try:
        body = json.loads(text)
        if isinstance(body, dict) and "text" in body:
            body["text"] = MASK
        text = json.dumps(body, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return mask(_printable(text[: 10 * _EXCERPT_CHARS])).text[:_EXCERPT_CHARS]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text)


def _named(fault: Undecodable, field: str) -> str | None:
    value = fault.fragment.get(field)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None

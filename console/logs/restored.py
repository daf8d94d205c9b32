"""How a restored record is marked: its body so that nobody is told again, its headers so that it reads as it was.

The body of a record that could lead to a text gets ``replayid`` as its last key. One header keeps where and when the
record first stood and which bytes were added; with it everything that looks back sees the record as it was.
"""

import json
from dataclasses import dataclass, replace

from pydantic_core import from_json

from console.logs.raw import RawRecord
from schemas.topics import TOPICS

HEADER = "safeborderlands-restored"


@dataclass(frozen=True, slots=True)
class Mark:
    """What ``HEADER`` holds: the place and time (``timestamp_ms``) a record had, and where ``replayid`` was put in."""

    replayid: str
    partition: int
    offset: int
    timestamp_ms: int
    added_at: int | None = None
    added: str = ""

    def header(self) -> tuple[str, bytes]:
        """The header that says this."""
        body = {name: getattr(self, name) for name in self.__slots__}
        return HEADER, json.dumps(body, separators=(",", ":")).encode()


def can_page(topic: str) -> bool:
    """Whether records of ``topic`` carry a ``replayid``: those that lead to texts, or say what became of one."""
    known = TOPICS.get(topic)
    return known is None or any("replayid" in record.model_fields for record in known.records)


def marked(record: RawRecord, replayid: str) -> RawRecord:
    """``record`` as a restore under ``replayid`` writes it. One that was restored before keeps its first mark."""
    if mark_of(record) is not None:
        return record
    spot = _spot(record) if can_page(record.topic) else None
    mark = Mark(replayid, record.partition, record.offset, record.timestamp_ms)
    if spot is None or record.value is None:
        return replace(record, headers=(*record.headers, mark.header()))
    added_at, comma = spot
    added = f'{comma}"replayid":"{replayid}"'
    value = record.value[:added_at] + added.encode() + record.value[added_at:]
    mark = replace(mark, added_at=added_at, added=added)
    return replace(record, value=value, headers=(*record.headers, mark.header()))


def as_it_was(record: RawRecord) -> RawRecord:
    """``record`` with the place, time, body and headers it had before it was restored; others as they are."""
    mark = mark_of(record)
    if mark is None:
        return record
    value, added = record.value, mark.added.encode()
    if value is not None and mark.added_at is not None and added:
        end = mark.added_at + len(added)
        if value[mark.added_at : end] == added:
            value = value[: mark.added_at] + value[end:]
    headers = tuple(header for header in record.headers if header[0] != HEADER)
    return RawRecord(record.topic, mark.partition, mark.offset, mark.timestamp_ms, record.key, value, headers)


def mark_of(record: RawRecord) -> Mark | None:
    """The mark of a restored record, or None. A header that is no mark is somebody else's."""
    for name, value in record.headers:
        if name == HEADER and value is not None:
            try:
                mark = Mark(**json.loads(value))
            except (ValueError, TypeError):
                continue
            numbers = (mark.partition, mark.offset, mark.timestamp_ms)
            if all(type(one) is int for one in numbers) and type(mark.added) is str:
                return mark
    return None


def _spot(record: RawRecord) -> tuple[int, str] | None:
    """Where in the body ``replayid`` goes and what separates it; None for what is no JSON object or has one already.

    What is no object is a record of no release, today's or a later one, and cannot lead to a text. Of two keys of one
    name the last counts, so that an empty ``replayid`` is overruled by the one that is added.
    """
    body = _object(record.value or b"")
    if body is None or record.value is None:
        return None
    own = body.get("replayid")
    if isinstance(own, str) and own:
        return None
    return record.value.rindex(b"}"), "," if body else ""


def _object(value: bytes) -> dict[str, object] | None:
    """The JSON object of ``value`` by either of the parsers that processes use."""
    for parse in (from_json, _loads):
        try:
            body = parse(value)
        except (ValueError, RecursionError):
            continue
        return body if isinstance(body, dict) else None
    return None


def _loads(value: bytes) -> object:
    return json.loads(value.decode())

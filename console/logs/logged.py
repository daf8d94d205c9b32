"""One record of a log where it stands, decoded."""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import Record
from schemas.codec import Undecodable, decode
from schemas.topics import Topic

MAX_RECORDS = 5_000_000


class TooMuchToRead(Exception):
    """The range holds more records than one command reads; narrow it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One record where it stands. ``record`` is None when it cannot be decoded; ``fault`` says why.

    Of a restored record these are the place and time it had in the log it came from, and its body as it was there;
    ``restored`` is the ``replayid`` that consumers of the bus see in it. Nothing that is written because of a restored
    record may reach anybody. Records are equal however they came here.
    """

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    record: Record | None
    fault: Undecodable | None = None
    restored: str | None = field(default=None, compare=False)


def logged(
    topic: Topic,
    partition: int,
    offset: int,
    at: datetime,
    key: bytes | None,
    value: bytes | None,
    restored: str | None = None,
) -> Logged:
    """The record of those bytes; what cannot be decoded carries its fault."""
    try:
        return Logged(topic.name, partition, offset, at, key, value, decode(topic, value), None, restored)
    except Undecodable as fault:
        return Logged(topic.name, partition, offset, at, key, value, None, fault, restored)


def in_order(records: list[Logged]) -> list[Logged]:
    """Oldest first; of those appended in the same millisecond, by topic, partition and offset."""
    return sorted(records, key=lambda one: (one.appended_at, one.topic, one.partition, one.offset))

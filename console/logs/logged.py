"""One record of a log where it stands, decoded."""

from dataclasses import dataclass
from datetime import datetime

from schemas.base import Record
from schemas.codec import Undecodable, decode
from schemas.topics import Topic

MAX_RECORDS = 5_000_000


class TooMuchToRead(Exception):
    """The range holds more records than one command reads; narrow it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One record where it stands. ``record`` is None when it cannot be decoded; ``fault`` says why."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    record: Record | None
    fault: Undecodable | None = None


def logged(topic: Topic, partition: int, offset: int, at: datetime, key: bytes | None, value: bytes | None) -> Logged:
    """The record of those bytes; what cannot be decoded carries its fault."""
    try:
        return Logged(topic.name, partition, offset, at, key, value, decode(topic, value))
    except Undecodable as fault:
        return Logged(topic.name, partition, offset, at, key, value, None, fault)


def in_order(records: list[Logged]) -> list[Logged]:
    """Oldest first; of those appended in the same millisecond, by topic, partition and offset."""
    return sorted(records, key=lambda one: (one.appended_at, one.topic, one.partition, one.offset))

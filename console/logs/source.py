"""``LogSource``: what a command that looks back reads from, whatever holds the log."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Protocol

from console.logs.logged import Logged, in_order
from schemas.topics import Topic


class LogSource(Protocol):
    """A log that can be read any number of times. Read-only: nothing that is read here reaches anybody."""

    @property
    def name(self) -> str:
        """What is read, for people: of a running system the address of its broker."""
        ...

    @property
    def partitions(self) -> int:
        """The common count of the incident topics."""
        ...

    def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """Every record of ``topics`` appended from ``since`` to ``until`` (exclusive; None: no bound), in batches.

        Within one topic and partition in order of offset; topics and partitions interleave. ``partitions`` limits
        co-partitioned topics; with ``keys`` only records under one of them are decoded and given. Reads up to the
        ends that the log has when this begins.

        Raises:
            TooMuchToRead: more than ``MAX_RECORDS`` records lie in the range.
            KafkaError, OSError: the log cannot be read.
        """
        ...


async def read_all(
    source: LogSource,
    topics: Iterable[Topic],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    partitions: frozenset[int] | None = None,
    keys: frozenset[bytes] | None = None,
) -> list[Logged]:
    """What ``source.stream`` gives, as one list, oldest first."""
    batches = source.stream(topics, since=since, until=until, partitions=partitions, keys=keys)
    return in_order([one async for batch in batches for one in batch])

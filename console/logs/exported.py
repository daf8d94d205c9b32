"""Reading an exported file as if it were the topics it was written from."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path

from console.logs.archive import Archive
from console.logs.logged import MAX_RECORDS, Logged, TooMuchToRead, logged
from console.logs.manifest import Block
from console.logs.raw import RawRecord, at
from console.logs.restored import as_it_was, mark_of
from schemas.topics import TOPICS, Topic


class ExportedLog:
    """The records of a file written by ``borderlands export``; a ``LogSource``. Blocks that are not asked for are not
    read.

    Raises:
        LogDamaged: see ``Archive``.
    """

    def __init__(self, path: Path) -> None:
        self.archive = Archive(path)

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.archive.path)

    @property
    def partitions(self) -> int:
        """The common count of the incident topics where it was written."""
        return self.archive.manifest.partitions

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``LogSource.stream``; a block that is damaged raises ``LogDamaged``."""
        names = {topic.name for topic in topics}
        blocks = [
            block
            for block in self.archive.manifest.blocks
            if block.topic in names
            and (partitions is None or TOPICS[block.topic].partitions is not None or block.partition in partitions)
            and (since is None or at(block.until_ms) >= since)
            and (until is None or at(block.since_ms) < until)
        ]
        total = sum(block.records for block in blocks)
        if total > MAX_RECORDS:
            raise TooMuchToRead(f"{total} records; narrow the time range")
        for block in blocks:
            yield self._of(block, since, until, keys)
            await asyncio.sleep(0)  # whoever shares the loop has a turn between blocks

    def _of(
        self, block: Block, since: datetime | None, until: datetime | None, keys: frozenset[bytes] | None
    ) -> list[Logged]:
        topic = TOPICS[block.topic]
        read = (one for one in self.archive.read(block) if keys is None or one.key in keys)
        return [one for record in read if (one := told(topic, record, since, until)) is not None]


def told(topic: Topic, record: RawRecord, since: datetime | None, until: datetime | None) -> Logged | None:
    """``record`` as it was, decoded; None where that was not from ``since`` to ``until``."""
    one = undecoded(record, since, until)
    if one is None:
        return None
    return logged(topic, one.partition, one.offset, one.appended_at, one.key, one.value, one.restored)


def undecoded(record: RawRecord, since: datetime | None, until: datetime | None) -> Logged | None:
    """As ``told``, with neither ``record`` nor ``fault``."""
    was, mark = as_it_was(record), mark_of(record)
    if not within(was, since, until):
        return None
    restored = mark.replayid if mark is not None else None
    return Logged(
        was.topic, was.partition, was.offset, at(was.timestamp_ms), was.key, was.value, None, restored=restored
    )


def within(record: RawRecord, since: datetime | None, until: datetime | None) -> bool:
    """Whether ``record`` was appended from ``since`` to ``until`` (exclusive; None: no bound)."""
    moment = at(record.timestamp_ms)
    return (since is None or moment >= since) and (until is None or moment < until)

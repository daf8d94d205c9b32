"""A real evening as it stood on the topics: what `borderlands demo` left on its Kafka when its ladders had ended.

``evening.jsonl.gz`` holds every record of every topic: three agreements, an exercise, a referral, an update, a cancel,
rubbish, answers by telephone, a yes taken back, steps of ladders that nobody answered, and a stop switch.
"""

import gzip
import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path

from console.logs.logged import Logged, logged
from schemas.topics import TOPICS, Topic

FILE = Path(__file__).with_name("evening.jsonl.gz")


def evening() -> list[Logged]:
    """The records, oldest first."""
    return [_read(json.loads(line)) for line in gzip.decompress(FILE.read_bytes()).decode().splitlines()]


def _read(entry: dict[str, str | int | None]) -> Logged:
    key, value = entry["key"], entry["value"]
    return logged(
        TOPICS[str(entry["topic"])],
        int(str(entry["partition"])),
        int(str(entry["offset"])),
        datetime.fromisoformat(str(entry["at"])),
        None if key is None else str(key).encode(),
        None if value is None else str(value).encode("utf-8", "surrogateescape"),
    )


class Recorded:
    """Records as a log that commands read."""

    def __init__(self, records: Iterable[Logged], partitions: int = 12) -> None:
        self.records = list(records)
        self.partitions = partitions

    @property
    def name(self) -> str:
        """What is read."""
        return FILE.name

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``LogSource.stream``."""
        wanted = {topic.name for topic in topics}
        yield [
            one
            for one in self.records
            if one.topic in wanted
            and (since is None or one.appended_at >= since)
            and (until is None or one.appended_at < until)
            and (partitions is None or one.partition in partitions)
            and (keys is None or one.key in keys)
        ]

"""A log of its own for tests: records in memory, read like any other."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from console.logs.logged import Logged
from schemas.topics import Topic


class Kept:
    """A ``LogSource`` over these records."""

    name, partitions = "a list", 3

    def __init__(self, records: Iterable[Logged]) -> None:
        self._records = list(records)

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
        names = {topic.name for topic in topics}
        yield [
            one
            for one in self._records
            if one.topic in names
            and (since is None or one.appended_at >= since)
            and (until is None or one.appended_at < until)
            and (partitions is None or one.partition in partitions)
            and (keys is None or one.key in keys)
        ]

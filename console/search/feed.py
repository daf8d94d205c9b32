"""Where the read model is fed from: the live topics from where it left off, or an exported file as a whole."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from console.logs.logged import Logged, logged
from console.logs.source import LogSource
from console.search.model import Position
from runtime.kafka import appended_at, assign_paused, make_consumer, stream_range
from runtime.settings import Settings
from schemas.topics import DECISIONS, EVENTS, INCIDENTS, POLICY, RESPONSES, TOPICS

Place = tuple[str, int]
"""Topic and partition."""

WHOLE = "*"
"""Stands for all topics of a log that is read as a whole."""

FED_BY = (POLICY, EVENTS, DECISIONS, RESPONSES, INCIDENTS)
"""What incidents are found by. Receipts and orders say nothing that these do not."""


@dataclass(frozen=True)
class Portion:
    """Some records of one partition in order, and how far it is read with them."""

    place: Place
    records: list[Logged]
    position: Position


class Feed(Protocol):
    """A log that is read from where one left off."""

    async def identity(self) -> str:
        """Which log it is: another identity means that nothing known of it holds."""
        ...

    async def bounds(self) -> dict[Place, tuple[int, int]]:
        """The first offset that is left and the end of every partition."""
        ...

    def read(self, starts: dict[Place, int], ends: dict[Place, int]) -> AsyncIterator[Portion]:
        """The records from ``starts`` to ``ends``."""
        ...


class LiveFeed:
    """The topics of a running system."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer = make_consumer(settings)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def identity(self) -> str:
        """The cluster's own id."""
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._settings.bootstrap,
            request_timeout_ms=int(self._settings.request_timeout_s * 1000),
        )
        await admin.start()
        try:
            return str((await admin.describe_cluster())["cluster_id"])
        finally:
            await admin.close()

    async def bounds(self) -> dict[Place, tuple[int, int]]:
        """See ``Feed.bounds``."""
        places = [
            TopicPartition(topic.name, number)
            for topic in FED_BY
            for number in range(topic.partition_count(self._settings.partitions))
        ]
        assign_paused(self._consumer, places)
        begins = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        return {(place.topic, place.partition): (begins[place], ends[place]) for place in places}

    async def read(self, starts: dict[Place, int], ends: dict[Place, int]) -> AsyncIterator[Portion]:
        """See ``Feed.read``. Of snapshots only the newest of each incident in a portion is given."""
        from_, to = ({TopicPartition(*place): at for place, at in bounds.items()} for bounds in (starts, ends))
        async for place, batch in stream_range(self._consumer, from_, {place: to[place] for place in from_}):
            yield _portion(place, batch)


def _portion(place: TopicPartition, batch: "list[ConsumerRecord[Any, Any]]") -> Portion:
    topic, last = TOPICS[place.topic], batch[-1]
    if topic is INCIDENTS:
        batch = list({record.key: record for record in batch}.values())
    records = [
        logged(topic, record.partition, record.offset, appended_at(record), record.key, record.value)
        for record in batch
    ]
    return Portion(
        (place.topic, place.partition), records, position_after(last.offset, str(last.timestamp), last.value)
    )


def position_after(offset: int, at: str, value: bytes | None) -> Position:
    """The position behind a record, by which the log is recognised again."""
    return Position(offset + 1, offset, at, hashlib.sha256(value or b"").hexdigest()[:32])


class FileFeed:
    """A log that is read as a whole, such as an exported file. ``identity`` names its content."""

    def __init__(self, source: LogSource, identity: str) -> None:
        self._source, self._identity = source, identity

    async def identity(self) -> str:
        """See ``Feed.identity``."""
        return self._identity

    async def bounds(self) -> dict[Place, tuple[int, int]]:
        """One place for the policies, and one that stands for everything else."""
        return {(POLICY.name, 0): (0, 1), (WHOLE, 0): (0, 1)}

    async def read(self, starts: dict[Place, int], ends: dict[Place, int]) -> AsyncIterator[Portion]:
        """Everything, where nothing was read before."""
        for place, start in starts.items():
            if start < ends[place]:
                topics = [topic for topic in FED_BY if (topic is POLICY) == (place[0] == POLICY.name)]
                async for batch in self._source.stream(topics):
                    yield Portion(place, batch, Position(0))
                yield Portion(place, [], Position(1))

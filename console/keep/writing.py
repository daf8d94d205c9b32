"""Writing a file from the live topics: one topic and partition after another, a block at a time in memory."""

import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from console.keep.redact import SHARED, Redactor
from console.logs.archive import ArchiveWriter
from console.logs.exported import within
from console.logs.live import LiveLog
from console.logs.manifest import Block, Extent, Manifest
from console.logs.raw import RawRecord, raw_of
from console.logs.restored import as_it_was
from runtime.kafka import assign_paused, make_consumer, stream_range
from runtime.settings import Settings
from schemas.incident import CURSOR_KEY
from schemas.topics import CO_PARTITIONED, CONTROL, DECISIONS, INCIDENTS, POLICY, TOPICS, Topic

_VERSION = re.compile(rb'"policy_version":"([0-9a-f]{64})"')
_WHOLE = (INCIDENTS, POLICY, CONTROL)
"""Compacted topics say what holds; they are exported whole whatever the range."""


@dataclass(frozen=True)
class Wanted:
    """What to export: records appended from ``since`` to ``until`` (None: no bound), of one ``incident`` or of all."""

    since: datetime | None = None
    until: datetime | None = None
    incident: str | None = None
    redact: bool = False

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics that stand in the file."""
        if self.redact:
            return SHARED
        return (*CO_PARTITIONED, POLICY) if self.incident else tuple(TOPICS.values())

    def holds(self, record: RawRecord) -> bool:
        """Whether ``record`` belongs in the file."""
        topic = TOPICS[record.topic]
        if topic not in _WHOLE and not within(as_it_was(record), self.since, self.until):
            return False
        return self.incident is None or topic is POLICY or _of(record, self.incident)


def _of(record: RawRecord, incident: str) -> bool:
    if record.key == incident.encode():
        return True
    if record.value is None or incident.encode() not in record.value:
        return False
    try:
        body = json.loads(record.value)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("incident_id") == incident


@dataclass
class Seen:
    """What is learnt on the way: policies that are cited, and incidents that are open at ``now``."""

    now: datetime
    policies: set[str] = field(default_factory=set)
    open_incidents: set[str] = field(default_factory=set)

    def add(self, record: RawRecord) -> None:
        """Take note of one record of the file."""
        if record.topic == DECISIONS.name:
            self.policies.update(one.decode() for one in _VERSION.findall(record.value or b""))
        elif record.topic == INCIDENTS.name and record.key not in (None, CURSOR_KEY.encode()):
            name = (record.key or b"").decode(errors="replace")
            (self.open_incidents.add if _is_open(record.value, self.now) else self.open_incidents.discard)(name)


def _is_open(snapshot: bytes | None, now: datetime) -> bool:
    """Whether somebody may still have to act; an incident whose snapshot cannot be read counts as open."""
    if snapshot is None:
        return False
    try:
        body = json.loads(snapshot)
        expires = body.get("expires_at")
        return body.get("closed_by") is None and (expires is None or datetime.fromisoformat(expires) > now)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return True


async def export(
    settings: Settings, wanted: Wanted, target: Path, progress: Callable[[int], None] = lambda _done: None
) -> Manifest:
    """Write what is ``wanted`` of the live topics to ``target``, up to the ends they have now.

    ``progress`` is told how many records stand in the file, block by block.

    Raises:
        KafkaError, OSError: the log cannot be read, or the file not be written; then there is none.
    """
    now = datetime.now(UTC)
    seen, extents, redactor = Seen(now), [], Redactor(secrets.token_bytes(32)) if wanted.redact else None
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        places = _places(wanted.topics, settings.partitions)
        bounds = await _bounds(LiveLog(settings), consumer, places, wanted)
        with ArchiveWriter(target) as writer:
            for place, (start, end) in bounds.items():
                before = writer.records
                async for batch in read_place(consumer, place, start, end):
                    for record in batch:
                        if wanted.holds(record):
                            seen.add(record)
                            writer.add(redactor.record(record) if redactor else record)
                    progress(writer.records)
                writer.close_block()
                extents.append(_extent(place, start, end, writer.records - before))

            def manifest(blocks: tuple[Block, ...], records: int) -> Manifest:
                return Manifest(
                    product_version=version("safe-borderlands"),
                    exported_at=now,
                    source=settings.bootstrap,
                    partitions=settings.partitions,
                    since=wanted.since,
                    until=wanted.until,
                    incident=wanted.incident,
                    redacted=wanted.redact,
                    policy_versions=tuple(sorted(seen.policies)),
                    open_incidents=tuple(sorted(seen.open_incidents)),
                    records=records,
                    extents=tuple(extents),
                    blocks=blocks,
                )

            return writer.finish(manifest)
    finally:
        await consumer.stop()


def _extent(place: TopicPartition, start: int, end: int, records: int) -> Extent:
    return Extent(topic=place.topic, partition=place.partition, start=start, end=end, records=records)


def _places(topics: Iterable[Topic], common: int) -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partition_count(common))]


async def _bounds(
    log: LiveLog, consumer: AIOKafkaConsumer, places: list[TopicPartition], wanted: Wanted
) -> dict[TopicPartition, tuple[int, int]]:
    """First and end offset of each place. All ends are asked for first, so that the file is the log of one moment."""
    whole = [place for place in places if TOPICS[place.topic] in _WHOLE]
    ranged = [place for place in places if TOPICS[place.topic] not in _WHOLE]
    starts, ends = await log.bounds(consumer, whole, None, None)
    more_starts, more_ends = await log.bounds(consumer, ranged, wanted.since, wanted.until)
    starts, ends = starts | more_starts, ends | more_ends
    return {place: (starts[place], ends[place]) for place in places}


async def read_place(
    consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int
) -> AsyncIterator[list[RawRecord]]:
    """The records of ``place`` from ``start`` to ``end`` (exclusive), in batches of what one answer brings."""
    assign_paused(consumer, [place])
    async for _, batch in stream_range(consumer, {place: start}, {place: end}):
        yield [raw_of(record) for record in batch]

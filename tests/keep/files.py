"""Exported files built by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from console.logs.archive import ArchiveWriter
from console.logs.logged import Logged
from console.logs.manifest import Block, Manifest
from console.logs.raw import RawRecord
from schemas.codec import encode
from schemas.topics import TOPICS

WHEN = datetime(2026, 7, 5, tzinfo=UTC)


def raw(one: Logged, offset: int | None = None) -> RawRecord:
    """``one`` in bytes, as the process that wrote it would have."""
    place = one.topic, one.partition, one.offset if offset is None else offset
    stamp = int(one.appended_at.timestamp() * 1000)
    if one.record is None:
        return RawRecord(*place, stamp, one.key, one.value)
    made = encode(TOPICS[one.topic], one.record, source="test", at=one.appended_at)
    incident = getattr(one.record, "incident_id", None)
    key = incident.encode() if incident else None
    return RawRecord(*place, stamp, key, made.value, tuple(made.headers))


def exported(target: Path, records: Iterable[RawRecord], partitions: int = 3) -> Path:
    """``records`` as a file at ``target``."""

    def manifest(blocks: tuple[Block, ...], count: int) -> Manifest:
        return Manifest(
            product_version="0.1.0",
            exported_at=WHEN,
            source="test",
            partitions=partitions,
            records=count,
            extents=(),
            blocks=blocks,
        )

    with ArchiveWriter(target) as writer:
        for one in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
            writer.add(one)
        writer.finish(manifest)
    return target

"""The first member of an exported file: what stands in it, where, and the hashes by which each part is proved."""

import hashlib
import json
import zlib
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FORMAT: Final = "safe-borderlands-log"
FORMAT_VERSION: Final = 1
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
MAX_BLOCK_BYTES: Final = 16 * 1024 * 1024
"""A block is closed at a megabyte; one record more may stand in it."""

GZIP: Final = 16 + zlib.MAX_WBITS
_SHA256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


class LogDamaged(OSError):
    """An exported file that is cut off, changed, no such file, or of a newer release. The text says which."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Block(_Part):
    """Some records of one topic and partition, one gzip member: its place behind the manifest, and its SHA-256.

    ``first`` and ``last`` are offsets; ``since_ms`` and ``until_ms`` the earliest and latest time of appending.
    """

    topic: str
    partition: _Count
    first: _Count
    last: _Count
    since_ms: int
    until_ms: int
    records: _Count
    at: _Count
    size: _Count
    sha256: _SHA256


class Extent(_Part):
    """What was read of one topic and partition: offsets from ``start`` to ``end`` (exclusive), and how many records.

    Fewer records than offsets are no loss: Kafka numbers its own marks, and compaction drops what was replaced.
    """

    topic: str
    partition: _Count
    start: _Count
    end: _Count
    records: _Count


class Manifest(_Part):
    """What an exported file says of itself.

    ``since`` and ``until`` are the range that was asked for (None: no bound). ``redacted`` files are for sharing;
    with ``incident`` only what belongs to one incident stands in it. ``open_incidents`` were neither closed nor over
    when this was written. ``policy_versions`` are the hashes that decisions in the file cite.
    """

    product_version: str
    exported_at: datetime
    source: str
    partitions: Annotated[int, Field(ge=1)]
    since: datetime | None = None
    until: datetime | None = None
    incident: str | None = None
    redacted: bool = False
    policy_versions: tuple[str, ...] = ()
    open_incidents: tuple[str, ...] = ()
    records: _Count
    extents: tuple[Extent, ...]
    blocks: tuple[Block, ...]


class _Head(_Part):
    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal["safe-borderlands-log"]
    format_version: int


def head_of(manifest: Manifest) -> bytes:
    """The first member: a line that names the format and the manifest's hash, and the manifest."""
    body = manifest.model_dump_json().encode()
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "manifest_sha256": hashlib.sha256(body).hexdigest()}
    return compressed(json.dumps(head).encode() + b"\n" + body + b"\n")


def parsed(text: bytes, where: str) -> tuple[Manifest, str]:
    """The manifest of the first member's text, and its SHA-256.

    Raises:
        LogDamaged: it is no such text, of a newer format, or its hash differs.
    """
    first, _, rest = text.partition(b"\n")
    try:
        head = _Head.model_validate_json(first)
    except ValidationError as problem:
        raise LogDamaged(f"{where} is no file written by `borderlands export`") from problem
    if head.format_version > FORMAT_VERSION:
        raise LogDamaged(
            f"{where} has format {head.format_version}; this release reads formats up to {FORMAT_VERSION}: "
            "use the release that wrote it, or a newer one"
        )
    body = rest.removesuffix(b"\n")
    sha256 = hashlib.sha256(body).hexdigest()
    if json.loads(first).get("manifest_sha256") != sha256:
        raise LogDamaged(f"{where} is damaged: its manifest does not have the hash that its first line names")
    try:
        return Manifest.model_validate_json(body), sha256
    except ValidationError as problem:
        raise LogDamaged(f"{where} has a manifest that cannot be read: {problem.errors()[0]['msg']}") from problem


def compressed(text: bytes) -> bytes:
    """One gzip member; the same text gives the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    return packer.compress(text) + packer.flush()

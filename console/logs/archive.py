"""Writing and reading an exported file: gzip members, of which the first is the manifest and each other a block.

`gunzip` shows the whole as JSON Lines; the manifest says where each block stands, so that one partition or one hour
is read without the rest. A file is written beside its place and moved there when it is whole.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from console.logs.manifest import (
    GZIP,
    MAX_BLOCK_BYTES,
    MAX_MANIFEST_BYTES,
    Block,
    LogDamaged,
    Manifest,
    compressed,
    head_of,
    parsed,
)
from console.logs.raw import RawRecord, line_of, record_of
from console.logs.restored import as_it_was

BLOCK_BYTES = 1024 * 1024
BLOCK_RECORDS = 2000
_CHUNK = 1024 * 1024
_NONE = "is no file written by `borderlands export`"


class ArchiveWriter:
    """Collects blocks in a file beside ``target``; ``finish`` puts the manifest before them and the whole in place.

    Memory holds one block. Records of one topic and partition come together, in order of offset.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._body: IO[bytes] = tempfile.TemporaryFile(dir=target.parent, prefix=f".{target.name}.")  # noqa: SIM115
        self._lines: list[bytes] = []
        self._held: list[RawRecord] = []
        self._bytes = 0
        self.blocks: list[Block] = []
        self.records = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._body.close()

    def add(self, record: RawRecord) -> None:
        """Add one record."""
        last = self._held[-1] if self._held else record
        if (last.topic, last.partition) != (record.topic, record.partition):
            self.close_block()
        line = line_of(record)
        self._lines.append(line)
        self._held.append(record)
        self._bytes += len(line)
        if self._bytes >= BLOCK_BYTES or len(self._lines) >= BLOCK_RECORDS:
            self.close_block()

    def close_block(self) -> None:
        """Write what is held as one block."""
        if not self._held:
            return
        packed = compressed(b"\n".join(self._lines) + b"\n")
        times = [as_it_was(one).timestamp_ms for one in self._held]
        self.blocks.append(
            Block(
                topic=self._held[0].topic,
                partition=self._held[0].partition,
                first=self._held[0].offset,
                last=self._held[-1].offset,
                since_ms=min(times),
                until_ms=max(times),
                records=len(self._held),
                at=self._body.tell(),
                size=len(packed),
                sha256=hashlib.sha256(packed).hexdigest(),
            )
        )
        self._body.write(packed)
        self.records += len(self._held)
        self._lines, self._held, self._bytes = [], [], 0

    def finish(self, manifest: Callable[[tuple[Block, ...], int], Manifest]) -> Manifest:
        """Write the file: ``manifest`` is asked for with the blocks and the count of records."""
        self.close_block()
        made = manifest(tuple(self.blocks), self.records)
        self._body.seek(0)
        descriptor, name = tempfile.mkstemp(dir=self._target.parent, prefix=f".{self._target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as whole:
                whole.write(head_of(made))
                shutil.copyfileobj(self._body, whole, _CHUNK)
                whole.flush()
                os.fsync(whole.fileno())
            Path(name).replace(self._target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        return made


class Archive:
    """An exported file, opened: its manifest is proved, and that nothing is missing at its end.

    Raises:
        LogDamaged: it is cut off, changed, of a newer format, or no such file.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            text, self._body_at = _first_member(file, path)
        self.manifest, self.manifest_sha256 = parsed(text, str(path))
        size = path.stat().st_size - self._body_at
        wanted = max((block.at + block.size for block in self.manifest.blocks), default=0)
        if size < wanted:
            raise LogDamaged(f"{path} is cut off: {wanted - size} bytes are missing at its end")
        if size > wanted:
            raise LogDamaged(f"{path} is damaged: {size - wanted} bytes follow its last block")
        if sum(block.records for block in self.manifest.blocks) != self.manifest.records:
            raise LogDamaged(
                f"{path} is damaged: its manifest counts {self.manifest.records} records, its blocks do not"
            )

    def read(self, block: Block) -> Iterator[RawRecord]:
        """The records of ``block``, proved by its hash before the first is given.

        Raises:
            LogDamaged: the block is not what the manifest says.
        """
        where = f"{self.path}: {block.topic}[{block.partition}] from offset {block.first}"
        with self.path.open("rb") as file:
            file.seek(self._body_at + block.at)
            packed = file.read(block.size)
        if hashlib.sha256(packed).hexdigest() != block.sha256:
            raise LogDamaged(f"{where} is damaged: it does not have the hash that the manifest names")
        lines = _unpacked(packed, where)
        if len(lines) != block.records:
            raise LogDamaged(f"{where} holds {len(lines)} records, not {block.records}")
        for line in lines:
            try:
                record = record_of(line)
            except (ValueError, KeyError, TypeError) as problem:
                raise LogDamaged(f"{where} holds a line that is no record: {problem!r:.120}") from problem
            if (record.topic, record.partition) != (block.topic, block.partition):
                raise LogDamaged(f"{where} holds a record of {record.topic}[{record.partition}]")
            yield record


def _unpacked(packed: bytes, where: str) -> list[bytes]:
    unpacker = zlib.decompressobj(GZIP)
    try:
        text = unpacker.decompress(packed, MAX_BLOCK_BYTES)
    except zlib.error as problem:
        raise LogDamaged(f"{where} cannot be unpacked: {problem}") from problem
    if not unpacker.eof or unpacker.unused_data:
        raise LogDamaged(f"{where} is not one whole block of at most {MAX_BLOCK_BYTES} bytes")
    return text.removesuffix(b"\n").split(b"\n")


def _first_member(file: IO[bytes], path: Path) -> tuple[bytes, int]:
    """The text of the first gzip member, and where the next begins."""
    unpacker, text = zlib.decompressobj(GZIP), bytearray()
    while not unpacker.eof:
        chunk = file.read(_CHUNK)
        if not chunk:
            raise LogDamaged(
                f"{path} is cut off within its manifest"
                if text
                else f"{path} is no file written by `borderlands export`"
            )
        try:
            text += unpacker.decompress(chunk, MAX_MANIFEST_BYTES)
        except zlib.error as problem:
            raise LogDamaged(f"{path} {'is damaged in its manifest' if text else _NONE}: {problem}") from problem
        if unpacker.unconsumed_tail or len(text) > MAX_MANIFEST_BYTES:
            raise LogDamaged(f"{path} has a manifest of more than {MAX_MANIFEST_BYTES} bytes")
    return bytes(text), file.tell() - len(unpacker.unused_data)

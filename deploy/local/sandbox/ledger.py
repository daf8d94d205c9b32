"""The append-only record of what the sandbox saw, independent of the product's own records.

One JSON object a line; the first keys are always `n`, `at`, `kind`. It lives on disk only, so memory does not
grow with it, and it survives the sandbox: the next start reads it back.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MAX_BYTES = 2 * 1024**3
_RESERVE_BYTES = 64 * 1024**2  # for what still happens to messages accepted before the ledger was full
_SCAN_BYTES = 8 * 1024**2
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Entry = dict[str, Any]


class LedgerFullError(Exception):
    """The ledger has reached its size; move the file away or start with another home."""


def stamp(epoch_s: float) -> str:
    """`epoch_s` as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")


class Ledger:
    """The ledger file. `reset` starts a new chapter; earlier ones stay in the file and are not shown."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._chapter, self._size, self._n = _survey(path)
        self._file = path.open("ab")
        self._file.truncate(self._size)

    @property
    def full(self) -> bool:
        """Whether nothing more may be accepted."""
        return self._size >= self._max_bytes

    def append(self, epoch_s: float, kind: str, **fields: object) -> None:
        """Write one entry and hand it to the operating system at once."""
        if self._size >= self._max_bytes + _RESERVE_BYTES:
            raise LedgerFullError(f"{self._path} has reached its size")
        self._n += 1
        entry = {"n": self._n, "at": stamp(epoch_s), "kind": kind, **fields}
        line = _ENCODE(entry).encode("utf-8", "replace") + b"\n"
        self._file.write(line)
        self._file.flush()
        self._size += len(line)

    def reset(self, epoch_s: float) -> None:
        """Begin a new chapter."""
        self.append(epoch_s, "reset")
        self._chapter = self._size

    def chapter(self) -> Iterator[Entry]:
        """Every entry since the last reset, oldest first."""
        with self._path.open("rb") as file:
            file.seek(self._chapter)
            for line in file:
                yield json.loads(line)

    def page(self, *, kind: str | None, after: int, limit: int) -> tuple[list[Entry], int, bool]:
        """Entries behind the place `after` (0: the chapter's start), the place to go on from, whether more follow.

        A page may hold fewer than `limit` entries, or none, although more follow: a call reads a bounded
        part of the file.
        """
        wanted = f'"kind":"{kind}"'.encode() if kind is not None else b""
        start = max(after, self._chapter)
        entries: list[Entry] = []
        with self._path.open("rb") as file:
            file.seek(start)
            place = start
            while place < self._size and len(entries) < limit and place - start < _SCAN_BYTES:
                line = file.readline()
                place += len(line)
                if wanted in line:
                    entries.append(json.loads(line))
        return entries, place, place < self._size

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _survey(path: Path) -> tuple[int, int, int]:
    """Where the current chapter starts, where the last whole line ends, and its number."""
    chapter = size = n = 0
    if not path.exists():
        return chapter, size, n
    with path.open("rb") as file:
        for line in file:
            # A kill in the middle of a write leaves a torn last line; it was never answered for.
            if not line.endswith(b"\n"):
                break
            size += len(line)
            n += 1
            if b'"kind":"reset"' in line:
                chapter = size
    return chapter, size, n

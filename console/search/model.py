"""The read model: one SQLite file with an index of words. Disposable: what is doubted is thrown away and made anew."""

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from console.search.entry import Entry
from console.search.names import Document

SCHEMA = 2
"""Raised with every change of the tables or of ``Entry``: a file of another number is thrown away."""

LOCK_WITHIN_S = 120.0
_BY_TIME = 1024
"""A row's number is its time in ms times this: the newest have the highest, in which order the index gives them."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE position (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, last INTEGER NOT NULL, at TEXT NOT NULL, sha TEXT NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE policy (version TEXT PRIMARY KEY, number INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE incident (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, partition INTEGER NOT NULL,
    last_event INTEGER NOT NULL, code TEXT, open_until INTEGER, entry TEXT NOT NULL, shown TEXT NOT NULL
);
CREATE INDEX by_kind ON incident (kind);
CREATE INDEX by_code ON incident (code) WHERE code IS NOT NULL;
CREATE TABLE facet (name TEXT, value TEXT, number INTEGER, PRIMARY KEY (name, value, number)) WITHOUT ROWID;
CREATE INDEX facet_of ON facet (number);
CREATE VIRTUAL TABLE words USING fts5 (
    ids, text, what, needs, place, who, ended, tokenize = "unicode61 remove_diacritics 2", prefix = '3'
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);
"""


class Unusable(Exception):
    """The file is damaged, of another schema, or somebody else's: throw it away."""


class Busy(Exception):
    """Another search has the file in hand for longer than ``LOCK_WITHIN_S``."""


@dataclass(frozen=True)
class Position:
    """How far one partition was read: ``next`` to read, and the record read last, by which the log is recognised."""

    next: int
    last: int = -1
    at: str = ""
    sha: str = ""


@dataclass(frozen=True)
class Row:
    """One incident as it is stored."""

    entry: Entry
    document: Document
    shown: dict[str, object]
    facets: tuple[tuple[str, str], ...]
    open_until_ms: int | None


@contextmanager
def locked(path: Path, within_s: float = LOCK_WITHIN_S) -> Iterator[None]:
    """Hold the lock beside ``path``, so that one search at a time changes the file.

    Raises:
        Busy: another one held it for all of ``within_s``.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + within_s
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(f"another search has held {path}.lock for {within_s:.0f} s") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(lock)


def throw_away(path: Path) -> None:
    """Delete the file and what SQLite keeps beside it."""
    for tail in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + tail).unlink()


class ReadModel:
    """The open file. Changes are kept by ``commit`` only, all of them or none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """The read model of ``path``, made empty where there is none.

        Raises:
            Unusable: the file is no read model of this release.
        """
        new = not path.exists()
        if new:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(path, isolation_level=None)
        try:
            if not new:
                os.chmod(path, 0o600)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA busy_timeout = 5000")
            if new or not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                raise Unusable("it was made by another release")
            db.execute("SELECT count(*) FROM vocabulary WHERE term = 'a'")
        except sqlite3.DatabaseError as fault:
            db.close()
            raise Unusable(f"it is damaged: {fault}") from fault
        except Unusable:
            db.close()
            raise
        return cls(db)

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self.db.close()

    def begin(self) -> None:
        """Begin a change."""
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was changed since ``begin``."""
        self.db.execute("COMMIT")

    def meta(self, name: str) -> str | None:
        """A fact about the model itself."""
        found = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def set_meta(self, name: str, value: str) -> None:
        """Remember a fact about the model itself."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def positions(self) -> dict[tuple[str, int], Position]:
        """How far each partition of each topic was read."""
        rows = self.db.execute("SELECT topic, partition, next, last, at, sha FROM position")
        return {(topic, partition): Position(*rest) for topic, partition, *rest in rows}

    def set_positions(self, positions: dict[tuple[str, int], Position]) -> None:
        """Remember how far was read; committed together with what was read."""
        self.db.executemany(
            "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?, ?)",
            [(*place, one.next, one.last, one.at, one.sha) for place, one in positions.items()],
        )

    def add_policy(self, version: str, value: str) -> None:
        """Keep a policy for its words."""
        number = self.db.execute("SELECT coalesce(max(number), 0) + 1 FROM policy").fetchone()[0]
        self.db.execute("INSERT OR IGNORE INTO policy VALUES (?, ?, ?)", (version, number, value))

    def policies(self) -> list[str]:
        """Every policy kept, as JSON, oldest first."""
        return [value for (value,) in self.db.execute("SELECT value FROM policy ORDER BY number")]

    def policy_versions(self) -> tuple[str, ...]:
        """Their hashes, oldest first."""
        return tuple(version for (version,) in self.db.execute("SELECT version FROM policy ORDER BY number"))

    def entry(self, incident: str) -> Entry | None:
        """What is known of ``incident``."""
        found = self.db.execute("SELECT entry FROM incident WHERE incident = ?", (incident,)).fetchone()
        return Entry.model_validate_json(found[0]) if found else None

    def incident_of_code(self, code: str) -> str | None:
        """The newest incident with that reply code."""
        found = self.db.execute("SELECT incident FROM incident WHERE code = ? ORDER BY number DESC", (code,)).fetchone()
        return found[0] if found else None

    def all_entries(self) -> Iterator[Entry]:
        """Every entry, for making their words anew."""
        incidents = [one for (one,) in self.db.execute("SELECT incident FROM incident ORDER BY number")]
        for incident in incidents:
            entry = self.entry(incident)
            if entry is not None:
                yield entry

    def lapsed(self, now_ms: int) -> list[str]:
        """Incidents whose time to be answered ended since their words were made."""
        return [one for (one,) in self.db.execute("SELECT incident FROM incident WHERE open_until <= ?", (now_ms,))]

    def put(self, rows: Iterable[Row]) -> None:
        """Store incidents in the place of what was stored of them."""
        for row in rows:
            self._put(row)

    def _put(self, row: Row) -> None:
        entry = row.entry
        known = self.db.execute("SELECT number FROM incident WHERE incident = ?", (entry.incident,)).fetchone()
        if known:
            self._forget(known[0])
        number = self._number(entry.first_at, entry.incident)
        self.db.execute(
            "INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(number, entry.incident, entry.kind, entry.partition, entry.last_event, entry.code),
                *(row.open_until_ms, entry.model_dump_json(exclude_defaults=True)),
                json.dumps(row.shown, ensure_ascii=False),
            ),
        )
        self.db.executemany("INSERT OR IGNORE INTO facet VALUES (?, ?, ?)", [(*facet, number) for facet in row.facets])
        self.db.execute(
            "INSERT INTO words (rowid, ids, text, what, needs, place, who, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, *asdict(row.document).values()),
        )

    def _number(self, at: datetime, incident: str) -> int:
        spread = int.from_bytes(hashlib.sha256(incident.encode()).digest()[:2], "big") % _BY_TIME
        number = number_at(at) + spread
        while self.db.execute("SELECT 1 FROM incident WHERE number = ?", (number,)).fetchone():
            number += 1
        return number

    def _forget(self, number: int) -> None:
        self.db.execute("DELETE FROM incident WHERE number = ?", (number,))
        self.db.execute("DELETE FROM facet WHERE number = ?", (number,))
        self.db.execute("DELETE FROM words WHERE rowid = ?", (number,))

    def forget_deleted(self, partition: int, begin: int) -> int:
        """Forget the incidents of ``partition`` whose events all stood before ``begin``: retention has deleted them."""
        gone = self.db.execute(
            "SELECT number FROM incident WHERE partition = ? AND last_event BETWEEN 0 AND ?", (partition, begin - 1)
        ).fetchall()
        for (number,) in gone:
            self._forget(number)
        return len(gone)

    def count(self) -> int:
        """How many incidents can be found."""
        return int(self.db.execute("SELECT count(*) FROM incident WHERE kind <> ''").fetchone()[0])


def number_at(at: datetime) -> int:
    """The lowest number a row of that moment can have."""
    return int(at.timestamp() * 1000) * _BY_TIME

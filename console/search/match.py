"""What was typed, looked up in the index: forms of the same word first, then words that begin with it."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from console.search.model import number_at
from console.search.stems import SMALL_WORDS, Term, stem, terms

FORMS_MAX = 200
"""Words of the index that one typed word may stand for; a shorter beginning stands for too many to be a search."""

_SNIPPET_COLUMN = 1


@dataclass(frozen=True)
class Wanted:
    """A search: what was typed and what it is limited to. ``kinds`` are those of ``Entry.kind``."""

    typed: str = ""
    kinds: tuple[str, ...] = ("real",)
    since: datetime | None = None
    until: datetime | None = None
    party: str | None = None
    agreement: str | None = None
    type: str | None = None
    language: str | None = None
    limit: int = 20
    best_first: bool = False


@dataclass(frozen=True)
class Found:
    """One incident that was found, with the words around what was sought (matches between « and »)."""

    incident: str
    kind: str
    number: int
    shown: str
    entry: str
    snippet: str


@dataclass(frozen=True)
class Expression:
    """A match expression of SQLite's, and the words typed that stand in no incident at all."""

    text: str
    unknown: tuple[str, ...]


def expression(db: sqlite3.Connection, typed: str) -> Expression:
    """What ``typed`` means to the index; any text is a plain search.

    Empty text where nothing was typed that could be looked for.
    """
    parts, unknown = [], []
    wanted = terms(typed)
    telling = [term for term in wanted if not set(term.words) <= SMALL_WORDS]
    for term in telling or wanted:
        part = _of_term(db, term)
        if part is not None:
            parts.append(part)
        elif not set(term.words) <= SMALL_WORDS:
            unknown.append(term.typed)
    if len(parts) == 1 and _somewhere(db, f"what : {parts[0]}"):
        # One word that kinds of events are called by means those: a fire, and not whatever asks for a fire tanker.
        parts = [f"- needs : {parts[0]}"]
    return Expression(" AND ".join(parts), tuple(unknown))


def _of_term(db: sqlite3.Connection, term: Term) -> str | None:
    """Several words that were joined are looked for side by side, the last by its beginning; None: nowhere."""
    if len(term.words) > 1:
        phrase = f'"{" ".join(term.words)}" *'
        if _somewhere(db, phrase):
            return f"({phrase})"
        parts = [_of_term(db, Term((word,), word)) for word in term.words]
        return f"({' AND '.join(part for part in parts if part)})" if all(parts) else None
    word = term.words[0]
    forms = _forms(db, word)
    if forms:
        return "(" + " OR ".join(f'"{form}"' for form in forms) + ")"
    if _begins(db, word):
        return f'("{word}" *)'
    short = stem(word)
    return f'("{short}" *)' if len(short) > 3 and short != word and _begins(db, short) else None


def _forms(db: sqlite3.Connection, word: str) -> list[str]:
    """Words of the index that are ``word`` but for its ending."""
    short = stem(word)
    near = db.execute(
        "SELECT term FROM vocabulary WHERE term >= ? AND term < ? LIMIT 5000", (short, short + "\U0010ffff")
    )
    return [term for (term,) in near if term == word or stem(term) == short][:FORMS_MAX]


def _begins(db: sqlite3.Connection, word: str) -> bool:
    found = db.execute("SELECT 1 FROM vocabulary WHERE term >= ? AND term < ? LIMIT 1", (word, word + "\U0010ffff"))
    return found.fetchone() is not None


def _somewhere(db: sqlite3.Connection, text: str) -> bool:
    return db.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (text,)).fetchone() is not None


def find(db: sqlite3.Connection, wanted: Wanted, match: str) -> list[Found]:
    """Incidents that ``match`` and the limits of ``wanted`` leave, newest first or best first.

    An empty ``match`` leaves all.
    """
    source, values = _source(wanted, match)
    order = "number DESC"
    if match:
        order = "bm25(words, 4.0, 4.0, 2.0, 1.0, 3.0, 1.0, 1.0)" if wanted.best_first else "words.rowid DESC"
    chosen = f"SELECT number FROM {source} ORDER BY {order} LIMIT ?"  # noqa: S608 - of our own words; what was typed is bound
    return [_found(db, number, match) for (number,) in db.execute(chosen, [*values, wanted.limit])]


def count(db: sqlite3.Connection, wanted: Wanted, match: str) -> int:
    """How many incidents there are of it, whatever the limit."""
    source, values = _source(wanted, match)
    return int(db.execute(f"SELECT count(*) FROM {source}", values).fetchone()[0])  # noqa: S608 - as above


def _source(wanted: Wanted, match: str) -> tuple[str, list[object]]:
    """The tables and conditions of a search, and what is bound in them."""
    if not match:
        where, values = _limits(wanted, "number")
        return f"incident WHERE {where}", values
    where, values = _limits(wanted, "words.rowid")
    return f"words JOIN incident ON number = words.rowid WHERE words MATCH ? AND {where}", [match, *values]


def _limits(wanted: Wanted, number: str) -> tuple[str, list[object]]:
    parts = [f"incident.kind IN ({', '.join('?' for _ in wanted.kinds)})"]
    values: list[object] = [*wanted.kinds]
    for moment, sign in ((wanted.since, ">="), (wanted.until, "<")):
        if moment is not None:
            parts.append(f"{number} {sign} ?")
            values.append(number_at(moment))
    for name in ("party", "agreement", "type", "language"):
        value = getattr(wanted, name)
        if value is not None:
            parts.append("EXISTS (SELECT 1 FROM facet WHERE name = ? AND value = ? AND facet.number = incident.number)")
            values += [name, value]
    return " AND ".join(parts), values


def _found(db: sqlite3.Connection, number: int, match: str) -> Found:
    incident, kind, shown, entry = db.execute(
        "SELECT incident, kind, shown, entry FROM incident WHERE number = ?", (number,)
    ).fetchone()
    return Found(incident, kind, number, shown, entry, _snippet(db, number, match))


def _snippet(db: sqlite3.Connection, number: int, match: str) -> str:
    """What somebody wrote around the words found; its beginning where the words stand elsewhere."""
    if not match:
        return ""
    row = db.execute(
        f"SELECT snippet(words, {_SNIPPET_COLUMN}, '«', '»', '…', 16) FROM words WHERE words MATCH ? AND rowid = ?",  # noqa: S608 - a number of ours
        (match, number),
    ).fetchone()
    return " ".join(str(row[0]).split()) if row and row[0] else ""


def known_values(db: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Every value of a limit that some incident has."""
    return tuple(value for (value,) in db.execute("SELECT DISTINCT value FROM facet WHERE name = ?", (name,)))

"""What was typed, looked up in the index: forms of the same word first, then words that begin with it."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from console.search.model import number_at
from console.search.stems import SMALL_WORDS, Term, stem, terms

FORMS_MAX = 200
"""Words of the index that one typed word may stand for; a shorter beginning stands for too many to be a search."""

_SNIPPET = "snippet(words, 1, '«', '»', '…', 16)"
"""What somebody wrote (the column ``text``) around the words found; its beginning where these stand elsewhere."""

_WEIGHTS = "bm25(4.0, 4.0, 2.0, 1.0, 3.0, 1.0, 1.0)"
"""Of the columns, in their order: ids and what somebody wrote weigh most, then the place."""


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
    where, values = _where(wanted, match)
    if not match:
        chosen = f"SELECT number, '' FROM incident WHERE {where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - of our own words; what was typed is bound
    elif wanted.best_first:
        chosen = f"SELECT rowid, {_SNIPPET} FROM words WHERE {where} AND rank MATCH ? ORDER BY rank LIMIT ?"  # noqa: S608 - as above
        values += [_WEIGHTS]
    else:
        chosen = f"SELECT rowid, {_SNIPPET} FROM words WHERE {where} ORDER BY rowid DESC LIMIT ?"  # noqa: S608 - as above
    return [_found(db, number, snippet) for number, snippet in db.execute(chosen, [*values, wanted.limit])]


def count(db: sqlite3.Connection, wanted: Wanted, match: str) -> int:
    """How many incidents there are of it, whatever the limit."""
    where, values = _where(wanted, match)
    table = "words" if match else "incident"
    return int(db.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()[0])  # noqa: S608 - as above


def _where(wanted: Wanted, match: str) -> tuple[str, list[object]]:
    """The conditions on ``words``, or without a ``match`` on ``incident``, and what is bound in them.

    In both an incident's number is the row's.
    """
    kinds = ", ".join("?" for _ in wanted.kinds)
    parts, values = [f"kind IN ({kinds})"], list[object](wanted.kinds)
    if match:
        # Few are of another kind: to leave them out takes a third of the time of looking up each that is found.
        others = f"SELECT number FROM incident WHERE kind NOT IN ({kinds})"  # noqa: S608 - question marks
        parts, values = ["words MATCH ?", f"rowid NOT IN ({others})"], [match, *values]
    for moment, sign in ((wanted.since, ">="), (wanted.until, "<")):
        if moment is not None:
            parts.append(f"rowid {sign} ?")
            values.append(number_at(moment))
    for name in ("party", "agreement", "type", "language"):
        value = getattr(wanted, name)
        if value is not None:
            # The sign keeps SQLite from searching the index of words once for each of these.
            parts.append("+rowid IN (SELECT number FROM facet WHERE name = ? AND value = ?)")
            values += [name, value]
    return " AND ".join(parts), values


def _found(db: sqlite3.Connection, number: int, snippet: str | None) -> Found:
    incident, kind, shown, entry = db.execute(
        "SELECT incident, kind, shown, entry FROM incident WHERE number = ?", (number,)
    ).fetchone()
    return Found(incident, kind, number, shown, entry, " ".join(str(snippet or "").split()))


def known_values(db: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Every value of a limit that some incident has."""
    return tuple(value for (value,) in db.execute("SELECT DISTINCT value FROM facet WHERE name = ?", (name,)))

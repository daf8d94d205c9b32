"""``borderlands search``: incidents by words in three languages, with or without diacritics."""

import asyncio
import hashlib
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.files import shipped_policy
from console.local_time import NotATime, clock, read_time
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.output import Exit, err, fail, out
from console.search.bring import Brought, bring_up_to_date, opened
from console.search.feed import FileFeed, LiveFeed
from console.search.match import Expression, Found, Wanted, count, expression, find, known_values
from console.search.model import Busy, ReadModel, Unusable, locked, throw_away
from console.search.show import as_json, headline, lines
from schemas.policy.load import load_policy
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy

ZONE = ZoneInfo("Europe/Riga")  # the same clock as Europe/Vilnius, all year
FOLDER = "read"
LIMIT_MAX = 1000


def search(
    words: Annotated[list[str] | None, typer.Argument(help="What to find, in any of the languages.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Begun at or after: 2026-10-01T18:00, local time.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Begun before.")] = None,
    party: Annotated[str | None, typer.Option(help="Of this party, asking or asked.")] = None,
    agreement: Annotated[str | None, typer.Option(help="Under this agreement.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Of this type, such as peat_fire.")] = None,
    language: Annotated[str | None, typer.Option(help="With words of somebody in this language: lv, lt or en.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="Incidents shown.")] = 20,
    best: Annotated[bool, typer.Option("--best", help="Best first; default: newest first.")] = False,
    exercises: Annotated[bool, typer.Option("--exercises", help="Exercises too, apart from what was real.")] = False,
    system: Annotated[bool, typer.Option("--system", help="Checks of contacts too, apart.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the read model anew first.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object per incident and line.")] = False,
    log: LogOption = None,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Find incidents by words: of their texts, places, kinds, parties, answers and ends. Exit code 1: none found."""
    wanted = Wanted(
        typed=" ".join(words or ()),
        since=_moment(since),
        until=_moment(until),
        party=party,
        agreement=agreement,
        type=event_type,
        language=language,
        limit=limit,
        best_first=best,
    )
    sections = ("real", *(["exercise"] if exercises else []), *(["system"] if system else []))
    path = model_path(home, log)
    try:
        with locked(path):
            model = asyncio.run(_brought(path, home, log, rebuild=rebuild))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except Busy as problem:
        fail(str(problem), Exit.UNAVAILABLE, mend="wait for it to end, and search again")
    except (KafkaError, OSError) as problem:
        fail(f"the log cannot be read: {problem}", Exit.UNAVAILABLE)
    try:
        _answer(model, wanted, sections, as_lines=json_)
    except sqlite3.DatabaseError as fault:
        fail(f"the read model {path} is damaged: {fault}", Exit.FAILED, mend="search again with --rebuild")
    finally:
        model.close()


def model_path(home: Path, log: Path | None) -> Path:
    """The read model of the system of ``home``, or of the exported file ``log``."""
    name = "topics" if log is None else f"file-{hashlib.sha256(str(log.resolve()).encode()).hexdigest()[:16]}"
    return home / FOLDER / f"{name}.sqlite"


async def _brought(path: Path, home: Path, log: Path | None, *, rebuild: bool) -> ReadModel:
    """The read model, up to date; made anew where it must be. The lock is held."""
    if rebuild:
        throw_away(path)
    try:
        return await _opened_and_fed(path, home, log)
    except (Unusable, sqlite3.DatabaseError) as fault:
        _say(f"the read model is made anew: {fault}")
        throw_away(path)
    try:
        return await _opened_and_fed(path, home, log)
    except (Unusable, sqlite3.DatabaseError) as fault:
        fail(f"the read model {path} cannot be made: {fault}", Exit.FAILED, mend="see that its disk has room")


async def _opened_and_fed(path: Path, home: Path, log: Path | None) -> ReadModel:
    model = opened(path, _say)
    try:
        await _fed(model, home, log)
    except BaseException:
        model.close()
        raise
    return model


async def _fed(model: ReadModel, home: Path, log: Path | None) -> Brought:
    now = datetime.now(UTC)
    words = None if model.policy_versions() else _shipped()  # a second of work, of no use where the log has words
    if log is not None:
        return await bring_up_to_date(model, FileFeed(source_of(home, log), _content_of(log)), words, now)
    async with LiveFeed(connection(home)) as feed:
        return await bring_up_to_date(model, feed, words, now)


def _content_of(log: Path) -> str:
    """What tells one content of an exported file or folder from another: sizes and times of change."""
    files = sorted(log.rglob("*")) if log.is_dir() else [log]
    marks = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file.is_file()]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()


def _shipped() -> Policy | None:
    """Words for a log without any policy."""
    try:
        return load_policy(shipped_policy())
    except (PolicyMistakes, OSError):
        return None


def _say(text: str) -> None:
    err.print(f"· {text}", markup=False)


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        return read_time(written, ZONE)
    except NotATime as problem:
        fail(str(problem), Exit.USAGE, mend=problem.mend)


def _answer(model: ReadModel, wanted: Wanted, sections: tuple[str, ...], *, as_lines: bool) -> None:
    db = model.db
    _check_limits(db, wanted)
    meant = expression(db, wanted.typed)
    if meant.unknown:
        _none_has(meant)
    if wanted.typed.strip() and not meant.text:
        fail(f"there is no word to look for in {wanted.typed!r}", Exit.USAGE)
    total = 0
    for kind in sections:
        of_kind = Wanted(**{**wanted.__dict__, "kinds": (kind,)})
        found = find(db, of_kind, meant.text)
        total += len(found)
        _print(found, of_kind, count(db, of_kind, meant.text), as_lines=as_lines)
    if not as_lines and "exercise" not in sections:
        more = count(db, Wanted(**{**wanted.__dict__, "kinds": ("exercise",)}), meant.text)
        if more:
            out.print(f"(and {more} in exercises: --exercises)", markup=False)
    if not total:
        fail("nothing found", Exit.DIFFERENT)


def _none_has(meant: Expression) -> None:
    fail(
        f"no incident has {' or '.join(repr(word) for word in meant.unknown)}",
        Exit.DIFFERENT,
        mend="leave it out, or write its beginning only" if meant.text else "write its beginning only",
    )


def _check_limits(db: sqlite3.Connection, wanted: Wanted) -> None:
    for name in ("party", "agreement", "type", "language"):
        value = getattr(wanted, name)
        known = known_values(db, name) if value is not None else ()
        if value is not None and value not in known:
            mend = f"there are {', '.join(sorted(known))}" if known else None
            fail(f"no incident has the {name} {value!r}", Exit.DIFFERENT, mend=mend)


def _print(found: list[Found], wanted: Wanted, total: int, *, as_lines: bool) -> None:
    for one in found:
        if as_lines:
            out.print(json.dumps(as_json(one), ensure_ascii=False), markup=False)
    if as_lines or not found:
        return
    out.print(headline(wanted.kinds[0], len(found), total), markup=False)
    for one in found:
        for line in lines(one, ZONE, clock):
            out.print(line, markup=False)

"""The command: which log, which time, and what is printed."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.audit.balance import GRACE, balance
from console.audit.books import Books, counted
from console.audit.hole import Hole
from console.audit.read import gather
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.output import Exit, fail, out

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def audit(
    since: Annotated[datetime | None, typer.Option("--from", help="Start, UTC; default: a day ago.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="End, UTC; default: now.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="From the beginning of the log; default with --log.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print what was found as one JSON object.")] = False,
    log: LogOption = None,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Check that nothing was lost: everything on the topics has its counterpart. Exit code 1: a hole."""
    now = datetime.now(UTC)
    all_of_it = whole or (log is not None and since is None)
    start = since.replace(tzinfo=UTC) if since else _BEGINNING if all_of_it else now - timedelta(days=1)
    end = until.replace(tzinfo=UTC) if until else now
    if start >= end:
        fail(f"--from {start:%Y-%m-%d %H:%M} is not before --to {end:%Y-%m-%d %H:%M}", Exit.USAGE)
    try:
        # A file has ended long ago: what it holds last had no time to come to anything.
        due = None if log is not None else min(end, now - GRACE)
        books = asyncio.run(gather(source_of(home, log), None if all_of_it else start, due=due))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"the log cannot be read: {problem}", Exit.UNAVAILABLE)
    if log is not None:
        now = min(now, books.newest_at or now)
    holes = list(balance(books, start, end, now))
    if json_:
        _print_json(books, holes, start, end)
    else:
        _print(books, holes, "the whole log" if start == _BEGINNING else f"{_stamp(start)} to {_stamp(end)} UTC")
    if holes:
        fail(counted(len(holes), "hole"), Exit.DIFFERENT)
    if not json_:
        out.print("✓ nothing is missing")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _print(books: Books, holes: list[Hole], span: str) -> None:
    out.print(f"{span}: {books.summary()}", markup=False)
    for hole in holes:
        out.print(f"✗ {hole.what} ({hole.where})", markup=False)
        out.print(f"  → {hole.mend}", markup=False)


def _print_json(books: Books, holes: list[Hole], start: datetime, end: datetime) -> None:
    found = {
        "from": None if start == _BEGINNING else start.isoformat(),
        "to": end.isoformat(),
        "summary": books.summary(),
        "holes": [asdict(hole) for hole in holes],
    }
    out.print(json.dumps(found, ensure_ascii=False), markup=False)

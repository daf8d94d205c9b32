"""``borderlands report``: the month's figures for the cross-border commission, as pages, a table or JSON."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.files import read_policy
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.output import Exit, fail, out
from console.report.figures import MonthFigures, figures_of
from console.report.month import Month, NotAMonth
from console.report.page import Subject, page
from console.report.read import Read, covers, read_months
from console.report.tidy import EVERY, Row, as_csv, rows_of
from console.report.words import LANGUAGES, Words
from schemas.base import Lang


def report(
    month: Annotated[str, typer.Option("--month", help="The month, as 2026-10.")],
    agreement: Annotated[str | None, typer.Option(help="Only this agreement; default: all.")] = None,
    language: Annotated[str | None, typer.Option(help="lv, lt or en; default: a page in each.")] = None,
    out_path: Annotated[
        Path, typer.Option("--out", help="A directory, or a file that ends with .html or .csv.")
    ] = Path(),
    as_table: Annotated[bool, typer.Option("--csv", help="Write the figures as a table, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON instead.")] = False,
    log: LogOption = None,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Write the month's report for the cross-border commission: what happened, how fast, who answered, what failed."""
    languages = _languages(language, out_path)
    try:
        chosen = Month.read(month)
    except NotAMonth as problem:
        fail(str(problem), Exit.USAGE, mend="write the year and the month, as 2026-10")
    now = datetime.now(UTC)
    if chosen.start > now:
        fail(f"{chosen} has not begun", Exit.USAGE)
    read = _read(chosen, log, home)
    policy = read.policy or read_policy(None)
    known = {one.id for one in policy.agreements}
    if agreement is not None and agreement not in known:
        fail(f"no agreement is called {agreement}", Exit.USAGE, mend=f"there are: {', '.join(sorted(known))}")
    subject = _subject(read, chosen, agreement, now)
    if as_json:
        out.print(json.dumps(as_data(subject, read), ensure_ascii=False, indent=2), markup=False)
        return
    _write(subject, read, [Words(one, policy) for one in languages], out_path, as_table=as_table)


def _languages(language: str | None, out_path: Path) -> list[Lang]:
    chosen = [one for one in LANGUAGES if language in (None, one)]
    if not chosen:
        fail(f"there is no language '{language}'", Exit.USAGE, mend="write lv, lt or en")
    if out_path.suffix == ".html" and len(chosen) > 1:
        fail(f"{out_path} is one page, but there is one for each language", Exit.USAGE, mend="add --language lv")
    return chosen


def _read(month: Month, log: Path | None, home: Path) -> Read:
    try:
        return asyncio.run(read_months(source_of(home, log), month))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"the log cannot be read: {problem}", Exit.UNAVAILABLE)


def _subject(read: Read, month: Month, agreement: str | None, now: datetime) -> Subject:
    found = figures_of(read.ledger, month, now, agreement=agreement)
    earlier = figures_of(read.ledger, month.before, now, agreement=agreement)
    return Subject(found, earlier if covers(read.ledger, month.before.start) else None, agreement, now)


def table(subject: Subject, read: Read) -> list[Row]:
    """Every figure of the month and of the month before: over all agreements, and for each that is told of."""
    months = [one for one in (subject.before, subject.month) if one is not None]
    names = [subject.agreement] if subject.agreement else [None, *_agreements(subject.month, subject.before)]
    return [
        row
        for month in months
        for name in names
        for row in rows_of(
            figures_of(read.ledger, month.month, subject.now, agreement=name), name or EVERY, subject.now
        )
    ]


def _rows(read: Read, month: Month, agreement: str | None, now: datetime) -> list[Row]:
    return rows_of(figures_of(read.ledger, month, now, agreement=agreement), agreement or EVERY, now)


def _agreements(*months: MonthFigures | None) -> list[str]:
    found = {name for month in months if month for part in (month.real, month.exercise) for name in part.by_agreement}
    return sorted(found - {"none"})


def as_data(subject: Subject, read: Read) -> dict[str, object]:
    """What ``--json`` prints: the table, and each request."""
    lines = [
        {**asdict(line), "sort": sort, "began_at": line.began_at.isoformat()}
        for sort, part in (("real", subject.month.real), ("exercise", subject.month.exercise))
        for line in part.requests
    ]
    return {
        "month": str(subject.month.month),
        "agreement": subject.agreement or EVERY,
        "compared": subject.before is not None,
        "log_begins_within": subject.month.log_begins_within,
        "still_followed": subject.month.still_followed,
        "figures": [asdict(row) for row in table(subject, read)],
        "requests": lines,
    }


def _write(subject: Subject, read: Read, words: list[Words], out_path: Path, *, as_table: bool) -> None:
    name = "-".join(filter(None, ("report", str(subject.month.month), subject.agreement)))
    single = out_path.suffix in (".html", ".csv")
    folder = out_path.parent if single else out_path
    files: dict[Path, str] = {}
    if out_path.suffix != ".csv":
        files |= {(out_path if single else folder / f"{name}-{one.language}.html"): page(subject, one) for one in words}
    if as_table or out_path.suffix == ".csv":
        files[out_path if out_path.suffix == ".csv" else folder / f"{name}.csv"] = as_csv(table(subject, read))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8", newline="")
            out.print(str(path), markup=False)
    except OSError as problem:
        fail(f"cannot write {problem.filename}: {problem.strerror}", Exit.FAILED)

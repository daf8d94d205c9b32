"""``borderlands replay``: the log once more, in four kinds that cannot be confused. What-if is the default."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError

from console.local_time import NotATime, read_time
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.logs.source import LogSource
from console.output import Exit, err, fail, out
from console.replay.answer import put_together
from console.replay.compare import Question
from console.replay.findings import WhatIf
from console.replay.page import page
from console.replay.past import Past, read_past
from console.replay.table import show
from console.replay.whatif import run
from console.replay.which_policy import chosen
from schemas.policy.models import Policy
from schemas.policy.shape import hint

ZONE = ZoneInfo("Europe/Riga")
LOOKED_BACK = timedelta(days=31)
MAX_JOBS = 64


class Language(StrEnum):
    """The languages of the page."""

    LV = "lv"
    LT = "lt"
    EN = "en"


_When = "as 2026-10-01 or 2026-10-01T18:30, on the clock of Latvia and Lithuania"


def replay(
    since: Annotated[str | None, typer.Option("--from", help=f"Start, {_When}; default: 31 days ago.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="End (exclusive), likewise; default: now.")] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="What-if by the policy of this directory.")] = None,
    version: Annotated[
        str | None, typer.Option("--policy-version", help="What-if by a policy of the log: the start of its hash.")
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option("--git", help="What-if by deploy/policy of a revision (or REV:PATH) of this repository."),
    ] = None,
    agreement: Annotated[
        list[str] | None, typer.Option("--agreement", help="What-if: only this agreement; may be given again.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="What-if: write it as one page to this file.")] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the page.")] = Language.EN,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=MAX_JOBS, help="What-if: so many processes.")] = 1,
    play: Annotated[bool, typer.Option("--play", help="Another kind: print it again, as it came.")] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help="Another kind: play it as an exercise.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Another kind: order anew what has no receipt.")] = False,
    incident: Annotated[str | None, typer.Option("--incident", help="The other kinds: only this incident.")] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="--play, --exercise: so many times faster.")] = 1.0,
    yes: Annotated[bool, typer.Option("--yes", help="--exercise, --resend: do not ask.")] = False,
    although_answered: Annotated[
        bool, typer.Option("--although-answered", help="--resend: also what somebody has answered.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    log: LogOption = None,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Run past events through another policy and tell what would differ (exit code 1); writes nothing.

    --play prints the past again, --exercise plays it to exercise contacts, --resend orders what was never sent.
    """
    kinds = [name for name, given in (("--play", play), ("--exercise", exercise), ("--resend", resend)) if given]
    of_what_if = [
        name
        for name, given in (
            ("--policy", policy), ("--policy-version", version), ("--git", revision), ("--agreement", agreement),
            ("--html", html),
        )
        if given
    ]  # fmt: skip
    if len(kinds) > 1 or (kinds and of_what_if):
        fail(f"{' and '.join([*kinds, *of_what_if])} do not go together", Exit.USAGE, mend="ask for one kind of replay")
    if not kinds and (incident or yes):
        mend = "add --play, --exercise or --resend, or leave it out"
        fail(f"{'--incident' if incident else '--yes'} is for the other kinds of replay", Exit.USAGE, mend=mend)
    if although_answered and not resend:
        fail("--although-answered is for --resend", Exit.USAGE, mend="add --resend, or leave it out")
    if exercise and not (since or incident):
        fail("an exercise of what?", Exit.USAGE, mend="give --from, or --incident")
    begin, end = _period(since, until)
    source = source_of(home, log)
    if play:
        another = import_module("console.replay.playback")
        another.play(source, begin, end, incident=incident, speed=speed, as_json=as_json)
    elif exercise:
        another = import_module("console.replay.exercise")
        another.run_exercise(home, source, begin, end, incident=incident, speed=speed, yes=yes)
    elif resend:
        another = import_module("console.replay.resend")
        another.resend(
            home, source, begin, end, incident=incident, yes=yes, as_json=as_json, although_answered=although_answered
        )
    else:
        past = _read(source)
        other, origin = chosen(past, directory=policy, version=version, revision=revision)
        only = _agreements(agreement or [], past, other)
        found = _what_if(source, Question(begin, end, other), past, origin=origin, jobs=jobs, only=only)
        if html is not None:
            names = (other, *past.policies.values())
            _write(html, page(found, language.value, names, made_at=datetime.now(UTC)))
            err.print(f"✓ the page: {html}", markup=False)
        _tell(found, as_json=as_json)


def _period(since: str | None, until: str | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    try:
        end = read_time(until, ZONE) if until else now
        begin = read_time(since, ZONE) if since else end - LOOKED_BACK
    except NotATime as problem:
        fail(str(problem), Exit.USAGE, mend=problem.mend)
    if begin >= end:
        fail(f"--from {begin:%Y-%m-%d %H:%M} UTC is not before --to {end:%Y-%m-%d %H:%M} UTC", Exit.USAGE)
    return begin, end


def _read(source: LogSource) -> Past:
    try:
        return asyncio.run(read_past(source))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"{source.name} cannot be read: {problem}", Exit.UNAVAILABLE)


def _agreements(named: list[str], past: Past, other: Policy) -> frozenset[str]:
    """The agreements to look at; one that no policy knows is a slip of the pen and no empty answer."""
    known = {one.id for policy in (other, *past.policies.values()) for one in policy.agreements}
    for one in named:
        if one not in known:
            fail(f"there is no agreement '{one}'", Exit.USAGE, mend=hint(one, sorted(known), "agreements"))
    return frozenset(named)


def _what_if(
    source: LogSource, question: Question, past: Past, *, origin: str, jobs: int, only: frozenset[str]
) -> WhatIf:
    try:
        parts = run(source, question, past, jobs=jobs, only=only)
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"{source.name} cannot be read: {problem}", Exit.UNAVAILABLE)
    return put_together(parts, question, log=source.name, origin=origin, only=only, unreadable=past.unreadable)


def _tell(found: WhatIf, *, as_json: bool) -> None:
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        show(found, out)
    raise typer.Exit(int(Exit.DIFFERENT if found.differs else Exit.OK))


def _write(path: Path, text: str) -> None:
    """Write ``text`` whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        fail(f"cannot write {path}: {problem.strerror}", Exit.FAILED)

"""``borderlands trace``: everything that happened to one incident, in order, with the reason of every step."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError

from console.complete import HomeOption
from console.connect import connection
from console.explain.reading import find, utc_now
from console.explain.report import Report
from console.explain.reveal import checked_reason, note, people_of, revealed, revealed_lines
from console.explain.texts_sent import TextsSent
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.logs.source import LogSource
from console.output import Exit, JsonOption, fail, out, print_json
from runtime.settings import Settings
from schemas.policy.directory import Contact


def trace(
    incident: Annotated[str, typer.Argument(help="Incident id; or the id of one of its events, or its reply code.")],
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    as_json: JsonOption = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show names and numbers behind the contacts.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why they are to be shown; kept on the log first.")] = None,
) -> None:
    """Print every record of an incident in order: who was told what, when and why, and who was not and why not.

    Contacts are ids. With --reveal, the people behind them: that somebody looked, and why, is written to the running
    system first, also where a file is read; without one nothing is revealed.
    """
    why = checked_reason(reveal, reason)
    settings = connection(home)
    people = people_of(settings) if why is not None else None
    try:
        report = asyncio.run(_report(source_of(home, log), settings, incident))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"the log cannot be read: {problem}", Exit.UNAVAILABLE, mend="start the system, or name a file with --log")
    if report is None:
        fail(f"nothing is known of {incident}", Exit.NO_INPUT, mend="check the id: `borderlands submit` prints it")
    if why is not None:
        _note(settings, report, why)
    _show(report, people, as_json=as_json)


def _note(settings: Settings, report: Report, why: str) -> None:
    try:
        asyncio.run(note(settings, report.found.incident, report.found.log, why, report.now))
    except (KafkaError, OSError) as problem:
        fail(
            f"nothing is revealed, since that cannot be noted: {problem}",
            Exit.UNAVAILABLE,
            mend="start the system; or leave --reveal out",
        )


def _show(report: Report, people: dict[str, Contact] | None, *, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = report.document()
        if people is not None:
            document["revealed"] = {
                name: {"name": one.name, "sms": one.sms, "email": one.email} if one else None
                for name, one in revealed(report.messages, people)
            }
        print_json(document)
        return
    for line in report.lines():
        out.print(line, markup=False)
    for line in revealed_lines(report.messages, people) if people is not None else ():
        out.print(line, markup=False)


async def _report(source: LogSource, settings: Settings, incident: str) -> Report | None:
    found = await find(source, incident)
    if found is None:
        return None
    return Report(found, TextsSent(settings.directory, found.policy), utc_now())


async def trace_lines(source: LogSource, settings: Settings, incident: str) -> list[str]:
    """The trace of ``incident`` as lines; empty when nothing is known of it."""
    report = await _report(source, settings, incident)
    return report.lines() if report else []

"""``borderlands policy activate``, ``rollback`` and ``confirm``: which policy new events are judged by."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from console.connect import connection
from console.logs.choose import source_of
from console.logs.logged import TooMuchToRead
from console.output import Exit, JsonOption, err, fail, out, print_json
from console.policy.check import must_hold
from console.policy.diff import BRIEF_LINES, WAYS, counted, lines_of
from console.policy.differences import differences
from console.policy.history import History
from console.policy.judge import NotAllowed, may_activate, same_account
from console.policy.open_incidents import count_open
from console.policy.pen import TakenAway
from console.policy.people import Person
from console.policy.refs import Found
from console.policy.shared import (
    ByOption,
    HomeOption,
    NoteOption,
    default_ref,
    find_or_fail,
    note_of,
    person_of,
    reach,
    refuse,
    tell_step,
    topic_of,
)
from console.policy.steps import confirm as confirm_step
from console.policy.steps import put_in_force
from schemas.control import ChangeKind

AloneOption = Annotated[
    bool, typer.Option("--alone", help="In an emergency, where the policy wants two people. `status` shows it.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")]


def activate(
    policy: Annotated[str | None, typer.Argument(help=f"{WAYS}. Default: the shipped directory.")] = None,
    note: NoteOption = None,
    by: ByOption = None,
    home: HomeOption = Path("var/local"),
    alone: AloneOption = False,
    dry_run: DryRunOption = False,
    if_none: Annotated[bool, typer.Option("--if-none", help="Only if no policy is active yet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a policy the one that new events are judged by. Example cases beside its files must hold first.

    Open incidents keep the version they began with. Exit code 65: it has mistakes, or the active policy forbids it.
    """
    history = topic_of(home)
    found = find_or_fail(policy or default_ref(), history)
    if found.directory is not None:
        must_hold(found.directory, found.policy)
    if if_none and history().active is not None:
        _tell_unwritten(history().active or "", "is active, nothing was changed", as_json=as_json)
        return
    person = person_of(by)
    _change(found, ChangeKind.ACTIVATED, history, note, person, home, alone=alone, dry_run=dry_run, as_json=as_json)


def rollback(
    version: Annotated[str | None, typer.Argument(help="Version; default: the one active before.")] = None,
    note: NoteOption = None,
    by: ByOption = None,
    home: HomeOption = Path("var/local"),
    alone: AloneOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go back to a policy that stands on the topic; its files need not be here. Twice goes back further.

    Exit code 65: the active policy forbids it. 66: there is no such version.
    """
    history = topic_of(home)
    found = find_or_fail(version or _before(history()), history)
    if found.directory is not None or found.version not in history().policies:
        refuse(f"{found.name} does not stand on the topic", "name a version; `borderlands policy activate` takes files")
    person = person_of(by)
    _change(found, ChangeKind.ROLLED_BACK, history, note, person, home, alone=alone, dry_run=dry_run, as_json=as_json)


def _before(history: History) -> str:
    """The version to go back to where none is named."""
    version = history.before()
    if version is None:
        fail("no policy was active before this one", Exit.NO_INPUT, mend="name a version of `borderlands policy log`")
    return version


def confirm(
    note: NoteOption = None, by: ByOption = None, home: HomeOption = Path("var/local"), as_json: JsonOption = False
) -> None:
    """Confirm, as a second person, what somebody activated alone. Exit code 65: none waits, or it is yours."""
    text, person = note_of(note), person_of(by)
    try:
        step = reach(confirm_step(connection(home), note=text, person=person))
    except (NotAllowed, TakenAway) as problem:
        refused(problem)
    tell_step(step, "confirmed", as_json=as_json)


def _change(
    found: Found,
    kind: ChangeKind,
    history: Callable[[], History],
    note: str | None,
    person: Person,
    home: Path,
    *,
    alone: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    shown = history()
    if found.version == shown.active:
        _tell_unwritten(found.version, "is active already, nothing was written", as_json=as_json)
        return
    _show(found, shown, home, err if as_json else out)
    if dry_run:
        _foretell(found, shown, person, alone=alone, as_json=as_json)
        return
    text = note_of(note)
    try:
        step, allowed = reach(
            put_in_force(
                connection(home), found.policy, found.version, kind=kind, shown=shown.active, note=text,
                person=person, alone=alone,
            )
        )  # fmt: skip
    except (NotAllowed, TakenAway) as problem:
        refused(problem)
    if same_account(allowed, person):
        err.print(f"! proposed and activated from one account, {person.account}: two names, one proof", markup=False)
    if allowed.alone:
        err.print("! by one person alone: `borderlands status` says so until somebody else confirms it")
    tell_step(step, "active", as_json=as_json)


def _tell_unwritten(version: str, said: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"written": False, "policy_version": version, "step": None})
    else:
        out.print(f"✓ {version[:12]} {said}", markup=False)


def _show(found: Found, shown: History, home: Path, to: Console) -> None:
    """How it differs from what is active, and how many incidents that does not touch."""
    active = shown.policies.get(shown.active or "")
    if active is None:
        return
    if found.policy.version != found.version:
        err.print("! published by an earlier release: it may lack words that today's texts need", markup=False)
    changed = differences(active, found.policy)
    to.print(f"{(shown.active or '')[:12]} → {found.name}: {counted(changed)}", markup=False)
    for line in lines_of(changed, BRIEF_LINES):
        to.print(line, markup=False)
    _show_open(found, home, to)
    what_if = found.directory or found.version[:12]
    option = "--policy" if found.directory else "--policy-version"
    to.print(f"what it would have changed last month: `borderlands replay {option} {what_if}`", markup=False)


def _show_open(found: Found, home: Path, to: Console) -> None:
    try:
        counts = asyncio.run(count_open(source_of(home, None), datetime.now(UTC)))
    except (TimeoutError, TooMuchToRead, KafkaError, OSError) as problem:
        why = type(problem).__name__
        to.print(f"open incidents keep their version; they could not be counted ({why})", markup=False)
        return
    for line in counts.lines() or ["no incident is open"]:
        to.print(line, markup=False)
    for line in counts.left_behind(found.policy):
        err.print(f"! {line}", markup=False)


def _foretell(found: Found, shown: History, person: Person, *, alone: bool, as_json: bool) -> None:
    try:
        allowed = may_activate(shown, found.version, person, datetime.now(UTC), shown=shown.active, alone=alone)
    except NotAllowed as problem:
        fail(f"would be refused: {problem}", Exit.DATA, mend=problem.mend)
    how = ", by one person alone" if allowed.alone else ""
    if as_json:
        _tell_unwritten(found.version, "", as_json=True)
        return
    out.print(f"✓ nothing was written; {person.name} may activate {found.version[:12]}{how}", markup=False)


def refused(problem: NotAllowed | TakenAway) -> NoReturn:
    """End the command: the step was not allowed, or somebody else was quicker."""
    if isinstance(problem, NotAllowed):
        refuse(str(problem), problem.mend)
    fail(str(problem), Exit.FAILED, mend="see `borderlands policy log`, then try again")

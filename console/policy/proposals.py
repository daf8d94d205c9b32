"""``borderlands policy propose``, ``proposals``, ``withdraw`` and ``reject``: a change that takes two people."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.connect import connection
from console.output import JsonOption, out
from console.policy.change import refused
from console.policy.check import must_hold
from console.policy.diff import WAYS, counted
from console.policy.differences import differences
from console.policy.history import History
from console.policy.judge import NotAllowed
from console.policy.pen import TakenAway
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
from console.policy.steps import answer
from console.policy.steps import propose as propose_step
from schemas.control import ChangeKind, PolicyChange

VersionArgument = Annotated[str, typer.Argument(help="Version that was proposed, or its beginning.")]


def propose(
    policy: Annotated[str | None, typer.Argument(help=f"{WAYS}. Default: the shipped directory.")] = None,
    note: NoteOption = None,
    by: ByOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Publish a policy and propose it; somebody else activates it. Its example cases must hold.

    The proposal holds against the policy that is active now, and for as long as that policy says.
    """
    history = topic_of(home)
    found = find_or_fail(policy or default_ref(), history)
    if found.directory is not None:
        must_hold(found.directory, found.policy)
    if found.version == history().active:
        refuse(f"{found.version[:12]} is active already", "see `borderlands policy log`")
    text, person = note_of(note), person_of(by)
    try:
        step, before = reach(propose_step(connection(home), found.policy, found.version, note=text, person=person))
    except TakenAway as problem:
        refused(problem)
    tell_step(step, "proposed", as_json=as_json)
    if as_json:
        return
    out.print(f"  until {step.expires_at:%Y-%m-%d %H:%M} UTC, against {(step.base or 'none')[:12]}", markup=False)
    who = "somebody else activates it" if before.rule.people > 1 else "the active policy lets one person activate it"
    out.print(f"  {who}: borderlands policy activate {step.policy_version[:12]} --note …", markup=False)


def proposals(home: HomeOption = Path("var/local"), as_json: JsonOption = False) -> None:
    """List the proposals that wait: by whom, why, until when, and what they would change."""
    history = topic_of(home)()
    waiting = history.proposals(datetime.now(UTC))
    if as_json:
        told = [{**one.model_dump(mode="json"), "stale": one.base != history.active} for one in waiting]
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for one in waiting:
        for line in _lines(one, history):
            out.print(line, markup=False)
    if not waiting:
        out.print("no proposal waits")


def withdraw(
    version: VersionArgument,
    note: NoteOption = None,
    by: ByOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Take back a proposal of your own. Exit code 65: it is somebody else's, or none waits."""
    _answer(version, ChangeKind.WITHDRAWN, note, by, home, as_json=as_json)


def reject(
    version: VersionArgument,
    note: NoteOption = None,
    by: ByOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Refuse somebody's proposal, with the reason. Exit code 65: none waits."""
    _answer(version, ChangeKind.REJECTED, note, by, home, as_json=as_json)


def _answer(version: str, kind: ChangeKind, note: str | None, by: str | None, home: Path, *, as_json: bool) -> None:
    found = find_or_fail(version, topic_of(home))
    text, person = note_of(note), person_of(by)
    try:
        step = reach(answer(connection(home), found.version, kind=kind, note=text, person=person))
    except (NotAllowed, TakenAway) as problem:
        refused(problem)
    tell_step(step, kind.value, as_json=as_json)


def _lines(proposal: PolicyChange, history: History) -> list[str]:
    until = f"until {proposal.expires_at:%Y-%m-%d %H:%M} UTC" if proposal.expires_at else "without end"
    who = f"{proposal.by} ({proposal.account}) at {proposal.at:%Y-%m-%d %H:%M} UTC"
    lines = [f"{proposal.policy_version[:12]}  proposed by {who}, {until}: {proposal.note}"]
    was, will = history.policies.get(proposal.base or ""), history.policies.get(proposal.policy_version)
    if was is not None and will is not None:
        lines.append(f"    against {(proposal.base or '')[:12]}: {counted(differences(was, will))}")
    if proposal.base != history.active:
        lines.append("    another policy became active meanwhile: it must be proposed again")
    return lines

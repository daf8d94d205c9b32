"""``borderlands policy log``: who proposed, activated, rejected which policy, when, from what, and why."""

import json
from pathlib import Path
from typing import Annotated

import typer

from console.local_time import moment
from console.logs.choose import LogOption
from console.output import JsonOption, out
from console.policy.history import History
from console.policy.shared import HomeOption, topic_of
from console.status import ZONE
from schemas.control import ChangeKind, PolicyChange

_WORDS = {
    ChangeKind.PROPOSED: "proposed",
    ChangeKind.ACTIVATED: "activated",
    ChangeKind.ROLLED_BACK: "rolled back to",
    ChangeKind.CONFIRMED: "confirmed",
    ChangeKind.REJECTED: "rejected",
    ChangeKind.WITHDRAWN: "withdrew",
}


def log(
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only so many steps, the newest.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every step in the life of the policy, the newest last, and what is active."""
    history = topic_of(home, log)()
    steps = history.changes[-last:] if last else history.changes
    if as_json:
        told = {"active": history.active, "changes": [step.model_dump(mode="json") for step in steps]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for step in steps:
        for line in step_lines(step, history):
            out.print(line, markup=False)
    out.print(f"active: {history.active or 'none'}")


def step_lines(step: PolicyChange, history: History) -> list[str]:
    """One step for people."""
    alone = ", ALONE" if step.alone else ""
    base = f"{step.base[:12]} → " if step.base not in (None, step.policy_version) else ""
    which = f"{base}{step.policy_version[:12]}"
    lines = [f"{moment(step.at, ZONE)}  {step.by} ({step.account}) {_WORDS[step.kind]} {which}{alone}"]
    lines.append(f"    {step.note}")
    answered = next((one for one in history.changes if one.change_id == step.proposal), None)
    if answered is not None and step.kind is not ChangeKind.CONFIRMED:
        same = ", from the same account" if answered.account == step.account else ""
        lines.append(f"    proposed by {answered.by} ({answered.account}) on {moment(answered.at, ZONE)}{same}")
    return lines

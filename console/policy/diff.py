"""``borderlands policy diff``: how two policies differ, for people."""

import json
from pathlib import Path
from typing import Annotated

import typer

from console.logs.choose import LogOption
from console.output import Exit, JsonOption, out
from console.policy.differences import Difference, differences
from console.policy.shared import HomeOption, default_ref, find_or_fail, topic_of

WAYS = "a directory, a version or its beginning, active, previous, git:REV[:path]"
BRIEF_LINES = 12


def diff(
    old: Annotated[str | None, typer.Argument(help=f"{WAYS}. Default: active.")] = None,
    new: Annotated[str | None, typer.Argument(help="The same. Default: the shipped directory.")] = None,
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how two policies differ: agreements, clauses, ladders, rosters, roles, rates, texts. One name: from the
    active one to it. Exit code 1: they differ."""
    history = topic_of(home, log)
    named = [one for one in (old, new) if one is not None]
    before, after = named if len(named) == 2 else ("active", named[0] if named else default_ref())
    was, will = find_or_fail(before, history), find_or_fail(after, history)
    found = differences(was.policy, will.policy)
    if as_json:
        told = {"old": was.version, "new": will.version, "differences": [one.as_json() for one in found]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        out.print(f"{was.name} → {will.name}: {counted(found)}", markup=False)
        for line in lines_of(found):
            out.print(line, markup=False)
    if found:
        raise typer.Exit(int(Exit.DIFFERENT))


def counted(found: tuple[Difference, ...]) -> str:
    """How many differences of each kind."""
    if not found:
        return "no difference"
    kinds = [one.kind for one in found]
    each = [f"{kinds.count(kind)} {kind}" for kind in ("changed", "added", "removed") if kind in kinds]
    return f"{len(found)} difference{'s' * (len(found) != 1)} ({', '.join(each)})"


def lines_of(found: tuple[Difference, ...], at_most: int | None = None) -> list[str]:
    """The differences under the name of their part; cut after ``at_most`` of them, which is said."""
    lines: list[str] = []
    shown = found if at_most is None else found[:at_most]
    for place, one in enumerate(shown):
        if place == 0 or shown[place - 1].part != one.part:
            lines.append(f"{one.part.replace('_', ' ')}:")
        lines.append(f"  {one.line}")
    if len(shown) < len(found):
        lines.append(f"  … and {len(found) - len(shown)} more: `borderlands policy diff` shows all")
    return lines

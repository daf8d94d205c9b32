"""``borderlands policy check`` and ``test``: mistakes with file and line, and the examples beside the agreements."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.duty_view import GAPS_AHEAD, gap_warnings
from console.files import describe, read_policy, shipped_policy
from console.output import Exit, JsonOption, fail, out
from schemas.policy.cases import CaseResult, load_cases, run_cases
from schemas.policy.directory_file import check_directory, read_directory
from schemas.policy.load import read_policy as read_with_mistakes
from schemas.policy.mistakes import Mistake, PolicyMistakes, errors_of
from schemas.policy.models import Policy
from streams.rules.routing.route import route

DirectoryArgument = Annotated[Path | None, typer.Argument(help="Policy directory; default: the shipped one.")]


def check(
    policy: DirectoryArgument = None,
    people: Annotated[
        Path | None, typer.Option("--directory", help="The private directory; default: the example beside the policy.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Name every mistake in a policy and its directory of people, with file and line. Exit code 65: mistakes."""
    folder = policy or shipped_policy()
    loaded = read_with_mistakes(folder)
    mistakes = [*loaded.mistakes, *_of_people(loaded.policy, people, folder)]
    errors = errors_of(tuple(mistakes))
    version = loaded.policy.version if loaded.policy is not None else None
    if as_json:
        told = {"policy": str(folder), "version": version, "mistakes": [asdict(mistake) for mistake in mistakes]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for mistake in mistakes:
            out.print(str(mistake), markup=False)
    if errors:
        fail(f"{len(errors)} mistake{'s' * (len(errors) != 1)} in {folder}", Exit.DATA)
    if not as_json:
        out.print(f"✓ {folder} holds together, version {(version or '')[:12]}, {len(mistakes)} warnings", markup=False)


def _of_people(policy: Policy | None, people: Path | None, folder: Path) -> list[Mistake]:
    """Hours in which nobody is on duty, and the mistakes of the directory and between it and the policy."""
    mistakes: list[Mistake] = []
    if policy is not None:
        now = datetime.now(UTC)
        mistakes += gap_warnings(policy, now, now + GAPS_AHEAD)
    beside = people or folder / "directory.example.yaml"
    if beside.exists():
        directory = read_directory(beside)
        mistakes += directory.mistakes
        if policy is not None and directory.directory is not None:
            mistakes += check_directory(policy, directory.directory, folder)
    elif people is not None:
        fail(f"there is no file {people}", Exit.NO_INPUT)
    return mistakes


def run_examples(
    policy: DirectoryArgument = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the cases that hold as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the example cases beside the agreements. Exit code 1: one does not come out as expected."""
    folder = policy or shipped_policy()
    results = _results(folder, read_policy(policy))
    broken = sum(not result.holds for result in results)
    if as_json:
        print(json.dumps([_as_json(result) for result in results], ensure_ascii=False, indent=1))
    else:
        for result in results:
            for line in _lines(result, verbose=verbose):
                out.print(line, markup=False)
    if broken:
        fail(f"{broken} of {len(results)} cases do not hold", Exit.DIFFERENT)
    if not as_json:
        out.print(f"✓ {len(results)} cases hold")


def must_hold(folder: Path, rules: Policy) -> None:
    """End the command unless all example cases beside ``rules`` hold."""
    broken = [result for result in _results(folder, rules) if not result.holds]
    if broken:
        names = ", ".join(result.located.case.title for result in broken[:5])
        fail(f"not activated: {len(broken)} cases do not hold ({names})", Exit.DATA, mend="borderlands policy test")


def _results(folder: Path, rules: Policy) -> tuple[CaseResult, ...]:
    try:
        return tuple(run_cases(load_cases(folder), lambda event: route(event, rules)))
    except PolicyMistakes as mistakes:
        fail(describe(mistakes), Exit.DATA)


def _lines(result: CaseResult, *, verbose: bool) -> list[str]:
    where = f"{result.located.file}:{result.located.line} {result.located.case.title}"
    if result.holds:
        return [f"✓ {where}"] if verbose else []
    differing = [f"    {difference}" for difference in result.differences]
    verdicts = [f"      {verdict.stage}: {verdict.reason}: {verdict.detail}" for verdict in result.decision.verdicts]
    return [f"✗ {where}", *differing, *verdicts]


def _as_json(result: CaseResult) -> dict[str, object]:
    return {
        "file": result.located.file,
        "line": result.located.line,
        "title": result.located.case.title,
        "holds": result.holds,
        "differences": [str(difference) for difference in result.differences],
        "verdicts": [verdict.model_dump(mode="json") for verdict in result.decision.verdicts],
    }

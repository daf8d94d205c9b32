"""``borderlands policy``: check, test, show and activate the agreements and everything around them."""

import asyncio
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.areas import app as areas_app
from console.connect import connection
from console.duty_view import GAPS_AHEAD, gap_warnings
from console.files import read_policy, shipped_policy
from console.output import Exit, fail, out
from console.policy_view import agreements_lines, parties_lines, summary_lines, types_lines
from console.publish import publish
from schemas.policy.cases import load_cases, run_cases
from schemas.policy.directory_file import check_directory, read_directory
from schemas.policy.load import read_policy as read_with_mistakes
from schemas.policy.mistakes import Mistake, PolicyMistakes, errors_of
from schemas.policy.models import Policy
from streams.rules.routing.route import route

app = typer.Typer(help="The agreements, and everything that hangs on them.", no_args_is_help=True)
app.add_typer(areas_app, name="areas")

DirectoryArgument = Annotated[Path | None, typer.Argument(help="Policy directory; default: the shipped one.")]


@app.command("check")
def check(
    policy: DirectoryArgument = None,
    people: Annotated[
        Path | None, typer.Option("--directory", help="The private directory; default: the example beside the policy.")
    ] = None,
) -> None:
    """Name every mistake in a policy and its directory of people, with file and line. Exit code 65: mistakes."""
    folder = policy or shipped_policy()
    loaded = read_with_mistakes(folder)
    mistakes = list(loaded.mistakes)
    if loaded.policy is not None:
        now = datetime.now(UTC)
        mistakes += gap_warnings(loaded.policy, now, now + GAPS_AHEAD)
    beside = people or folder / "directory.example.yaml"
    if beside.exists():
        directory = read_directory(beside)
        mistakes += directory.mistakes
        if loaded.policy is not None and directory.directory is not None:
            mistakes += check_directory(loaded.policy, directory.directory, folder)
    elif people is not None:
        fail(f"there is no file {people}", Exit.NO_INPUT)
    for mistake in mistakes:
        out.print(str(mistake), markup=False)
    errors = errors_of(tuple(mistakes))
    if errors:
        fail(f"{len(errors)} mistake{'s' * (len(errors) != 1)} in {folder}", Exit.DATA)
    assert loaded.policy is not None  # noqa: S101 - no errors means that there is one
    warned = len(mistakes)
    out.print(f"✓ {folder} holds together, version {loaded.policy.version[:12]}, {warned} warnings", markup=False)


@app.command("test")
def run_examples(
    policy: DirectoryArgument = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the cases that hold as well.")] = False,
) -> None:
    """Run the example cases beside the agreements. Exit code 1: one does not come out as expected."""
    folder = policy or shipped_policy()
    rules = read_policy(policy)
    try:
        results = run_cases(load_cases(folder), lambda event: route(event, rules))
    except PolicyMistakes as mistakes:
        _refuse(mistakes.mistakes)
    for result in results:
        where = f"{result.located.file}:{result.located.line}"
        if not result.holds:
            out.print(f"✗ {where} {result.located.case.title}", markup=False)
            for difference in result.differences:
                out.print(f"    {difference}", markup=False)
            for verdict in result.decision.verdicts:
                out.print(f"      {verdict.stage}: {verdict.reason}: {verdict.detail}", markup=False)
        elif verbose:
            out.print(f"✓ {where} {result.located.case.title}", markup=False)
    broken = sum(not result.holds for result in results)
    if broken:
        fail(f"{broken} of {len(results)} cases do not hold", Exit.DIFFERENT)
    out.print(f"✓ {len(results)} cases hold")


def _refuse(mistakes: tuple[Mistake, ...]) -> None:
    fail("\n  ".join(str(mistake) for mistake in mistakes), Exit.DATA)


@app.command("show")
def show(
    what: Annotated[str, typer.Argument(help="summary, parties, agreements or types")] = "summary",
    policy: Annotated[Path | None, typer.Option("--policy", help="Policy directory.")] = None,
) -> None:
    """Print the policy for people: who the parties are, what each agreement says, who is competent for what."""
    views = {
        "summary": summary_lines,
        "parties": parties_lines,
        "agreements": agreements_lines,
        "types": types_lines,
    }
    if what not in views:
        fail(f"'{what}': show {', '.join(views)}", Exit.USAGE)
    for line in views[what](read_policy(policy)):
        out.print(line, markup=False)


@app.command("activate")
def activate(
    policy: DirectoryArgument = None,
    note: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Publish a policy and make it the active one. Its example cases must hold first."""
    folder = policy or shipped_policy()
    rules = read_policy(policy)
    _must_hold(folder, rules)
    try:
        version = asyncio.run(publish(connection(home), rules, note=note or "no note", by=getpass.getuser()))
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be reached, nothing was activated: {problem}", Exit.UNAVAILABLE)
    out.print(f"✓ active: {version}")


def _must_hold(folder: Path, rules: Policy) -> None:
    try:
        results = run_cases(load_cases(folder), lambda event: route(event, rules))
    except PolicyMistakes as mistakes:
        _refuse(mistakes.mistakes)
    broken = [result for result in results if not result.holds]
    if broken:
        names = ", ".join(result.located.case.title for result in broken[:5])
        fail(f"not activated: {len(broken)} cases do not hold ({names})", Exit.DATA, mend="borderlands policy test")

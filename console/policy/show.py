"""``borderlands policy show``: a policy for people."""

from pathlib import Path
from typing import Annotated

import typer

from console.files import read_policy
from console.logs.choose import LogOption
from console.output import Exit, JsonOption, fail, out, print_json
from console.policy.shared import HomeOption, find_or_fail, topic_of
from console.policy.view import agreements_lines, parties_lines, summary_lines, types_lines

VIEWS = {
    "summary": summary_lines,
    "parties": parties_lines,
    "agreements": agreements_lines,
    "types": types_lines,
}
PARTS = {"parties": {"parties"}, "agreements": {"agreements"}, "types": {"competence", "services"}}
"""What of a policy each view is about; the summary is about all of it."""


def show(
    what: Annotated[str, typer.Argument(help="summary, parties, agreements or types")] = "summary",
    policy: Annotated[Path | None, typer.Option("--policy", help="Policy directory.")] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="A version or its beginning, active, previous, git:REV[:path].")
    ] = None,
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the policy for people: who the parties are, what each agreement says, who is competent for what."""
    if what not in VIEWS:
        fail(f"'{what}': show {', '.join(VIEWS)}", Exit.USAGE)
    if policy is not None and version is not None:
        fail("--policy and --version name two policies; give one", Exit.USAGE)
    shown = read_policy(policy) if version is None else find_or_fail(version, topic_of(home, log)).policy
    if as_json:
        print_json({"version": shown.version, **shown.model_dump(mode="json", include=PARTS.get(what))})
        return
    for line in VIEWS[what](shown):
        out.print(line, markup=False)

"""Every command: one JSON document where it is asked for, completion that knows them all, and a page that is true."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from console.complete import party_ids, party_or_role_ids, role_ids, topic_names
from console.main import COMMANDS, build
from schemas.policy.models import Policy
from schemas.topics import TOPICS
from tests.explain.conftest import SHIPPED

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commands.md"
PEAT = str(ROOT / "deploy" / "demo" / "peat-fire.json")
WITHOUT_JSON = {
    "up": "runs until Ctrl-C and prints what its processes say",
    "demo": "plays an evening for people to watch",
    "policy areas import": "reports to people who look at a map",
}


def commands(command: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    command = command or get_command(build())
    for name, child in command.commands.items():
        words = f"{path} {name}".strip()
        if getattr(child, "commands", None):
            if getattr(child, "invoke_without_command", False):
                yield words, child
            yield from commands(child, words)
        else:
            yield words, child


KNOWN = dict(commands())


@pytest.mark.parametrize("words", [words for words in KNOWN if words not in WITHOUT_JSON])
def test_every_command_that_prints_a_result_has_json(words: str) -> None:
    """The exceptions are listed with their reasons."""
    options = [option for parameter in KNOWN[words].params for option in parameter.opts]
    assert "--json" in options, f"borderlands {words} has no --json"


def test_the_exceptions_exist() -> None:
    """A list of exceptions that names what is not there hides nothing."""
    assert set(WITHOUT_JSON) <= set(KNOWN)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("route", PEAT), 0),
        (("sms", "preview", PEAT), 0),
        (("sms", "samples", "--lang", "lt"), 0),
        (("place", "Skaistkalne"), 0),
        (("place", "Nekurciems"), 66),
        (("topics", "list"), 0),
        (("duty", "gaps", "--policy", str(SHIPPED), "--from", "2026-11-01", "--to", "2026-11-30"), 0),
        (("duty", "--policy", str(SHIPPED)), 0),
    ],
)
def test_one_document_and_the_same_exit_code(arguments: tuple[str, ...], code: int) -> None:
    """Standard output is one JSON document and nothing else; the exit code is that of the command without --json."""
    runner, command = CliRunner(), build()
    plain = runner.invoke(command, list(arguments))
    result = runner.invoke(command, [*arguments, "--json"])
    assert result.exit_code == plain.exit_code == code
    json.loads(result.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str) -> None:
    """`--show-completion` prints a script that calls the command back."""
    script = _complete({"_BORDERLANDS_COMPLETE": f"source_{shell}"})
    assert "_BORDERLANDS_COMPLETE" in script
    assert f"complete_{shell}" in script


def test_completion_knows_all_commands() -> None:
    """Though a start imports only the command that is named: `borderlands tr` gives trace."""
    said = _complete({"_BORDERLANDS_COMPLETE": "complete_bash", "COMP_WORDS": "borderlands tr", "COMP_CWORD": "1"})
    assert said.split() == ["trace"]
    said = _complete({"_BORDERLANDS_COMPLETE": "complete_bash", "COMP_WORDS": "borderlands ", "COMP_CWORD": "1"})
    assert set(COMMANDS) <= set(said.split())
    said = _complete({"_BORDERLANDS_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "borderlands wat"})
    assert "watch" in said
    said = _complete(
        {"_BORDERLANDS_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "borderlands tr",
         "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    )  # fmt: skip
    assert "trace" in said


def test_parties_are_completed() -> None:
    """After `why INCIDENT` come parties and roles, after `--party` parties."""
    words = {"COMP_WORDS": "borderlands why in-1 akn", "COMP_CWORD": "3"}
    assert _complete({"_BORDERLANDS_COMPLETE": "complete_bash", **words}).split() == ["akniste"]
    words = {"COMP_WORDS": "borderlands watch --party bir", "COMP_CWORD": "3"}
    assert _complete({"_BORDERLANDS_COMPLETE": "complete_bash", **words}).split() == ["birzai"]


def test_ids_are_those_of_the_policy(policy: Policy) -> None:
    """Picked out of the files without loading the policy, and none is missing."""
    assert party_ids("") == [party.id for party in policy.parties]
    assert role_ids("") == [role.id for role in policy.roles]
    assert party_or_role_ids("fire") == ["fire_chief"]
    assert topic_names("notify.sms") == [name for name in TOPICS if name.startswith("notify.sms")]


def _complete(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "console"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    return done.stdout


def test_the_page_has_every_command_with_its_options() -> None:
    """`docs/commands.md` says of each command what `--help` says; `python -m tests.explain.commands_page` writes it."""
    from tests.explain.commands_page import table

    page = PAGE.read_text(encoding="utf-8")
    missing = [words for words, command in KNOWN.items() if table(words, command) not in page]
    assert not missing, f"out of date in docs/commands.md: {missing}; run python -m tests.explain.commands_page"
    named = set(re.findall(r"^### `borderlands ([a-z -]+)`$", page, re.MULTILINE))
    assert named == set(KNOWN)

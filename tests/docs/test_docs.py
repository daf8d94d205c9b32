"""The documents name only what exists."""

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from console.main import build

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted({ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")})
ROOMS = "schemas|runtime|streams|notifiers|console|deploy|tests|docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    """Paths in code spans and links lead somewhere."""
    text = document.read_text(encoding="utf-8")
    spans = re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", text)
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link]
    missing = [span for span in spans if not (ROOT / span).exists()]
    missing += [link for link in links if not (document.parent / link).exists()]
    assert not missing


def test_every_command_of_the_readme_exists() -> None:
    """Each `borderlands …` of the README is a command, with its subcommands."""
    known = _commands(get_command(build()), "")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {
        match.strip()
        for match in re.findall(r"borderlands ([a-z]+(?:-[a-z]+)?(?: (?:preview|check|test|show|activate))?)", text)
    }
    assert named
    assert named <= known


def test_every_subcommand_explains_itself() -> None:
    """`--help` of each command works and says something."""
    for command in sorted(_commands(get_command(build()), "")):
        result = CliRunner().invoke(build(), [*command.split(), "--help"])
        assert result.exit_code == 0
        assert len(result.output) > 100


def test_every_make_target_is_explained() -> None:
    """`make help` lists what a newcomer needs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert {"demo", "test", "check", "bench", "chaos", "help"} <= explained


def _commands(command: object, prefix: str) -> set[str]:
    found: set[str] = set()
    for name, child in getattr(command, "commands", {}).items():
        path = f"{prefix} {name}".strip()
        found |= {path} | _commands(child, path)
    return found

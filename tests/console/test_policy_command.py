"""``borderlands policy``: mistakes with file and line, examples that hold, a policy that people can read."""

import shutil
from pathlib import Path

import pytest

from console.main import COMMANDS
from tests.console.conftest import SHIPPED, Run

CODE_DATA = 65


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the shipped policy in which one key is misspelt."""
    copy = Path(shutil.copytree(SHIPPED, tmp_path / "policy"))
    path = copy / "roles.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("roles:", "rolez:", 1), encoding="utf-8")
    return copy


def test_every_subcommand_is_listed(borderlands: Run) -> None:
    """The help names each command, and each can be imported."""
    done = borderlands("--help")
    assert done.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.output


def test_the_shipped_policy_holds_together(borderlands: Run) -> None:
    """``check`` says so, with the version that decisions will cite."""
    done = borderlands("policy", "check")
    assert done.exit_code == 0, done.output
    assert "holds together, version " in done.stdout


def test_the_shipped_examples_hold(borderlands: Run) -> None:
    """``test`` runs all of them, at least forty."""
    done = borderlands("policy", "test")
    assert done.exit_code == 0, done.output
    assert int(done.stdout.split()[1]) >= 40
    assert "cases hold" in done.stdout


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("summary", ["version     ", "agreement   birzai-vecumnieki: "]),
        ("parties", ["covers     ", "signed by  ", "today      "]),
        ("agreements", ["birzai-vecumnieki: ", "ladder "]),
        ("types", ["peat_fire", "OASIS", "police matter"]),
    ],
)
def test_a_policy_is_shown_for_people(borderlands: Run, what: str, says: list[str]) -> None:
    """``show`` prints parties, agreements and competence as they are, each on its own lines."""
    done = borderlands("policy", "show", what)
    assert done.exit_code == 0, done.output
    assert all(said in done.stdout for said in says)


def test_an_unknown_view_names_the_known_ones(borderlands: Run) -> None:
    """A misspelt argument is a usage error with the choices."""
    done = borderlands("policy", "show", "partys")
    assert done.exit_code == 2
    assert "summary, parties, agreements, types" in done.stderr


def test_a_mistake_is_named_with_file_and_line(borderlands: Run, broken: Path) -> None:
    """``check`` prints every mistake and ends with 65; what needs the policy refuses in the same words."""
    line = next(
        number
        for number, text in enumerate((broken / "roles.yaml").read_text(encoding="utf-8").splitlines(), 1)
        if text.startswith("rolez:")
    )
    done = borderlands("policy", "check", broken)
    assert done.exit_code == CODE_DATA
    assert f"roles.yaml:{line}: error: " in done.stdout
    assert "rolez" in done.stdout
    assert "mistake" in done.stderr
    for command in (["policy", "test", broken], ["policy", "activate", broken], ["policy", "show", "--policy", broken]):
        refused = borderlands(*command)
        assert refused.exit_code == CODE_DATA
        assert f"roles.yaml:{line}: error: " in refused.stderr


def test_an_example_that_does_not_hold_is_shown_with_its_reasons(borderlands: Run, tmp_path: Path) -> None:
    """Where expectation and decision part, both are printed, and nothing is activated."""
    copy = Path(shutil.copytree(SHIPPED, tmp_path / "policy"))
    path = copy / "agreements" / "birzai-vecumnieki.cases.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("contacts: [birzai-duty, birzai-chief]", "contacts: [birzai-duty]", 1), "utf-8")
    done = borderlands("policy", "test", copy)
    assert done.exit_code == 1
    assert "✗ agreements/birzai-vecumnieki.cases.yaml:" in done.stdout
    assert "recipients: recipients_found" in done.stdout
    assert "1 of " in done.stderr
    refused = borderlands("policy", "activate", copy)
    assert refused.exit_code == CODE_DATA
    assert "not activated: 1 cases do not hold" in refused.stderr


def test_a_contact_that_cannot_be_reached_is_a_mistake_of_the_directory(borderlands: Run, tmp_path: Path) -> None:
    """The people are checked with the policy; their file may lie elsewhere."""
    people = tmp_path / "people.yaml"
    text = (SHIPPED / "directory.example.yaml").read_text(encoding="utf-8")
    people.write_text(text.replace("birzai-duty", "birzai-desk"), encoding="utf-8")
    done = borderlands("policy", "check", "--directory", people)
    assert done.exit_code == CODE_DATA
    assert "birzai-duty" in done.stdout
    missing = borderlands("policy", "check", "--directory", tmp_path / "none.yaml")
    assert missing.exit_code == 66


def test_a_directory_that_is_none_is_said_to_be_none(borderlands: Run, tmp_path: Path) -> None:
    """A wrong path is named, not traced back."""
    done = borderlands("policy", "check", tmp_path / "nowhere")
    assert done.exit_code == CODE_DATA
    assert "there is no such directory" in done.stdout

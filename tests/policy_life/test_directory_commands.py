"""The private directory: checked against a policy, replaced at one stroke, taken up without a restart."""

import os
import stat
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from console.policy.directory import replace_file
from runtime.directory import DirectoryFile, anybody
from tests.policy_life.conftest import SHIPPED, Run

EXAMPLE = SHIPPED / "directory.example.yaml"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A directory of its own."""
    path = tmp_path / "people.yaml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.kafka
def test_a_directory_is_checked_against_the_active_policy(borderlands: Run, people: Path, tmp_path: Path) -> None:
    """A contact whom the active policy names and the file does not hold is a mistake, and nothing is replaced."""
    assert borderlands("activate", SHIPPED, "--note", "start").exit_code == 0
    assert borderlands("directory", "check", people).exit_code == 0
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(people.read_text(encoding="utf-8").replace("birzai-duty:", "birzai-desk:"), encoding="utf-8")
    checked = borderlands("directory", "check", wrong)
    assert checked.exit_code == 65
    assert "contact 'birzai-duty' is not in the directory" in checked.stdout
    before = people.read_bytes()
    assert borderlands("directory", "install", wrong, "--to", people).exit_code == 65
    assert people.read_bytes() == before
    broken = tmp_path / "broken.yaml"
    broken.write_text("fictional: true\ncontacts:\n  ruta: {nam: Rūta}\n", encoding="utf-8")
    named = borderlands("directory", "check", broken)
    assert named.exit_code == 65
    assert "broken.yaml:3: error: " in named.stdout
    assert borderlands("directory", "check", tmp_path / "none.yaml").exit_code == 66
    good = tmp_path / "good.yaml"
    good.write_text(people.read_text(encoding="utf-8") + "# looked at\n", encoding="utf-8")
    done = borderlands("directory", "install", good, "--to", people)
    assert done.exit_code == 0, done.output
    assert people.read_bytes() == good.read_bytes()


def test_a_file_is_replaced_at_one_stroke_and_keeps_its_mode(people: Path, tmp_path: Path) -> None:
    """Who has it open reads the old one to its end; a link keeps pointing; nothing is left behind."""
    fresh = tmp_path / "fresh.yaml"
    fresh.write_text("fresh", encoding="utf-8")
    link = tmp_path / "link.yaml"
    link.symlink_to(people)
    with people.open(encoding="utf-8") as reading:
        replace_file(fresh, link)
        assert "contacts:" in reading.read()
    assert link.is_symlink()
    assert people.read_text(encoding="utf-8") == "fresh"
    assert stat.S_IMODE(people.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh.yaml", "link.yaml", "people.yaml"]
    with pytest.raises(OSError, match="none"):
        replace_file(tmp_path / "none.yaml", people)
    assert people.read_text(encoding="utf-8") == "fresh"
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_kept_instead_of_a_newer_directory_is_told(people: Path) -> None:
    """Health and metrics say that a newer one is refused, and why, until one is read."""
    directory = DirectoryFile(people, anybody)
    good = people.read_text(encoding="utf-8")
    count = directory.facts["contacts"]
    assert directory.facts["refused"] is None
    people.write_text(good.replace("contacts:", "contactz:", 1), encoding="utf-8")
    directory.refresh()
    assert "contactz" in str(directory.facts["refused"])
    assert directory.facts["contacts"] == count
    assert REGISTRY.get_sample_value("borderlands_directory_current") == 0
    people.unlink()
    directory.refresh()
    assert "cannot be read" in str(directory.facts["refused"])
    people.write_text(good, encoding="utf-8")
    os.utime(people, ns=(1, 1))
    directory.refresh()
    assert directory.facts["refused"] is None
    assert REGISTRY.get_sample_value("borderlands_directory_current") == 1

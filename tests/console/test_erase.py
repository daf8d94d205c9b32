"""Leavers: their lines go from the private directory, their ids never come back, and nothing else changes."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from console.erase import CannotErase, erase
from schemas.policy.directory_file import check_directory, load_directory, read_directory
from schemas.policy.models import Policy
from tests.console.conftest import SHIPPED

TODAY = date(2026, 11, 25)
BY_HAND = """\
# Tálrunis of the desk: ask Zane.
fictional: false   # real people

contacts:
  # --- Bauska ---
  desk:
    name: Zane Kalniņa
    language: lv
    # her own phone
    sms: +37126123450
    email: desk@bauska.lv

  # the chief, Juris Ozols, also on 2612 3451
  chief: {name: Juris Ozols, language: lv, sms: "2612 3451"}
    # (indented remark about the chief)
  clerk:
    name: Anna Liepa
    language: lv
    email: clerk@bauska.lv
"""


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """A directory as an administrator keeps it: comments, a number in quotes and one without, 600."""
    path = tmp_path / "directory.yaml"
    path.write_text(BY_HAND, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_lines_of_a_leaver_go_and_all_others_stay(by_hand: Path) -> None:
    """Comments, order, and how numbers are written stay letter by letter; the id is listed as retired."""
    erase(by_hand, "desk", TODAY)
    text = by_hand.read_text("utf-8")
    gone = BY_HAND[BY_HAND.index("  desk:") : BY_HAND.index("\n  # the chief")]
    assert text == BY_HAND.replace(gone, "") + (
        "\n# Ids of people who left: never given to anybody else.\nretired:\n  desk: 2026-11-25\n"
    )
    directory = load_directory(by_hand)
    assert set(directory.contacts) == {"chief", "clerk"}
    assert directory.retired == {"desk": TODAY}
    assert "26123450" not in text


def test_a_contact_on_one_line_goes_with_the_remark_inside(by_hand: Path) -> None:
    """A contact written in braces is cut out as well."""
    erase(by_hand, "chief", TODAY)
    text = by_hand.read_text("utf-8")
    assert "chief: {" not in text
    assert "indented remark" not in text
    assert "her own phone" in text


def test_a_comment_that_still_names_the_person_is_pointed_at(by_hand: Path) -> None:
    """What nobody but a person can judge is named by its line: the comment above holds name and number."""
    erased = erase(by_hand, "chief", TODAY)
    lines = by_hand.read_text("utf-8").splitlines()
    assert [lines[number - 1].strip() for number in erased.left] == ["# the chief, Juris Ozols, also on 2612 3451"]


def test_permissions_stay_and_nothing_is_left_beside(by_hand: Path) -> None:
    """The file keeps its mode, also through a link, and no draft with numbers in it stays behind."""
    link = by_hand.with_name("link.yaml")
    link.symlink_to(by_hand)
    erase(link, "clerk", TODAY)
    assert link.is_symlink()
    assert by_hand.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in by_hand.parent.iterdir()) == ["directory.yaml", "link.yaml"]
    assert "clerk" not in load_directory(by_hand).contacts


def test_a_second_leaver_joins_the_list(by_hand: Path) -> None:
    """Both ids are retired, each with its day."""
    erase(by_hand, "desk", TODAY)
    erase(by_hand, "chief", date(2026, 12, 1))
    assert load_directory(by_hand).retired == {"desk": TODAY, "chief": date(2026, 12, 1)}


@pytest.mark.parametrize(("contact", "expected"), [("nobody", "holds no 'nobody'"), ("desk", "erased on 2026-11-25")])
def test_who_is_not_there_cannot_be_erased(by_hand: Path, contact: str, expected: str) -> None:
    """A misspelt id and one erased before are named, and the file stays as it was."""
    erase(by_hand, "desk", TODAY)
    before = by_hand.read_bytes()
    with pytest.raises(CannotErase, match=expected):
        erase(by_hand, contact, TODAY)
    assert by_hand.read_bytes() == before


def test_a_file_that_lines_cannot_be_cut_from_stays_as_it_is(by_hand: Path) -> None:
    """Where everything stands on one line nothing is guessed: the file is left alone, and nothing beside it."""
    contacts = '{a: {name: A, language: lv, email: a@b.lv}, b: {name: B, language: lv, sms: "26123451"}}'
    text = f"fictional: false\ncontacts: {contacts}\n"
    by_hand.write_text(text, encoding="utf-8")
    with pytest.raises(CannotErase, match="by hand"):
        erase(by_hand, "a", TODAY)
    assert by_hand.read_text("utf-8") == text
    assert list(by_hand.parent.iterdir()) == [by_hand]


def test_a_file_with_mistakes_is_not_touched(by_hand: Path) -> None:
    """Mistakes are named with their lines first."""
    by_hand.write_text(BY_HAND + "  x: {}\n", encoding="utf-8")
    with pytest.raises(CannotErase, match=r"directory\.yaml:"):
        erase(by_hand, "desk", TODAY)


def test_every_contact_of_the_example_can_be_erased(tmp_path: Path, policy: Policy) -> None:
    """One after the other, each leaves all the others as they were; roles that still name them are warned of."""
    path = tmp_path / "directory.yaml"
    shutil.copy(SHIPPED / "directory.example.yaml", path)
    before = load_directory(path).contacts
    leavers = list(before)[:6]
    for number, contact in enumerate(leavers, start=1):
        erase(path, contact, TODAY)
        assert dict(load_directory(path).contacts) == {
            name: one for name, one in before.items() if name not in leavers[:number]
        }
    warnings = [one for one in check_directory(policy, load_directory(path), SHIPPED) if "left on" in one.problem]
    assert {one.level for one in warnings} == {"warning"}
    assert all(one.file == "roles.yaml" and one.line for one in warnings)
    assert {leaver for leaver in leavers if any(f"'{leaver}'" in one.problem for one in warnings)} == set(leavers)


def test_a_retired_id_is_never_used_again(by_hand: Path) -> None:
    """A directory that gives a leaver's id to somebody else is refused, with the line and what to do."""
    erase(by_hand, "clerk", TODAY)
    text = by_hand.read_text("utf-8")
    again = "contacts:\n  clerk: {name: New Person, language: lv, email: new@bauska.lv}\n"
    by_hand.write_text(text.replace("contacts:\n", again), encoding="utf-8")
    loaded = read_directory(by_hand)
    assert loaded.directory is None
    (mistake,) = loaded.mistakes
    assert mistake.line == 5
    assert "'clerk' was retired on 2026-11-25" in mistake.problem
    assert "new id" in mistake.mend

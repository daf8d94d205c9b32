"""How two policies differ, in words: every change is told, by the name an administrator knows it by."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from console.policy.diff import lines_of
from console.policy.differences import differences
from console.policy.history import History
from console.policy.people import Person, account_name
from console.policy.refs import NoSuchPolicy, find
from schemas.policy.load import load_policy
from schemas.policy.models import ChangeRule, Policy
from tests.policy_life.conftest import SHIPPED

Edition = Callable[..., Path]

VOLUNTEERS = "      - {roles: [volunteer_firefighters], channels: [sms], send_within: 2 min, answer_within: 5 min}\n"

CHANGES = [
    ("policy.yaml", "repeat_window: 7 d", "repeat_window: 36 h",
     "~ limits, reports are refused when older than: 7 d → 36 h"),
    ("policy.yaml", "border_band_m: 1000", "border_band_m: 900", "~ uncertain band along the border (m): 1000 → 900"),
    ("policy.yaml", "limits:", "change: {people: 2}\nlimits:",
     "~ change of the policy: none → persons a change takes 2; a proposal holds for 14 d"),
    ("ladders.yaml", "answer_within: 5 min", "answer_within: 4 min",
     "~ ladder call_for_help, step 1, answered within: 5 min → 4 min"),
    ("ladders.yaml", "roles: [duty_desk, fire_chief]", "roles: [fire_chief, duty_desk]",
     "~ ladder call_for_help, step 1, roles: duty_desk, fire_chief → fire_chief, duty_desk"),
    ("ladders.yaml", VOLUNTEERS, "", "− ladder call_for_help, step 3 removed: "),
    ("agreements/rokiskis-akniste.yaml", "reply_within: 30 min", "reply_within: 20 min",
     "~ agreement rokiskis-akniste, clause help, answer wanted within: 30 min → 20 min"),
    ("agreements/rokiskis-akniste.yaml", "successor_area: warn", "successor_area: deny",
     "~ agreement rokiskis-akniste, successor's area outside the signatory's: warn → deny"),
    ("roles.yaml", "        - {contact: birzai-volunteer-3, channels: [sms]}\n", "",
     "− staff of birzai, volunteer firefighters, contact birzai-volunteer-3 removed: "),
    ("roles.yaml", "enough: 3", "enough: 4", "~ role volunteer_firefighters, how many are enough: 3 → 4"),
    ("upkeep.yaml", "every: 30 d", "every: 20 d", "~ checks of contacts, every: 30 d → 20 d"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), CHANGES)
def test_a_change_is_told_by_its_name(
    edition: Edition, shipped: Policy, file: str, old: str, new: str, said: str
) -> None:
    """What was written differently is told with what it belongs to, from what, to what; and the other way round."""
    changed = load_policy(edition("changed", file, old, new))
    lines = [one.line for one in differences(shipped, changed)]
    assert any(line.startswith(said) for line in lines), lines
    assert len(differences(changed, shipped)) == len(lines)


def test_equal_policies_do_not_differ(shipped: Policy) -> None:
    """Whatever their files look like."""
    assert differences(shipped, load_policy(SHIPPED)) == ()
    assert differences(shipped, shipped.with_parts(change=None)) == ()


def test_whatever_changes_the_hash_is_told(shipped: Policy) -> None:
    """Taking away any clause, ladder, role, roster, word or place is a difference; so is changing their order."""
    first, *others = shipped.agreements
    geography = shipped.geography
    lithuanian = shipped.texts["lt"]
    editions = [
        *(
            shipped.with_parts(
                agreements=(first.model_copy(update={"clauses": first.clauses[:n] + first.clauses[n + 1 :]}), *others)
            )
            for n in range(len(first.clauses))
        ),
        shipped.with_parts(agreements=(*others, first)),
        shipped.with_parts(parties=tuple(reversed(shipped.parties))),
        shipped.with_parts(ladders=shipped.ladders[1:]),
        shipped.with_parts(roles=shipped.roles[:-1]),
        shipped.with_parts(rosters={}),
        shipped.with_parts(staff={}),
        shipped.with_parts(services=shipped.services[1:]),
        shipped.with_parts(contact_checks=None),
        shipped.with_parts(change=ChangeRule()),
        shipped.with_parts(texts={**shipped.texts, "lt": lithuanian.model_copy(update={"digest": None})}),
        *(
            shipped.with_parts(geography=geography.model_copy(update={name: getattr(geography, name)[1:]}))
            for name in ("units", "parishes", "places", "outlines", "border")
        ),
    ]
    for one in editions:
        assert one.version != shipped.version
        assert differences(shipped, one)
        assert all(len(found.line) < 2000 for found in differences(shipped, one))


def test_a_shift_written_twice_is_told_as_well(shipped: Policy) -> None:
    """Two entries of one name are told apart."""
    party, by_role = next(iter(shipped.rosters.items()))
    role, roster = next(iter(by_role.items()))
    twice = roster.model_copy(update={"shifts": (*roster.shifts, roster.shifts[0])})
    changed = shipped.with_parts(rosters={**shipped.rosters, party: {**by_role, role: twice}})
    (found,) = differences(shipped, changed)
    assert found.kind == "added"
    assert found.subject[0] == f"roster of {party}"


def test_a_brief_says_how_much_it_leaves_out(shipped: Policy) -> None:
    """The rest is counted, and the command that shows it is named."""
    found = differences(shipped, shipped.with_parts(staff={}))
    lines = lines_of(found, 1)
    assert lines[0] == "staff:"
    assert lines[-1] == f"  … and {len(found) - 1} more: `borderlands policy diff` shows all"


def test_a_revision_of_git_is_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Policy) -> None:
    """``git:REV`` with the path from the top of the repository; what git does not know is said in a sentence."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").symlink_to(SHIPPED)
    subprocess.run(["cp", "-rL", str(SHIPPED), str(tmp_path / "policy")], check=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "policy"], ["commit", "-q", "-m", "the policy"]):
        subprocess.run([*git, *command], check=True, timeout=20)
    assert find("git:HEAD:policy", History).version == shipped.version
    for wrong in ("git:nowhere", "git:HEAD:nowhere", "git:", "git:--output=x"):
        with pytest.raises(NoSuchPolicy):
            find(wrong, History)


def test_who_is_known_by_what_proves_most() -> None:
    """The login that led here counts before what sudo says, and that before the account itself."""
    assert account_name(0, {"SUDO_USER": "ruta"}, 0) == "root (login)"
    assert account_name(None, {"SUDO_USER": "ruta"}, 0) == "ruta (sudo)"
    assert account_name(None, {"LOGNAME": "somebody-else"}, 0) == "root (uid)"
    assert account_name(None, {}, 4_000_000) == "uid-4000000 (uid)"
    assert Person("Rūta  Kalniņa", "a").is_same_as("rūta kalniņa")

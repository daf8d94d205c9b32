"""An exercise says whom it reaches before it is sent, and is refused where that is somebody real."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.exercise import reach_of
from console.submit import preview
from schemas.codec import Undecodable
from schemas.decision import Decision
from schemas.intake import accept
from schemas.policy.directory import Contact, Directory
from schemas.policy.directory_file import load_directory
from schemas.policy.models import Policy, Staff
from streams.rules.routing.route import route
from tests.console.conftest import SHIPPED, Run

PEOPLE = load_directory(SHIPPED / "directory.example.yaml")
NOW = datetime.now(UTC)
DRILL = {
    "kind": "report", "status": "Exercise", "origin": "exercise", "exerciseid": "ex-1", "reporting_party": "akniste",
    "event_type": "ice_rescue", "severity": "Severe", "place": {"name": "Gārsene"},
    "needs": [{"kind": "boat", "count": 1}], "psap_notified": {"notified": True},
    "reported_at": NOW.isoformat(), "expires_at": (NOW + timedelta(hours=1)).isoformat(),
}  # fmt: skip


def decided(policy: Policy) -> Decision:
    """The decision on the exercise."""
    return route(accept(json.dumps(DRILL).encode(), now=NOW, fresh=lambda: "fresh").event, policy)


def people(**changes: Contact | None) -> Directory:
    """The example directory with some contacts changed, or taken away."""
    named = {name.replace("_", "-"): contact for name, contact in changes.items()}
    contacts = {name: one for name, one in {**PEOPLE.contacts, **named}.items() if one is not None}
    return Directory(fictional=True, contacts=contacts)


def test_it_is_said_whom_an_exercise_reaches_on_every_step_and_at_home(policy: Policy) -> None:
    """Those told at once, those of later steps, and those of the asking side who hear the answer."""
    reach = reach_of(decided(policy), policy, PEOPLE)
    assert (reach.faults, reach.warnings) == ((), ())
    assert reach.lines[0] == "exercise  rokiskis: duty_desk (rokiskis-exercise-duty) by sms, email, at once"
    assert any("on step 2 of its ladder" in line for line in reach.lines)
    assert any(line.startswith("exercise  akniste: duty_desk") and "with the answer" in line for line in reach.lines)
    assert all("-exercise-" in line for line in reach.lines)


def test_a_contact_of_real_events_or_none_at_all_is_a_fault(policy: Policy) -> None:
    """Each is named with its role and party."""
    duty = PEOPLE.contacts["rokiskis-duty"]
    reach = reach_of(decided(policy), policy, people(rokiskis_exercise_duty=duty, rokiskis_exercise_chief=None))
    assert reach.faults == (
        "rokiskis-exercise-duty (rokiskis duty_desk) is there for real events",
        "rokiskis-exercise-chief (rokiskis fire_chief) is not in the directory",
    )


def test_a_phone_that_is_used_for_both_is_warned_of(policy: Policy) -> None:
    """It may be meant; the first words of its texts tell them apart."""
    both = PEOPLE.contacts["rokiskis-exercise-duty"].model_copy(update={"sms": PEOPLE.contacts["rokiskis-duty"].sms})
    reach = reach_of(decided(policy), policy, people(rokiskis_exercise_duty=both))
    assert reach.faults == ()
    (warning,) = reach.warnings
    assert warning.startswith("rokiskis-exercise-duty has the number of rokiskis-duty, who is there for real events")


def test_a_step_without_anybody_for_exercises_is_warned_of(policy: Policy) -> None:
    """The exercise goes on without it."""
    at_home = {**policy.staff["rokiskis"]}
    at_home["psdk_delegate"] = Staff(live=at_home["psdk_delegate"].live)
    staff = {**policy.staff, "rokiskis": at_home}
    without = Policy(**{**{name: getattr(policy, name) for name in Policy.model_fields}, "staff": staff})
    reach = reach_of(decided(without), without, PEOPLE)
    assert reach.warnings == ("rokiskis has nobody for exercises as psdk_delegate: step 3 of the ladder skips it",)


@pytest.mark.parametrize("spoilt", [False, True])
def test_the_dry_run_refuses_an_exercise_that_would_reach_somebody_real(
    borderlands: Run, tmp_path: Path, spoilt: bool
) -> None:
    """Exit code 65, and who it is; a sound one is shown with whom it reaches."""
    report, directory = tmp_path / "drill.json", tmp_path / "people.yaml"
    report.write_text(json.dumps(DRILL))
    text = (SHIPPED / "directory.example.yaml").read_text(encoding="utf-8")
    start = text.index("  rokiskis-exercise-duty:")
    mended = text[start:].replace("purpose: exercise", "purpose: live", 1) if spoilt else text[start:]
    directory.write_text(text[:start] + mended, encoding="utf-8")
    result = borderlands("route", report, "--directory", directory)
    assert result.exit_code == (65 if spoilt else 0), result.stderr
    assert "exercise  rokiskis: duty_desk (rokiskis-exercise-duty) by sms, email, at once" in result.stderr
    assert ("rokiskis-exercise-duty (rokiskis duty_desk) is there for real events" in result.stderr) is spoilt


@pytest.mark.parametrize("spoilt", [False, True])
def test_the_door_refuses_an_exercise_that_would_reach_somebody_real(policy: Policy, spoilt: bool) -> None:
    """It is a rejection with its reason, so that it stands on the log; without a directory the notifiers refuse."""
    report = accept(json.dumps(DRILL).encode(), now=NOW, fresh=lambda: "fresh")
    duty = PEOPLE.contacts["rokiskis-duty"] if spoilt else PEOPLE.contacts["rokiskis-exercise-duty"]
    preview(report, policy, (), True, None)
    if not spoilt:
        preview(report, policy, (), True, people(rokiskis_exercise_duty=duty))
        return
    with pytest.raises(Undecodable, match="not_for_sending") as refused:
        preview(report, policy, (), True, people(rokiskis_exercise_duty=duty))
    assert "rokiskis-exercise-duty (rokiskis duty_desk) is there for real events" in refused.value.detail
    assert refused.value.fragment["incident_id"] == report.event.incident_id

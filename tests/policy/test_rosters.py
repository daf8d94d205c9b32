"""Rosters as people write them, and one mistake in each: file, line, what is wrong, how to mend it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from schemas.policy.editor_schemas import editor_schemas
from schemas.policy.load import load_policy, read_policy
from schemas.policy.mistakes import errors_of
from schemas.policy.models import Policy
from schemas.policy.rosters import Roster, Shift
from schemas.policy.source import read_source
from tests.policy.conftest import SHIPPED, Spoil

FILE = "rosters.yaml"
BIRZAI = """
  birzai:
    duty_desk:
      shifts:
        - {days: daily, hours: "00:00-24:00", call: [birzai-duty]}
"""
SHIFT = BIRZAI.splitlines()[-1]

# What a slip makes of the shift of Biržai's duty desk, what the problem says, what the way to mend it says.
# fmt: off - one slip a line reads as a table
SLIPS = [
    ("{days: mon-fry, call: [birzai-duty]}", "'mon-fry' is no day", "mon-fri"),
    ("{days: [monday], call: [birzai-duty]}", "'monday' is no day", "days are mon"),
    ("{days: [], call: [birzai-duty]}", "too short", "at least 1"),
    ('{days: daily, hours: "8-20", call: [birzai-duty]}', "hours are two times", "'08:00-20:00'"),
    ("{days: daily, hours: 0800, call: [birzai-duty]}", "hours are two times", "'08:00-20:00'"),
    ('{days: daily, hours: "08:00-25:00", call: [birzai-duty]}', "hours are two times", "'22:00-06:00'"),
    ('{days: daily, hours: "24:00-06:00", call: [birzai-duty]}', "hours are two times", "'22:00-06:00'"),
    ('{days: daily, hour: "08:00-20:00", call: [birzai-duty]}', "unknown key 'hour'", "'hours'?"),
    ('{hours: "08:00-20:00", call: [birzai-duty]}', "either days or every_days", "days: mon-fri"),
    ("{days: daily, every_days: 4, since: 2026-01-01, call: [birzai-duty]}", "either days or", "every_days: 4"),
    ("{every_days: 4, call: [birzai-duty]}", "counted from a first day", "since: 2026-01-01"),
    ("{days: daily, since: 2026-01-01, call: [birzai-duty]}", "counted from a first day", "since"),
    ("{every_days: 0, since: 2026-01-01, call: [birzai-duty]}", "does not fit", "greater than or equal to 1"),
    ("{days: daily, call: []}", "too short", "at least 1"),
    ("{days: daily}", "the key 'call' is missing", "add 'call:'"),
    ("{days: daily, call: [birzai-dty]}", "'birzai-dty' does not hold 'duty_desk' at 'birzai'", "'birzai-duty'?"),
    ("{days: daily, call: [birzai-chief]}", "'birzai-chief' does not hold", "add the contact there"),
    ("{days: daily, call: [birzai-exercise-duty]}", "for exercises, which need no roster", "birzai-duty"),
    ("{days: daily, call: [birzai-duty, birzai-duty]}", "stands twice in one shift", "once"),
]
# fmt: on


@pytest.mark.parametrize(("slip", "problem", "mend"), SLIPS, ids=[slip for slip, _, _ in SLIPS])
def test_a_slip_is_named_with_its_line_and_a_way_to_mend_it(spoil: Spoil, slip: str, problem: str, mend: str) -> None:
    """The line is that of the shift, in the file of rosters."""
    line, mistakes = spoil(FILE, BIRZAI, BIRZAI.replace(SHIFT, f"        - {slip}"))
    (mistake,) = errors_of(mistakes)
    assert (mistake.file, mistake.line) == (FILE, line + BIRZAI.count("\n") - 1)
    assert problem in mistake.problem
    assert mend in mistake.mend


EXCEPTIONS = """
      exceptions:
        - {{dates: {dates}, shifts: []}}
        - {{dates: 2026-12-31, shifts: [{{hours: "08:00-20:00", call: [birzai-duty]}}]}}
"""


@pytest.mark.parametrize(
    ("dates", "problem", "mend"),
    [
        ("24.12.2026", "'24.12.2026' is no date", "2026-12-24..2026-12-26"),
        ("2026-12-24..2026-12-20", "no range of at most 100 days", "earlier date first"),
        ("2026-01-01..2026-12-31", "no range of at most 100 days", "earlier date first"),
        ("[2026-12-24, 2026-02-30]", "'2026-02-30' is no date", "2026-12-24"),
        ("[]", "too short", "at least 1"),
        ("2026-12-30..2027-01-02", "2026-12-31 stands in two exceptions: here and on line", "one exception"),
    ],
)
def test_a_slip_in_an_exception_is_named(spoil: Spoil, dates: str, problem: str, mend: str) -> None:
    """Dates that are none, that run backwards or too long, and that stand twice."""
    written = BIRZAI.rstrip("\n") + EXCEPTIONS.format(dates=dates)
    line, mistakes = spoil(FILE, BIRZAI, written)
    (mistake,) = errors_of(mistakes)
    twice = "two exceptions" in problem
    assert (mistake.file, mistake.line) == (FILE, line + BIRZAI.count("\n") + (2 if twice else 1))
    assert problem in mistake.problem
    assert mend in mistake.mend


@pytest.mark.parametrize(
    ("old", "new", "problem", "mend"),
    [
        ("\n  birzai:", "\n  birzi:", "no party 'birzi'", "'birzai'?"),
        ("\n  birzai:\n    duty_desk", "\n  birzai:\n    duty_dsk", "no role 'duty_dsk'", "'duty_desk'?"),
        ("\n  birzai:\n    duty_desk", "\n  birzai:\n    volunteer_firefighters", "is a group", "remove this roster"),
    ],
)
def test_a_roster_is_of_a_party_and_role_that_exist(spoil: Spoil, old: str, new: str, problem: str, mend: str) -> None:
    """A group is alerted at once, so a roster for it would promise what does not happen."""
    line, mistakes = spoil(FILE, old, new)
    named = [mistake for mistake in errors_of(mistakes) if problem in mistake.problem]
    assert [(mistake.file, mistake.line) for mistake in named] == [(FILE, line + new.count("\n"))]
    assert mend in named[0].mend


def test_a_contact_that_is_never_on_duty_is_worth_a_warning(spoil: Spoil) -> None:
    """Whoever was added to the roles and forgotten in the roster would never be called."""
    old = "- {contact: birzai-duty, channels: [sms, email]}"
    _, mistakes = spoil("roles.yaml", old, f"{old}\n        - {{contact: birzai-night, channels: [sms]}}")
    (mistake,) = mistakes
    assert (mistake.file, mistake.level) == (FILE, "warning")
    assert "'birzai-night' holds 'duty_desk' at 'birzai' and is on duty at no time" in mistake.problem


def test_without_rosters_a_policy_is_as_before(policy_dir: Path) -> None:
    """The file may be absent."""
    (policy_dir / FILE).unlink()
    loaded = read_policy(policy_dir)
    assert loaded.mistakes == ()
    assert loaded.policy is not None
    assert loaded.policy.rosters == {}


def test_a_policy_with_rosters_survives_its_topic(policy_dir: Path, spoil: Spoil) -> None:
    """What is published as JSON and read again is the same policy, with the same version."""
    spoil(FILE, BIRZAI, BIRZAI.rstrip("\n") + EXCEPTIONS.format(dates="[2026-12-24, 2026-12-25..2026-12-26]"))
    policy = load_policy(policy_dir)
    again = Policy.model_validate_json(policy.model_dump_json())
    assert again == policy
    assert again.version == policy.version
    exception = policy.rosters["birzai"]["duty_desk"].exceptions[0]
    assert exception.dates == (date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26))


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("mon-fri", ("mon", "tue", "wed", "thu", "fri")),
        ("Mon–Wed, sun", ("mon", "tue", "wed", "sun")),
        ("fri-mon", ("mon", "fri", "sat", "sun")),
        ("sat-sun holidays", ("sat", "sun", "holidays")),
        (["mon", "wed-thu", "holidays"], ("mon", "wed", "thu", "holidays")),
        ("daily", ("daily",)),
    ],
)
def test_days_are_read_as_people_write_them(written: object, days: tuple[str, ...]) -> None:
    """Ranges, lists, dashes of both kinds; kept in the order of the week."""
    roster = Roster.model_validate({"shifts": [{"days": written, "call": ["x"]}]})
    assert roster.shifts[0].days == days


@pytest.mark.parametrize(
    ("written", "kept", "span"),
    [
        ("08:00-20:00", "08:00-20:00", (480, 1200)),
        ("22:00 – 06:00", "22:00-06:00", (1320, 1800)),
        ("08:00-08:00", "08:00-08:00", (480, 1920)),
        ("00:00-24:00", "00:00-24:00", (0, 1440)),
        ("00:00-00:00", "00:00-00:00", (0, 1440)),
    ],
)
def test_hours_are_read_as_people_write_them(written: str, kept: str, span: tuple[int, int]) -> None:
    """An end that is not after the begin lies on the next day."""
    shift = Shift.model_validate({"hours": written, "call": ["x"]})
    assert (shift.hours, shift.span_min) == (kept, span)


def test_hours_without_quotes_are_no_number(tmp_path: Path) -> None:
    """YAML 1.2 knows no numbers to base sixty: 08:00-20:00 and 22:00 are texts."""
    path = tmp_path / "hours.yaml"
    path.write_text("{a: 08:00-20:00, b: 22:00, c: 2026-12-24}\n", encoding="utf-8")
    assert read_source(path, "hours.yaml").data == {"a": "08:00-20:00", "b": "22:00", "c": "2026-12-24"}


def _commented() -> str:
    lines = (SHIPPED / FILE).read_text(encoding="utf-8").splitlines()
    return "\n".join(["rosters:", *(line[2:] for line in lines if line.startswith("#   ")), ""])


def _documented() -> str:
    page = SHIPPED.parents[1] / "docs" / "duty.md"
    return page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]


@pytest.mark.parametrize("example", [_commented, _documented])
def test_the_real_roster_that_is_shown_is_one(tmp_path: Path, example: Callable[[], str]) -> None:
    """What the shipped file and the page show as examples fits the model, and an editor finds nothing to mark."""
    path = tmp_path / "example.yaml"
    path.write_text(example(), encoding="utf-8")
    data = read_source(path, "example.yaml").data
    assert isinstance(data, dict)
    for role in ("duty_desk", "fire_chief"):
        assert Roster.model_validate(data["rosters"]["birzai"][role]).contacts()
    schema = json.loads(json.dumps(editor_schemas()["rosters.schema.json"]))
    jsonschema.Draft202012Validator(schema).validate(data)

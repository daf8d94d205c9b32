"""Rosters: days of the week, nights, public holidays, exceptions, rotations, the order of calling, and gaps."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.base import Country
from schemas.policy.rosters import Roster
from schemas.vocabulary import Channel, Origin
from streams.rules.duty.calendar import RoleCalendar
from streams.rules.duty.crew import on_duty, rung
from streams.rules.duty.public_holidays import holiday_name
from tests.rules.duty_fixture import CHIEF, DESK, RIGA, called, desk_policy, local, uncovered

# Anna has weekdays, Berta the nights before and on weekdays, Cilda weekends and public holidays around the clock.
WEEK: dict[str, Any] = {
    "shifts": [
        {"days": "mon-fri", "hours": "08:00-20:00", "call": ["anna"]},
        {"days": "mon-fri", "hours": "20:00–08:00", "call": ["berta", "anna"]},
        {"days": "sat-sun, holidays", "hours": "08:00-08:00", "call": ["cilda"]},
    ]
}


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("2026-06-03 08:00", ["anna"]),
        ("2026-06-03 19:59", ["anna"]),
        ("2026-06-03 20:00", ["berta", "anna"]),
        ("2026-06-04 00:00", ["berta", "anna"]),
        ("2026-06-04 07:59", ["berta", "anna"]),
        ("2026-06-04 08:00", ["anna"]),
        ("2026-06-05 23:00", ["berta", "anna"]),
        ("2026-06-06 07:59", ["berta", "anna"]),
        ("2026-06-06 08:00", ["cilda"]),
        ("2026-06-07 03:00", ["cilda"]),
        ("2026-06-08 07:59", ["cilda"]),
        ("2026-06-08 08:00", ["anna"]),
    ],
)
def test_a_week_has_its_shifts(written: str, who: list[str]) -> None:
    """A night belongs to the day on which it begins, across midnight and into the weekend; the end is not included."""
    assert called(desk_policy(WEEK), local(written)) == who


@pytest.mark.parametrize(
    ("party", "written", "who"),
    [
        ("birzai", "2026-02-16 12:00", ["cilda"]),  # a Monday: Lithuania's day, not Latvia's
        ("vecumnieki", "2026-02-16 12:00", ["anna"]),
        ("birzai", "2026-05-04 12:00", ["anna"]),  # a Monday: Latvia's day, not Lithuania's
        ("vecumnieki", "2026-05-04 12:00", ["cilda"]),
        ("vecumnieki", "2025-05-05 12:00", ["cilda"]),  # 4 May 2025 was a Sunday: the Monday is free
        ("vecumnieki", "2028-11-20 12:00", ["cilda"]),  # 18 November 2028 is a Saturday: the Monday is free
        ("vecumnieki", "2026-05-05 03:00", ["cilda"]),  # a holiday's shift runs on into the day after
        ("vecumnieki", "2026-05-05 08:00", ["anna"]),
        ("vecumnieki", "2026-06-23 21:00", ["cilda"]),  # Līgo, a Tuesday
        ("birzai", "2026-06-23 21:00", ["berta", "anna"]),
        ("birzai", "2026-06-24 21:00", ["cilda"]),  # Joninės
        ("birzai", "2026-06-24 07:59", ["berta", "anna"]),  # the night before it is an ordinary one
    ],
)
def test_a_public_holiday_is_that_of_the_partys_country(party: str, written: str, who: list[str]) -> None:
    """Where the roster speaks of holidays, they are no weekdays, with days moved to Monday where the law moves them."""
    assert called(desk_policy(WEEK, party), local(written), party=party) == who


def test_a_roster_that_does_not_speak_of_holidays_goes_on_through_them() -> None:
    """Silence about holidays means that weekdays are weekdays."""
    rules = desk_policy({"shifts": [{"days": "mon-sun", "call": ["anna"]}]})
    assert called(rules, local("2026-12-25 12:00")) == ["anna"]


def test_daily_means_holidays_too() -> None:
    """A shift of every day runs beside that of a holiday, in the order of the file."""
    shifts = [
        {"days": "daily", "hours": "00:00-24:00", "call": ["anna"]},
        {"days": "holidays", "hours": "08:00-20:00", "call": ["cilda"]},
        {"days": "mon-fri", "hours": "08:00-20:00", "call": ["dace"]},
    ]
    rules = desk_policy({"shifts": shifts})
    assert called(rules, local("2026-12-25 12:00")) == ["anna", "cilda"]
    assert called(rules, local("2026-12-28 12:00")) == ["anna", "dace"]


@pytest.mark.parametrize("country", ["LV", "LT"])
@pytest.mark.parametrize("year", [1970, 1991, 2026, 2100, 2199])
def test_the_years_of_a_working_life_are_known(country: Country, year: int) -> None:
    """Christmas is a holiday from 1990 to 2100, whatever was asked before; years beyond have none."""
    assert holiday_name(country, date(year, 12, 25)) == ("Christmas Day" if 1990 <= year <= 2100 else None)
    assert holiday_name(country, date(year, 10, 13)) is None


@pytest.mark.parametrize("day", [date(2026, 1, 2), date(2026, 6, 22)])
def test_a_day_off_that_the_latvian_government_moved_is_one(day: date) -> None:
    """The Friday after New Year and the Monday before Līgo of 2026 are worked on Saturdays instead."""
    assert (holiday_name("LV", day) or "").startswith("Day off")
    assert holiday_name("LT", day) is None


EXCEPTION = {
    "dates": "2026-12-24..2026-12-25",
    "note": "Christmas",
    "shifts": [
        {"hours": "08:00-20:00", "call": ["dace"]},
        {"hours": "20:00-08:00", "call": ["anna", "berta"]},
    ],
}


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("2026-12-24 07:59", ["berta", "anna"]),
        ("2026-12-24 08:00", ["dace"]),
        ("2026-12-25 03:00", ["anna", "berta"]),
        ("2026-12-26 07:59", ["anna", "berta"]),
        ("2026-12-26 08:00", ["cilda"]),
    ],
)
def test_an_exception_takes_the_place_of_what_would_begin_on_its_dates(written: str, who: list[str]) -> None:
    """What began the day before still ends when it ends; what the exception begins runs on into the day after."""
    assert called(desk_policy({**WEEK, "exceptions": [EXCEPTION]}), local(written)) == who


def test_an_exception_is_called_before_the_night_that_still_runs() -> None:
    """Who was named for that very date comes first; the ordinary shift of the day before ends when it ends."""
    nights = [{"days": "daily", "hours": "20:00-10:00", "call": ["anna"]}]
    named = {"dates": "2026-06-03", "shifts": [{"hours": "08:00-20:00", "call": ["cilda"]}]}
    rules = desk_policy({"shifts": nights, "exceptions": [named]})
    assert called(rules, local("2026-06-03 09:00")) == ["cilda", "anna"]
    assert called(rules, local("2026-06-03 10:00")) == ["cilda"]


def test_an_exception_without_shifts_leaves_the_day_to_everybody() -> None:
    """Nobody is on duty by roster then, so whoever holds the role is called."""
    rules = desk_policy({**WEEK, "exceptions": [{"dates": ["2026-06-03"], "shifts": []}]})
    assert called(rules, local("2026-06-03 07:59")) == ["berta", "anna"]
    assert called(rules, local("2026-06-03 08:00")) == list(DESK)
    assert uncovered(rules, local("2026-06-03 08:00"))
    assert not uncovered(rules, local("2026-06-03 07:59"))


def test_four_crews_take_turns() -> None:
    """A rotation counts days, not weeks, over months and a moved clock, and begins on its first day."""
    shifts = [
        {"every_days": 4, "since": f"2026-01-0{number}", "hours": "08:00-08:00", "call": [who]}
        for number, who in enumerate(DESK, start=1)
    ]
    rules = desk_policy({"shifts": shifts})
    day = datetime.fromisoformat("2026-01-01 12:00")
    for number in range(300):
        at = local((day + timedelta(days=number)).isoformat(" "))
        assert called(rules, at) == [DESK[number % 4]]
    assert uncovered(rules, local("2026-01-01 07:59"))


def test_the_order_of_the_file_is_the_order_of_calling() -> None:
    """Of shifts that run at once the upper one is called first, an exception before all, and everybody once."""
    shifts = [
        {"days": "daily", "hours": "12:00-18:00", "call": ["dace", "anna"]},
        {"days": "daily", "hours": "00:00-24:00", "call": ["anna", "berta"]},
    ]
    night = {"dates": "2026-06-03", "shifts": [{"hours": "00:00-24:00", "call": ["cilda"]}]}
    rules = desk_policy({"shifts": shifts, "exceptions": [night]})
    assert called(rules, local("2026-06-02 13:00")) == ["dace", "anna", "berta"]
    assert called(rules, local("2026-06-02 18:00")) == ["anna", "berta"]
    assert called(rules, local("2026-06-03 13:00")) == ["cilda"]


def test_an_exercise_has_no_roster() -> None:
    """Exercise contacts are told at any time."""
    rules = desk_policy({"shifts": [{"days": "mon", "hours": "08:00-09:00", "call": ["anna"]}]})
    at = local("2026-06-03 12:00")
    found = on_duty(rules, party="birzai", role="duty_desk", origin=Origin.EXERCISE, at=at)
    assert [member.contact for member in found] == ["drill"]


def test_a_role_without_a_roster_is_held_at_all_times() -> None:
    """Everybody named for it is called, in the order of the roles file."""
    assert called(desk_policy(None), local("2026-06-03 03:00")) == list(DESK)
    assert called(desk_policy(WEEK), local("2026-06-03 03:00"), role="fire_chief") == list(CHIEF)


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_no_instant_is_too_far_away(at: datetime) -> None:
    """A record with an absurd time is judged, not stumbled over."""
    assert called(desk_policy(WEEK), at)


def test_who_cannot_be_reached_on_a_rungs_channels_covers_nothing() -> None:
    """Emils is on duty but has no e-mail, nor has anybody: the role is unfilled. Where others have, they are told."""
    rules = desk_policy(None, shifts=[{"days": "daily", "call": ["emils"]}])
    at = local("2026-06-03 12:00")
    common: dict[str, Any] = {"party": "birzai", "roles": ("fire_chief",), "origin": Origin.LIVE, "at": at}
    assert rung(rules, channels=(Channel.EMAIL,), **common).unfilled == ("fire_chief",)
    values = rules.model_dump(mode="json")
    values["staff"]["birzai"]["fire_chief"]["live"][1]["channels"] = ["email"]
    mended = type(rules).model_validate(values)
    found = rung(mended, channels=(Channel.EMAIL,), **common)
    assert [one.contact_id for one in found.recipients] == ["fricis"]
    assert (found.unfilled, found.uncovered) == ((), ("fire_chief",))
    found = rung(mended, channels=(Channel.SMS,), **common)
    assert [one.contact_id for one in found.recipients] == ["emils"]
    assert found.uncovered == ()


def test_gaps_are_named_to_the_minute() -> None:
    """Nobody from Saturday 08:00 to Monday 06:30, and within the asked range only."""
    roster = Roster.model_validate(
        {
            "shifts": [
                {"days": "mon-fri", "hours": "06:30-20:00", "call": ["anna"]},
                {"days": "mon-fri", "hours": "19:00-08:00", "call": ["berta"]},
            ]
        }
    )
    party = next(one for one in desk_policy(None).parties if one.id == "vecumnieki")
    calendar = RoleCalendar(roster, party)
    begin, end = local("2026-06-01 00:00", RIGA), local("2026-06-15 00:00", RIGA)
    weekend = local("2026-06-06 08:00", RIGA), local("2026-06-08 06:30", RIGA)
    assert list(calendar.gaps(begin, end)) == [
        (begin, local("2026-06-01 06:30", RIGA)),
        weekend,
        (local("2026-06-13 08:00", RIGA), end),
    ]
    noon = local("2026-06-07 12:00", RIGA)
    assert list(calendar.gaps(noon, noon + timedelta(hours=1))) == [(noon, noon + timedelta(hours=1))]
    assert list(calendar.gaps(local("2026-06-03 00:00", RIGA), local("2026-06-05 00:00", RIGA))) == []

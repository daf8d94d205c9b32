"""Two nights of a year the clock is moved: shifts begin and end at the minute, and none meets a hole."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streams.rules.duty.calendar import RoleCalendar
from streams.rules.duty.clock import instant_of, readings_of
from tests.rules.duty_fixture import RIGA, VILNIUS, called, desk_policy, local

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
ZONES = pytest.mark.parametrize(("zone", "party"), [(RIGA, "vecumnieki"), (VILNIUS, "birzai")])
NIGHTS = {
    "shifts": [
        {"days": "daily", "hours": "22:00-06:00", "call": ["anna"]},
        {"days": "daily", "hours": "06:00-22:00", "call": ["berta"]},
    ]
}
HALF_PAST_THREE = {
    "shifts": [
        {"days": "daily", "hours": "15:30-03:30", "call": ["anna"]},
        {"days": "daily", "hours": "03:30-15:30", "call": ["berta"]},
    ]
}
MINUTE = timedelta(minutes=1)


def utc(day: date, hour: int, minute: int) -> datetime:
    """An instant on ``day`` in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@ZONES
@pytest.mark.parametrize(("day", "hours"), [(SPRING, 7), (AUTUMN, 9), (date(2026, 7, 4), 8)])
def test_a_night_shift_lasts_as_long_as_the_night(zone: ZoneInfo, party: str, day: date, hours: int) -> None:
    """From 22:00 to 06:00 is seven hours in the night of March and nine in that of October."""
    rules = desk_policy(NIGHTS, party)
    roster = rules.rosters[party]["duty_desk"]
    calendar = RoleCalendar(roster, next(one for one in rules.parties if one.id == party))
    (night, _) = calendar.turns(day - timedelta(days=1))
    assert night.call == ("anna",)
    assert night.end - night.begin == timedelta(hours=hours)
    for at, who in (
        (night.begin - MINUTE, "berta"),
        (night.begin, "anna"),
        (night.end - MINUTE, "anna"),
        (night.end, "berta"),
    ):
        assert called(rules, at, party=party) == [who]
    assert night.end.astimezone(zone).strftime("%H:%M") == "06:00"


@ZONES
def test_a_handover_at_a_time_that_is_left_out_happens_at_the_jump(zone: ZoneInfo, party: str) -> None:
    """In March the clock goes from 02:59 to 04:00: what begins at 03:30 begins then, to the minute."""
    rules = desk_policy(HALF_PAST_THREE, party)
    jump = utc(SPRING, 1, 0)
    assert readings_of(datetime.fromisoformat("2026-03-29 03:30"), zone) == ()
    assert instant_of(SPRING, 3 * 60 + 30, zone) == jump
    assert called(rules, jump - MINUTE, party=party) == ["anna"]
    assert called(rules, jump, party=party) == ["berta"]


@ZONES
def test_a_handover_at_a_time_that_stands_twice_happens_at_the_first(zone: ZoneInfo, party: str) -> None:
    """In October 03:30 comes twice, an hour apart; who takes over at the first stays on at the second."""
    rules = desk_policy(HALF_PAST_THREE, party)
    first, second = utc(AUTUMN, 0, 30), utc(AUTUMN, 1, 30)
    assert readings_of(datetime.fromisoformat("2026-10-25 03:30"), zone) == (first, second)
    for at, who in (
        (first - MINUTE, "anna"),
        (first, "berta"),
        (utc(AUTUMN, 1, 0), "berta"),
        (second - MINUTE, "berta"),
        (second, "berta"),
    ):
        assert called(rules, at, party=party) == [who]


@ZONES
def test_an_ordinary_time_has_one_reading(zone: ZoneInfo, party: str) -> None:
    """On every other night a wall clock time is one instant, two hours (in summer three) ahead of UTC."""
    del party
    assert readings_of(datetime.fromisoformat("2026-12-24 23:00"), zone) == (datetime(2026, 12, 24, 21, 0, tzinfo=UTC),)
    assert readings_of(datetime.fromisoformat("2026-07-04 23:00"), zone) == (datetime(2026, 7, 4, 20, 0, tzinfo=UTC),)


def test_a_shift_within_the_hour_that_is_left_out_does_not_take_place() -> None:
    """03:10 to 03:50 is no time at all on that day, and one of 03:10 to 04:10 lasts ten minutes."""
    rules = desk_policy(
        {
            "shifts": [
                {"days": "daily", "hours": "00:00-24:00", "call": ["anna"]},
                {"days": "daily", "hours": "03:10-03:50", "call": ["berta"]},
                {"days": "daily", "hours": "03:10-04:10", "call": ["cilda"]},
            ]
        }
    )
    jump = utc(SPRING, 1, 0)
    assert called(rules, jump - MINUTE) == ["anna"]
    assert called(rules, jump) == ["anna", "cilda"]
    assert called(rules, jump + 9 * MINUTE) == ["anna", "cilda"]
    assert called(rules, jump + 10 * MINUTE) == ["anna"]
    assert called(rules, local("2026-03-30 03:20")) == ["anna", "berta", "cilda"]

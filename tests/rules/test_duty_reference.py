"""Any roster at any instant against a reference that knows nothing but a clock on the wall.

The reference looks at the clock of the party minute by minute and never believes it when it is turned back: a shift
runs from when that clock first shows its begin, or more, to when it first shows its end, or more.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.policy.models import Policy
from schemas.policy.rosters import WEEKDAYS, Roster
from schemas.vocabulary import Origin
from streams.rules.duty.calendar import RoleCalendar
from streams.rules.duty.crew import duty_at
from streams.rules.duty.watch import Watches
from tests.rules.duty_fixture import DESK, called, desk_policy, swap

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOLIDAYS = {
    "vecumnieki": holidays.country_holidays("LV", years=range(2025, 2029)),
    "birzai": holidays.country_holidays("LT", years=range(2025, 2029)),
}
ZONE = {"vecumnieki": ZoneInfo("Europe/Riga"), "birzai": ZoneInfo("Europe/Vilnius")}

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
hours = st.builds("{}-{}".format, times, st.one_of(times, st.just("24:00")))
calls = st.lists(st.sampled_from(DESK), min_size=1, max_size=2, unique=True)
shifts = st.fixed_dictionaries({"hours": hours, "call": calls})
days = st.lists(st.sampled_from([*WEEKDAYS, "daily", "holidays"]), min_size=1, max_size=4, unique=True)
dates = st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-24..2026-10-25", "2026-12-24", "2026-12-31..2027-01-01"])
weekly = st.one_of(
    st.fixed_dictionaries({"hours": hours, "call": calls, "days": days}),
    st.fixed_dictionaries(
        {
            "hours": hours,
            "call": calls,
            "every_days": st.integers(1, 5),
            "since": st.sampled_from(["2026-01-01", "2026-10-24"]),
        }
    ),
)
exceptions = st.lists(
    st.fixed_dictionaries({"dates": dates, "shifts": st.lists(shifts, max_size=2)}),
    max_size=3,
    unique_by=lambda one: one["dates"],
)
rosters = st.fixed_dictionaries({"shifts": st.lists(weekly, min_size=1, max_size=4), "exceptions": exceptions})
parties = st.sampled_from(sorted(ZONE))


def near(*written: str) -> st.SearchStrategy[datetime]:
    """A minute within a day and a half of one of these."""
    moments = st.sampled_from([datetime.fromisoformat(one).replace(tzinfo=UTC) for one in written])
    return st.builds(lambda at, minutes: at + minutes * MINUTE, moments, st.integers(-2160, 2160))


instants = st.one_of(
    near("2026-03-29T01:00", "2026-10-25T01:00", "2026-12-24T12:00", "2026-05-04T00:00", "2027-01-01T00:00"),
    st.builds(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE, st.integers(0, 365 * 1440)),
)


def furthest(at: datetime, zone: ZoneInfo) -> datetime:
    """The latest time the clock on the wall has shown up to ``at``."""
    return max((at - minutes * MINUTE).astimezone(zone).replace(tzinfo=None) for minutes in range(181))


@cache
def rotation(since: date, every_days: int) -> frozenset[date]:
    """The days of a rotation, for longer than is asked about here."""
    return frozenset(since + step * every_days * DAY for step in range(1200))


def begins_on(roster: Roster, day: date, party: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Rank, hours and people of what begins on ``day``, as the page for administrators says it."""
    for exception in roster.exceptions:
        if day in exception.dates:
            count = len(exception.shifts)
            return [(number - count, one.hours, one.call) for number, one in enumerate(exception.shifts)]
    is_holiday, found = day in HOLIDAYS[party], []
    speaks_of_holidays = any(shift.days and "holidays" in shift.days for shift in roster.shifts)
    for number, shift in enumerate(roster.shifts):
        if shift.days is None:
            assert shift.since is not None
            assert shift.every_days is not None
            runs = day in rotation(shift.since, shift.every_days)
        elif "daily" in shift.days or (is_holiday and "holidays" in shift.days):
            runs = True
        else:
            runs = WEEKDAYS[day.weekday()] in shift.days and not (is_holiday and speaks_of_holidays)
        if runs:
            found.append((number, shift.hours, shift.call))
    return found


def wall(day: date, written: str) -> datetime:
    """``written`` on ``day``, without a zone."""
    midnight = datetime.combine(day, datetime.min.time())
    return midnight + timedelta(hours=int(written[:2]), minutes=int(written[3:]))


def reference(policy: Policy, at: datetime, party: str) -> list[str]:
    """Who is called by roster."""
    roster, now = policy.rosters[party]["duty_desk"], furthest(at, ZONE[party])
    running: list[tuple[int, tuple[str, ...]]] = []
    for day in (now.date() + back * DAY for back in (-2, -1, 0)):
        for rank, hours_, who in begins_on(roster, day, party):
            begin, end = (wall(day, one) for one in hours_.split("-"))
            if begin <= now < (end if end > begin else end + DAY):
                running.append((rank, who))
    return list(dict.fromkeys(who for _, people in sorted(running) for who in people))


@given(rosters, parties, instants)
@settings(max_examples=250, deadline=None)
@example(
    {"shifts": [{"hours": "03:30-03:59", "call": ["anna"], "days": ["daily"]}], "exceptions": []},
    "birzai",
    datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
)
def test_every_instant_has_the_answer_of_the_clock_on_the_wall(
    written: dict[str, object], party: str, at: datetime
) -> None:
    """Weeks, holidays, exceptions, rotations, nights and moved clocks; where nobody is on duty, everybody is called."""
    rules = desk_policy(written, party)
    expected = reference(rules, at, party)
    duty = duty_at(rules, party=party, role="duty_desk", origin=Origin.LIVE, at=at)
    assert [one.member.contact for one in duty.people] == (expected or list(DESK))
    assert duty.uncovered == (not expected)


@given(rosters, parties, instants, st.lists(st.integers(0, 10_000), max_size=4))
@settings(max_examples=80, deadline=None)
def test_an_answer_holds_for_as_long_as_it_says(
    written: dict[str, object], party: str, at: datetime, within: list[int]
) -> None:
    """From the first to the last minute of its stretch, and at any between, the same people are called."""
    rules = desk_policy(written, party)
    night = swap("anna", "dace", "2026-10-24 22:00", "2026-10-25 06:00", party=party)
    duty = duty_at(rules, party=party, role="duty_desk", origin=Origin.LIVE, at=at, swaps=[night])
    assert duty.since <= at < duty.until
    assert duty.until - duty.since <= timedelta(hours=25)
    length = int((duty.until - duty.since) / MINUTE)
    for minutes in (0, length - 1, *(number % length for number in within)):
        moment = duty.since + minutes * MINUTE
        assert called(rules, moment, night, party=party) == [one.member.contact for one in duty.people]


@given(rosters, parties, instants, st.integers(1, 4000))
@settings(max_examples=30, deadline=None)
def test_gaps_are_exactly_the_minutes_in_which_nobody_is_on_duty(
    written: dict[str, object], party: str, begin: datetime, minutes: int
) -> None:
    """In order, apart from each other, within what was asked, and at no minute otherwise."""
    rules = desk_policy(written, party)
    side = next(one for one in rules.parties if one.id == party)
    calendar = RoleCalendar(rules.rosters[party]["duty_desk"], side)
    end = begin + minutes * MINUTE
    gaps = list(calendar.gaps(begin, end))
    assert all(start < stop for start, stop in gaps)
    assert all(one[1] < other[0] for one, other in pairwise(gaps))
    edges = {edge + side for gap in gaps for edge in gap for side in (-MINUTE, timedelta())}
    edges |= {begin + step * MINUTE for step in range(0, minutes, 97)}
    for at in sorted(at for at in edges if begin <= at < end):
        assert any(start <= at < stop for start, stop in gaps) == (reference(rules, at, party) == [])


@given(rosters, parties, st.lists(instants, min_size=1, max_size=12), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_watch_is_right_whatever_was_asked_before(
    written: dict[str, object], party: str, moments: list[datetime], swapped: bool
) -> None:
    """Events come in any order of time: the state remembered for one never answers for another."""
    rules = desk_policy(written, party)
    watches = Watches(rules)
    night = (swap("anna", "dace", "2026-03-28 22:00", "2026-10-25 06:00", party=party),)
    for number, at in enumerate(moments):
        swaps = night if swapped and number % 3 else ()
        watch = watches.at(at, swaps)
        there = called(rules, watch.at, *watch.swaps, party=party)
        assert there == called(rules, at, *swaps, party=party)
        assert watches.at(at, swaps) is watch

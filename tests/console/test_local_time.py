"""Times as they are typed and shown: the party's clock, with its two strange nights."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from console.local_time import NotATime, clock, length, moment, read_time, span

RIGA, VILNIUS = ZoneInfo("Europe/Riga"), ZoneInfo("Europe/Vilnius")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-12-24T23:00", "2026-12-24T21:00"),
        ("2026-12-24 23:00", "2026-12-24T21:00"),
        (" 2026-12-24 ", "2026-12-23T22:00"),
        ("2026-07-04T23:00", "2026-07-04T20:00"),
        ("2026-12-24T23:00Z", "2026-12-24T23:00"),
        ("2026-10-25T03:30+03:00", "2026-10-25T00:30"),
        ("2026-10-25T03:30+02:00", "2026-10-25T01:30"),
        ("2026-03-29T02:59", "2026-03-29T00:59"),
        ("2026-03-29T04:00", "2026-03-29T01:00"),
    ],
)
@pytest.mark.parametrize("zone", [RIGA, VILNIUS])
def test_a_time_is_the_partys_local_time_unless_it_says_otherwise(written: str, utc: str, zone: ZoneInfo) -> None:
    """Summer and winter, a day alone is its midnight, and an offset means what it says."""
    assert read_time(written, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_time_that_stands_twice_must_be_made_clear() -> None:
    """Both spellings are offered, and each of them can be typed."""
    with pytest.raises(NotATime, match="stands twice in Europe/Riga") as problem:
        read_time("2026-10-25T03:30", RIGA)
    first, second = problem.value.mend.removeprefix("write ").split(" or ")
    assert read_time(second, RIGA) - read_time(first, RIGA) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2026-03-29T03:30", "does not exist in Europe/Vilnius"),
        ("tomorrow", "is no time"),
        ("2026-02-30", "is no time"),
    ],
)
def test_what_is_no_time_is_not_guessed_at(written: str, problem: str) -> None:
    """It is named, with a way to write it."""
    with pytest.raises(NotATime, match=problem) as raised:
        read_time(written, VILNIUS)
    assert raised.value.mend


def test_times_are_shown_so_that_they_are_one() -> None:
    """In the hour that stands twice a time has its offset."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock(first, RIGA) == "03:30+0300"
    assert clock(first + timedelta(hours=1), RIGA) == "03:30+0200"
    assert moment(datetime(2026, 12, 24, 21, 0, tzinfo=UTC), RIGA) == "Thu 24 December 2026 23:00"


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("2026-12-24 22:00", "2026-12-25 06:00", "Thu 24 December 2026 22:00–06:00"),
        ("2026-12-24 08:00", "2026-12-24 20:00", "Thu 24 December 2026 08:00–20:00"),
        ("2026-12-24 00:00", "2026-12-25 00:00", "Thu 24 December 2026 00:00–24:00"),
        ("2026-12-24 08:00", "2026-12-26 08:00", "Thu 24 December 2026 08:00–Sat 26 December 2026 08:00"),
    ],
)
def test_a_span_names_its_second_day_where_that_is_not_plain(begin: str, end: str, said: str) -> None:
    """A night is plain, a weekend is not."""
    assert span(read_time(begin, RIGA), read_time(end, RIGA), RIGA) == said


def test_a_length_counts_what_really_passes() -> None:
    """Nine hours in the night in which the clock goes back."""
    assert length(read_time("2026-10-24 22:00", RIGA), read_time("2026-10-25 06:00", RIGA)) == "9 h"
    assert length(read_time("2026-03-28 22:00", RIGA), read_time("2026-03-29 06:00", RIGA)) == "7 h"
    assert length(read_time("2026-12-24 22:00", RIGA), read_time("2026-12-26 22:30", RIGA)) == "2 d 30 min"

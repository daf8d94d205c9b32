"""A month is one of the municipalities' own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from console.report.month import Month, NotAMonth


def test_a_month_begins_and_ends_at_local_midnight() -> None:
    """October 2026 begins in summer time and ends in winter time, so it is an hour longer than 31 days."""
    october = Month.read("2026-10")
    assert october.start == datetime(2026, 9, 30, 21, 0, tzinfo=UTC)
    assert october.end == datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
    assert october.end - october.start == timedelta(days=31, hours=1)


def test_march_is_an_hour_short() -> None:
    """The clock goes forward in March."""
    march = Month.read("2026-03")
    assert march.end - march.start == timedelta(days=31) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 10, 31, 21, 59, 59, tzinfo=UTC), "2026-10"),
        (datetime(2026, 10, 31, 22, 0, 0, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 31, 22, 0, 0, tzinfo=UTC), "2027-01"),
    ],
)
def test_an_instant_lies_in_the_month_of_the_local_clock(moment: datetime, month: str) -> None:
    """Not in that of UTC."""
    assert str(Month.of(moment)) == month


def test_months_follow_each_other_over_the_year() -> None:
    """January comes after December."""
    assert str(Month(2026, 12).next) == "2027-01"
    assert str(Month(2026, 1).before) == "2025-12"
    assert Month(2026, 7).next.before == Month(2026, 7)


@pytest.mark.parametrize("written", ["2026-13", "2026-0", "10-2026", "October", "2026-10-01", "", "9999-12"])
def test_what_names_no_month_is_refused(written: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(NotAMonth):
        Month.read(written)

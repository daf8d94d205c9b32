"""Rosters as they are written: who holds a role at a party when, by days and hours of the party's own clock."""

import re
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from schemas.base import Id, Line, Model

DayKind = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "daily", "holidays"]
"""A day of the week, every day, or a public holiday of the party's country."""

WEEKDAYS: tuple[DayKind, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_KINDS: tuple[DayKind, ...] = (*WEEKDAYS, "daily", "holidays")
_DAYS_ARE = "days are mon, tue, wed, thu, fri, sat, sun, ranges such as mon-fri, daily, holidays"

DAY_MIN = 24 * 60
MAX_DATES = 100
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?(([01]\d|2[0-3]):([0-5]\d)|24:00)")


def read_days(value: object) -> object:
    """Words and ranges of days, in a text or a list of texts, as days in the order of the week."""
    words = value if isinstance(value, list | tuple) else [value]
    found: set[str] = set()
    for word in re.split(r"[,\s]+", " ".join(str(word) for word in words).strip().lower().replace("–", "-")):
        found |= _range(word) if word else set()
    return tuple(day for day in _DAY_KINDS if day in found)


def _range(word: str) -> set[str]:
    if word in _DAY_KINDS:
        return {word}
    first, dash, last = word.partition("-")
    if not dash or first not in WEEKDAYS or last not in WEEKDAYS:
        raise ValueError(f"'{word}' is no day; {_DAYS_ARE}")
    begin, count = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7
    return {WEEKDAYS[(begin + step) % 7] for step in range(count + 1)}


def read_hours(value: object) -> object:
    """Hours in one spelling: ``08:00-20:00``."""
    match = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("hours are two times of the day; write '08:00-20:00', or '22:00-06:00' for a night")
    return f"{match[1]}:{match[2]}-{match[3]}"


def read_dates(value: object) -> object:
    """Dates and ranges ``first..last`` of them, as dates in order."""
    words = value if isinstance(value, list | tuple) else [value]
    found: set[date] = set()
    for word in words:
        first, dots, last = (word, "", "") if isinstance(word, date) else str(word).partition("..")
        try:
            begin = first if isinstance(first, date) else date.fromisoformat(first.strip())
            end = date.fromisoformat(last.strip()) if dots else begin
        except ValueError:
            raise ValueError(f"'{word}' is no date; write 2026-12-24, or 2026-12-24..2026-12-26") from None
        if not 0 <= (end - begin).days < MAX_DATES:
            raise ValueError(f"'{word}' is no range of at most {MAX_DATES} days; write the earlier date first")
        found |= {begin + timedelta(days=step) for step in range((end - begin).days + 1)}
    return tuple(sorted(found))


Days = Annotated[tuple[DayKind, ...], Field(min_length=1), BeforeValidator(read_days)]
Hours = Annotated[str, BeforeValidator(read_hours)]
Dates = Annotated[tuple[date, ...], Field(min_length=1, max_length=MAX_DATES), BeforeValidator(read_dates)]
Call = Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]


class Shift(Model):
    """Somebody's hours on one day. Where the end is not after the begin, it lies on the next day.

    ``call`` are contacts that hold the role, in the order they are called.
    """

    hours: Hours = "00:00-24:00"
    call: Call

    @cached_property
    def span_min(self) -> tuple[int, int]:
        """Begin and end in minutes after the midnight at which the shift's day begins; at most a day long."""
        begin, end = (int(one[:2]) * 60 + int(one[3:]) for one in self.hours.split("-"))
        return begin, end if end > begin else end + DAY_MIN


class WeeklyShift(Shift):
    """Hours that come again: on ``days``, or every ``every_days`` days counted from ``since`` (a rotation)."""

    days: Days | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] | None = None
    since: date | None = None

    @model_validator(mode="after")
    def _days_or_a_rotation(self) -> Self:
        rotates = self.every_days is not None
        if (self.days is not None) == rotates:
            raise ValueError("a shift has either days or every_days; write 'days: mon-fri' or 'every_days: 4'")
        if (self.since is not None) != rotates:
            raise ValueError("every_days is counted from a first day; write 'every_days: 4, since: 2026-01-01'")
        return self

    @property
    def when(self) -> str:
        """Its days as people write them: ``mon-fri``, ``sat-sun, holidays``, ``every 4 days``."""
        if self.days is None:
            return "daily" if self.every_days == 1 else f"every {self.every_days} days"
        runs: list[list[DayKind]] = []
        for day in (day for day in WEEKDAYS if day in self.days):
            if runs and WEEKDAYS.index(runs[-1][-1]) == WEEKDAYS.index(day) - 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        words = [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
        return ", ".join([*words, *(day for day in self.days if day not in WEEKDAYS)])


class RosterException(Model):
    """Dates on which other shifts begin than on other such days; none at all where ``shifts`` is empty."""

    dates: Dates
    shifts: Annotated[tuple[Shift, ...], Field(max_length=20)]
    note: Line | None = None


class Roster(Model):
    """Who is on duty in one role when.

    Once any shift names ``holidays``, a public holiday is no ordinary weekday: only shifts of ``holidays`` and
    ``daily`` and rotations begin on it. A shift belongs to the day on which it begins.
    """

    shifts: Annotated[tuple[WeeklyShift, ...], Field(min_length=1, max_length=60)]
    exceptions: Annotated[tuple[RosterException, ...], Field(max_length=200)] = ()

    @cached_property
    def knows_holidays(self) -> bool:
        """Whether public holidays are days of their own here."""
        return any("holidays" in (shift.days or ()) for shift in self.shifts)

    def contacts(self) -> frozenset[str]:
        """Everybody who stands in it somewhere."""
        shifts: list[Shift] = [*self.shifts, *(one for exception in self.exceptions for one in exception.shifts)]
        return frozenset(contact for shift in shifts for contact in shift.call)

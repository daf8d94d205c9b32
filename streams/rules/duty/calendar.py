"""One roster on the clock: which shifts run at an instant, until when that stays so, and where nobody is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.base import Country
from schemas.policy.models import Party
from schemas.policy.rosters import WEEKDAYS, Roster, Shift, WeeklyShift
from streams.rules.duty.clock import instant_of
from streams.rules.duty.public_holidays import holiday_name
from streams.rules.memo import Memo

MAX_DAYS_KEPT = 1_000
_DAY = timedelta(days=1)


class TurnKind(StrEnum):
    """Why a shift runs on its day."""

    WEEKLY = "weekly"
    ROTATION = "rotation"
    HOLIDAY = "holiday"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Turn:
    """One shift on one day: ``begin`` up to, not including, ``end``. ``day`` is the local day it belongs to, ``days``
    says which days are like it, ``note`` is the holiday's name or the exception's note, ``rank`` its place among those
    that run at once."""

    begin: datetime
    end: datetime
    day: date
    days: str
    hours: str
    call: tuple[str, ...]
    kind: TurnKind
    note: str
    rank: int


@dataclass(frozen=True, slots=True)
class Running:
    """The turns that run at an instant, first called first; nothing changes from ``since`` up to ``until``."""

    turns: tuple[Turn, ...]
    since: datetime
    until: datetime


class RoleCalendar:
    """The roster of one role at one party."""

    def __init__(self, roster: Roster, party: Party) -> None:
        self._roster = roster
        self._country: Country = party.country
        self.zone = ZoneInfo(party.time_zone)
        self._exceptions = {day: exception for exception in roster.exceptions for day in exception.dates}
        self._last: Running | None = None
        self._turns: Memo[tuple[Turn, ...]] = Memo(MAX_DAYS_KEPT)

    def running(self, at: datetime) -> Running:
        """What runs at ``at``. The stretch ends at local midnight at the latest."""
        known = self._last
        if known is not None and known.since <= at < known.until:
            return known
        day = at.astimezone(self.zone).date()
        # No shift is longer than a day, so none that began before yesterday still runs.
        near = (*self.turns(day - _DAY), *self.turns(day))
        edges = {instant_of(day, 0, self.zone), instant_of(day + _DAY, 0, self.zone)}
        edges |= {edge for turn in near for edge in (turn.begin, turn.end)}
        running = sorted((turn for turn in near if turn.begin <= at < turn.end), key=lambda turn: turn.rank)
        since, until = max(edge for edge in edges if edge <= at), min(edge for edge in edges if edge > at)
        self._last = Running(tuple(running), since, until)
        return self._last

    def turns(self, day: date) -> tuple[Turn, ...]:
        """The shifts that begin on the local day ``day``."""
        return self._turns.recall(day, lambda: tuple(self._begun(day)))

    def gaps(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches from ``begin`` up to ``end`` in which no shift runs, in order."""
        first, last = (each.astimezone(self.zone).date() for each in (begin, end))
        days = (first + timedelta(days=step) for step in range(-1, (last - first).days + 1))
        covered = begin
        for turn in sorted((turn for day in days for turn in self.turns(day)), key=lambda turn: turn.begin):
            if turn.begin >= end:
                break
            if turn.begin > covered:
                yield covered, turn.begin
            covered = max(covered, turn.end)
        if covered < end:
            yield covered, end

    def _begun(self, day: date) -> Iterator[Turn]:
        exception = self._exceptions.get(day)
        if exception is not None:
            # What an exception says is called first where an ordinary shift of the day before still runs.
            for number, shift in enumerate(exception.shifts):
                yield self._turn(shift, day, TurnKind.EXCEPTION, exception.note or "", number - len(exception.shifts))
            return
        name = holiday_name(self._country, day) if self._roster.knows_holidays else None
        for number, weekly in enumerate(self._roster.shifts):
            kind = self._kind(weekly, day, is_holiday=name is not None)
            if kind is not None:
                note = name or "" if kind is TurnKind.HOLIDAY else ""
                yield self._turn(weekly, day, kind, note, number)

    @staticmethod
    def _kind(shift: WeeklyShift, day: date, *, is_holiday: bool) -> TurnKind | None:
        if shift.every_days is not None and shift.since is not None:
            due = day >= shift.since and (day - shift.since).days % shift.every_days == 0
            return TurnKind.ROTATION if due else None
        days = shift.days or ()
        if is_holiday and "holidays" in days:
            return TurnKind.HOLIDAY
        ordinary = not is_holiday and WEEKDAYS[day.weekday()] in days
        return TurnKind.WEEKLY if ordinary or "daily" in days else None

    def _turn(self, shift: Shift, day: date, kind: TurnKind, note: str, rank: int) -> Turn:
        begin_min, end_min = shift.span_min
        begin, end = instant_of(day, begin_min, self.zone), instant_of(day, end_min, self.zone)
        days = shift.when if isinstance(shift, WeeklyShift) else day.isoformat()
        return Turn(begin, end, day, days, shift.hours, shift.call, kind, note, rank)

"""Times as an operator types them, in a party's local time, and as the command shows them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from streams.rules.duty.clock import readings_of

_MINUTE = timedelta(minutes=1)


class NotATime(Exception):
    """What was typed is no time, or no single one; ``mend`` says how to write it."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.mend = mend


def read_time(written: str, zone: ZoneInfo) -> datetime:
    """``2026-12-24T23:00`` (or with a blank, or a day alone) on the clock of ``zone``, as an instant in UTC.

    A time with an offset of its own (``+02:00``, ``Z``) means what it says.

    Raises:
        NotATime: it cannot be read, stands twice that night, or is left out.
    """
    try:
        given = datetime.fromisoformat(written.strip())
    except ValueError:
        raise NotATime(f"'{written}' is no time", "write 2026-12-24T23:00, or 2026-12-24 for its midnight") from None
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    readings = readings_of(given, zone)
    if len(readings) == 1:
        return readings[0]
    if readings:
        choices = [reading.astimezone(zone).isoformat(timespec="minutes") for reading in readings]
        raise NotATime(f"{written} stands twice in {zone.key}, as the clock goes back", f"write {' or '.join(choices)}")
    raise NotATime(
        f"{written} does not exist in {zone.key}, as the clock goes forward over it", "write a time before or after it"
    )


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The time of day; with its offset in a night in which it stands twice."""
    shown = at.astimezone(zone)
    twice = len(readings_of(shown.replace(tzinfo=None), zone)) > 1
    return f"{shown:%H:%M}{shown:%z}" if twice else f"{shown:%H:%M}"


def day(at: datetime, zone: ZoneInfo) -> str:
    """The day, as in ``Thu 24 December 2026``."""
    shown = at.astimezone(zone)
    return f"{shown:%a} {shown.day} {shown:%B %Y}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Day and time."""
    return f"{day(at, zone)} {clock(at, zone)}"


def span(begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when to when; the second day is named unless the span is one night or lies in one day."""
    near = (end - _MINUTE).astimezone(zone).date() == begin.astimezone(zone).date() or end - begin < timedelta(hours=16)
    last = "24:00" if near and clock(end, zone) == "00:00" else clock(end, zone)
    return f"{moment(begin, zone)}–{last if near else moment(end, zone)}"


def length(begin: datetime, end: datetime) -> str:
    """How long, in days, hours and minutes that really pass."""
    minutes = round((end - begin).total_seconds() / 60)
    parts = (minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"

"""Times of a party's wall clock as instants, also in the two nights of a year in which that clock is moved."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=20_000)
def instant_of(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When the wall clock of ``zone`` first shows, or passes, ``minute`` minutes after the midnight of ``day``.

    A time that stands twice is the first of the two; one that is left out is the moment at which the clock jumps
    over it. So of two shifts that meet, one ends exactly when the other begins, whatever the night.
    """
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    readings = readings_of(wall, zone)
    return readings[0] if readings else _jump_over(wall, zone)


def readings_of(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants (UTC) at which the clock of ``zone`` shows the naive ``wall``: one, two, or none."""
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = [each for each in both if each.astimezone(zone).replace(tzinfo=None) == wall]
    return tuple(dict.fromkeys(shown))


def _jump_over(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock jumps over ``wall``, which it never shows; exact to the second."""
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after = late.astimezone(zone).utcoffset()
    seconds = range(int((late - early).total_seconds()))
    jumped = bisect_left(
        seconds, True, key=lambda second: (early + timedelta(seconds=second)).astimezone(zone).utcoffset() == after
    )
    return early + timedelta(seconds=jumped)

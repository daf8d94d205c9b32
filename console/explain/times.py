"""How this room writes moments and lengths of time: an auditor reads them years later, so with the year."""

from datetime import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Riga")  # the same clock as Europe/Vilnius, all year


def stamp(at: datetime) -> str:
    """A moment to the millisecond, as the lines of a trace begin."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def clock(at: datetime) -> str:
    """A moment within a story: its day, and the second."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def took(milliseconds: float) -> str:
    """A length of time in its own unit."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

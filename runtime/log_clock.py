"""The present in the broker's time. Records are stamped by the broker; whoever waits for a time after one must count
by the same clock, or an hour's error of its own machine's clock would be an hour's delay, or end something too soon.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed_s() -> float:
    """Seconds since some fixed moment, that no setting of a clock changes; counted through sleep where that can be."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


def _wall() -> datetime:
    return datetime.now(UTC)


class LogClock:
    """The broker's stamp on the newest record of one's own, and the seconds counted since.

    Until the first ``stamp`` it tells the time of this machine, ``wall``.
    """

    def __init__(self, wall: Callable[[], datetime] = _wall, elapsed: Callable[[], float] = elapsed_s) -> None:
        self._wall, self._elapsed = wall, elapsed
        self._stamp: tuple[datetime, float] | None = None

    @property
    def known(self) -> bool:
        """Whether the broker's time is known."""
        return self._stamp is not None

    def stamp(self, appended_ms: int) -> None:
        """The broker has just appended a record of ours, at ``appended_ms`` milliseconds since the epoch."""
        self._stamp = datetime.fromtimestamp(appended_ms / 1000, UTC), self._elapsed()

    def now(self) -> datetime:
        """The present, in UTC."""
        if self._stamp is None:
            return self._wall()
        appended_at, at_s = self._stamp
        return appended_at + timedelta(seconds=self._elapsed() - at_s)

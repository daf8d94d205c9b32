"""How fast one lane may send by the policy: a token bucket, of which each notifier has the share of its partitions."""

import asyncio
import time
from collections.abc import Callable

from notifiers.pace import Stopping
from schemas.policy.rates import ContactPace, Rate

_LOOK_S = 0.5
"""Who waits looks again after so long: the policy or the share may have changed."""

FORGET_AT = 1_000
"""So many contacts are remembered before those are looked for whose pause is long over."""


class LaneRate:
    """Lets messages of one lane pass, first come first served. Unlimited where the policy has no line for the lane."""

    def __init__(
        self,
        rate: Callable[[], Rate | None],
        partitions: int,
        stop: asyncio.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``rate`` is what the active policy says now, ``partitions`` how many the lane's topic has."""
        self._rate, self._partitions, self._stop, self._clock = rate, partitions, stop, clock
        self._share = 1.0
        self._granted = self._passed = 0.0
        self._counted_s: float | None = None

    def works_on(self, partitions: int) -> None:
        """This process works on so many of the lane's partitions, and has that share of its rate."""
        self._share = partitions / self._partitions

    @property
    def in_segments(self) -> bool:
        """Whether the parts of a message count, and not only the message."""
        rate = self._rate()
        return rate is not None and rate.unit == "segments"

    async def take(self) -> None:
        """Wait for one's turn.

        Raises:
            Stopping: the process is asked to stop while it is not one's turn.
        """
        self._count()
        self._passed += 1
        ticket = self._passed
        while (wait_s := self._wait_s(ticket)) > 0:
            try:
                async with asyncio.timeout(min(wait_s, _LOOK_S)):
                    await self._stop.wait()
            except TimeoutError:
                continue
            raise Stopping

    def more(self, segments: int) -> None:
        """A message that passed has ``segments`` parts, of which the first is counted: those after it wait longer."""
        self._passed += max(0, segments - 1)

    def give_back(self) -> None:
        """One that passed was not sent after all."""
        self._granted += 1

    def _wait_s(self, ticket: float) -> float:
        per_second = self._count()
        missing = ticket - self._granted
        return 0.0 if per_second is None or missing <= 1e-9 else missing / per_second

    def _count(self) -> float | None:
        """Add what has been earned since the last look; returns this process's rate (a second), None without limit."""
        rate, now_s = self._rate(), self._clock()
        if rate is None:
            self._counted_s = None
            return None
        per_second = rate.per_second * max(self._share, 1e-6)
        burst = max(1.0, rate.burst * self._share)
        if self._counted_s is None:  # the limit is new: whoever waited without one has passed
            self._granted, self._counted_s = self._passed + burst, now_s
        earned = max(0.0, now_s - self._counted_s) * per_second
        self._granted, self._counted_s = min(self._granted + earned, self._passed + burst), now_s
        return per_second


class ContactPaces:
    """How often each contact may get a routine text from this process."""

    def __init__(self, pace: Callable[[], ContactPace | None], clock: Callable[[], float] = time.monotonic) -> None:
        """``pace`` is what the active policy says now; None: as often as there is something."""
        self._pace, self._clock = pace, clock
        self._free_s: dict[str, float] = {}

    @property
    def digest_from(self) -> int | None:
        """Of so many that wait, one text tells together; None: never."""
        pace = self._pace()
        return pace.digest_from if pace else None

    def may_go(self, contact: str) -> bool:
        """Whether ``contact`` may get a text now; then it counts as gone."""
        pace, now_s = self._pace(), self._clock()
        if pace is None:
            return True
        # The instant by which all that went has been made up for: at most so many pauses ahead of now.
        free_s = max(self._free_s.get(contact, now_s), now_s)
        if free_s - now_s > (pace.at_once - 1) * pace.one_per + 1e-9:
            return False
        self._free_s[contact] = free_s + pace.one_per
        if len(self._free_s) > FORGET_AT:
            self._free_s = {name: at_s for name, at_s in self._free_s.items() if at_s > now_s}
        return True

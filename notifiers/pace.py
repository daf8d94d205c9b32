"""How many notifications may be under way with a provider at once: a bound that learns from its answers.

It grows while the provider takes what it is given, shrinks when the provider limits or claims grow old waiting, and
closes while the provider is down: then nothing is claimed, and one notification a second finds out whether it is back.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from notifiers.outcome import Outcome, Refused, Retry, Sent
from runtime.log import logger
from schemas.vocabulary import ReceiptReason

CLAIMS_AHEAD = 4
"""Notifications between claim and answer, for each call the provider is given at once: the log is waited for too."""

DOWN_AFTER = 10
"""So many calls in a row that failed, whomever they were for, mean that the provider is down."""

LIMITED_FOR_S = 1.0
"""Refusals for their number mean the same only when nothing at all was taken for so long."""

PROBE_EVERY_S = 1.0
PROBE_WITHIN_S = 10.0
STARTING_AGAIN = 10
"""How many go at once when the provider is back; every answer adds one, so what waits does not fall on it at once."""

LESS = 0.7
CAREFUL = 0.2
"""Growth a round, once the provider has said how much is too much."""

WAITED_LONG_S = 1.0
"""A claim that waits longer than this for its call was made too early."""


class Stopping(Exception):
    """The process is asked to stop while a notification waits; nothing was done that needs an outcome."""


class TurnedAway(Exception):
    """The provider whose turn was waited for went down, and another is there."""


class Pace:
    """The bound of one provider in one lane; ``async with`` it from before the claim until there is an answer."""

    def __init__(self, calls_at_once: int, *, provider: str = "", probe_every_s: float = PROBE_EVERY_S) -> None:
        """``calls_at_once`` bounds the provider's calls; claims run ahead of them while that pays."""
        self._probe_every_s, self._provider = probe_every_s, provider
        self.on_change: Callable[[], None] = _nobody_listens
        """Called when the provider went down or came back, and when a probe of it ended."""
        self.calls = asyncio.Semaphore(calls_at_once)
        self._calls_at_once, self._most = calls_at_once, calls_at_once * CLAIMS_AHEAD
        self._limit = float(calls_at_once)
        self._enough = float(self._most)
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._failures = 0
        self._answered_s = time.monotonic()
        self._lowered_s = 0.0
        self._down_since_s: float | None = None
        self._probe_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    @property
    def down_s(self) -> float | None:
        """For how long the provider has been down, in seconds; None while it is not."""
        return None if self._down_since_s is None else time.monotonic() - self._down_since_s

    @property
    def probe_in_s(self) -> float:
        """Seconds until the next probe may go, while the provider is down; 0 while it is not."""
        return 0.0 if self._down_since_s is None else max(0.0, self._probe_s - time.monotonic())

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return int(self._limit)

    @property
    def open(self) -> bool:
        """Whether who comes now is let in at once."""
        return not self._stopped and not self._waiting and self._may_enter()

    async def __aenter__(self) -> None:
        """Wait for one's turn, first come first served.

        Raises:
            Stopping: the process is asked to stop.
            TurnedAway: wait for another provider's turn instead.
        """
        if self._stopped:
            raise Stopping
        if self.open:
            self._enter()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make room for the next."""
        self._leave()

    def stop(self) -> None:
        """Turn away who waits and who comes: they hold no claim."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._turn_away(Stopping)

    def turn_away(self) -> None:
        """Have who waits go elsewhere: they get ``TurnedAway``, and hold no claim."""
        self._turn_away(TurnedAway)

    def _turn_away(self, why: type[Exception]) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(why())

    def learn(self, outcome: Outcome, *, called_s: float, waited_s: float) -> None:
        """Take account of an answer. ``called_s`` is when the call began (monotonic), ``waited_s`` how long the
        claim had then waited for it."""
        match outcome:
            case Sent() | Refused():
                self._answered(called_s - waited_s, waited_s)
            case Retry(reason=ReceiptReason.RATE_LIMITED):
                self._enough = self._lower(called_s, floor=1)
                self._failed(outcome.reason, down=time.monotonic() - self._answered_s >= LIMITED_FOR_S)
            case _:
                self._failed(outcome.reason, down=True)
        self._let_in()

    def too_early(self) -> None:
        """A claim grew too old before it could be acted on."""
        self._lower(time.monotonic(), floor=self._calls_at_once)

    def _answered(self, claimed_s: float, waited_s: float) -> None:
        self._failures, self._answered_s = 0, time.monotonic()
        if self._down_since_s is not None:
            after_s = round(time.monotonic() - self._down_since_s, 1)
            logger().info("provider_up", provider=self._provider, after_s=after_s)
            self._down_since_s, self._limit = None, float(min(STARTING_AGAIN, self._calls_at_once))
            self.on_change()
        elif waited_s > WAITED_LONG_S:
            self._lower(claimed_s, floor=self._calls_at_once)
        else:
            more = 1.0 if self._limit < self._enough else CAREFUL / self._limit
            self._limit = min(self._most, self._limit + more)

    def _failed(self, reason: ReceiptReason, *, down: bool) -> None:
        self._failures += 1
        if down and self._down_since_s is None and self._failures >= DOWN_AFTER:
            logger().error(
                "provider_down", provider=self._provider, reason=reason.value, failed_in_a_row=self._failures
            )
            self._down_since_s = time.monotonic()
            self._probe_s = self._down_since_s + self._probe_every_s
            self.on_change()

    def _lower(self, called_s: float, *, floor: int) -> float:
        """One refusal lowers the bound once; those already under way then were let in by the old one."""
        if called_s >= self._lowered_s:
            self._limit, self._lowered_s = max(min(self._limit, floor), self._limit * LESS, 1.0), time.monotonic()
        return self._limit

    def _may_enter(self) -> bool:
        if self._down_since_s is None:
            return self._inside < int(self._limit)
        return time.monotonic() >= self._probe_s

    def _enter(self) -> None:
        self._inside += 1
        if self._down_since_s is not None:
            self._probe_s = time.monotonic() + PROBE_WITHIN_S

    def _leave(self) -> None:
        self._inside -= 1
        self._probe_s = min(self._probe_s, time.monotonic() + self._probe_every_s)
        self._let_in()
        if self._down_since_s is not None:
            self.on_change()

    def _let_in(self) -> None:
        while self._waiting and self._may_enter():
            turn = self._waiting.popleft()
            if not turn.done():
                self._enter()
                turn.set_result(None)
        if self._waiting and self._down_since_s is not None:
            self._look_again()

    def _look_again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0.0, self._probe_s - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._let_in)


def _nobody_listens() -> None:
    """A pace of its own, without a chain."""

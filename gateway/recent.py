"""Small memories with a bound, and work that is done once for each key."""

import asyncio
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from enum import StrEnum
from typing import Generic, TypeVar

from gateway.log import LogAway
from runtime.log import logger

K = TypeVar("K", bound=Hashable)


class Recent(Generic[K]):
    """The keys added last, at most ``size`` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: OrderedDict[K, None] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: K) -> None:
        """Remember ``key``; the one added longest ago makes room."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        while len(self._keys) > self._size:
            self._keys.popitem(last=False)


class Did(StrEnum):
    """What came of asking for a key's work."""

    NOW = "written"
    BEFORE = "repeated"


class Once(Generic[K]):
    """Does the work of a key once. Who asks while it is under way waits for that; what is done is remembered.

    A provider repeats a call that was not answered in time. The first one's record may lie in the producer's hands
    still, and would be written a second time.
    """

    def __init__(self, *, remembered: int, at_once: int) -> None:
        """At most ``at_once`` works are under way, and ``remembered`` keys known as done."""
        self.done: Recent[K] = Recent(remembered)
        self._at_once = at_once
        self._running: dict[K, asyncio.Task[None]] = {}

    async def do(self, key: K, work: Callable[[], Awaitable[None]], *, within_s: float) -> Did:
        """Have ``work`` done for ``key``, waiting ``within_s`` for it; it goes on when the wait is over.

        Raises:
            LogAway: it is not done by then, cannot be, or too much is under way.
        """
        if key in self.done:
            return Did.BEFORE
        task = self._running.get(key)
        joined = task is not None
        if task is None:
            if len(self._running) >= self._at_once:
                raise LogAway(f"{self._at_once} callbacks are being written already")
            task = self._running[key] = asyncio.create_task(self._work(key, work))
            task.add_done_callback(lambda ended: self._ended(key, ended))
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(task)
        except TimeoutError as late:
            raise LogAway(f"not written within {within_s:g} s") from late
        return Did.BEFORE if joined else Did.NOW

    async def close(self) -> None:
        """Give up what is under way: its callers were told, or will ask again."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, key: K, work: Callable[[], Awaitable[None]]) -> None:
        await work()
        self.done.add(key)

    def _ended(self, key: K, task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, LogAway):
            logger().warning("callback_not_written", problem=str(error))
        elif error is not None:
            where = traceback.extract_tb(error.__traceback__)[-1]  # its words could hold a number or a text
            logger().error("callback_failed", error=type(error).__name__, at=f"{where.filename}:{where.lineno}")

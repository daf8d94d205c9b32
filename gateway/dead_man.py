"""The dead man's switch: an address of an outside monitor that is called only while canaries come through.

The monitor raises the alarm when the calls stop: then this machine, its network, or the way to a phone is gone.
"""

import asyncio
import time

import aiohttp

from runtime import metrics
from runtime.log import logger

CALL_WITHIN_S = 5.0
CALL_EVERY_S = 60.0
"""At most one call in this time."""


class DeadMan:
    """Calls ``url``, one call at a time. The address is a secret: whoever knows it can feign life."""

    def __init__(self, url: str, *, every_s: float = CALL_EVERY_S, within_s: float = CALL_WITHIN_S) -> None:
        self._url, self._every_s, self._within_s = url, every_s, within_s
        self._called_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def alive(self) -> None:
        """Say that all is well; calls the monitor unless that was done a moment ago or is being done."""
        now = time.monotonic()
        if self._task is not None and not self._task.done():
            return
        if self._called_at is not None and now - self._called_at < self._every_s:
            return
        self._called_at = now
        self._task = asyncio.create_task(self._call(), name="dead-man")

    async def close(self) -> None:
        """End a call under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _call(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._within_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                outcome = "ok" if answer.status < 300 else f"status_{answer.status // 100}xx"
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as problem:
            outcome = "timeout" if isinstance(problem, TimeoutError) else "connection"
        metrics.DEAD_MAN_CALLS.labels(outcome).inc()
        if outcome != "ok":
            logger().warning("dead_man_call_failed", reason=outcome)  # without the address, which is a secret

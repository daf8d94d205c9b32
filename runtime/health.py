"""Health and metrics on loopback. Healthy means that lag is zero or shrinking, not that a port is open."""

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime import metrics

WINDOW_S = 15.0
"""How long lag may stand still before a process counts as unhealthy."""

SILENT_S = 5.0
"""A process that has not heard from the broker for so long does not know its lag, and reports none: what it would
report is what it knew before."""


@dataclass
class Health:
    """What a process reports of itself: lag by topic, progress, and a fault that stands in its way.

    ``lag`` maps topic to records not yet handled; ``progress`` counts what was handled. A lag that neither
    shrinks nor is worked on for ``WINDOW_S`` seconds is unhealthy.
    """

    process: str
    clock: Callable[[], float] = time.monotonic
    ready: bool = False
    fault: str | None = None
    lag: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    handled: int = 0
    _samples: deque[tuple[float, int, int]] = field(default_factory=deque)

    def report(self, lag: dict[str, int], handled: int = 0) -> None:
        """Note the present lag by topic (records) and how many records were handled since the last report."""
        self.lag = dict(lag)
        self.handled += handled
        now = self.clock()
        self._samples.append((now, sum(lag.values()), self.handled))
        while len(self._samples) > 1 and now - self._samples[1][0] >= WINDOW_S:
            self._samples.popleft()  # by age, not by number: a busy process reports many times a second
        for topic, behind in lag.items():
            metrics.LAG.labels(topic).set(behind)

    @property
    def healthy(self) -> bool:
        """Whether the process is doing its work now."""
        if not self.ready or self.fault is not None:
            return False
        if not self._samples:
            return True
        now, behind = self.clock(), self._samples[-1][1]
        if now - self._samples[-1][0] > WINDOW_S:
            return False  # nobody has measured for a while: the loop is stuck
        if behind == 0:
            return True
        old = [sample for sample in self._samples if now - sample[0] >= WINDOW_S]
        if not old:
            return True
        since = old[-1]
        recent = [sample[1] for sample in self._samples if sample[0] >= since[0]]
        return 0 in recent or behind < since[1] or self.handled > since[2]

    def as_dict(self) -> dict[str, object]:
        """The answer of ``/health``."""
        return {
            "process": self.process,
            "pid": os.getpid(),
            "healthy": self.healthy,
            "ready": self.ready,
            "fault": self.fault,
            "lag": self.lag,
            "handled": self.handled,
            **self.facts,
        }


async def serve(health: Health, port: int) -> tuple[web.AppRunner, int]:
    """Serve ``/health`` and ``/metrics`` on 127.0.0.1; port 0 takes a free one. Returns the runner and the port."""

    async def answer_health(_: web.Request) -> web.Response:
        return web.json_response(health.as_dict(), status=200 if health.healthy else 503)

    async def answer_metrics(_: web.Request) -> web.Response:
        metrics.HEALTHY.set(1 if health.healthy else 0)
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/health", answer_health)
    app.router.add_get("/metrics", answer_metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    bound = runner.addresses[0][1]
    return runner, int(bound)

"""What every process takes of memory after 5,000 events through the whole system, and after 5,000 more."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice

from deploy.local.sandbox.control import SandboxControl
from runtime.kafka import make_producer
from tests.acceptance.system import System
from tests.bench.figures import AtMost, Figure, number
from tests.bench.policies import shipped
from tests.bench.reports import Reports
from tests.bench.systems import fresh_home, resident_mb, system_at
from tests.bench.traffic import by_both_lanes, until_taken

EVENTS = 5_000
AT_ONCE = 250
"""Events on their way at once: as fast as the system takes them, without a queue that would count as its memory."""

GROWTH_PERCENT = 5.0
SETTLE_S = 10.0
PROGRESS_WITHIN_S = 60.0


class Stuck(Exception):
    """Nothing arrived any more though messages were missing."""


def bench_memory() -> list[Figure]:
    """Resident memory of every process after ``EVENTS`` and after twice as many, and the growth between the two."""
    with fresh_home() as home, system_at(home) as system:
        return asyncio.run(_measure(system))


async def _measure(system: System) -> list[Figure]:
    url = system.running.sandbox
    assert url is not None
    reports, sizes, took_s = by_both_lanes(shipped()), [await asyncio.to_thread(resident_mb, system)], []
    async with SandboxControl(url) as sandbox:
        for _ in range(2):
            began_s = time.monotonic()
            await _through(system, sandbox, reports)
            took_s.append(time.monotonic() - began_s)
            await asyncio.sleep(SETTLE_S)
            sizes.append(await asyncio.to_thread(resident_mb, system))
    return list(_figures(sizes, took_s))


def _figures(sizes: list[dict[str, float]], took_s: list[float]) -> Iterator[Figure]:
    begin, half, whole = sizes
    for name in sorted(half.keys() & whole.keys()):
        note = f"{number(begin[name])} → {number(half[name])} → {number(whole[name])} MB"
        growth = (whole[name] / half[name] - 1) * 100
        what = f"{name}, growth from {EVENTS:,} to {2 * EVENTS:,} events"
        yield Figure("memory", what, growth, "%", AtMost(GROWTH_PERCENT), note)
    for pace, which in zip(took_s, ("first", "second"), strict=True):
        yield Figure(
            "memory", f"events taken, {which} {EVENTS:,}", EVENTS / pace, "/s", None, "one SMS, one e-mail each"
        )


async def _through(system: System, sandbox: SandboxControl, reports: Reports) -> None:
    """Put ``EVENTS`` events through, ``AT_ONCE`` at a time, until all of their messages were handed over."""
    partitions = system.settings.partitions
    done_before = await _handed_over(sandbox)
    async with make_producer(system.settings) as producer:
        written, moved_s, done = 0, time.monotonic(), 0
        while done < 2 * EVENTS:
            room = min(EVENTS - written, AT_ONCE - (written - done // 2))
            events = list(islice(reports, max(0, room)))
            await asyncio.gather(*(until_taken(producer, event, partitions) for event in events))
            written += len(events)
            before, done = done, await _handed_over(sandbox) - done_before
            moved_s = time.monotonic() if done > before else moved_s
            if time.monotonic() - moved_s > PROGRESS_WITHIN_S:
                raise Stuck(f"{done} messages of {written} events were handed over, and then no more")
            await asyncio.sleep(0.2)


async def _handed_over(sandbox: SandboxControl) -> int:
    health = await sandbox.health()
    return int(health["messages"]) + int(health["mails"])

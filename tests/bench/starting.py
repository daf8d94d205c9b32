"""How long the system takes from the command to its first SMS, and how much memory it takes then."""

import asyncio
import time
from datetime import datetime

from console.submit import write_event
from deploy.local.sandbox.control import SandboxControl
from runtime.kafka import make_producer
from tests.acceptance.system import System
from tests.bench.figures import AtMost, Figure
from tests.bench.policies import shipped
from tests.bench.reports import one_to_tell
from tests.bench.systems import fresh_home, resident_mb, system_at

FIRST_SMS_WITHIN_S = 20.0
WAIT_S = 30.0


def bench_start() -> list[Figure]:
    """Seconds to healthy and to the first SMS: in a new home, and in the same home again; then memory."""
    figures: list[Figure] = []
    with fresh_home() as home:
        for what in ("new home", "same home again"):
            began_s = time.time()
            with system_at(home) as system:
                healthy_s = time.time() - began_s
                first_sms_s = asyncio.run(_first_sms(system)) - began_s
                sizes = resident_mb(system)
            figures += [
                _figure(f"command → every process healthy, {what}", healthy_s, "s"),
                _figure(f"command → first SMS, {what}", first_sms_s, "s", AtMost(FIRST_SMS_WITHIN_S)),
            ]
    figures += [_figure(f"resident memory: {name}", size, "MB") for name, size in sizes.items()]
    return [*figures, _figure("resident memory: all processes", sum(sizes.values()), "MB")]


def _figure(name: str, value: float, unit: str, goal: AtMost | None = None) -> Figure:
    notes = {"s": "Kafka already in its cache", "MB": "after the first SMS; shared pages count in each"}
    return Figure("start", name, value, unit, goal, notes[unit])


async def _first_sms(system: System) -> float:
    """Report one event at once; when the emulated provider took its SMS, in seconds since the epoch."""
    settings, url = system.settings, system.running.sandbox
    assert url is not None
    producer = make_producer(settings)
    async with SandboxControl(url) as sandbox, asyncio.timeout(WAIT_S):
        before = len(await sandbox.ledger("accepted"))
        await producer.start()
        try:
            await write_event(producer, next(one_to_tell(shipped())), settings.partitions)
            while True:
                taken = await sandbox.ledger("accepted")
                if len(taken) > before:
                    return datetime.fromisoformat(taken[before]["at"]).timestamp()
                await asyncio.sleep(0.02)
        finally:
            await producer.stop()

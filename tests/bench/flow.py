"""End to end: from an event on the log to the request at the emulated provider, and where the time goes."""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from aiokafka import AIOKafkaProducer

from console.logs.live import read_log
from console.submit import write_event
from deploy.local.sandbox.control import SandboxControl
from runtime.kafka import make_producer
from schemas.event import EmergencyEvent
from schemas.topics import DECISIONS, EVENTS, NOTIFY, RECEIPTS
from schemas.vocabulary import Channel
from tests.acceptance.system import System
from tests.bench.figures import AtMost, Figure, number, percentile
from tests.bench.journeys import HOPS, Journey, journeys
from tests.bench.policies import shipped
from tests.bench.reports import Reports, one_to_tell
from tests.bench.systems import cpu_s, fresh_home, system_at

LOADS = ((20, 30.0), (100, 30.0))
"""Events a second, and for how many seconds."""

WARM_UP = (20, 3.0)
ARRIVED_WITHIN_S = 60.0
P50_MS, P99_MS = 25.0, 100.0


class NotArrived(Exception):
    """Messages are missing after the time in which all should have come."""


def bench_end_to_end() -> list[Figure]:
    """Latency of every load of ``LOADS``, one SMS and one e-mail an event."""
    with fresh_home() as home, system_at(home) as system:
        return asyncio.run(_loads(system))


@dataclass(frozen=True)
class Run:
    """What one load led to. ``busy`` is each process's share of one core while events were written, in per cent."""

    sms: list[Journey]
    mail: list[Journey]
    busy: dict[str, float]


async def _loads(system: System) -> list[Figure]:
    url = system.running.sandbox
    assert url is not None
    producer = make_producer(system.settings)
    await producer.start()
    figures: list[Figure] = []
    try:
        async with SandboxControl(url) as sandbox:
            bench = _Bench(system, producer, sandbox, one_to_tell(shipped()))
            await bench.run(WARM_UP)
            for load in LOADS:
                figures += _figures(load, await bench.run(load))
    finally:
        await producer.stop()
    return figures


@dataclass(frozen=True)
class _Bench:
    """Writes events and follows what becomes of them."""

    system: System
    producer: AIOKafkaProducer
    sandbox: SandboxControl
    reports: Reports

    async def run(self, load: tuple[int, float]) -> Run:
        """Put ``load`` on the system, and wait until all of its messages have ended."""
        rate, seconds = load
        events, began = list(islice(self.reports, int(rate * seconds))), datetime.now(UTC)
        before = cpu_s(self.system)
        took_s = await self._write(events, rate)
        after = cpu_s(self.system)
        busy = {name: (after[name] - before[name]) / took_s * 100 for name in after.keys() & before.keys()}
        sms, mail = await self._ended(began, len(events))
        return Run(sms, mail, dict(sorted(busy.items())))

    async def _write(self, events: list[EmergencyEvent], rate: int) -> float:
        """Write ``events`` at a steady pace, whatever the system makes of it; how long that took, in seconds."""
        loop = asyncio.get_running_loop()
        first_s, writing = loop.time(), []
        for place, event in enumerate(events):
            await asyncio.sleep(first_s + place / rate - loop.time())
            writing.append(asyncio.create_task(write_event(self.producer, event, self.system.settings.partitions)))
        await asyncio.gather(*writing)
        return loop.time() - first_s

    async def _ended(self, began: datetime, wanted: int) -> tuple[list[Journey], list[Journey]]:
        """The journeys of SMS and of e-mails since ``began``.

        Raises:
            NotArrived: some have not come to an end in time.
        """
        topics, settings = (EVENTS, DECISIONS, *NOTIFY.values(), RECEIPTS), self.system.settings
        deadline_s = time.monotonic() + ARRIVED_WITHIN_S
        while True:
            await asyncio.sleep(1)
            log, ledger = await read_log(settings, topics, since=began), await self.sandbox.ledger()
            sms, mail = (
                [journey for journey in journeys(log, ledger, channel) if journey.complete]
                for channel in (Channel.SMS, Channel.EMAIL)
            )
            if len(sms) == len(mail) == wanted:
                return sms, mail
            if time.monotonic() > deadline_s:
                raise NotArrived(f"of {wanted} events {len(sms)} SMS and {len(mail)} e-mails came to an end")


def _figures(load: tuple[int, float], run: Run) -> list[Figure]:
    rate, seconds = load
    how = f"{rate} events/s for {seconds:.0f} s: {len(run.sms)} SMS, {len(run.mail)} e-mails"
    whole = ("written", "requested")
    figures = [
        _figure(f"{rate}/s, event → SMS request, p50", run.sms, whole, 0.5, AtMost(P50_MS), how),
        _figure(f"{rate}/s, event → SMS request, p99", run.sms, whole, 0.99, AtMost(P99_MS), how),
        _figure(f"{rate}/s, event → e-mail taken, p50", run.mail, whole, 0.5, None, how),
        _figure(f"{rate}/s, event → e-mail taken, p99", run.mail, whole, 0.99, None, how),
    ]
    for start, end, what in HOPS:
        worst = percentile([journey.ms(start, end) for journey in run.sms], 0.99)
        note = f"p99 {number(worst)} ms"
        figures.append(_figure(f"{rate}/s, SMS {what}, p50", run.sms, (start, end), 0.5, None, note))
    for name, share in run.busy.items():
        figures.append(Figure("end_to_end", f"{rate}/s, CPU of {name}", share, "%", None, "of one core"))
    total = sum(run.busy.values())
    return [*figures, Figure("end_to_end", f"{rate}/s, CPU of all", total, "%", None, f"of {os.cpu_count()} cores")]


def _figure(
    name: str, found: list[Journey], hop: tuple[str, str], share: float, goal: AtMost | None, note: str
) -> Figure:
    value = percentile([journey.ms(*hop) for journey in found], share)
    return Figure("end_to_end", name, value, "ms", goal, note)

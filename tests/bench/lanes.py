"""An urgent event while thousands of routine texts stand in the provider's queue, against one on an idle system."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

from aiokafka import AIOKafkaProducer

from console.logs.live import read_log
from console.submit import write_event
from deploy.local.sandbox.control import SandboxControl
from deploy.local.system import SANDBOX_ROUTINE_SENDER
from runtime.kafka import make_producer
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.topics import EVENTS, NOTIFY, RECEIPTS
from schemas.vocabulary import Channel, Lane
from tests.acceptance.system import System
from tests.bench.figures import AtMost, Figure, number
from tests.bench.journeys import journeys
from tests.bench.policies import shipped
from tests.bench.reports import Reports, one_to_tell, report
from tests.bench.systems import fresh_home

ROUTINE = 10_000
AT_A_TIME = 200
"""Routine events written at once, so that a producer's memory does not hold all of them."""

REPEATS, PAUSE_S = 9, 3.5
WARM_UP = 5
SEGMENTS_PER_S = 1.0
"""What the emulated provider sends a second for each sender: about what a provider gives a long number."""

QUEUED_WITHIN_S, SENT_WITHIN_S = 1_800.0, 60.0
COST = 1.5


class NotQueued(Exception):
    """The texts did not come where they were to come; the text says how far."""


def bench_lanes() -> list[Figure]:
    """Event to request and to the provider's "sent", idle and behind ``ROUTINE`` routine texts."""
    with fresh_home() as home, _system(home) as system:
        return asyncio.run(_measured(system))


@dataclass(frozen=True)
class Way:
    """One urgent text: milliseconds from its event on the log to the request, and to the provider's "sent"."""

    request_ms: float
    sent_ms: float


async def _measured(system: System) -> list[Figure]:
    url = system.running.sandbox
    assert url is not None
    policy, producer = shipped(), make_producer(system.settings)
    await producer.start()
    try:
        async with SandboxControl(url) as sandbox:
            lanes = _Lanes(system, producer, sandbox, one_to_tell(policy))
            await lanes.urgent(WARM_UP)
            idle = await lanes.urgent(REPEATS)
            took_s = await lanes.queue(islice(moderate(policy), ROUTINE))
            behind = await lanes.urgent(REPEATS)
            waiting = await lanes.waiting()
            await lanes.empty()
            idle += await lanes.urgent(REPEATS)  # before and after, since a shared machine changes meanwhile
    finally:
        await producer.stop()
    return _figures(idle, behind, took_s, waiting)


@dataclass(frozen=True)
class _Lanes:
    """Writes events of both kinds and follows what becomes of them."""

    system: System
    producer: AIOKafkaProducer
    sandbox: SandboxControl
    reports: Reports

    async def urgent(self, count: int) -> list[Way]:
        """The ways of ``count`` urgent events, one after the other.

        Raises:
            NotQueued: one was not sent in time.
        """
        began, events = datetime.now(UTC), list(islice(self.reports, count))
        for event in events:
            await self._write(event)
            await asyncio.sleep(PAUSE_S)
        deadline_s = time.monotonic() + SENT_WITHIN_S
        while True:
            ways = await self._ways(began, {event.incident_id for event in events})
            if len(ways) == count:
                return ways
            if time.monotonic() > deadline_s:
                raise NotQueued(f"of {count} urgent texts {len(ways)} were sent in time")
            await asyncio.sleep(2)

    async def queue(self, events: Iterator[EmergencyEvent]) -> float:
        """Have the texts of ``events`` in the provider's routine queue; how long that took, in seconds.

        Raises:
            NotQueued: not all came there in time.
        """
        before, began_s, written = await self._accepted(), time.monotonic(), 0
        while some := list(islice(events, AT_A_TIME)):
            await asyncio.gather(*(self._write(event) for event in some))
            written += len(some)
        while (there := await self._accepted() - before) < written or not self._idle():
            if time.monotonic() - began_s > QUEUED_WITHIN_S:
                raise NotQueued(f"of {written} routine texts {there} stand at the provider; {self.system.health()}")
            await asyncio.sleep(1)
        return time.monotonic() - began_s

    async def empty(self) -> None:
        """Let the provider send at once what stands in its queues, and queue as before."""
        await self.sandbox.change_settings(rate_segments_per_s=0)
        deadline_s = time.monotonic() + QUEUED_WITHIN_S
        while await self.waiting():
            if time.monotonic() > deadline_s:
                raise NotQueued("the provider's queue does not empty")
            await asyncio.sleep(5)
        await self.sandbox.change_settings(rate_segments_per_s=SEGMENTS_PER_S)

    async def waiting(self) -> int:
        """How many texts of the routine sender still wait at the provider."""
        of_routine = {
            entry["sid"] for entry in await self.sandbox.ledger("accepted") if entry["from"] == SANDBOX_ROUTINE_SENDER
        }
        begun = {entry["sid"] for entry in await self.sandbox.ledger("status") if entry["status"] == "sending"}
        return len(of_routine - begun)

    def _idle(self) -> bool:
        """Whether nothing is left to do for any process; also no e-mail."""
        return all(not any(answer.get("lag", {1: 1}).values()) for answer in self.system.health().values())

    async def _accepted(self) -> int:
        return int((await self.sandbox.health())["messages"])

    async def _write(self, event: EmergencyEvent) -> None:
        await write_event(self.producer, event, self.system.settings.partitions)

    async def _ways(self, began: datetime, incidents: set[str]) -> list[Way]:
        topics = (EVENTS, NOTIFY[Channel.SMS, Lane.URGENT], RECEIPTS)
        log = await read_log(self.system.settings, topics, since=began)
        ours = [one for one in log if getattr(one.record, "incident_id", None) in incidents]
        ledger = await self.sandbox.ledger("accepted")
        sent_s = _sent_s(await self.sandbox.ledger("status"))
        return [
            Way(journey.ms("written", "requested"), (sent_s[journey.reference] - journey.at["written"]) * 1000)
            for journey in journeys(ours, ledger, Channel.SMS)
            if "requested" in journey.at and journey.reference in sent_s
        ]


def moderate(policy: Policy) -> Reports:
    """Moderate floods without a request, in turn from every party: one duty desk learns of each by a routine SMS and
    e-mail; for ever."""
    units = {unit.id: unit for unit in policy.geography.units}
    ways = [(party.id, {"code": units[party.signatory.unit].codes[0].model_dump()}) for party in policy.parties]
    for count, (party, place) in enumerate(cycle(ways)):
        yield report(count, party, place, event_type="flood", severity="Moderate", urgency="Expected")


@contextmanager
def _system(home: Path) -> Iterator[System]:
    """`borderlands up` in ``home``, its sandbox queueing per sender."""
    system = System(home, "--rate", str(SEGMENTS_PER_S))
    try:
        system.start()
        yield system
    finally:
        if system.process is not None:
            system.stop()


def _sent_s(statuses: list[dict[str, Any]]) -> dict[str, float]:
    """When the provider's queue had sent each message, in seconds since the epoch."""
    return {entry["sid"]: entry["at_s"] for entry in statuses if entry["status"] == "sent"}


def _figures(idle: list[Way], behind: list[Way], took_s: float, waiting: int) -> list[Figure]:
    figures = []
    for what, pick in (("request", "request_ms"), ("sent by the provider's queue", "sent_ms")):
        alone, after = ([getattr(way, pick) for way in ways] for ways in (idle, behind))
        note = f"{number(median(after))} ms; {waiting} routine texts still waiting afterwards"
        spread = f"median of {len(alone)}, one at a time, half before and half after; worst {number(max(alone))} ms"
        figures += [
            Figure("lanes", f"urgent event → {what}, idle", median(alone), "ms", None, spread),
            Figure(
                "lanes", f"urgent event → {what}, behind {ROUTINE} routine texts, against idle",
                median(after) / median(alone), "×", AtMost(COST), note,
            ),
        ]  # fmt: skip
    how = "real events: moderate floods, each one SMS and one e-mail"
    return [*figures, Figure("lanes", f"{ROUTINE} routine events → all texts and e-mails out", took_s, "s", None, how)]

"""From a reply on a phone to its answer on the log, and on to the text that tells the asking side."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from console.logs.live import read_log
from console.logs.logged import Logged
from console.submit import write_event
from deploy.local.sandbox.control import SandboxControl
from deploy.local.system import SANDBOX_URGENT_SENDER
from runtime.kafka import make_producer
from schemas.event import EmergencyEvent
from schemas.notification import Notification, Receipt, Response
from schemas.policy.directory_file import load_directory
from schemas.topics import NOTIFY, RECEIPTS, RESPONSES
from schemas.vocabulary import Channel, Delivery, Template
from tests.acceptance.system import System
from tests.bench.figures import Figure, percentile
from tests.bench.journeys import epoch
from tests.bench.policies import shipped
from tests.bench.reports import by_code
from tests.bench.systems import fresh_home, system_at

REQUESTS, REPLIES_PER_S = 150, 10
BURST = 300
"""Replies that come at once, none of them about a request: nobody is told, so the door alone is measured."""

ASKED_WITHIN_S, ANSWERED_WITHIN_S, TOLD_WITHIN_S = 120.0, 60.0, 20.0


class NotAnswered(Exception):
    """Replies are missing after the time in which all should have come; the text says how many."""


@dataclass(frozen=True)
class Asked:
    """A request as it stands on somebody's phone."""

    incident_id: str
    number: str
    code: str


@dataclass(frozen=True)
class Way:
    """One reply: milliseconds from the provider's taking it to its Response, and to the asking side's text."""

    answered_ms: float
    told_ms: float | None


def bench_answers() -> list[Figure]:
    """Inbound SMS → Response on the log, and → the asking side's text at the provider, p50 and p99; and a burst."""
    with fresh_home() as home, system_at(home) as system:
        return asyncio.run(_measured(system))


async def _measured(system: System) -> list[Figure]:
    url = system.running.sandbox
    assert url is not None
    async with SandboxControl(url) as sandbox:
        bench = _Bench(system, sandbox)
        asked = await bench.ask()
        ways = await bench.answer(asked)
        per_s = await bench.burst()
    how = f"{len(ways)} replies, {REPLIES_PER_S}/s"
    answered = [way.answered_ms for way in ways]
    told = [way.told_ms for way in ways if way.told_ms is not None]
    figures = [_figure("reply → answer on the log", share, answered, how) for share in (0.5, 0.99)]
    if told:
        note = f"of {len(told)} incidents"
        figures += [_figure("reply → asking side's SMS at the provider", share, told, note) for share in (0.5, 0.99)]
    return [*figures, Figure("answers", "replies kept in a burst", per_s, "/s", None, f"{BURST} at once")]


def _figure(name: str, share: float, values: list[float], note: str) -> Figure:
    return Figure("answers", f"{name}, p{share * 100:.0f}", percentile(values, share), "ms", None, note)


class _Bench:
    """Asks, replies and reads what came of it."""

    def __init__(self, system: System, sandbox: SandboxControl) -> None:
        self._system, self._sandbox = system, sandbox
        contacts = load_directory(system.settings.directory).contacts
        self._numbers = {name: contact.sms for name, contact in contacts.items() if contact.sms}

    async def ask(self) -> list[Asked]:
        """Have help asked for ``REQUESTS`` times; return when each is on a phone and all reports on texts are in."""
        began = datetime.now(UTC)
        await self._write(list(islice(by_code(shipped()), REQUESTS)))
        deadline_s = time.monotonic() + ASKED_WITHIN_S
        while True:
            log = await read_log(self._system.settings, (*NOTIFY.values(), RECEIPTS), since=began)
            asked = self._asked(log)
            if len(asked) == REQUESTS and _all_reported(log):
                return asked
            if time.monotonic() > deadline_s:
                raise NotAnswered(f"{len(asked)} of {REQUESTS} requests reached a phone")
            await asyncio.sleep(1)

    async def answer(self, asked: list[Asked]) -> list[Way]:
        """Reply to each of ``asked`` at a steady pace, and follow the replies."""
        began, loop = datetime.now(UTC), asyncio.get_running_loop()
        first_s, refs = loop.time(), dict[str, str]()
        for place, request in enumerate(asked):
            await asyncio.sleep(first_s + place / REPLIES_PER_S - loop.time())
            ref = await self._sandbox.reply(request.number, SANDBOX_URGENT_SENDER, f"{request.code} JĀ 20 min")
            refs[ref] = request.incident_id
        answered = await self._answered(began, set(refs), ANSWERED_WITHIN_S)
        await asyncio.sleep(TOLD_WITHIN_S)
        told = _told(await read_log(self._system.settings, (*NOTIFY.values(), RECEIPTS), since=began))
        ledger = await self._sandbox.ledger()
        came = {entry["sid"]: epoch(entry) for entry in ledger if entry["kind"] == "inbound"}
        taken = {entry["sid"]: epoch(entry) for entry in ledger if entry["kind"] == "accepted"}
        return [
            Way((answered[ref] - came[ref]) * 1000, _ms_between(came[ref], taken.get(told.get(incident, ""))))
            for ref, incident in refs.items()
        ]

    async def burst(self) -> float:
        """Replies kept a second where ``BURST`` come at once, from strangers."""
        began = datetime.now(UTC)
        replies = (
            self._sandbox.reply(f"+3712{number:07d}", SANDBOX_URGENT_SENDER, "Kas tas ir?") for number in range(BURST)
        )
        refs = set(await asyncio.gather(*replies))
        answered = await self._answered(began, refs, ANSWERED_WITHIN_S)
        came = [epoch(entry) for entry in await self._sandbox.ledger("inbound") if entry["sid"] in refs]
        return BURST / (max(answered.values()) - min(came))

    async def _write(self, events: Iterable[EmergencyEvent]) -> None:
        settings = self._system.settings
        producer = make_producer(settings)
        await producer.start()
        try:
            await asyncio.gather(*(write_event(producer, event, settings.partitions) for event in events))
        finally:
            await producer.stop()

    def _asked(self, log: Iterable[Logged]) -> list[Asked]:
        """The first text of each incident that the provider took."""
        orders: dict[str, Notification] = {}
        asked: dict[str, Asked] = {}
        for one in log:
            match one.record:
                case Notification(channel=Channel.SMS, template=Template.HELP) as order:
                    orders[order.notification_id] = order
                case Receipt(delivery=Delivery.SENT, notification_id=str(name)) if name in orders:
                    order = orders[name]
                    number = self._numbers[order.contact_id]
                    asked.setdefault(order.incident_id, Asked(order.incident_id, number, order.code))
        return list(asked.values())

    async def _answered(self, began: datetime, refs: set[str], within_s: float) -> dict[str, float]:
        """When the Response to each of ``refs`` was appended, in seconds since the epoch."""
        deadline_s = time.monotonic() + within_s
        while True:
            log = await read_log(self._system.settings, (RESPONSES,), since=began)
            found = {
                str(one.record.provider_ref): one.appended_at.timestamp()
                for one in log
                if isinstance(one.record, Response)
            }
            if refs <= found.keys():
                return {ref: found[ref] for ref in refs}
            if time.monotonic() > deadline_s:
                raise NotAnswered(f"{len(refs - found.keys())} of {len(refs)} replies are not on the log")
            await asyncio.sleep(0.5)


def _all_reported(log: Iterable[Logged]) -> bool:
    """Whether the provider has said of every text it took that it arrived, so that its reports take nobody's time."""
    said: dict[Delivery | None, set[str | None]] = {}
    for one in log:
        if isinstance(one.record, Receipt) and one.record.channel is Channel.SMS:
            said.setdefault(one.record.delivery, set()).add(one.record.provider_ref)
    return said.get(Delivery.SENT, set()) <= said.get(Delivery.DELIVERED, set())


def _told(log: Iterable[Logged]) -> dict[str, str]:
    """The provider's name of the first text that told the asking side, by incident; none where nobody is told yet."""
    orders: dict[str, Notification] = {}
    told: dict[str, str] = {}
    for one in log:
        record: Any = one.record
        if isinstance(record, Notification) and record.template is Template.ANSWERED and record.channel is Channel.SMS:
            orders[record.notification_id] = record
        elif isinstance(record, Receipt) and record.delivery is Delivery.SENT and record.notification_id in orders:
            told.setdefault(record.incident_id, record.provider_ref or "")
    return told


def _ms_between(start_s: float, end_s: float | None) -> float | None:
    return None if end_s is None else (end_s - start_s) * 1000

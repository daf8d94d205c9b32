"""Plays the steps of an evening on a running system, tells what happens, and checks what arrived."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaProducer

from console.audit import balance, read_books
from console.audit.books import counted
from console.demo_inbox import Inbox
from console.evening import Reports, Step, differences, read_evening
from console.explain.reading import read_incident
from console.explain.trace import trace_lines
from console.logs.live import LiveLog
from console.output import out
from console.submit import write_event
from deploy.local.system import SANDBOX_URGENT_SENDER, LocalSystem
from runtime.kafka import make_producer, partition_for
from runtime.settings import load_settings
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.notification import Notification
from schemas.policy.directory_file import load_directory
from schemas.topics import EVENTS
from schemas.vocabulary import Judgement

EVENING = Path(__file__).resolve().parents[1] / "deploy" / "demo" / "evening.yaml"
STEP_AT_MOST_S = 45.0
QUIET_S = 3.0
TRACED_STEP = "peat fire"


class Play:
    """One playing of the evening; ``faults`` says afterwards how it differed from what was expected."""

    def __init__(self, system: LocalSystem, say: Callable[[str], None]) -> None:
        self._system, self._say = system, say
        self._settings = load_settings(
            bootstrap=system.bootstrap,
            partitions=system.options.partitions,
            home=system.options.home,
            directory=system.options.directory,
        )
        self._reports = Reports()
        self.faults: list[str] = []

    async def run(self) -> None:
        """Play all steps, show the trace of one incident, and check."""
        evening, started = read_evening(EVENING), datetime.now(UTC)
        people = load_directory(self._settings.directory).contacts
        producer = make_producer(self._settings)
        await producer.start()
        try:
            async with Inbox(self._system.sandbox_url, people, self._say) as inbox:
                for step in evening.steps:
                    await self._step(producer, step, inbox)
                await inbox.settle(QUIET_S, STEP_AT_MOST_S)
                arrived = inbox.arrived
        finally:
            await producer.stop()
        self.faults += differences(evening, arrived)
        await self._show_trace()
        await self._audit(started)
        if not self.faults:
            self._say(f"✓ as expected: {len(arrived)} messages reached the right people, none reached anybody else")

    async def _step(self, producer: AIOKafkaProducer, step: Step, inbox: Inbox) -> None:
        out.print(f"\n── {step.name} {'─' * max(3, 74 - len(step.name))}", markup=False)
        self._say(step.says)
        wanted = len(step.expect.sms) + len(step.expect.email)
        waiting = asyncio.create_task(inbox.wait_for(wanted, STEP_AT_MOST_S))
        event = self._reports.of(step, datetime.now(UTC))
        if event is not None:
            await write_event(producer, event, self._settings.partitions)
            self._tell(await self._decision(event))
        if step.reply is not None and step.incident is not None:
            text = step.reply.text.format(code=await self._code(step.incident))
            self._say(f"{step.reply.contact} answers: {text}")
            await inbox.reply(step.reply.contact, SANDBOX_URGENT_SENDER, text)
        for number, line in enumerate(step.raw):
            await self._write_raw(producer, f"in-hostile-{number}", line)
        await waiting
        if not wanted:
            self._say("nobody is told")

    async def _write_raw(self, producer: AIOKafkaProducer, key: str, line: str) -> None:
        partition = partition_for(key, self._settings.partitions)
        await producer.send_and_wait(EVENTS.name, key=key.encode(), value=line.encode(), partition=partition)

    async def _decision(self, event: EmergencyEvent) -> Decision:
        async with asyncio.timeout(STEP_AT_MOST_S):
            while True:
                for one in await read_incident(LiveLog(self._settings), event.incident_id):
                    if isinstance(one.record, Decision) and one.record.event_id == event.event_id:
                        return one.record
                await asyncio.sleep(0.1)

    async def _code(self, step: str) -> str:
        """The reply code of the incident of ``step``, as the texts about it have it."""
        for one in await read_incident(LiveLog(self._settings), self._reports.incidents[step]):
            if isinstance(one.record, Notification):
                return one.record.code
        raise LookupError(f"nobody was told of {step}")

    def _tell(self, decision: Decision) -> None:
        """Say who will be told, or the reason why nobody is."""
        for route in decision.routes:
            if route.recipients:
                roles = ", ".join(dict.fromkeys(recipient.role for recipient in route.recipients))
                self._say(f"→ {route.partner}: {roles} ({route.agreement}, {route.clause}, {route.lane})")
        for verdict in decision.verdicts:
            if verdict.judgement is not Judgement.PASS:
                self._say(f"{'✗' if verdict.judgement is Judgement.STOP else '!'} {verdict.stage}: {verdict.detail}")

    async def _show_trace(self) -> None:
        incident = self._reports.incidents[TRACED_STEP]
        out.print(f"\n── borderlands trace {incident} {'─' * 20}", markup=False)
        for line in await trace_lines(LiveLog(self._settings), self._settings, incident):
            out.print(line, markup=False)

    async def _audit(self, started: datetime) -> None:
        now = datetime.now(UTC)
        books = await read_books(self._settings, started)
        holes = list(balance(books, started, now, now))
        out.print("")
        self._say(f"audit: {books.summary()}; {counted(len(holes), 'hole')}")
        self.faults += [f"audit: {hole.what} ({hole.where})" for hole in holes]
        self._say(f"phones: {self._system.sandbox_url}/sandbox/phones")
        self._say(f"e-mails as files: {self._settings.home}/sandbox")

"""A stage for stories: phones write on one side, the topics are looked at on the other."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from aiokafka import AIOKafkaProducer, TopicPartition
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from deploy.local.kafka import EmbeddedKafka
from deploy.local.sandbox import RunningSandbox
from gateway.addresses import INBOUND_PATH, STATUS_PATH
from gateway.service import serve_gateway
from notifiers.service import serve_notifier
from runtime.health import Health
from runtime.kafka import make_consumer, make_producer, partition_for, read_range
from runtime.settings import GatewaySettings, Settings, TwilioSettings
from schemas import ids
from schemas.base import Record
from schemas.codec import decode, encode
from schemas.control import ContactStop
from schemas.event import EmergencyEvent
from schemas.incident import IncidentState, Obligation, Slot
from schemas.notification import Notification, Receipt, Response
from schemas.policy.models import Policy
from schemas.topics import CONTROL, EVENTS, INCIDENTS, NOTIFY, RECEIPTS, RESPONSES, Topic
from schemas.vocabulary import Action, Channel, Delivery, Lane
from tests.notifiers.stage import order
from tests.ports import free_port

PARTITIONS = 3
URGENT, ROUTINE = "+37167000001", "+37167000002"
RUTA, JONAS, STRANGER, LATVIAN = "+37061200001", "+37061200002", "+37061299999", "+37126000001"

R = TypeVar("R", bound=Record)


class Stage:
    """One test's sandbox, directory and settings on the shared broker.

    ``ruta`` is a contact's id, new in each test, so that requests of other tests are not hers.
    """

    def __init__(self, broker: EmbeddedKafka, policy: Policy, sandbox: RunningSandbox, home: Path) -> None:
        self.broker, self.policy, self.sandbox = broker, policy, sandbox
        mark = uuid.uuid4().hex[:10]
        self.ruta, self.drill = f"ruta-{mark}", f"drill-{mark}"
        self.directory = home / "directory.yaml"
        self._began_ms = int(time.time() * 1000)
        self.know({self.ruta: (RUTA, "live"), "birzai-duty": (JONAS, "live")})
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings = Settings(
            bootstrap=broker.bootstrap,
            partitions=PARTITIONS,
            home=home,
            directory=self.directory,
            twilio=TwilioSettings(
                account_sid=sandbox.account_sid,
                auth_token=sandbox.auth_token,
                base_url=sandbox.base_url,
                from_urgent=URGENT,
                from_routine=ROUTINE,
                timeout_s=10.0,
            ),
            gateway=GatewaySettings(port=port, public_url=self.url, poll_s=0.5, answer_within_s=1.5),
        )

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self._producer: AIOKafkaProducer = make_producer(self.settings)
        await self._producer.start()
        self._stack.push_async_callback(self._producer.stop)
        await self.sandbox.change_settings(inbound_webhook=self.url + INBOUND_PATH)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def know(self, people: dict[str, tuple[str, str]]) -> None:
        """Write the directory: contact id to number and purpose."""
        lines = ["fictional: true", "contacts:"]
        for name, (number, purpose) in people.items():
            lines.append(f"  {name}: {{name: A. Pavyzdys, language: lt, purpose: {purpose}, sms: '{number}'}}")
        self.directory.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @asynccontextmanager
    async def gateway(self, *, twilio: TwilioSettings | None = None, **changes: Any) -> AsyncIterator[Health]:
        """A gateway inside this test, from the moment its door is open; stopped cleanly at the end."""
        gateway = self.settings.gateway.model_copy(update=changes)
        settings = self.settings.model_copy(update={"gateway": gateway, "twilio": twilio or self.settings.twilio})
        health, stop = Health("gateway"), asyncio.Event()
        task = asyncio.create_task(serve_gateway(settings, health, stop))
        try:
            async with asyncio.timeout(30):
                while not health.ready and not task.done():  # noqa: ASYNC110 - a value, as its readers see it
                    await asyncio.sleep(0.02)
            if task.done():
                task.result()
            yield health
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    @asynccontextmanager
    async def notifier(self) -> AsyncIterator[None]:
        """A notifier of urgent texts inside this test, whose provider reports to the gateway."""
        twilio = self.settings.twilio.model_copy(update={"status_callback": self.url + STATUS_PATH})
        settings = self.settings.model_copy(update={"twilio": twilio})
        health, stop = Health("notifier"), asyncio.Event()
        work = serve_notifier(settings, health, stop, channel=Channel.SMS, lanes=(Lane.URGENT,))
        task = asyncio.create_task(work)
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    async def order(self) -> Notification:
        """What the dispatcher writes to have Rūta alerted."""
        note = order(self.policy.version, contact_id=self.ruta)
        topic = NOTIFY[note.channel, note.lane]
        made = encode(topic, note, source="test", at=note.decided_at)
        partition = partition_for(note.incident_id, PARTITIONS)
        await self._producer.send_and_wait(topic.name, made.value, note.incident_id.encode(), partition)
        return note

    async def reported(self, note: Notification, delivery: Delivery) -> tuple[int, Receipt]:
        """The receipt that says ``delivery`` of ``note``, and its partition."""

        async def look() -> list[tuple[int, Receipt]]:
            found = await self.receipts()
            return [
                one for one in found if one[1].delivery is delivery and one[1].notification_id == note.notification_id
            ]

        found: list[tuple[int, Receipt]] = await self.eventually(look)
        assert len(found) == 1, found
        return found[0]

    async def asked(self, contact: str | None = None, *, code_attempt: int = 0, **changes: Any) -> IncidentState:
        """What the dispatcher writes when it has asked ``contact`` for help: a snapshot of an open incident."""
        contact, incident = contact or self.ruta, f"in-{uuid.uuid4().hex[:20]}"
        partition = partition_for(incident, PARTITIONS)
        state = open_incident(incident, contact, ids.reply_code(partition, incident, code_attempt))
        state = state.model_copy(update=changes)
        await self.snapshot(state)
        return state

    async def snapshot(self, state: IncidentState) -> None:
        """Write a state as the dispatcher does."""
        made = encode(INCIDENTS, state, source="test", at=state.updated_at)
        partition = partition_for(state.incident_id, PARTITIONS)
        await self._producer.send_and_wait(INCIDENTS.name, made.value, state.incident_id.encode(), partition)

    async def responses(self) -> list[tuple[int, Response]]:
        """The responses of this test, with their partitions."""
        return await self._read(RESPONSES, Response)

    async def response(self, ref: str, within_s: float = 15.0) -> Response:
        """The response to the text that the provider calls ``ref``; there must be one only."""
        found: list[Response] = await self.eventually(lambda: self._to(ref), within_s)
        assert len(found) == 1, found
        return found[0]

    async def receipts(self) -> list[tuple[int, Receipt]]:
        """The receipts of this test, with their partitions."""
        return await self._read(RECEIPTS, Receipt)

    async def stops(self) -> list[ContactStop]:
        """What stands on ``control`` about contacts."""
        return [record for _, record in await self._read(CONTROL, ContactStop)]

    async def events(self) -> list[EmergencyEvent]:
        """The events of this test."""
        return [record for _, record in await self._read(EVENTS, EmergencyEvent)]

    async def heard(self, number: str) -> list[str]:
        """What arrived on the phone ``number``."""
        return [text.body for text in await self.sandbox.texts(number) if text.direction == "in"]

    async def repeat(self, ref: str, number: str, body: str) -> int:
        """What the gateway answers when the provider calls once more about a text."""
        form = {"MessageSid": ref, "From": number, "To": URGENT, "Body": body}
        return await self.call(INBOUND_PATH, form)

    async def call(self, path: str, form: dict[str, str]) -> int:
        """A signed call of the provider's to ``path``; returns the status of the answer."""
        signature = RequestValidator(self.sandbox.auth_token).compute_signature(self.url + path, form)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            headers = {"X-Twilio-Signature": signature}
            async with session.post(self.url + path, data=form, headers=headers) as answer:
                return answer.status

    async def eventually(self, look: Any, within_s: float = 15.0) -> Any:
        """What ``look`` gives as soon as it gives anything."""
        deadline = time.monotonic() + within_s
        while not (found := await look()):
            assert time.monotonic() < deadline, f"nothing in {within_s} s"
            await asyncio.sleep(0.05)
        return found

    @contextmanager
    def kafka_away(self) -> Iterator[None]:
        """Freeze the broker for as long as the block lasts."""
        pid = self.broker.running_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _to(self, ref: str) -> list[Response]:
        return [response for _, response in await self.responses() if response.provider_ref == ref]

    async def _read(self, topic: Topic, kind: type[R]) -> list[tuple[int, R]]:
        consumer = make_consumer(self.settings)
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, n) for n in range(topic.partition_count(PARTITIONS))]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            starts = await consumer.beginning_offsets(places)
            records = await read_range(consumer, starts, ends)
        finally:
            await consumer.stop()
        records.sort(key=lambda one: one.timestamp)
        fresh = [(one.partition, decode(topic, one.value)) for one in records if one.timestamp >= self._began_ms]
        return [(partition, record) for partition, record in fresh if isinstance(record, kind)]


def open_incident(incident: str, contact: str, code: str) -> IncidentState:
    """An incident in which ``contact`` of Biržai was asked for help under ``code`` and has the text."""
    now = datetime.now(UTC)
    note = order("a" * 64, incident_id=incident, contact_id=contact, code=code, step=0)
    slot = Slot(
        party=note.party, role=note.role, contact_id=contact, channel=note.channel, current=note,
        delivery=Delivery.SENT, since=now, reached=True, sent_count=1,
    )  # fmt: skip
    owed = Obligation(
        agreement=note.agreement, clause=note.clause, action=Action.HELP, partner=note.party, language="lt",
        asking_party=note.asking_party, reply_within_s=600, facts=note.facts, policy_version=note.policy_version,
    )  # fmt: skip
    return IncidentState(
        incident_id=incident, status=note.status, origin=note.origin, code=code, asking_party=note.asking_party,
        revision=1, lane=note.lane, opened_at=now, updated_at=now, expires_at=now + timedelta(hours=2),
        obligations=(owed,), slots=(slot,),
    )  # fmt: skip

"""A stage for stories: orders go in at one end, phones and mailboxes are looked at on the other."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiokafka import AIOKafkaProducer, TopicPartition

from deploy.local.sandbox import RunningSandbox
from notifiers.service import serve_notifier
from runtime.control import Control
from runtime.health import Health
from runtime.kafka import make_consumer, make_producer, partition_for, read_range
from runtime.settings import NotifierSettings, Settings, SmtpSettings, TwilioSettings
from schemas.base import Record
from schemas.codec import decode, encode
from schemas.control import ACTIVE_KEY, ActivePolicy, PublishedPolicy, StopSwitch
from schemas.decision import SharedFacts
from schemas.event import Need, Rejection
from schemas.notification import Notification, Receipt
from schemas.policy.models import Policy
from schemas.topics import CONTROL, NOTIFY, POLICY, RECEIPTS, REJECTED, Topic
from schemas.vocabulary import (
    Action,
    Channel,
    Delivery,
    EventType,
    Hazard,
    Lane,
    NeedKind,
    Origin,
    ReceiptKind,
    Severity,
    Status,
    Template,
)

PARTITIONS = 3
URGENT, ROUTINE = "+37167000001", "+37167000002"
RUTA, JONAS, DRILL = "+37061200001", "+37061200002", "+37061200009"
DIRECTORY = f"""\
fictional: true
contacts:
  ruta:
    {{name: Rūta Pavyzdė, language: lt, script: native, purpose: live, sms: "{RUTA}", email: ruta@birzai.example.org}}
  jonas:
    {{name: Jonas Pavyzdys, language: lt, script: ascii, purpose: live, sms: "{JONAS}"}}
  drill:
    {{name: Pratybų Vardas, language: lt, script: native, purpose: exercise, sms: "{DRILL}"}}
"""
LETTERS = set("ąčęėįšųūž")


class NothingStopped:
    """A view of ``control`` on which nothing stands."""

    current = Control()

    async def confirm(self) -> None:
        """Everything has been read."""


def order(policy_version: str, **changes: Any) -> Notification:
    """A request for help to Rūta, about a peat fire, with an incident of its own."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "notification_id": f"nt-{uuid.uuid4().hex[:20]}",
        "attempt": 1,
        "incident_id": f"in-{uuid.uuid4().hex[:20]}",
        "event_id": f"ev-{uuid.uuid4().hex[:20]}",
        "revision": 1,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "policy_version": policy_version,
        "agreement": "birzai-vecumnieki",
        "clause": "help-fire",
        "asking_party": "vecumnieki",
        "party": "birzai",
        "language": "lt",
        "role": "duty_desk",
        "contact_id": "ruta",
        "channel": Channel.SMS,
        "lane": Lane.URGENT,
        "step": 0,
        "template": Template.HELP,
        "action": Action.HELP,
        "code": "A7KX",
        "facts": SharedFacts(
            event_type=EventType.PEAT_FIRE,
            severity=Severity.SEVERE,
            needs=(Need(kind=NeedKind.FIRE_TANKER, count=2),),
            hazards=(Hazard.SMOKE,),
        ),
        "reply_within_s": 600,
        "decided_at": now,
        "expires_at": now + timedelta(hours=2),
    }
    return Notification(**{**values, **changes})


class Stage:
    """One test's sandbox, settings and directory on the shared broker."""

    def __init__(self, bootstrap: str, policy_version: str, sandbox: RunningSandbox, home: Path) -> None:
        self.sandbox, self.policy_version, self.home = sandbox, policy_version, home
        self.directory = home / "directory.yaml"
        self.directory.write_text(DIRECTORY, encoding="utf-8")
        self.settings = Settings(
            bootstrap=bootstrap,
            partitions=PARTITIONS,
            home=home,
            directory=self.directory,
            session_timeout_s=6,
            twilio=TwilioSettings(
                account_sid=sandbox.account_sid,
                auth_token=sandbox.auth_token,
                base_url=sandbox.base_url,
                from_urgent=URGENT,
                from_routine=ROUTINE,
                timeout_s=1.0,
            ),
            smtp=SmtpSettings(
                host="127.0.0.1", port=sandbox.smtp_port, security="none", sender="alerts@example.org", timeout_s=1.0
            ),
            notifier=NotifierSettings(claim_fresh_s=1.5, reconcile_pause_s=0.3, try_for_s=4.0),
        )

    def order(self, **changes: Any) -> Notification:
        """An order by the published policy."""
        return order(**{"policy_version": self.policy_version, **changes})

    async def emit(self, *notifications: Notification) -> None:
        """What the dispatcher writes."""
        await self.write(*((NOTIFY[n.channel, n.lane], n, n.incident_id) for n in notifications))

    async def say(self, about: Notification, kind: ReceiptKind, **changes: Any) -> None:
        """A receipt by somebody else."""
        receipt = Receipt(
            kind=kind,
            incident_id=about.incident_id,
            notification_id=about.notification_id,
            attempt=about.attempt,
            at=datetime.now(UTC),
            **changes,
        )
        await self.write((RECEIPTS, receipt, about.incident_id))

    async def write(self, *records: tuple[Topic, Record, str]) -> None:
        """Write records under their incident's key, to its partition."""
        for topic, record, key in records:
            await self.write_at(topic, record, key, partition_for(key, PARTITIONS))

    async def switch(self, *, stopped: bool, party: str | None = None) -> datetime:
        """Switch sending off or on; returns when Kafka appended the record."""
        record = StopSwitch(stopped=stopped, reason="a test", party=party, by="operator", at=datetime.now(UTC))
        return await self.control(record, record.key)

    async def activate(self, policy: Policy) -> None:
        """Publish a policy and make it the active one, by which rates are judged."""
        now = datetime.now(UTC)
        records: tuple[tuple[str, Record], ...] = (
            (policy.version, PublishedPolicy(policy_version=policy.version, policy=policy, published_at=now)),
            (ACTIVE_KEY, ActivePolicy(policy_version=policy.version, note="", activated_by="test", activated_at=now)),
        )
        for key, record in records:
            await self.write_at(POLICY, record, key, 0)

    async def control(self, record: Record, key: str) -> datetime:
        """Write one record to ``control``; returns when Kafka appended it."""
        made = encode(CONTROL, record, source="test", at=datetime.now(UTC))
        async with self._producer() as producer:
            written = await producer.send_and_wait(CONTROL.name, made.value, key.encode(), 0, headers=made.headers)
        return datetime.fromtimestamp(written.timestamp / 1000, UTC)

    async def write_at(self, topic: Topic, record: Record, key: str, partition: int) -> None:
        """Write one record to a partition."""
        made = encode(topic, record, source="test", at=datetime.now(UTC))
        async with self._producer() as producer:
            await producer.send_and_wait(topic.name, made.value, key.encode(), partition, headers=made.headers)

    async def write_bytes(self, topic: Topic, value: bytes, partition: int) -> None:
        """Write what is no record."""
        async with self._producer() as producer:
            await producer.send_and_wait(topic.name, value, partition=partition)

    async def receipts(self, about: Notification) -> list[Receipt]:
        """Every receipt of one notification, in the order of the log."""
        return [one for one in await self.all_receipts() if one.notification_id == about.notification_id]

    async def all_receipts(self) -> list[Receipt]:
        """Every receipt on the log."""
        return cast(list[Receipt], await self._read(RECEIPTS))

    async def rejections(self) -> list[Rejection]:
        """Everything on events.rejected."""
        return cast(list[Rejection], await self._read(REJECTED))

    async def outcome(self, about: Notification, within_s: float = 15.0, count: int = 1) -> Receipt:
        """The ``count``-th outcome or end of a notification."""
        return (await self.outcomes(about, within_s, count))[count - 1]

    async def outcomes(self, about: Notification, within_s: float = 15.0, count: int = 1) -> list[Receipt]:
        """At least ``count`` outcomes or ends of a notification."""
        deadline, receipts = time.monotonic() + within_s, list[Receipt]()
        while time.monotonic() < deadline:
            receipts = await self.receipts(about)
            ends = [receipt for receipt in receipts if receipt.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)]
            if len(ends) >= count:
                return ends
            await asyncio.sleep(0.1)
        raise AssertionError(f"no outcome in {within_s} s; there: {[(r.kind, r.delivery, r.reason) for r in receipts]}")

    async def accepted(self) -> int:
        """How many texts the provider took."""
        return len(await self.sandbox.ledger("accepted"))

    @asynccontextmanager
    async def notifier(
        self, channel: Channel = Channel.SMS, lanes: Sequence[Lane] = tuple(Lane), settings: Settings | None = None
    ) -> AsyncIterator[Health]:
        """A notifier inside this test, stopped cleanly at the end."""
        health, stop = Health("notifier"), asyncio.Event()
        work = serve_notifier(settings or self.settings, health, stop, channel=channel, lanes=lanes)
        task = asyncio.create_task(work)
        try:
            yield health
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    def process(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        """A notifier as a process of its own."""
        settings = self.settings
        twilio = settings.twilio.model_dump(exclude_none=True) | {
            "auth_token": settings.twilio.auth_token.get_secret_value()
        }
        values = {
            "BOOTSTRAP": settings.bootstrap,
            "PARTITIONS": str(PARTITIONS),
            "HOME": str(self.home),
            "DIRECTORY": str(self.directory),
            "SESSION_TIMEOUT_S": "6",
            "LOG_FORMAT": "json",
            "TWILIO": json.dumps(twilio),
            "SMTP": json.dumps(settings.smtp.model_dump(exclude_none=True)),
            "NOTIFIER": json.dumps(settings.notifier.model_dump()),
            **changes,
        }
        environment = os.environ | {f"BORDERLANDS_{name}": value for name, value in values.items()}
        log = (self.home / f"{uuid.uuid4().hex}.log").open("wb")
        with log:
            return subprocess.Popen([sys.executable, "-m", "notifiers", *arguments], env=environment, stderr=log)

    def logs(self) -> str:
        """Everything that notifier processes logged."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.home.glob("*.log")))

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = make_producer(self.settings)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def _read(self, topic: Topic) -> list[Record]:
        consumer = make_consumer(self.settings)
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            starts = await consumer.beginning_offsets(places)
            return [decode(topic, record.value) for record in await read_range(consumer, starts, ends)]
        finally:
            await consumer.stop()


def kill(process: subprocess.Popen[bytes]) -> None:
    """``kill -9``, and wait until it is gone."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


async def eventually(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether ``true`` becomes so in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        await asyncio.sleep(0.05)
    return False


def kinds(receipts: Sequence[Receipt]) -> list[ReceiptKind]:
    """The kinds of receipts, in order."""
    return [receipt.kind for receipt in receipts]


def deliveries(receipts: Sequence[Receipt]) -> list[Delivery | None]:
    """What outcomes and ends say, in order."""
    return [r.delivery for r in receipts if r.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)]

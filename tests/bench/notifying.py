"""What one notifier process sends a second, beside the bare client of the provider in the same run."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from twilio.rest import Client  # type: ignore[import-untyped]

from console.logs.live import read_log
from console.logs.logged import Logged
from deploy.local.sandbox.control import SandboxControl
from notifiers.message import render
from notifiers.sms_twilio import CONNECT_S, MAX_VALIDITY_S
from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.twilio_http import BoundedTwilioHttp
from schemas.codec import encode
from schemas.notification import Notification, Receipt
from schemas.policy.directory_file import load_directory
from schemas.policy.models import Policy
from schemas.topics import NOTIFY, RECEIPTS
from schemas.vocabulary import Channel, Delivery, Lane, ReceiptKind
from tests.bench.figures import AtLeast, Figure, number
from tests.bench.orders import orders
from tests.bench.policies import shipped
from tests.bench.systems import fresh_home
from tests.bench.workshop import Workshop, workshop

ROUNDS, TEXTS = 5, 2_000
MAIL_ROUNDS, MAILS = 3, 500
WARM_UP = 200
SENT_WITHIN_S = 120.0
RATE_GOAL, SHARE_GOAL = 500.0, 0.5


class NotAllSent(Exception):
    """Something else came of the notifications than one message each; a rate would say nothing."""


@dataclass(frozen=True)
class Round:
    """One round: messages a second, and the CPU seconds of whoever took part in it, by name."""

    rate: float
    sent: int
    cpu_s: dict[str, float]
    receipts_each: float = 0.0

    def cpu_ms_each(self, name: str) -> float:
        """CPU milliseconds of ``name`` for each message, which is CPU seconds for a thousand."""
        return self.cpu_s[name] / self.sent * 1000


def bench_notifier() -> list[Figure]:
    """Texts a second of a notifier and of the bare client, in turn; then e-mails a second."""
    policy = shipped()
    with fresh_home() as home, workshop(home, policy) as shop:
        with shop.process("notifiers", "sms", "--lane", "urgent") as notifier:
            bench = NotifierBench(shop, policy, Channel.SMS, notifier.pid)
            uvloop.run(bench.through_notifier(WARM_UP))
            uvloop.run(bench.bare(WARM_UP))
            bare, texts = [], []
            for _ in range(ROUNDS):
                bare.append(uvloop.run(bench.bare(TEXTS)))
                texts.append(uvloop.run(bench.through_notifier(TEXTS)))
        with shop.process("notifiers", "email", "--lane", "urgent") as notifier:
            bench = NotifierBench(shop, policy, Channel.EMAIL, notifier.pid)
            uvloop.run(bench.through_notifier(WARM_UP))
            mails = [uvloop.run(bench.through_notifier(MAILS)) for _ in range(MAIL_ROUNDS)]
    return _figures(bare, texts, mails)


@dataclass(frozen=True)
class NotifierBench:
    """Sends through one notifier process, and past it."""

    shop: Workshop
    policy: Policy
    channel: Channel
    notifier_pid: int

    async def through_notifier(self, count: int) -> Round:
        """Order ``count`` messages in one transaction, as a dispatcher does; from its commit to the last outcome.

        Raises:
            NotAllSent: not every one was sent, and sent once.
        """
        wanted = orders(self.policy, self.channel, count)
        began = datetime.now(UTC)
        taken = await self._taken()
        consumer = make_consumer(self.shop.settings)
        await consumer.start()
        try:
            there = await self._receipts(consumer)
            with self._cpu(("notifier", "emulator", "Kafka")) as cpu_s:
                committed_s = await self._order(wanted)
                await self._until_receipts(consumer, there + 2 * count)
            receipts = await self._all_ended(wanted, began)
        finally:
            await consumer.stop()
        if await self._taken() - taken != count:
            raise NotAllSent(f"{count} ordered, {await self._taken() - taken} taken by the emulator")
        last_s = max(one.appended_at.timestamp() for one in receipts if _is_outcome(one))
        return Round(count / (last_s - committed_s), count, cpu_s, len(receipts) / count)

    async def bare(self, count: int) -> Round:
        """Send ``count`` texts by the provider's client alone, as many at once as a notifier does."""
        settings, texts = self.shop.settings, self._texts(count)
        twilio = settings.twilio
        http = BoundedTwilioHttp(twilio.base_url, connect_s=CONNECT_S, total_s=twilio.timeout_s)
        client = Client(twilio.account_sid, twilio.auth_token.get_secret_value(), http_client=http, environment={})

        async def work() -> None:
            while texts:
                to, body = texts.pop()
                await client.messages.create_async(
                    to=to, from_=twilio.from_urgent, body=body, smart_encoded=False, validity_period=MAX_VALIDITY_S
                )

        with self._cpu(("emulator",)) as cpu_s:
            began_s, began_cpu_s = time.monotonic(), time.process_time()
            async with asyncio.TaskGroup() as group:
                for _ in range(settings.notifier.concurrency):
                    group.create_task(work())
            took_s = time.monotonic() - began_s
            cpu_s["client"] = time.process_time() - began_cpu_s
        await http.close()
        return Round(count / took_s, count, cpu_s)

    def _texts(self, count: int) -> list[tuple[str, str]]:
        contacts = load_directory(self.shop.settings.directory).contacts
        texts = []
        for order in orders(self.policy, Channel.SMS, count):
            contact = contacts[order.contact_id]
            texts.append((str(contact.sms), render(order, self.policy, contact, str(contact.sms)).body))
        return texts

    async def _order(self, wanted: list[Notification]) -> float:
        """Write ``wanted``; when the commit that shows them began, in seconds since the epoch."""
        topic, settings = NOTIFY[self.channel, Lane.URGENT], self.shop.settings
        producer = make_producer(settings, transactional_id="bench")
        await producer.start()
        try:
            await producer.begin_transaction()
            acks = []
            for one in wanted:
                made = encode(topic, one, source="bench", at=one.decided_at)
                key, place = one.incident_id.encode(), partition_for(one.incident_id, settings.partitions)
                acks.append(await producer.send(topic.name, made.value, key, place, headers=made.headers))
            await asyncio.gather(*acks)
            committed_s = time.time()
            await producer.commit_transaction()
        finally:
            await producer.stop()
        return committed_s

    async def _until_receipts(self, consumer: AIOKafkaConsumer, count: int) -> None:
        deadline_s = time.monotonic() + SENT_WITHIN_S
        while (there := await self._receipts(consumer)) < count:
            if time.monotonic() > deadline_s:
                raise NotAllSent(f"{count - there} of the receipts that were to come have not come in time")
            await asyncio.sleep(0.1)

    async def _all_ended(self, wanted: list[Notification], began: datetime) -> list[Logged]:
        """Every receipt of ``wanted``, once each of them has its outcome.

        Raises:
            NotAllSent: one has another outcome than sent, or two, or none in time.
        """
        ids, deadline_s = {order.notification_id for order in wanted}, time.monotonic() + SENT_WITHIN_S
        while True:
            log = await read_log(self.shop.settings, [RECEIPTS], since=began)
            ours = [one for one in log if isinstance(one.record, Receipt) and one.record.notification_id in ids]
            ended = [one for one in ours if _is_outcome(one)]
            if len(ended) >= len(wanted):
                break
            if time.monotonic() > deadline_s:
                raise NotAllSent(f"{len(wanted) - len(ended)} of {len(wanted)} have no outcome")
            await asyncio.sleep(0.5)
        came = Counter(one.record.delivery for one in ended if isinstance(one.record, Receipt))
        if came != {Delivery.SENT: len(wanted)}:
            raise NotAllSent(f"{len(wanted)} ordered, outcomes: {dict(came)}")
        return ours

    async def _receipts(self, consumer: AIOKafkaConsumer) -> int:
        """How many receipts the log holds."""
        places = [TopicPartition(RECEIPTS.name, number) for number in range(self.shop.settings.partitions)]
        return sum((await consumer.end_offsets(places)).values())

    async def _taken(self) -> int:
        """How many messages the emulator or the inbox has."""
        async with SandboxControl(self.shop.sandbox_url) as sandbox:
            health = await sandbox.health()
        return int(health["messages" if self.channel is Channel.SMS else "mails"])

    @contextmanager
    def _cpu(self, names: tuple[str, ...]) -> Iterator[dict[str, float]]:
        """CPU seconds by name that the processes ``names`` take in the block; there afterwards."""
        pids = {"notifier": self.notifier_pid, "emulator": self.shop.sandbox_pid, "Kafka": self.shop.kafka_pid}
        before = {name: self.shop.cpu_s(pids[name]) for name in names}
        took: dict[str, float] = {}
        yield took
        took |= {name: self.shop.cpu_s(pids[name]) - before[name] for name in names}


def _is_outcome(one: Logged) -> bool:
    return isinstance(one.record, Receipt) and one.record.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)


def _figures(bare: list[Round], texts: list[Round], mails: list[Round]) -> list[Figure]:
    alone, through = _rate(bare), _rate(texts)
    span = f"{number(min(one.rate for one in texts))} to {number(max(one.rate for one in texts))}"
    how = f"median of {ROUNDS} rounds of {TEXTS} texts, in turn with the bare client; {span}"
    figures = [
        Figure("notifier", "bare Twilio client, texts", alone, "/s", None, "the same texts, 100 at once"),
        Figure("notifier", "one notifier, texts", through, "/s", AtLeast(RATE_GOAL), how),
        Figure("notifier", "one notifier, against the bare client", through / alone, "×", AtLeast(SHARE_GOAL)),
        Figure(
            "notifier",
            "receipts for each text",
            median(one.receipts_each for one in texts),
            "",
            None,
            "2: a claim, an outcome",
        ),
        Figure("notifier", "one notifier, e-mails", _rate(mails), "/s", None, f"{MAIL_ROUNDS} rounds of {MAILS}"),
    ]
    for what, rounds in (("1,000 bare texts", bare), ("1,000 texts", texts), ("1,000 e-mails", mails)):
        for name in sorted(rounds[0].cpu_s):
            value = median(one.cpu_ms_each(name) for one in rounds)
            figures.append(Figure("notifier", f"CPU of {name} for {what}", value, "s", None, _busy(rounds, name)))
    return figures


def _busy(rounds: list[Round], name: str) -> str:
    share = median(one.cpu_s[name] * one.rate / one.sent * 100 for one in rounds)
    return f"{number(share)} % of one core"


def _receipts_each(rounds: list[Round]) -> float:
    return median(one.receipts_each for one in rounds)


def _rate(rounds: list[Round]) -> float:
    return median(one.rate for one in rounds)

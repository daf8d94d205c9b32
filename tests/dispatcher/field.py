"""The other end of the dispatcher's orders: a notifier whose provider takes every text, and people who answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from runtime.kafka import appended_at, make_consumer
from schemas.codec import decode
from schemas.control import PublishedPolicy
from schemas.decision import Decision, Recipient
from schemas.notification import Notification, Response
from schemas.policy.models import Ladder, LadderStep, Policy
from schemas.topics import DECISIONS, NOTIFY, POLICY, RECEIPTS, RESPONSES, TOPICS
from schemas.vocabulary import Answer, Channel, Delivery, Template
from tests.dispatcher.builders import claim, outcome
from tests.dispatcher.conftest import PARTITIONS, Bus
from tests.rules.ladders import CHIEF, DESK, asked, asking, rules, says

ANSWER_S = 3
"""How long each rung waits for an answer, seconds: short, and long enough for a busy machine."""

ALERTS = (Template.HELP, Template.INFORM)
NEWS = (Template.ANSWERED, Template.UNANSWERED)


def _rung(*roles: str) -> LadderStep:
    return LadderStep(roles=roles, channels=(Channel.SMS,), send_within=30, answer_within=ANSWER_S)


QUICK = Ladder(
    id="fire",
    steps=(_rung("duty_desk", "fire_chief"), _rung("volunteers"), _rung("delegate")),
    tell_if_nobody=("duty_desk",),
)
QUICK_CROWD = Ladder(id="crowd", steps=(_rung("volunteers"), _rung("delegate")), tell_if_nobody=("duty_desk",))
QUICK_RULES = rules(ladders=(QUICK, QUICK_CROWD))


class Field:
    """What arrived where and when, and how those who were reached answer.

    ``arrived`` are the texts as a provider took them, with the broker's time of their orders.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.arrived: list[tuple[Notification, datetime]] = []
        self.taken: Callable[[Notification], bool] = lambda _: True
        self._orders: set[tuple[str, int]] = set()
        self._answers = 0

    def texts(self, *templates: Template, incident: str | None = None) -> list[Notification]:
        """The texts with one of ``templates``, in the order they were taken."""
        return [note for note, _ in self.arrived if note.template in templates and incident in (None, note.incident_id)]

    def woken(self, incident: str | None = None) -> list[str]:
        """Who got a first alert."""
        return [note.contact_id for note in self.texts(*ALERTS, incident=incident)]

    def news(self, incident: str | None = None) -> list[Notification]:
        """What the asking side was told by SMS."""
        return [note for note in self.texts(*NEWS, incident=incident) if note.channel is Channel.SMS]

    async def until(self, true: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Wait until ``true``."""
        async with asyncio.timeout(timeout_s):
            while not true():  # noqa: ASYNC110 - what arrives is seen by looking
                await asyncio.sleep(0.02)

    async def ask(self, *people: Recipient, ladder: Ladder = QUICK, partition: int = 0, **changes: Any) -> Decision:
        """Write the decision on a request for help that is young and lasts."""
        now = datetime.now(tz=UTC)
        values: dict[str, Any] = {
            "policy_version": QUICK_RULES.version,
            "recorded_at": now,
            "expires_at": now + timedelta(hours=2),
        }
        event = changes.pop("event", "ev-1")
        record = asked(event, asking(*(people or (DESK, CHIEF)), ladder=ladder), **(values | changes))
        await self.bus.write(DECISIONS, record, partition)
        return record

    async def say(
        self, contact: str, answer: Answer = Answer.ACCEPT, *, incident: str = "in-peat-fire", partition: int = 0,
        **changes: Any,
    ) -> Response:  # fmt: skip
        """Write an answer, as the gateway does."""
        self._answers += 1
        name = f"rs-{incident}-{contact}-{self._answers}"
        record = says(contact, answer, name=name, incident_id=incident, at=datetime.now(tz=UTC), **changes)
        await self.bus.write(RESPONSES, record, partition)
        return record

    async def follow(self, consumer: AIOKafkaConsumer) -> None:
        """Take every order once, as a notifier whose provider never refuses."""
        async for record in consumer:
            note = decode(TOPICS[record.topic], record.value)
            order = (note.notification_id, note.attempt) if isinstance(note, Notification) else ("", 0)
            if not isinstance(note, Notification) or order in self._orders or not self.taken(note):
                continue
            self._orders.add(order)
            await self.bus.write(RECEIPTS, claim(note), record.partition)
            await self.bus.write(RECEIPTS, outcome(note, Delivery.SENT, provider="sandbox"), record.partition)
            self.arrived.append((note, appended_at(record)))


async def publish(bus: Bus, *policies: Policy) -> None:
    """Put ``policies`` on their topic."""
    for policy in policies:
        record = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=datetime.now(tz=UTC))
        await bus.write(POLICY, record)


@asynccontextmanager
async def field(bus: Bus) -> AsyncIterator[Field]:
    """The policy is published, and every order is taken as it comes."""
    await publish(bus, QUICK_RULES)
    people, consumer = Field(bus), make_consumer(bus.settings, fetch_wait_ms=20)
    await consumer.start()
    consumer.assign([TopicPartition(topic.name, number) for topic in NOTIFY.values() for number in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    task = asyncio.create_task(people.follow(consumer), name="field")
    try:
        yield people
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await consumer.stop()

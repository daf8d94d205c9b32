"""Past evenings as a log: events, the decisions of then, what providers and people said; a source to read it from."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from console.logs.logged import Logged, logged
from console.replay.answer import put_together
from console.replay.compare import Question
from console.replay.findings import WhatIf
from console.replay.past import read_past
from console.replay.whatif import share
from runtime.kafka import partition_for
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.ids import notification_id
from schemas.notification import Receipt, Response
from schemas.policy.models import Policy
from schemas.topics import CONTROL, DECISIONS, EVENTS, POLICY, RECEIPTS, RESPONSES, Topic
from schemas.vocabulary import Answer, Channel, Delivery, ReceiptKind, ReceiptReason
from streams.rules.routing.route import route
from tests.rules.policy_fixture import NOW, event

PARTITIONS = 2
INCIDENT = "in-1"


@dataclass
class Evening:
    """A log that is written record by record; a ``LogSource``."""

    rules: Policy
    records: list[Logged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.publish(self.rules)

    @property
    def name(self) -> str:
        """What is read."""
        return "an evening"

    @property
    def partitions(self) -> int:
        """Two."""
        return PARTITIONS

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``LogSource.stream``."""
        names = {topic.name: topic for topic in topics}
        yield [
            one
            for one in self.records
            if one.topic in names
            and (partitions is None or names[one.topic].partitions is not None or one.partition in partitions)
            and (since is None or one.appended_at >= since)
            and (until is None or one.appended_at < until)
            and (keys is None or one.key in keys)
        ]

    def add(self, topic: Topic, record: Record, at: datetime) -> None:
        """Append ``record``, as its bytes."""
        self.raw(topic, encode(topic, record, source="test", at=at).value, at, getattr(record, "incident_id", None))

    def raw(self, topic: Topic, value: bytes, at: datetime, incident: str | None = None) -> None:
        """Append any bytes."""
        place = partition_for(incident, PARTITIONS) if incident and topic.partitions is None else 0
        offset = sum(one.topic == topic.name and one.partition == place for one in self.records)
        key = incident.encode() if incident else None
        self.records.append(logged(topic, place, offset, at, key, value))

    def publish(self, rules: Policy, *, active: bool = True) -> None:
        """Put a policy on the log."""
        early = NOW - timedelta(days=1)
        self.add(POLICY, PublishedPolicy(policy_version=rules.version, policy=rules, published_at=early), early)
        if active:
            chosen = ActivePolicy(policy_version=rules.version, note="n", activated_by="t", activated_at=early)
            self.add(POLICY, chosen, early)

    def report(self, seconds: float = 0, **changes: Any) -> Decision:
        """An event and the decision that the rules of the evening make on it a moment later."""
        at = later(seconds)
        times = {"reported_at": at, "expires_at": at + timedelta(hours=6)}
        said = event(**(times | {"recorded_at": None, "incident_id": INCIDENT} | changes))
        self.add(EVENTS, said, at)
        decided = route(said.model_copy(update={"recorded_at": at}), self.rules)
        self.add(DECISIONS, decided, at + timedelta(milliseconds=10))
        return decided

    def control(self, record: Record, at: datetime) -> None:
        """Write to ``control``."""
        self.add(CONTROL, record, at)

    def taken(self, about: Decision, contact: str, channel: Channel, seconds: float, *, step: int = 0) -> None:
        """A provider takes the text to ``contact``."""
        self.outcome(about, contact, channel, seconds, Delivery.SENT, step=step)

    def outcome(
        self, about: Decision, contact: str, channel: Channel, seconds: float, delivery: Delivery, *, step: int = 0
    ) -> None:
        """Claimed a tenth of a second before, then what a provider said."""
        for kind, said, early in ((ReceiptKind.CLAIM, None, 0.1), (ReceiptKind.OUTCOME, delivery, 0.0)):
            receipt = Receipt(
                kind=kind,
                incident_id=about.incident_id,
                event_id=about.event_id,
                notification_id=notification_id(about.event_id, step, contact, channel.value),
                attempt=1,
                contact_id=contact,
                channel=channel,
                claim_id="claim-1",
                delivery=said,
                reason=ReceiptReason.ACCEPTED if said is Delivery.SENT else None,
                provider="twilio",
                at=later(seconds - early),
            )
            self.add(RECEIPTS, receipt, later(seconds - early))

    def says(self, contact: str, role: str, answer: Answer, seconds: float, party: str = "birzai") -> None:
        """Somebody answers."""
        response = Response(
            response_id=f"re-{contact}-{seconds:.0f}",
            incident_id=INCIDENT,
            party=party,
            role=role,
            contact_id=contact,
            channel="sms",
            answer=answer,
            at=later(seconds),
        )
        self.add(RESPONSES, response, later(seconds))

    async def under(self, other: Policy, *only: str, until: float = 86_400) -> WhatIf:
        """The what-if of the whole evening by ``other``."""
        past = await read_past(self)
        question = Question(NOW - timedelta(hours=1), later(until), other)
        parts = (await share(self, frozenset(range(PARTITIONS)), question, past, frozenset(only))).values()
        return put_together(
            tuple(parts), question, log=self.name, origin="a test", only=frozenset(only), unreadable=past.unreadable
        )


class Undecoded(Evening):
    """The same log, which leaves decoding to its reader; a ``ValueSource``."""

    async def stream_values(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``ValueSource.stream_values``."""
        async for batch in self.stream(topics, since=since, until=until, partitions=partitions):
            yield [replace(one, record=None, fault=None) for one in batch]


def later(seconds: float) -> datetime:
    """So many seconds after the evening's first report."""
    return NOW + timedelta(seconds=seconds)


def events_of(log: Evening) -> list[EmergencyEvent]:
    """The events on it."""
    return [one.record for one in log.records if isinstance(one.record, EmergencyEvent)]

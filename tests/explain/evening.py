"""An evening on the log as the real rules make it: the router decides, the dispatcher folds, a notifier is played."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from console.logs.logged import Logged, in_order
from notifiers.texts.sms import render_sms
from runtime.kafka import partition_for
from schemas.base import Record
from schemas.control import DutySwap, PublishedPolicy
from schemas.event import EmergencyEvent
from schemas.incident import IncidentState
from schemas.intake import accept
from schemas.notification import Notification, Receipt, Response
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.topics import Topic
from schemas.vocabulary import Answer, Channel, Delivery, ReceiptKind, ReceiptReason
from streams.rules.incidents.crews import Crews
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Effect, Emit
from streams.rules.incidents.fold import fold
from streams.rules.routing.route import route

PARTITIONS = 12
START = datetime(2026, 11, 12, 1, 12, tzinfo=UTC)  # 03:12 in Riga and Vilnius
REPORT = (Path(__file__).parents[2] / "deploy" / "demo" / "peat-fire.json").read_bytes()


class ListLog:
    """A list of records as a ``LogSource``; counts what it decodes for whom."""

    def __init__(self, records: Iterable[Logged], partitions: int = PARTITIONS) -> None:
        self._records, self._partitions = in_order(list(records)), partitions
        self.given = 0

    @property
    def name(self) -> str:
        """What is read."""
        return "a list"

    @property
    def partitions(self) -> int:
        """The common count."""
        return self._partitions

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
        wanted = {topic.name: topic for topic in topics}
        for one in self._records:
            topic = wanted.get(one.topic)
            if topic is None or (since and one.appended_at < since) or (until and one.appended_at >= until):
                continue
            if partitions is not None and topic.partitions is None and one.partition not in partitions:
                continue
            if keys is None or one.key in keys:
                self.given += 1
                yield [one]


class Evening:
    """One incident from its report on; ``now`` moves on by ``wait``."""

    def __init__(
        self,
        policy: Policy,
        raw: bytes = REPORT,
        name: str = "peat",
        swaps: tuple[DutySwap, ...] = (),
        partitions: int = PARTITIONS,
    ) -> None:
        self.policy, self.now, self.swaps = policy, START, swaps
        self.log: list[Logged] = []
        self.state: IncidentState | None = None
        self.orders: list[Notification] = []
        report = accept(raw, now=self.now, fresh=lambda: name)
        self.event: EmergencyEvent = report.event
        self.incident = self.event.incident_id
        self.partition = partition_for(self.incident, partitions)
        self._at(
            "policy", PublishedPolicy(policy_version=policy.version, policy=policy, published_at=START), policy.version
        )
        for swap in swaps:
            self._at("control", swap, swap.key)

    def _at(self, topic: str, record: Record, key: str | None = None) -> None:
        single = topic in ("policy", "control")
        self.log.append(
            Logged(
                topic, 0 if single else self.partition, len(self.log), self.now, (key or self.incident).encode(),
                b"{}", record,
            )
        )  # fmt: skip
        self.now += timedelta(milliseconds=10)

    def report(self, **changes: Any) -> "Evening":
        """The report, the router's decision, and the dispatcher's first orders."""
        event = self.event.model_copy(update=changes)
        self._at("events", event)
        decision = route(event, self.policy, self.swaps)
        self._at("decisions", decision)
        self._fold(decision)
        return self

    def report_only(self) -> None:
        """The report, and no router."""
        self._at("events", self.event)

    def swap_later(self, party: str, contact: str, substitute: str) -> None:
        """A swap of duty that is written now, for the time of the report."""
        swap = DutySwap(
            swap_id=f"{party}-later", party=party, contact_id=contact, substitute=substitute,
            start=START - timedelta(hours=1), end=START + timedelta(hours=1), by="somebody", at=self.now,
        )  # fmt: skip
        self._at("control", swap, swap.key)

    def wait(self, **length: float) -> "Evening":
        """Time passes; what falls due meanwhile happens when it is due."""
        end = self.now + timedelta(**length)
        while self.state is not None and self.now < end:
            self.now += timedelta(seconds=1)
            self._take(due(self.state, self.now, Crews(lambda _: self.policy, self.swaps)))
        return self

    def send(self, *contacts: str, delivery: Delivery = Delivery.SENT, **changes: Any) -> "Evening":
        """A notifier claims and sends what is ordered for ``contacts`` (all) and has no outcome yet."""
        for order in self.open(*contacts):
            self._receipt(order, ReceiptKind.CLAIM)
            self._receipt(order, ReceiptKind.OUTCOME, delivery=delivery, **changes)
        return self

    def open(self, *contacts: str) -> list[Notification]:
        """Orders without an outcome."""
        done = {
            (one.record.notification_id, one.record.attempt)
            for one in self.log
            if isinstance(one.record, Receipt) and one.record.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)
        }
        return [
            one
            for one in self.orders
            if (one.notification_id, one.attempt) not in done and (not contacts or one.contact_id in contacts)
        ]

    def hold(self, *contacts: str) -> "Evening":
        """A stop switch holds what is ordered for ``contacts``."""
        for order in self.open(*contacts):
            self._receipt(order, ReceiptKind.RELEASE, reason=ReceiptReason.STOPPED_BY_SWITCH)
        return self

    def answer(self, contact: str, answer: Answer, text: str) -> "Evening":
        """Somebody answers by SMS."""
        order = next(one for one in self.orders if one.contact_id == contact)
        response = Response(
            response_id=f"re-{len(self.log)}", incident_id=self.incident, code=order.code, party=order.party,
            role=order.role, contact_id=contact, channel="sms", answer=answer, text=text, at=self.now,
        )  # fmt: skip
        self._at("responses", response)
        self._fold(response)
        return self

    def _receipt(self, order: Notification, kind: ReceiptKind, **changes: Any) -> None:
        sent = changes.get("delivery") in (Delivery.SENT, Delivery.DELIVERED)
        values: dict[str, Any] = {
            "reason": ReceiptReason.ACCEPTED if sent else None,
            "body_sha256": self._sha256(order) if sent and order.channel is Channel.SMS else None,
            **changes,
        }
        receipt = Receipt(
            kind=kind, incident_id=self.incident, event_id=order.event_id, notification_id=order.notification_id,
            attempt=order.attempt, contact_id=order.contact_id, channel=order.channel, claim_id="claim-1",
            incarnation="notifier-1", provider="twilio", at=self.now, **values,
        )  # fmt: skip
        self._at("receipts", receipt)
        self._fold(receipt)

    def _sha256(self, order: Notification) -> str:
        return sha256(
            render_sms(order, self.policy, language=order.language, script=Script.NATIVE).body.encode()
        ).hexdigest()

    def _fold(self, record: Any) -> None:
        self._take(fold(self.state, record, partition=self.partition, codes_in_use=(), now=self.now))
        if self.state is not None:
            self._take(due(self.state, self.now, Crews(lambda _: self.policy, self.swaps)))

    def _take(self, folded: Any) -> None:
        self.state = folded.state
        effects: tuple[Effect, ...] = folded.effects
        for effect in effects:
            if isinstance(effect, Emit):
                order = effect.notification
                self.orders.append(order)
                self._at(f"notify.{order.channel.value}.{order.lane.value}", order)
            else:
                self._at("receipts", effect.receipt)

    def others(self, count: int) -> Iterator[Logged]:
        """The same records under other incidents' ids, so that a log is not one incident's alone."""
        for number in range(count):
            for one in self.log:
                if one.topic in ("policy", "control"):
                    continue
                name = f"in-other-{number}"
                record = one.record.model_copy(update={"incident_id": name}) if one.record else None
                yield replace(
                    one, partition=partition_for(name, PARTITIONS), offset=one.offset + 1000 * (number + 1),
                    key=name.encode(), record=record,
                )  # fmt: skip

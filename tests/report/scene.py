"""A log for reports, written as a scene: who reports what when, which texts go out, who answers."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from console.logs.logged import Logged, in_order
from runtime.kafka import partition_for
from schemas.base import Record
from schemas.control import ActivePolicy, PublishedPolicy, StopSwitch
from schemas.decision import Decision, PlanStep, Recipient, Route, SharedFacts, Verdict
from schemas.event import EmergencyEvent, Need, PsapNotified, Service
from schemas.ids import notification_id
from schemas.notification import Receipt, Response
from schemas.place import Place, PlaceCertainty, ResolvedPlace
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import Topic
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    EventType,
    Judgement,
    Lane,
    NeedKind,
    Origin,
    ReceiptKind,
    ReceiptReason,
    ReplyProblem,
    ServiceKind,
    Stage,
    Status,
)

PARTITIONS = 12
LADDER = (
    PlanStep(
        step=0, roles=("duty_desk", "fire_chief"), channels=(Channel.SMS,), send_within_s=120, answer_within_s=300
    ),
    PlanStep(
        step=1, roles=("volunteer_firefighters",), channels=(Channel.SMS,), send_within_s=120, answer_within_s=300
    ),
    PlanStep(step=2, roles=("psdk_delegate",), channels=(Channel.SMS,), send_within_s=120),
)
NOTICE = (PlanStep(step=0, roles=("duty_desk",), channels=(Channel.SMS,), send_within_s=1800),)
STEP_OF = {"duty": 0, "chief": 0, "volunteer": 1, "delegate": 2}
PARTNERS = {
    "birzai-vecumnieki": ("vecumnieki", "birzai"),
    "rokiskis-akniste": ("akniste", "rokiskis"),
    "tervete-joniskis": ("tervete", "joniskis"),
}
"""The Latvian and the Lithuanian party of each agreement of the shipped policy."""


@cache
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(Path(__file__).parents[2] / "deploy" / "policy")


@cache
def version() -> str:
    """Its hash."""
    return policy().version


@dataclass(frozen=True)
class Scope:
    """What an incident is about, and how it is meant."""

    incident: str
    agreement: str = "birzai-vecumnieki"
    asking: str = "vecumnieki"
    partner: str = "birzai"
    event_type: EventType = EventType.PEAT_FIRE
    unit: str = "bauska"
    action: Action = Action.HELP
    exercise: str | None = None
    needs: tuple[Need, ...] = (Need(kind=NeedKind.FIRE_TANKER, count=1),)
    lifetime: timedelta = timedelta(hours=6)

    @property
    def origin(self) -> Origin:
        return Origin.EXERCISE if self.exercise else Origin.LIVE

    @property
    def status(self) -> Status:
        return Status.EXERCISE if self.exercise else Status.ACTUAL


@dataclass
class Scene:
    """Records in the order they are written; ``hop`` is how long after the event its decision is appended."""

    all: list[Logged] = field(default_factory=list)
    hop: timedelta = timedelta(milliseconds=400)

    def add(self, topic: str, record: Record, at: datetime) -> None:
        """Append one record."""
        incident = getattr(record, "incident_id", None) or ""
        partition = 0 if topic in ("policy", "control") else partition_for(incident, PARTITIONS)
        self.all.append(Logged(topic, partition, len(self.all), at, incident.encode(), b"?", record))

    def publish(self, at: datetime) -> None:
        """The shipped policy, published and active."""
        self.add("policy", PublishedPolicy(policy_version=version(), policy=policy(), published_at=at), at)
        active = ActivePolicy(policy_version=version(), note="first", activated_by="operator", activated_at=at)
        self.add("policy", active, at)

    def event(
        self,
        scope: Scope,
        at: datetime,
        *,
        kind: EventKind = EventKind.REPORT,
        name: str | None = None,
        replayid: str | None = None,
    ) -> str:
        """One event of the incident, and the router's decision on it; returns the event's id."""
        name = name or f"ev-{scope.incident}-{kind.value}"
        says = {"event_type": scope.event_type, "place": Place(name="Skaistkalne")} if kind in _SAYS else {}
        event = EmergencyEvent.model_validate(
            {
                "event_id": name, "incident_id": scope.incident, "kind": kind, "status": scope.status,
                "origin": scope.origin, "exerciseid": scope.exercise, "reporting_party": scope.asking,
                "psap_notified": PsapNotified(notified=True), "reported_at": at, "expires_at": at + scope.lifetime,
                "replayid": replayid, **says,
            }
        )  # fmt: skip
        self.add("events", event, at)
        routed = DecisionOutcome.ROUTED if kind is EventKind.REPORT else DecisionOutcome.FOLLOW_UP
        self.add("decisions", decision_on(event, scope, at + self.hop, routed), at + self.hop)
        return name

    def refused(self, scope: Scope, at: datetime, reason: str = "place_unknown") -> None:
        """A report that the rules refuse."""
        self.event(scope, at)
        last = self.all.pop().record
        assert isinstance(last, Decision)
        stop = Verdict(stage=Stage.PLACE, judgement=Judgement.STOP, reason=reason, detail="no such place")
        update = {"outcome": DecisionOutcome.REJECTED, "routes": (), "verdicts": (stop,), "place": None}
        self.add("decisions", last.model_copy(update=update), at + self.hop)

    def stays(self, scope: Scope, at: datetime) -> None:
        """A report that concerns nobody across the border."""
        self.event(scope, at)
        last = self.all.pop().record
        assert isinstance(last, Decision)
        update = {"outcome": DecisionOutcome.NO_ROUTE, "routes": ()}
        self.add("decisions", last.model_copy(update=update), at + self.hop)

    def word(
        self,
        scope: Scope,
        contact: str,
        at: datetime,
        delivery: Delivery | None = Delivery.SENT,
        *,
        channel: Channel = Channel.SMS,
        attempt: int = 1,
        reason: ReceiptReason = ReceiptReason.ACCEPTED,
        kind: ReceiptKind = ReceiptKind.OUTCOME,
        about: str | None = None,
        news: bool = False,
    ) -> None:
        """A receipt on the text to ``contact`` (``birzai-duty``): a provider's word, an end, or a text held."""
        event = about or f"ev-{scope.incident}-report"
        step = next(step for word, step in STEP_OF.items() if word in contact)
        apart = f".{scope.agreement}.{scope.partner}.news0" if news else ""
        receipt = Receipt(
            kind=kind,
            incident_id=scope.incident,
            event_id=event,
            notification_id=notification_id(event + apart, step, contact, channel.value),
            attempt=attempt,
            contact_id=contact,
            channel=channel,
            claim_id=f"claim-{attempt}",
            delivery=delivery,
            reason=reason,
            at=at,
        )
        self.add("receipts", receipt, at)

    def answer(
        self,
        scope: Scope,
        contact: str | None,
        answer: Answer | None,
        at: datetime,
        *,
        amounts: tuple[Need, ...] = (),
        problem: ReplyProblem | None = None,
        name: str | None = None,
    ) -> None:
        """What somebody of the partner answers; ``contact`` None is an answer entered by hand for the party."""
        response = Response(
            response_id=name or f"re-{len(self.all)}", incident_id=scope.incident, party=scope.partner,
            contact_id=contact, channel="sms" if contact else "phone", answer=answer, amounts=amounts, problem=problem,
            text="JĀ, braucam", at=at,
        )  # fmt: skip
        self.add("responses", response, at)

    def switch(self, stopped: bool, at: datetime, party: str | None = None) -> None:
        """A stop switch thrown, with a reason that no report may show."""
        self.add("control", StopSwitch(stopped=stopped, reason="wrong figures", party=party, by="Ilze", at=at), at)

    def canary(self, number: int, at: datetime) -> None:
        """A canary that came through."""
        incident = f"cn-{number}"
        event = EmergencyEvent(
            event_id=f"ev-{incident}", incident_id=incident, kind=EventKind.REPORT, status=Status.SYSTEM,
            origin=Origin.LIVE, reporting_party="birzai", psap_notified=PsapNotified(notified=False), reported_at=at,
            expires_at=at + timedelta(minutes=10), service=Service(kind=ServiceKind.CANARY),
        )  # fmt: skip
        self.add("events", event, at)
        receipt = Receipt(
            kind=ReceiptKind.OUTCOME, incident_id=incident, event_id=event.event_id, notification_id=f"nt-{incident}",
            attempt=1, contact_id="canary-phone", channel=Channel.SMS, delivery=Delivery.FAILED_PERM,
            reason=ReceiptReason.CONNECTION, at=at,
        )  # fmt: skip
        self.add("receipts", receipt, at)


_SAYS = (EventKind.REPORT, EventKind.UPDATE)


def decision_on(event: EmergencyEvent, scope: Scope, at: datetime, outcome: DecisionOutcome) -> Decision:
    """The router's decision: the partner's duty desk and fire chief are named, as on the ladder's first step."""
    people = ("duty", "duty_desk"), ("chief", "fire_chief")
    kind = "exercise-" if scope.exercise else ""
    recipients = tuple(
        Recipient(role=role, contact_id=f"{scope.partner}-{kind}{who}", channels=(Channel.SMS,)) for who, role in people
    )
    facts = SharedFacts(event_type=scope.event_type, needs=scope.needs if scope.action is Action.HELP else ())
    opens = outcome is DecisionOutcome.ROUTED
    route = Route(
        agreement=scope.agreement,
        clause=scope.action.value if opens else None,
        action=scope.action if opens else None,
        asking_party=scope.asking,
        partner=scope.partner,
        language="lt",
        lane=Lane.URGENT,
        shared=facts if opens else None,
        withheld=(),
        recipients=recipients if opens else (),
        plan=(LADDER if scope.action is Action.HELP else NOTICE) if opens else (),
    )
    return Decision(
        event_id=event.event_id, incident_id=event.incident_id, kind=event.kind, status=event.status,
        origin=event.origin, exerciseid=event.exerciseid, replayid=event.replayid,
        reporting_party=event.reporting_party, policy_version=version(), recorded_at=at, expires_at=event.expires_at,
        outcome=outcome, verdicts=(), routes=(route,),
        place=ResolvedPlace(
            country="LV", unit=scope.unit, certainty=PlaceCertainty.NAME, explanation="by its name"
        ) if opens else None,
    )  # fmt: skip


class ListLog:
    """A ``LogSource`` over records in memory, in batches of a few, topics as they come."""

    name = "a list"
    partitions = PARTITIONS

    def __init__(self, records: Iterable[Logged]) -> None:
        self._records = in_order(list(records))

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
        names = {topic.name for topic in topics}
        found = [
            one
            for one in self._records
            if one.topic in names
            and (since is None or one.appended_at >= since)
            and (until is None or one.appended_at < until)
            and (partitions is None or one.partition in partitions)
            and (keys is None or one.key in keys)
        ]
        for start in range(0, len(found), 7):
            yield found[start : start + 7]

"""A night as it stands on the topics, built by hand: each record as the process that writes it would write it."""

import hashlib
from datetime import UTC, datetime, timedelta

from console.logs.logged import Logged
from runtime.kafka import partition_for
from schemas.base import Record
from schemas.codec import Undecodable, record_id
from schemas.decision import Decision, PlanStep, Recipient, Route, SharedFacts, Verdict
from schemas.event import EmergencyEvent, PsapNotified, Rejection, SourceOfRejection
from schemas.ids import notification_id
from schemas.notification import Notification, Receipt, Response
from schemas.place import Place
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
    Origin,
    ReceiptKind,
    ReceiptReason,
    RejectionReason,
    Severity,
    Stage,
    Status,
    Template,
)

START = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
LATER = START + timedelta(hours=2)
HASH = "a" * 64
PEAT = "in-peat"
DUTY = Recipient(role="duty_desk", contact_id="birzai-duty", channels=(Channel.SMS, Channel.EMAIL))
CHIEF = Recipient(role="fire_chief", contact_id="birzai-chief", channels=(Channel.SMS,))
FACTS = SharedFacts(event_type=EventType.PEAT_FIRE, severity=Severity.SEVERE)


class Log:
    """Appends records one second apart."""

    def __init__(self) -> None:
        self.all: list[Logged] = []

    def add(self, topic: str, record: Record | None, value: bytes = b"?", fault: Undecodable | None = None) -> Logged:
        """Append one record; None is one that cannot be decoded."""
        incident = getattr(record, "incident_id", None) or ""
        number = len(self.all)
        one = Logged(
            topic, partition_for(incident, 3), number, START + timedelta(seconds=number), None, value, record, fault
        )
        self.all.append(one)
        return one


def event(name: str, incident: str = PEAT, kind: EventKind = EventKind.REPORT) -> EmergencyEvent:
    """A report of a peat fire, or what follows it."""
    says = {"event_type": EventType.PEAT_FIRE, "place": Place(name="Skaistkalne")} if kind is EventKind.REPORT else {}
    return EmergencyEvent.model_validate(
        {
            "event_id": name,
            "incident_id": incident,
            "kind": kind,
            "status": Status.ACTUAL,
            "origin": Origin.LIVE,
            "reporting_party": "vecumnieki",
            "psap_notified": PsapNotified(notified=True),
            "reported_at": START,
            "expires_at": END,
            **says,
        }
    )


def decision(name: str, outcome: DecisionOutcome, incident: str = PEAT, kind: EventKind = EventKind.REPORT) -> Decision:
    """What the router decided on it."""
    route = Route(
        agreement="birzai-vecumnieki",
        clause="fire-help",
        action=Action.HELP,
        asking_party="vecumnieki",
        partner="birzai",
        language="lt",
        lane=Lane.URGENT,
        shared=FACTS,
        withheld=(),
        recipients=(DUTY, CHIEF),
        plan=(PlanStep(step=0, roles=("duty_desk", "fire_chief"), channels=(Channel.SMS,), send_within_s=60),),
    )
    stop = Verdict(stage=Stage.INTAKE, judgement=Judgement.STOP, reason="expired", detail="it expired at 17:00")
    return Decision(
        event_id=name,
        incident_id=incident,
        kind=kind,
        status=Status.ACTUAL,
        origin=Origin.LIVE,
        reporting_party="vecumnieki",
        policy_version=HASH,
        recorded_at=START + timedelta(seconds=1),
        expires_at=END,
        outcome=outcome,
        verdicts=(stop,) if outcome is DecisionOutcome.REJECTED else (),
        routes=(route,) if outcome is DecisionOutcome.ROUTED else (),
    )


def order(about: str, who: Recipient, channel: Channel, attempt: int = 1) -> Notification:
    """The dispatcher's order to tell ``who``."""
    return Notification(
        notification_id=notification_id(about, 0, who.contact_id, channel),
        attempt=attempt,
        incident_id=PEAT,
        event_id=about,
        revision=1,
        status=Status.ACTUAL,
        origin=Origin.LIVE,
        policy_version=HASH,
        agreement="birzai-vecumnieki",
        clause="fire-help",
        asking_party="vecumnieki",
        party="birzai",
        language="lt",
        role=who.role,
        contact_id=who.contact_id,
        channel=channel,
        lane=Lane.URGENT,
        step=0,
        template=Template.HELP,
        action=Action.HELP,
        code="A7F2",
        facts=FACTS,
        decided_at=START,
        expires_at=END,
    )


def receipt(
    about: Notification, kind: ReceiptKind, delivery: Delivery | None = None, reason: ReceiptReason | None = None
) -> Receipt:
    """A notifier's receipt, under the one claim of the attempt."""
    sent = delivery is Delivery.SENT
    return Receipt(
        kind=kind,
        incident_id=PEAT,
        event_id=about.event_id,
        notification_id=about.notification_id,
        attempt=about.attempt,
        contact_id=about.contact_id,
        channel=about.channel,
        claim_id=f"claim-{about.attempt}",
        incarnation="notifier-1",
        delivery=delivery,
        reason=reason,
        provider_ref="SM0123" if sent else None,
        segments=2 if sent else None,
        encoding="UCS-2" if sent else None,
        body_sha256=hashlib.sha256(b"as sent").hexdigest() if sent else None,
        at=START + timedelta(minutes=1),
    )


def refusal(name: str | None, reason: RejectionReason, by: SourceOfRejection, at: Logged | None = None) -> Rejection:
    """A rejection of event ``name``, of the record ``at``, or of both."""
    return Rejection(
        reason=reason,
        detail=f"it is {reason}",
        mend="report it anew",
        refused_by=by,
        topic=at.topic if at else None,
        partition=at.partition if at else None,
        offset=at.offset if at else None,
        event_id=name,
        incident_id="in-old" if name == "ev-old" else None,
        size_bytes=1,
        sha256=HASH,
        excerpt="?",
        rejected_at=START + timedelta(seconds=1),
    )


def night() -> list[Logged]:
    """One sent at once, one at the second attempt, one that expired; a cancel, a refusal, one without route, noise."""
    log = Log()
    log.add("events", event("ev-peat"))
    log.add("decisions", decision("ev-peat", DecisionOutcome.ROUTED))
    sms, mail = order("ev-peat", DUTY, Channel.SMS), order("ev-peat", DUTY, Channel.EMAIL)
    chief = order("ev-peat", CHIEF, Channel.SMS)
    for one in (sms, mail, chief):
        log.add(f"notify.{one.channel}.urgent", one)
    log.add("receipts", receipt(sms, ReceiptKind.CLAIM))
    log.add("receipts", receipt(sms, ReceiptKind.OUTCOME, Delivery.SENT, ReceiptReason.ACCEPTED))
    log.add("receipts", receipt(mail, ReceiptKind.CLAIM))
    log.add("receipts", receipt(mail, ReceiptKind.END, Delivery.EXPIRED, ReceiptReason.EXPIRED))
    log.add("receipts", receipt(chief, ReceiptKind.CLAIM))
    log.add("receipts", receipt(chief, ReceiptKind.OUTCOME, Delivery.FAILED_TEMP, ReceiptReason.PROVIDER_ERROR))
    again = order("ev-peat", CHIEF, Channel.SMS, attempt=2)
    log.add("notify.sms.urgent", again)
    log.add("receipts", receipt(again, ReceiptKind.CLAIM))
    log.add("receipts", receipt(again, ReceiptKind.OUTCOME, Delivery.SENT, ReceiptReason.ACCEPTED))
    log.add("events", event("ev-cancel", kind=EventKind.CANCEL))
    log.add("decisions", decision("ev-cancel", DecisionOutcome.FOLLOW_UP, kind=EventKind.CANCEL))
    nobody = Receipt(
        kind=ReceiptKind.END,
        incident_id=PEAT,
        event_id="ev-cancel",
        reason=ReceiptReason.NOTHING_OWED,
        detail="nobody was told of it",
        at=START,
    )
    log.add("receipts", nobody)
    old = log.add("events", event("ev-old", "in-old"))
    log.add("decisions", decision("ev-old", DecisionOutcome.REJECTED, "in-old"))
    log.add("events.rejected", refusal("ev-old", RejectionReason.EXPIRED, SourceOfRejection.ROUTER, old))
    log.add("events", event("ev-nobody", "in-nobody"))
    log.add("decisions", decision("ev-nobody", DecisionOutcome.NO_ROUTE, "in-nobody"))
    noise = log.add("events", None)
    log.add("events.rejected", refusal(None, RejectionReason.NOT_JSON, SourceOfRejection.ROUTER, noise))
    log.add("events.rejected", refusal("ev-mended", RejectionReason.INVALID, SourceOfRejection.DOOR))
    return log.all


def answer() -> Response:
    """What the chief wrote back."""
    return Response(
        response_id="re-1", incident_id=PEAT, party="birzai", role="fire_chief", channel="sms", answer=Answer.ACCEPT,
        text="1\nA7F2", at=START,
    )  # fmt: skip


def title(one: Logged) -> str:
    """A record in a word or two, for the name of a test."""
    number = next(n for n, other in enumerate(night()) if other.offset == one.offset)
    return f"{number}-{one.topic}-{record_id(one.record) if one.record else 'noise'}"

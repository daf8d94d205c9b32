"""Decisions, receipts and answers as the dispatcher meets them, with only what a test cares about spelt out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.decision import Decision, PlanStep, Recipient, Route, SharedFacts
from schemas.event import Need
from schemas.notification import Notification, Receipt, Response
from schemas.vocabulary import (
    Action,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    EventType,
    Lane,
    NeedKind,
    Origin,
    ReceiptKind,
    ReceiptReason,
    Severity,
    Status,
)

T0 = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)
HASH = "a" * 64
INCIDENT = "in-peat-fire"
DUTY = Recipient(role="duty", contact_id="birzai-duty", channels=(Channel.SMS, Channel.EMAIL))
CHIEF = Recipient(role="fire-chief", contact_id="birzai-chief", channels=(Channel.SMS,))


def at(seconds: float) -> datetime:
    """``seconds`` after the start of a story."""
    return T0 + timedelta(seconds=seconds)


def facts(severity: Severity = Severity.SEVERE, tankers: int = 1) -> SharedFacts:
    """Facts of a peat fire."""
    needs = (Need(kind=NeedKind.FIRE_TANKER, count=tankers),)
    return SharedFacts(event_type=EventType.PEAT_FIRE, severity=severity, needs=needs)


def route(*recipients: Recipient, shared: SharedFacts | None = None, **changes: Any) -> Route:
    """A help request of Bauska to Biržai, by a ladder that waits for no answer."""
    values: dict[str, Any] = {
        "agreement": "bauska-birzai",
        "clause": "help",
        "action": Action.HELP,
        "asking_party": "bauska",
        "partner": "birzai",
        "language": "lt",
        "lane": Lane.URGENT,
        "reply_within_s": 600,
        "shared": shared or facts(),
        "withheld": (),
        "recipients": recipients,
        "ladder": "fire",
        "plan": (PlanStep(step=0, roles=("duty", "fire-chief"), channels=(Channel.SMS,), send_within_s=60),),
    }
    return Route(**{**values, **changes})


def decision(event: str, *routes: Route, kind: EventKind = EventKind.REPORT, **changes: Any) -> Decision:
    """A decision about event ``event``: routed where there are routes, else a follow-up."""
    values: dict[str, Any] = {
        "event_id": event,
        "incident_id": INCIDENT,
        "kind": kind,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "reporting_party": "bauska",
        "policy_version": HASH,
        "recorded_at": T0,
        "expires_at": at(4 * 3600),
        "outcome": DecisionOutcome.ROUTED if routes else DecisionOutcome.FOLLOW_UP,
        "verdicts": (),
        "routes": routes,
    }
    return Decision(**{**values, **changes})


def receipt(about: Notification, kind: ReceiptKind, delivery: Delivery | None = None, **changes: Any) -> Receipt:
    """A notifier's receipt about ``about``."""
    values: dict[str, Any] = {
        "kind": kind,
        "incident_id": about.incident_id,
        "event_id": about.event_id,
        "notification_id": about.notification_id,
        "attempt": about.attempt,
        "contact_id": about.contact_id,
        "channel": about.channel,
        "delivery": delivery,
        "at": T0,
    }
    return Receipt(**{**values, **changes})


def claim(about: Notification, claim_id: str = "claim-1") -> Receipt:
    """A notifier's claim."""
    return receipt(about, ReceiptKind.CLAIM, claim_id=claim_id, incarnation="notifier-1")


def release(about: Notification, claim_id: str = "claim-1") -> Receipt:
    """A notifier giving its claim back."""
    return receipt(about, ReceiptKind.RELEASE, claim_id=claim_id, reason=ReceiptReason.CLAIM_LAPSED)


def outcome(about: Notification, delivery: Delivery, **changes: Any) -> Receipt:
    """What a provider said of an attempt."""
    return receipt(about, ReceiptKind.OUTCOME, delivery, **changes)


def response(name: str, incident: str | None = INCIDENT, **changes: Any) -> Response:
    """An answer by SMS."""
    return Response(response_id=name, incident_id=incident, channel="sms", at=T0, **changes)

"""One full and one bare example of every record of the contract."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from schemas.base import Record
from schemas.control import (
    ActivePolicy,
    ChangeKind,
    ContactStop,
    DutySwap,
    OperationsNote,
    PolicyChange,
    PublishedPolicy,
    RestoredLog,
    RetentionLook,
    StopSwitch,
)
from schemas.decision import Decision, PlanStep, Recipient, Route, SharedFacts, SharedField, Verdict
from schemas.event import (
    Casualties,
    EmergencyEvent,
    FreeText,
    Need,
    PsapNotified,
    Rejection,
    SourceOfRejection,
)
from schemas.incident import Cursor, IncidentState, Obligation, SeenEvent, Slot
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.place import AdminCode, CodeScheme, Place, PlaceCertainty, Point, ResolvedPlace
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import CONTROL, DECISIONS, EVENTS, INCIDENTS, NOTIFY, POLICY, RECEIPTS, REJECTED, RESPONSES, Topic
from schemas.vocabulary import (
    Action,
    Answer,
    Certainty,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    EventType,
    Hazard,
    Judgement,
    Lane,
    NeedKind,
    Origin,
    ReceiptKind,
    ReceiptReason,
    RejectionReason,
    Severity,
    Stage,
    Status,
    Template,
    Urgency,
)

T0 = datetime(2026, 6, 5, 18, 40, tzinfo=UTC)
HASH = "0123456789abcdef" * 4
URGENT_SMS = NOTIFY[Channel.SMS, Lane.URGENT]

_SWAP: dict[str, Any] = {
    "party": "birzai",
    "contact_id": "birzai-duty",
    "substitute": "birzai-chief",
    "start": T0,
    "end": T0 + timedelta(hours=12),
}
_POINT = Point(lat=56.3801, lon=24.6402)
_PLACE = ResolvedPlace(
    country="LV",
    unit="bauskas-novads",
    former_unit="vecumnieku-novads",
    parish="skaistkalne",
    name="Skaistkalne",
    point=_POINT,
    areas=("vecumnieki",),
    certainty=PlaceCertainty.NAME,
    explanation="the parish Skaistkalnes pagasts, by its name",
)
_FACTS = SharedFacts(
    event_type=EventType.PEAT_FIRE,
    place=_PLACE,
    severity=Severity.SEVERE,
    urgency=Urgency.IMMEDIATE,
    certainty=Certainty.OBSERVED,
    occurred_at=T0,
    needs=(Need(kind=NeedKind.FIRE_TANKER, count=1),),
    casualties=Casualties(injured=0),
    hazards=(Hazard.BURNING_PEAT,),
    text=FreeText(text="Deg kūdra, vējš no dienvidiem", language="lv"),
    callback_role="duty_desk",
    psap_notified=PsapNotified(notified=True),
)


def event(**changes: Any) -> EmergencyEvent:
    """A peat fire at Skaistkalne."""
    values: dict[str, Any] = {
        "event_id": "ev-1",
        "incident_id": "in-1",
        "kind": EventKind.REPORT,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "reporting_party": "vecumnieki",
        "event_type": EventType.PEAT_FIRE,
        "severity": Severity.SEVERE,
        "place": Place(
            code=AdminCode(scheme=CodeScheme.LAU, code="LV0025000"),
            parish="Skaistkalnes pagasts",
            point=_POINT,
            polygon=(_POINT, Point(lat=56.39, lon=24.64), Point(lat=56.39, lon=24.65), _POINT),
        ),
        "needs": (Need(kind=NeedKind.FIRE_TANKER, count=1),),
        "casualties": Casualties(injured=0),
        "hazards": (Hazard.SMOKE,),
        "text": FreeText(text="Deg kūdra", language="lv"),
        "psap_notified": PsapNotified(notified=True, at=T0, reference="112-0001"),
        "occurred_at": T0 - timedelta(minutes=10),
        "reported_at": T0,
        "expires_at": T0 + timedelta(hours=6),
    }
    return EmergencyEvent(**{**values, **changes})


def notification(**changes: Any) -> Notification:
    """A help request by SMS to a fire chief."""
    values: dict[str, Any] = {
        "notification_id": "nt-1",
        "attempt": 2,
        "repetition": True,
        "incident_id": "in-1",
        "event_id": "ev-1",
        "revision": 1,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "policy_version": HASH,
        "agreement": "birzai-vecumnieki",
        "clause": "help",
        "asking_party": "vecumnieki",
        "party": "birzai",
        "language": "lt",
        "role": "fire_chief",
        "contact_id": "birzai-chief",
        "channel": Channel.SMS,
        "lane": Lane.URGENT,
        "step": 0,
        "template": Template.HELP,
        "action": Action.HELP,
        "code": "7F2K",
        "facts": _FACTS,
        "reply_within_s": 600,
        "decided_at": T0,
        "expires_at": T0 + timedelta(hours=6),
    }
    return Notification(**{**values, **changes})


_ROUTE = Route(
    agreement="birzai-vecumnieki",
    clause="help",
    action=Action.HELP,
    asking_party="vecumnieki",
    partner="birzai",
    language="lt",
    lane=Lane.URGENT,
    reply_within_s=600,
    shared=_FACTS,
    withheld=(SharedField.CASUALTIES,),
    recipients=(Recipient(role="fire_chief", contact_id="birzai-chief", channels=(Channel.SMS,)),),
    ladder="fire",
    plan=(PlanStep(step=0, roles=("fire_chief",), channels=(Channel.SMS,), send_within_s=60, answer_within_s=300),),
)
_BARE_ROUTE = Route(
    agreement="birzai-vecumnieki",
    asking_party="vecumnieki",
    partner="birzai",
    language="lt",
    lane=Lane.URGENT,
    withheld=(),
    recipients=(),
    plan=(PlanStep(step=0, roles=("fire_chief",), channels=(Channel.SMS,), send_within_s=60),),
)


def decision(*routes: Route) -> Decision:
    """The decision about ``event()``."""
    return Decision(
        event_id="ev-1",
        incident_id="in-1",
        kind=EventKind.REPORT,
        status=Status.ACTUAL,
        origin=Origin.LIVE,
        reporting_party="vecumnieki",
        policy_version=HASH,
        recorded_at=T0,
        expires_at=T0 + timedelta(hours=6),
        outcome=DecisionOutcome.ROUTED,
        verdicts=(Verdict(stage=Stage.PLACE, judgement=Judgement.PASS, reason="by_name", detail="found"),),
        place=_PLACE,
        routes=routes,
    )


def receipt(**changes: Any) -> Receipt:
    """A claim on ``notification()``."""
    values: dict[str, Any] = {
        "kind": ReceiptKind.CLAIM,
        "incident_id": "in-1",
        "notification_id": "nt-1",
        "attempt": 2,
        "claim_id": "cl-1",
        "incarnation": "notifier-1",
        "at": T0,
    }
    return Receipt(**{**values, **changes})


_RESPONSE = Response(
    response_id="rs-1",
    incident_id="in-1",
    code="7F2K",
    channel="sms",
    answer=Answer.PARTIAL,
    amounts=(Need(kind=NeedKind.FIRE_TANKER, count=1),),
    eta_min=20,
    text="7F2K TAIP",
    language="lt",
    at=T0,
)
RESEND = ResendOrder(
    order_id="rs-1",
    incident_id="in-1",
    notification_id="nt-1",
    attempt=2,
    expires_at=T0 + timedelta(hours=1),
    by="operator",
    reason="attempt 2 ended as unknown (timeout)",
    at=T0,
)
_SLOT = Slot(
    party="birzai",
    role="fire_chief",
    contact_id="birzai-chief",
    channel=Channel.SMS,
    current=notification(),
    delivery=Delivery.CLAIMED,
    since=T0,
    claim_id="cl-1",
    waiting=notification(clause=None, reply_within_s=None),
)
_STATE = IncidentState(
    incident_id="in-1",
    updated_at=T0,
    events=(SeenEvent(event_id="ev-1", kind=EventKind.REPORT, revision=1, at=T0),),
    obligations=(
        Obligation(
            agreement="birzai-vecumnieki",
            action=Action.HELP,
            partner="birzai",
            language="lt",
            asking_party="vecumnieki",
            facts=_FACTS,
            policy_version=HASH,
        ),
    ),
    slots=(_SLOT,),
    answers=(_RESPONSE,),
    parked=(receipt(), _RESPONSE),
)
REJECTION = Rejection(
    reason=RejectionReason.NOT_JSON,
    detail="not JSON",
    mend="send JSON",
    refused_by=SourceOfRejection.ROUTER,
    topic="events",
    partition=3,
    offset=7,
    size_bytes=3,
    sha256=HASH,
    excerpt="{…",
    rejected_at=T0,
)


@cache
def shipped_policy() -> Policy:
    """The policy that comes with the project."""
    return load_policy(Path(__file__).resolve().parents[2] / "deploy" / "policy")


_CHANGE = PolicyChange(
    change_id="ch-1", kind=ChangeKind.PROPOSED, policy_version=HASH, base="b" * 64, note="Biržai adds a ladder",
    by="Rūta", account="ruta", at=T0, expires_at=T0,
)  # fmt: skip


def examples() -> list[tuple[Topic, Record]]:
    """Topic and record, for every record but the published policy."""
    return [
        (EVENTS, event()),
        (EVENTS, event(kind=EventKind.CANCEL, event_type=None, place=None, text=None, casualties=None)),
        (REJECTED, REJECTION),
        (DECISIONS, decision(_ROUTE, _BARE_ROUTE)),
        (INCIDENTS, _STATE),
        (INCIDENTS, IncidentState(incident_id="in-1", updated_at=T0)),
        (INCIDENTS, Cursor(partition=3, offsets={"decisions": 7}, at=T0)),
        *((topic, notification(channel=channel, lane=lane)) for (channel, lane), topic in NOTIFY.items()),
        (URGENT_SMS, notification(clause=None, reply_within_s=None)),
        (RECEIPTS, receipt()),
        (RECEIPTS, Receipt(kind=ReceiptKind.END, incident_id="in-1", reason=ReceiptReason.EXPIRED, at=T0)),
        (RESPONSES, _RESPONSE),
        (RESPONSES, Response(response_id="rs-2", channel="web", at=T0)),
        (RESPONSES, RESEND),
        (RESPONSES, RESEND.model_copy(update={"although_answered": True})),
        (POLICY, ActivePolicy(policy_version=HASH, note="", activated_by="admin", activated_at=T0)),
        (POLICY, _CHANGE),
        (CONTROL, StopSwitch(stopped=True, reason="drill went wrong", party="birzai", by="admin", at=T0)),
        (CONTROL, ContactStop(contact_id="birzai-chief", stopped=True, at=T0)),
        (CONTROL, DutySwap(swap_id="sw-1", by="admin", at=T0, **_SWAP)),
        (CONTROL, OperationsNote(note="upgraded", by="admin", at=T0)),
        (
            CONTROL,
            RetentionLook(
                policy_version="a" * 64,
                kept_ms={"events": 86_400_000},
                starts={"events": (3, 0, 4)},
                deleted={"events": 2},
                deleted_ever={"events": 7},
                by="admin",
                at=T0,
            ),
        ),
        (
            CONTROL,
            RestoredLog(
                restore_id="restore-1",
                manifest_sha256="a" * 64,
                finished=True,
                records=7,
                ends={"events": (3, 0, 4)},
                open_incidents=("in-1",),
                open_count=1,
                by="admin",
                at=T0,
            ),
        ),
    ]


def published() -> PublishedPolicy:
    """The shipped policy as it is published."""
    policy = shipped_policy()
    return PublishedPolicy(policy_version=policy.version, policy=policy, published_at=T0)

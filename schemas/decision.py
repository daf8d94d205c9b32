"""``Decision``: what the router decided about one event, and every reason for it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Lang, Model, PolicyHash, Record, UtcTime
from schemas.event import Casualties, FreeText, Need, PsapNotified, Service
from schemas.place import ResolvedPlace
from schemas.vocabulary import (
    Action,
    Certainty,
    Channel,
    DecisionOutcome,
    EventKind,
    EventType,
    Hazard,
    Judgement,
    Lane,
    Origin,
    Severity,
    Stage,
    Status,
    Urgency,
)

SERVICE_AGREEMENT = "service"
"""Stands where the id of an agreement does: none applies to a service event."""


class SharedField(StrEnum):
    """A field of an event that an agreement's data-exchange clause can let through."""

    SEVERITY = "severity"
    URGENCY = "urgency"
    CERTAINTY = "certainty"
    PLACE_NAME = "place_name"
    PARISH = "parish"
    POINT = "point"
    OCCURRED_AT = "occurred_at"
    NEEDS = "needs"
    CASUALTIES = "casualties"
    HAZARDS = "hazards"
    TEXT = "text"
    CALLBACK = "callback"
    PSAP = "psap"


NEVER_WITH_POLICE = frozenset(
    {SharedField.TEXT, SharedField.CASUALTIES, SharedField.POINT, SharedField.NEEDS, SharedField.HAZARDS}
)
"""Fields that can describe a person or lead to one: withheld from police matters, whatever a clause says."""


class SharedFacts(Model):
    """What may cross the border of one event, field by field. Absent means withheld or not given.

    The event type and the municipality always cross: without them there is no message.
    ``place`` is the resolved place cut down to what the clause allows. ``lead_service`` is the service of the
    incident's country that leads (an id of the policy's competence table), which a referral names.
    """

    event_type: EventType
    place: ResolvedPlace | None = None
    severity: Severity | None = None
    urgency: Urgency | None = None
    certainty: Certainty | None = None
    occurred_at: UtcTime | None = None
    needs: tuple[Need, ...] = ()
    casualties: Casualties | None = None
    hazards: tuple[Hazard, ...] = ()
    text: FreeText | None = None
    callback_role: Id | None = None
    psap_notified: PsapNotified | None = None
    lead_service: Id | None = None


class Verdict(Model):
    """What one stage said: ``reason`` is a bounded word, ``detail`` a sentence for people."""

    stage: Stage
    judgement: Judgement
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    detail: Annotated[str, Field(max_length=600)]


class Recipient(Model):
    """One contact to tell, in which role and by which channels. A contact is an id, never a number."""

    role: Id
    contact_id: Id
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=4)]


class PlanStep(Model):
    """One rung of the ladder as planned: whom it adds, and how long each wait is (seconds).

    ``deliver_within_s`` bounds how long after acceptance a proof of delivery may be missing, where a provider
    gives one.
    """

    step: int
    roles: tuple[Id, ...]
    channels: tuple[Channel, ...]
    send_within_s: int
    deliver_within_s: int | None = None
    answer_within_s: int | None = None


class Route(Model):
    """One agreement applied to the event: who is told, what crosses, what is withheld, and how it goes on.

    ``clause`` is None where no clause applies and the route only carries a follow-up to those already told.
    ``shared`` is None where a cancel or all-clear says nothing new, not even the event type.
    """

    agreement: Id
    clause: Id | None = None
    action: Action | None = None
    asking_party: Id
    partner: Id
    language: Lang
    lane: Lane
    reply_within_s: int | None = None
    shared: SharedFacts | None = None
    withheld: tuple[SharedField, ...]
    recipients: tuple[Recipient, ...]
    ladder: Id | None = None
    plan: tuple[PlanStep, ...]


class Decision(Record):
    """The router's answer to one event: outcome, a verdict per stage, routes, and the policy it followed.

    ``recorded_at`` is the instant the rules took as now, ``reported_at`` the event's own (None in records older
    than this field). The first decision of an event id wins. ``service`` is the event's own, given with status System.
    """

    record: Literal["decision"] = "decision"
    event_id: Id
    incident_id: Id
    kind: EventKind
    status: Status
    origin: Origin
    exerciseid: Id | None = None
    replayid: Id | None = None
    reporting_party: Id
    policy_version: PolicyHash
    recorded_at: UtcTime
    reported_at: UtcTime | None = None
    expires_at: UtcTime
    outcome: DecisionOutcome
    verdicts: tuple[Verdict, ...]
    place: ResolvedPlace | None = None
    routes: tuple[Route, ...] = ()
    service: Service | None = None

"""``EmergencyEvent``: what a municipality reports, and ``Rejection``: why something was refused."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Id, Lang, Line, LongText, Model, Record, UtcTime
from schemas.place import Place
from schemas.vocabulary import (
    Certainty,
    EventKind,
    EventType,
    Hazard,
    NeedKind,
    Origin,
    RejectionReason,
    ServiceKind,
    Severity,
    Status,
    Urgency,
)

MAX_LIFETIME = timedelta(days=30)

Count = Annotated[int, Field(ge=0, le=100_000)]


class Need(Model):
    """Something asked for, and how many of it."""

    kind: NeedKind
    count: Annotated[int, Field(ge=1, le=10_000)]


class Casualties(Model):
    """Counts of people, never names. ``None`` is not known; 0 is known to be none."""

    dead: Count | None = None
    injured: Count | None = None
    missing: Count | None = None
    trapped: Count | None = None
    evacuated: Count | None = None


class FreeText(Model):
    """What the reporter added in their own words, and in which language."""

    text: LongText
    language: Lang


class PsapNotified(Model):
    """Whether 112 knows: this system coordinates after 112, never instead of it."""

    notified: bool
    at: UtcTime | None = None
    reference: Line | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.notified and (self.at or self.reference):
            raise ValueError("'at' and 'reference' describe a call to 112, but 'notified' is false")
        return self


class Service(Model):
    """What an event of status System is about: no emergency, but the system and the people it reaches.

    ``contact_id`` is whom a check asks, or whom a party lost or has back; a canary goes to the policy's own contact.
    """

    kind: ServiceKind
    contact_id: Id | None = None

    @model_validator(mode="after")
    def _about_somebody(self) -> Self:
        if (self.contact_id is None) != (self.kind is ServiceKind.CANARY):
            raise ValueError("contact_id is given for every kind of service event but a canary")
        return self


class EmergencyEvent(Record):
    """One report, update, cancel or all-clear of an incident, as the reporting municipality gave it.

    ``report`` and ``update`` say what, how bad and where; ``cancel`` and ``all_clear`` may leave that out. What an
    ``update`` leaves out (needs, hazards, casualties, times, text, a severity of Unknown) stays as it was.
    ``origin`` decides who can be reached at all and has no default on purpose. ``recorded_at`` is set by the
    system: the router takes the time at which Kafka appended the record. ``replayid`` marks a record that was
    restored or replayed; such a record never reaches anybody. ``service`` is given with status System only: such an
    event needs no type and no place, and stays out of every figure about emergencies.
    """

    record: Literal["emergency_event"] = "emergency_event"
    event_id: Id
    incident_id: Id
    kind: EventKind
    status: Status
    origin: Origin
    exerciseid: Id | None = None
    replayid: Id | None = None
    derivedfrom: Id | None = None
    reporting_party: Id
    event_type: EventType | None = None
    severity: Severity = Severity.UNKNOWN
    urgency: Urgency = Urgency.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    place: Place | None = None
    needs: Annotated[tuple[Need, ...], Field(max_length=12)] = ()
    casualties: Casualties | None = None
    hazards: Annotated[tuple[Hazard, ...], Field(max_length=13)] = ()
    text: FreeText | None = None
    callback_role: Id | None = None
    psap_notified: PsapNotified
    occurred_at: UtcTime | None = None
    reported_at: UtcTime
    expires_at: UtcTime
    recorded_at: UtcTime | None = None
    service: Service | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.service is not None and (self.status is not Status.SYSTEM or self.kind is not EventKind.REPORT):
            raise ValueError("service is given with status System and kind report only")
        if self.service is None and self.kind in (EventKind.REPORT, EventKind.UPDATE):
            missing = [name for name in ("event_type", "place") if getattr(self, name) is None]
            if missing:
                raise ValueError(f"a {self.kind} needs {' and '.join(missing)}")
        if self.expires_at <= self.reported_at:
            raise ValueError("expires_at must be later than reported_at")
        if self.expires_at - self.reported_at > MAX_LIFETIME:
            raise ValueError(f"expires_at may be at most {MAX_LIFETIME.days} days after reported_at")
        kinds = [need.kind for need in self.needs]
        if len(kinds) != len(set(kinds)):
            raise ValueError("each kind of need may stand once; give its total count")
        return self

    @model_validator(mode="after")
    def _drill_or_real(self) -> Self:
        either = self.status in (Status.TEST, Status.SYSTEM)  # a word about an exercise contact is no exercise
        if not either and (self.status is Status.EXERCISE) != (self.origin is Origin.EXERCISE):
            raise ValueError(
                f"status {self.status.value} does not go with origin {self.origin.value}: "
                "an exercise has status Exercise and origin exercise, a real event status Actual and origin live"
            )
        if (self.origin is Origin.EXERCISE) != (self.exerciseid is not None):
            raise ValueError("exerciseid is given with origin exercise, and only with it")
        return self


class SourceOfRejection(StrEnum):
    """Which door refused the record."""

    DOOR = "door"
    ROUTER = "router"
    DISPATCHER = "dispatcher"
    NOTIFIER = "notifier"


class Rejection(Record):
    """A record that was refused: why, where it stands, and how to mend it. Holds no personal data."""

    record: Literal["rejection"] = "rejection"
    reason: RejectionReason
    detail: Annotated[str, Field(max_length=2000)]
    mend: Annotated[str, Field(max_length=600)]
    refused_by: SourceOfRejection
    topic: Annotated[str, Field(max_length=120)] | None = None
    partition: int | None = None
    offset: int | None = None
    origin_key: Annotated[str, Field(max_length=200)] | None = None
    event_id: Id | None = None
    incident_id: Id | None = None
    size_bytes: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    excerpt: Annotated[str, Field(max_length=500)]
    rejected_at: UtcTime

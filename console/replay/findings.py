"""What a what-if finds, as values: the JSON of ``borderlands replay`` is these models, and its page is made of them."""

from enum import StrEnum
from typing import Literal

from schemas.base import Id, Model, UtcTime
from schemas.vocabulary import Answer, EventType, Origin
from streams.rules.simulation.changes import OutcomeChange, RouteChange
from streams.rules.simulation.ladders import LadderChange
from streams.rules.simulation.told import Kind, PersonChange


class ProblemKind(StrEnum):
    """Why something could not be compared."""

    UNREADABLE = "unreadable"
    RULES_FAILED = "rules_failed"
    LADDER_FAILED = "ladder_failed"
    LADDER_UNLIKE = "ladder_unlike"
    UNDECIDED = "undecided"
    EVENT_GONE = "event_gone"
    POLICY_UNKNOWN = "policy_unknown"


class Problem(Model):
    """Something that was not compared, or only in part: what, where it stands, and why."""

    kind: ProblemKind
    where: str
    detail: str


class LeftOut(Model):
    """An answer that really came, from somebody who would not have been asked by then: it is not counted."""

    response_id: Id
    contact_id: Id | None
    role: Id | None
    answer: Answer | None
    at: UtcTime


class IncidentDifference(Model):
    """One incident that would go otherwise. ``recorded_at`` is when its first event of the period was recorded."""

    incident_id: Id
    origin: Origin
    recorded_at: UtcTime
    reporting_party: Id
    event_type: EventType | None
    policies_then: tuple[str, ...]
    outcomes: tuple[OutcomeChange, ...]
    people: tuple[PersonChange, ...]
    routes: tuple[RouteChange, ...]
    ladders: tuple[LadderChange, ...]
    answers_left_out: tuple[LeftOut, ...]


class Counts(Model):
    """How much was looked at. ``repeated``: a second record of an event; ``service``: about the system itself."""

    events: int = 0
    incidents: int = 0
    exercise_events: int = 0
    exercise_incidents: int = 0
    ladders: int = 0
    service: int = 0
    replayed: int = 0
    repeated: int = 0
    differing: int = 0
    differing_exercises: int = 0


class VersionUsed(Model):
    """A policy by which events of the period were decided, and how many."""

    policy_version: str
    events: int


class RoleCount(Model):
    """Of one party and role: in how many incidents how many contacts are told so, at once or on a ladder."""

    kind: Kind
    party: Id
    role: Id
    incidents: int
    contacts: int


class AgreementCount(Model):
    """What would change under one agreement: real incidents only, exercises are apart."""

    agreement: Id
    incidents: int
    roles: tuple[RoleCount, ...]
    told_otherwise: int
    ladders: int


class PolicyUsed(Model):
    """The other policy, and where it is from."""

    policy_version: str
    source: str


class WhatIf(Model):
    """The whole answer. ``differs`` is the exit code; ``assumptions`` are keys that docs/replay.md explains."""

    format: Literal["borderlands-whatif-1"] = "borderlands-whatif-1"
    log: str
    since: UtcTime
    until: UtcTime
    policy: PolicyUsed
    policies_then: tuple[VersionUsed, ...]
    only: tuple[Id, ...]
    differs: bool
    counts: Counts
    agreements: tuple[AgreementCount, ...]
    incidents: tuple[IncidentDifference, ...]
    exercises: tuple[IncidentDifference, ...]
    problems: tuple[Problem, ...]
    assumptions: tuple[str, ...]

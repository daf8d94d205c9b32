"""``IncidentState``: the dispatcher's snapshot of one incident, and ``Cursor``: how far it has read."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Lang, Model, PolicyHash, Record, UtcTime
from schemas.decision import PlanStep, SharedFacts
from schemas.event import Need
from schemas.notification import Notification, Receipt, ReplyCode, Response
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    Delivery,
    EventKind,
    Lane,
    Origin,
    ReceiptReason,
    Status,
)

CURSOR_KEY = "@cursor"
"""Key of the cursor record; incident ids cannot start with '@'."""


class SeenEvent(Model):
    """An event whose decision has been applied; a second decision of the same event changes nothing."""

    event_id: Id
    kind: EventKind
    revision: int
    at: UtcTime


class Ending(StrEnum):
    """How the climbing of a ladder ended; docs/escalation.md has the table of what leads from one to another."""

    ACCEPTED = "accepted"
    ENOUGH = "enough"
    PARTLY = "partly"
    UNANSWERED = "unanswered"
    CALLED_OFF = "called_off"
    EXPIRED = "expired"
    NOT_ASKED = "not_asked"


class Asked(Model):
    """A contact that was asked on a rung. ``dismissed``: it was told, or spared the alert, since enough others come;
    ``stopped``: it wants no more texts (STOP), so that nobody waits for its answer, though one still counts."""

    contact_id: Id
    role: Id
    rung: int
    dismissed: bool = False
    stopped: bool = False


class Reply(Model):
    """The newest answer of one contact, and whether the asking side was ``told`` of it.

    ``contact_id`` is None where somebody entered the answer of a party by hand.
    """

    contact_id: Id | None = None
    role: Id | None = None
    answer: Answer
    amounts: tuple[Need, ...] = ()
    eta_min: int | None = None
    at: UtcTime
    told: bool = False


class Climb(Model):
    """How far up its ladder a request has come, and what was answered.

    ``plan`` and ``policy_version`` are those of the decision that began it, whatever policy is active later.
    ``rung`` is the step of the plan whose people were asked last (-1 before the first), ``rung_at`` when they were
    asked: None until the dispatcher has looked at it, so that time spent unread counts for nobody. ``groups`` holds
    the roles that are groups, and how many of each are enough (0 where the policy names no number); ``heads_told`` is
    how many of each the asking side knows to come.
    ``yes_told``: the asking side knows of a yes, and has not heard since that nobody comes. ``news_at`` is when it was
    last told anything.
    ``ended`` is None while people are still to be asked or waited for. ``next_at`` is when to look again; it follows
    from everything else here and in the slots, and stands here so that a timer needs nothing else.
    """

    ladder: Id | None = None
    policy_version: PolicyHash
    plan: tuple[PlanStep, ...] = ()
    expires_at: UtcTime
    rung: Annotated[int, Field(ge=-1, le=20)] = 0
    rung_at: UtcTime | None = None
    asked: tuple[Asked, ...] = ()
    groups: dict[Id, int] = Field(default_factory=dict)
    replies: tuple[Reply, ...] = ()
    heads_told: dict[Id, int] = Field(default_factory=dict)
    yes_told: bool = False
    news_at: UtcTime | None = None
    news_count: int = 0
    ended: Ending | None = None
    ended_at: UtcTime | None = None
    next_at: UtcTime | None = None


class Obligation(Model):
    """What one partner was asked or told under one agreement, with the facts last shared with it.

    ``climb`` is None in snapshots older than the field: those are not climbed.
    """

    agreement: Id
    clause: Id | None = None
    action: Action
    partner: Id
    language: Lang
    asking_party: Id
    reply_within_s: int | None = None
    facts: SharedFacts
    policy_version: PolicyHash
    climb: Climb | None = None


class Slot(Model):
    """One contact on one channel: the notification in hand, what waits behind it, what it was already told.

    ``reached`` is true once a notification to it was emitted and did not end in a definite failure: then every
    update and cancel is owed to it. ``next_attempt_at`` is when a temporary failure is tried again.
    ``claim_id`` is the claim that stands while ``delivery`` is claimed.
    ``waiting`` is the newest follow-up, emitted as soon as the current notification has an outcome.
    ``accepted_at`` is when a provider first accepted the alert or what followed it, None once all of that is known not
    to have arrived. ``provider`` took the current notification. ``answered``: somebody has said yes to the request, so
    that nothing wakes this contact for the first time any more; ``insisted``: an operator had its text ordered once
    more although that is so (None where not, so that a release before this field reads the snapshot).
    """

    party: Id
    role: Id
    contact_id: Id
    channel: Channel
    current: Notification
    delivery: Delivery
    reason: ReceiptReason | None = None
    since: UtcTime
    claim_id: Id | None = None
    next_attempt_at: UtcTime | None = None
    waiting: Notification | None = None
    reached: bool = False
    sent_count: int = 0
    accepted_at: UtcTime | None = None
    provider: Id | None = None
    answered: bool = False
    insisted: Literal[True] | None = None


class IncidentState(Record):
    """Everything the dispatcher knows of one incident; a fold over its decisions, receipts and responses.

    ``over_since`` holds, for each party that asked, the latest instant at which it reported a cancel or all-clear:
    an update that the party reported before that and that arrives after it is old news.
    ``news`` are texts to the asking side, each in a slot of its own beside ``slots``: somebody may be asked under one
    agreement and told of an answer under another.
    """

    record: Literal["incident_state"] = "incident_state"
    incident_id: Id
    status: Status | None = None
    origin: Origin | None = None
    exerciseid: Id | None = None
    code: ReplyCode | None = None
    asking_party: Id | None = None
    revision: int = 0
    lane: Lane = Lane.ROUTINE
    opened_at: UtcTime | None = None
    updated_at: UtcTime
    expires_at: UtcTime | None = None
    closed_by: EventKind | None = None
    over_since: dict[Id, UtcTime] = Field(default_factory=dict)
    quarantined: Annotated[str, Field(max_length=400)] | None = None
    events: tuple[SeenEvent, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    slots: tuple[Slot, ...] = ()
    news: tuple[Slot, ...] = ()
    answers: tuple[Response, ...] = ()
    parked: tuple[Receipt | Response, ...] = ()


class Cursor(Record):
    """The next offset to read of each source topic, for one partition; written with every batch."""

    record: Literal["cursor"] = "cursor"
    partition: int
    offsets: dict[str, int]
    at: UtcTime

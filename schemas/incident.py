"""``IncidentState``: the dispatcher's snapshot of one incident, and ``Cursor``: how far it has read."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Lang, Model, PolicyHash, Record, UtcTime
from schemas.decision import SharedFacts
from schemas.notification import Notification, Receipt, ReplyCode, Response
from schemas.vocabulary import (
    Action,
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


class Obligation(Model):
    """What one partner was asked or told under one agreement, with the facts last shared with it."""

    agreement: Id
    clause: Id | None = None
    action: Action
    partner: Id
    language: Lang
    asking_party: Id
    reply_within_s: int | None = None
    facts: SharedFacts
    policy_version: PolicyHash


class Slot(Model):
    """One contact on one channel: the notification in hand, what waits behind it, what it was already told.

    ``reached`` is true once a notification to it was emitted and did not end in a definite failure: then every
    update and cancel is owed to it. ``next_attempt_at`` is when a temporary failure is tried again.
    ``claim_id`` is the claim that stands while ``delivery`` is claimed.
    ``waiting`` is the newest follow-up, emitted as soon as the current notification has an outcome.
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


class IncidentState(Record):
    """Everything the dispatcher knows of one incident; a fold over its decisions, receipts and responses.

    ``over_since`` holds, for each party that asked, the latest instant at which it reported a cancel or all-clear:
    an update that the party reported before that and that arrives after it is old news.
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
    answers: tuple[Response, ...] = ()
    parked: tuple[Receipt | Response, ...] = ()


class Cursor(Record):
    """The next offset to read of each source topic, for one partition; written with every batch."""

    record: Literal["cursor"] = "cursor"
    partition: int
    offsets: dict[str, int]
    at: UtcTime

"""``Notification``: one text owed to one contact. ``Receipt``: what became of it. ``Response``: an answer."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Lang, LongText, PolicyHash, Record, UtcTime
from schemas.decision import SharedFacts
from schemas.event import Need
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    Delivery,
    Lane,
    Origin,
    ReceiptKind,
    ReceiptReason,
    Status,
    Template,
)

ReplyCode = Annotated[str, Field(pattern=r"^[2-9A-HJ-NP-Z]{4}$")]
"""Four characters without 0, O, 1 and I; the first names the partition."""


class Notification(Record):
    """One text owed to one contact by one channel; the notifier renders and addresses it at the last moment.

    ``attempt`` counts the dispatcher's orders to send the same notification (1 is the first);
    ``repetition`` says that an earlier attempt may have arrived and the text must say so.
    ``action`` is what the incident's partner was first asked, which a follow-up repeats.
    ``changed`` names the fields an update changed, most important first.
    """

    record: Literal["notification"] = "notification"
    notification_id: Id
    attempt: Annotated[int, Field(ge=1, le=10_000)]
    repetition: bool = False
    incident_id: Id
    event_id: Id
    revision: Annotated[int, Field(ge=1)]
    status: Status
    origin: Origin
    exerciseid: Id | None = None
    replayid: Id | None = None
    policy_version: PolicyHash
    agreement: Id
    clause: Id | None = None
    asking_party: Id
    party: Id
    language: Lang
    role: Id
    contact_id: Id
    channel: Channel
    lane: Lane
    step: Annotated[int, Field(ge=0, le=20)]
    template: Template
    action: Action
    code: ReplyCode
    facts: SharedFacts
    changed: tuple[Id, ...] = ()
    reply_within_s: int | None = None
    decided_at: UtcTime
    expires_at: UtcTime


class Receipt(Record):
    """A claim on, the outcome of, or the end of one notification; or the end of an event that led to none.

    ``claim`` and ``release`` arbitrate between notifiers (``claim_id`` names the claim, ``incarnation`` the
    process); ``outcome`` is what a provider said of an attempt; ``end`` closes without sending.
    """

    record: Literal["receipt"] = "receipt"
    kind: ReceiptKind
    incident_id: Id
    event_id: Id | None = None
    notification_id: Id | None = None
    attempt: Annotated[int, Field(ge=1)] | None = None
    contact_id: Id | None = None
    channel: Channel | None = None
    claim_id: Id | None = None
    incarnation: Id | None = None
    delivery: Delivery | None = None
    reason: ReceiptReason | None = None
    detail: Annotated[str, Field(max_length=400)] | None = None
    provider: Id | None = None
    provider_ref: Annotated[str, Field(max_length=200)] | None = None
    segments: Annotated[int, Field(ge=0, le=20)] | None = None
    encoding: Annotated[str, Field(max_length=16)] | None = None
    body_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    replayid: Id | None = None
    at: UtcTime


class Response(Record):
    """An answer to an incident, as typed and as understood."""

    record: Literal["response"] = "response"
    response_id: Id
    incident_id: Id | None = None
    code: ReplyCode | None = None
    party: Id | None = None
    role: Id | None = None
    contact_id: Id | None = None
    channel: Id
    answer: Answer | None = None
    amounts: tuple[Need, ...] = ()
    eta_min: Annotated[int, Field(ge=0, le=1440)] | None = None
    text: LongText | None = None
    language: Lang | None = None
    replayid: Id | None = None
    at: UtcTime

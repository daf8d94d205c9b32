"""``Notification``: one text owed to one contact. ``Receipt``: what became of it. ``Response``: an answer.
``ResendOrder``: an operator's order to try a text once more."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Id, Lang, Line, LongText, Model, PolicyHash, Record, UtcTime
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
    ReplyProblem,
    Status,
    Template,
)

ReplyCode = Annotated[str, Field(pattern=r"^[2-9A-HJ-NP-Z]{4}$")]
"""Four characters without 0, O, 1 and I; the first names the partition."""


class AnswerNews(Model):
    """What the asking side is told of its request: an answer, or that nobody gave one (``answer`` None).

    ``role`` is who answered, ``amounts`` and ``eta_min`` (minutes) what comes and when. Of a group, ``coming`` of
    ``asked`` said yes so far. ``tried`` are the roles that were asked and gave no answer. ``first`` is false where
    the asking side knows of a yes that stands: then this is an update and wakes nobody.
    """

    party: Id
    at: UtcTime
    answer: Answer | None = None
    role: Id | None = None
    amounts: tuple[Need, ...] = ()
    eta_min: Annotated[int, Field(ge=0, le=1440)] | None = None
    coming: Annotated[int, Field(ge=0, le=1000)] | None = None
    asked: Annotated[int, Field(ge=0, le=1000)] | None = None
    tried: tuple[Id, ...] = ()
    first: bool = True


class Notification(Record):
    """One text owed to one contact by one channel; the notifier renders and addresses it at the last moment.

    ``attempt`` counts the dispatcher's orders to send the same notification (1 is the first);
    ``repetition`` says that an earlier attempt may have arrived and the text must say so.
    ``action`` is what the incident's partner was first asked, which a follow-up repeats.
    ``not_by`` names providers that this attempt must not go by, where another is left: they took an earlier one and it
    never arrived.
    ``changed`` names the fields an update changed, most important first. ``answer`` goes with the templates answered,
    unanswered and enough; ``subject`` is the contact that a service text is about. ``resend`` is the order by which an
    operator had this attempt, or the first of those since, made.
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
    not_by: tuple[Id, ...] = ()
    reply_within_s: int | None = None
    answer: AnswerNews | None = None
    subject: Id | None = None
    resend: Id | None = None
    decided_at: UtcTime
    expires_at: UtcTime


class Receipt(Record):
    """A claim on, the outcome of, or the end of one notification; or the end of an event that led to none.

    ``claim`` and ``release`` arbitrate between notifiers (``claim_id`` names the claim, ``incarnation`` the
    process, ``provider`` the only one that may be handed the text under it); ``outcome`` is what a provider said of an
    attempt; ``end`` closes without sending. ``resend`` is the order to send again that this one refuses.
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
    resend: Id | None = None
    at: UtcTime


class Response(Record):
    """An answer to an incident, as typed and as understood.

    ``text`` is kept as typed, scanned for personal data. ``problem`` says why it is no answer to anything; then
    ``answer`` may be given all the same. ``command`` is a STOP or START, which is also on ``control``.
    ``provider`` and ``provider_ref`` name the inbound message; a telephone number never stands here.
    """

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
    problem: ReplyProblem | None = None
    command: Literal["stop", "start"] | None = None
    provider: Id | None = None
    provider_ref: Annotated[str, Field(max_length=200)] | None = None
    replayid: Id | None = None
    at: UtcTime


RESEND_MAX: Final = timedelta(hours=24)
"""No order to send again holds longer: after that it is news of yesterday."""


class ResendOrder(Record):
    """An operator's order to try a notification once more that ended without a receipt of its arrival.

    ``attempt`` is the one that ended so: where another was ordered meanwhile, this order is refused, and applied
    twice it changes nothing. The new attempt is of no use after ``expires_at``. ``although_answered``: also where an
    answer has come already. Whom it reaches, and whether as an exercise, the incident alone decides.
    """

    record: Literal["resend_order"] = "resend_order"
    order_id: Id
    incident_id: Id
    notification_id: Id
    attempt: Annotated[int, Field(ge=1, le=10_000)]
    expires_at: UtcTime
    although_answered: bool = False
    by: Line
    reason: Annotated[str, Field(max_length=400)]
    replayid: Id | None = None
    at: UtcTime

    @model_validator(mode="after")
    def _soon(self) -> Self:
        if not self.at < self.expires_at <= self.at + RESEND_MAX:
            raise ValueError(f"expires_at must lie within {RESEND_MAX.total_seconds() / 3600:g} hours after 'at'")
        return self

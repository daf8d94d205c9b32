"""``Case``: what one incident came to, kept as small as its figures allow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from schemas.decision import PlanStep, SharedFacts
from schemas.event import Need
from schemas.incident import Climb, Obligation, Reply
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    EventType,
    Origin,
    ReceiptReason,
)
from streams.rules.incidents.climbs import asks
from streams.rules.incidents.standing import COMES, DECIDED, helped

FOLLOWED: Final = timedelta(days=30)
"""How long an incident is followed after its first report, into the next month where need be. The same for every
incident, so that the last of a month is measured like its first."""

REPLIES_MAX: Final = 400
"""Contacts whose newest answer is kept for one request; it asks fewer."""

ARRIVED: Final = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})
"""A provider took the text."""


class Sort(StrEnum):
    """Which figures an incident belongs to; each incident to one, by its first report."""

    REAL = "real"
    EXERCISE = "exercise"


class Outcome(StrEnum):
    """How a request stands at the end of the time it is followed."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    DECLINED = "declined"
    DEFERRED = "deferred"
    RECEIVED = "received"
    UNANSWERED = "unanswered"
    CALLED_OFF = "called_off"
    OPEN = "open"


class Fate(StrEnum):
    """What became of one text."""

    DELIVERED = "delivered"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHHELD = "withheld"
    WAITING = "waiting"


_WORTH = {Delivery.UNKNOWN: 1, Delivery.SENT: 2, Delivery.DELIVERED: 3, Delivery.READ: 4}
_FATES = {
    Delivery.READ: Fate.DELIVERED,
    Delivery.DELIVERED: Fate.DELIVERED,
    Delivery.SENT: Fate.SENT,
    Delivery.UNKNOWN: Fate.UNKNOWN,
    Delivery.FAILED_PERM: Fate.FAILED,
    Delivery.FAILED_TEMP: Fate.FAILED,
    Delivery.EXPIRED: Fate.EXPIRED,
    Delivery.SUPPRESSED: Fate.WITHHELD,
}


@dataclass(slots=True)
class Attempt:
    """One order of a text: the last word on it. That it arrived is not taken back by anything but *undelivered*."""

    at: datetime
    delivery: Delivery
    reason: ReceiptReason | None
    handed_over: bool = False

    @property
    def worth(self) -> int:
        """How near it came to its reader."""
        return _WORTH.get(self.delivery, 0)


@dataclass(slots=True)
class Text:
    """One notification, over all its attempts. ``rung`` is None for news to the asking side and for *enough*."""

    contact: str
    channel: Channel
    rung: int | None
    attempts: dict[int, Attempt] = field(default_factory=dict)
    held: bool = False

    def hear(self, number: int, at: datetime, delivery: Delivery, reason: ReceiptReason | None) -> None:
        """Enter a word on attempt ``number``. Words may come twice."""
        known = self.attempts.get(number)
        if known is None:
            self.attempts[number] = Attempt(at, delivery, reason, delivery in ARRIVED or delivery is Delivery.UNKNOWN)
            return
        known.handed_over = known.handed_over or delivery in ARRIVED or delivery is Delivery.UNKNOWN
        proven = known.delivery in (Delivery.DELIVERED, Delivery.READ)
        ended = known.delivery in ARRIVED and delivery is Delivery.FAILED_PERM
        if _WORTH.get(delivery, 0) > known.worth or (not proven and (ended or known.worth == 0)):
            known.delivery, known.reason, known.at = delivery, reason, at

    @property
    def last(self) -> Attempt | None:
        """The attempt that came nearest to the reader; of equal ones the latest."""
        best = max(self.attempts, key=lambda number: (self.attempts[number].worth, number), default=None)
        return None if best is None else self.attempts[best]

    @property
    def fate(self) -> Fate:
        """What became of it."""
        return Fate.WAITING if self.last is None else _FATES.get(self.last.delivery, Fate.WAITING)

    @property
    def repetitions(self) -> int:
        """How many attempts went out marked as a repetition: an earlier one had, or may have, gone out before."""
        out, earlier = 0, False
        for number in sorted(self.attempts):
            out += earlier and self.attempts[number].handed_over
            earlier = earlier or self.attempts[number].handed_over
        return out


@dataclass(slots=True)
class Turn:
    """An event of the incident as decided: whether it ended the incident, and until when it holds."""

    at: datetime
    party: str
    closes: bool
    expires_at: datetime


@dataclass(slots=True)
class Request:
    """One partner told or asked under one agreement."""

    agreement: str
    partner: str
    asking_party: str
    action: Action
    policy_version: str
    plan: tuple[PlanStep, ...]
    facts: SharedFacts | None
    contacts: set[str] = field(default_factory=set)
    accepted_at: datetime | None = None
    rungs: set[int] = field(default_factory=set)
    replies: dict[tuple[str | None, str | None], Reply] = field(default_factory=dict)
    decided_at: datetime | None = None
    yes_at: datetime | None = None
    volunteers: set[str] = field(default_factory=set)
    groups: dict[str, int] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether an answer is waited for; else it is a notice."""
        return asks(self.plan)

    @property
    def steps(self) -> int:
        """How many further steps of the ladder were asked after the first."""
        return max(0, len(self.rungs) - 1)

    @property
    def coming(self) -> set[str]:
        """The volunteers whose last word was that they come."""
        return {
            reply.contact_id
            for reply in self.replies.values()
            if reply.contact_id in self.volunteers and reply.contact_id and reply.answer in COMES
        }

    @property
    def needs(self) -> tuple[Need, ...]:
        """What was asked for."""
        return self.facts.needs if self.facts else ()

    def hear(self, reply: Reply, at: datetime) -> None:
        """Enter an answer; the newest of a contact counts, and *received* or *later* takes no decision back."""
        key = reply.contact_id, None if reply.contact_id else reply.role
        known = self.replies.get(key)
        if known is None and len(self.replies) >= REPLIES_MAX:
            return
        less = known is not None and reply.answer not in DECIDED and known.answer in DECIDED
        if known is None or (known.at <= reply.at and not less):
            self.replies[key] = reply
        if reply.answer in DECIDED:
            self.decided_at = min(at, self.decided_at or at)
        if reply.answer in COMES:
            self.yes_at = min(at, self.yes_at or at)

    def outcome(self, *, called_off: bool, is_open: bool) -> Outcome:
        """How it stands by the last word of everybody, as the dispatcher itself judges whether that is enough."""
        answers = {reply.answer for reply in self.replies.values()}
        if self._helped():
            return Outcome.ACCEPTED
        if answers & COMES:
            return Outcome.PARTIAL
        if is_open and not called_off:
            return Outcome.OPEN
        if Answer.DECLINE in answers:
            return Outcome.DECLINED
        if called_off:
            return Outcome.CALLED_OFF
        if Answer.DEFER in answers:
            return Outcome.DEFERRED
        return Outcome.RECEIVED if answers else Outcome.UNANSWERED

    def _helped(self) -> bool:
        if not self.replies or self.facts is None:
            return False
        climb = Climb(
            policy_version=self.policy_version,
            expires_at=min(reply.at for reply in self.replies.values()),
            groups=self.groups,
            replies=tuple(self.replies.values()),
        )
        duty = Obligation(
            agreement=self.agreement, action=self.action, partner=self.partner, language="en",
            asking_party=self.asking_party, facts=self.facts, policy_version=self.policy_version,
        )  # fmt: skip
        return helped(duty, climb) is not None


@dataclass(slots=True)
class Case:
    """One incident. ``began_at`` is when its first report was appended to the log."""

    incident: str
    sort: Sort
    origin: Origin
    began_at: datetime
    event_type: EventType | None
    exercise: str | None
    events: dict[str, EventKind] = field(default_factory=dict)
    appended: dict[str, datetime] = field(default_factory=dict)
    decided: DecisionOutcome | None = None
    refused_for: str | None = None
    unit: str | None = None
    turns: dict[str, Turn] = field(default_factory=dict)
    requests: dict[tuple[str, str], Request] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    responses: set[str] = field(default_factory=set)
    unclear: dict[str, int] = field(default_factory=dict)

    @property
    def followed_until(self) -> datetime:
        """Later records of the incident are not looked at."""
        return self.began_at + FOLLOWED

    def is_over(self, party: str, at: datetime) -> bool:
        """Whether ``party``, which asked, had called it off by ``at``, or its time had run out."""
        return self.called_off(party, at) or at >= self.expires_at(at)

    def called_off(self, party: str, at: datetime) -> bool:
        """Whether the last that ``party`` said by ``at`` was a cancel or an all-clear."""
        own = [turn for turn in self.turns.values() if turn.party == party and turn.at <= at]
        return bool(own) and max(own, key=lambda turn: turn.at).closes

    def expires_at(self, at: datetime) -> datetime:
        """Until when it holds, by the last event of ``at`` or before that carries it on."""
        going = [turn for turn in self.turns.values() if turn.at <= at and not turn.closes]
        return max(going, key=lambda turn: turn.at).expires_at if going else self.followed_until

    def outcome_of(self, request: Request, now: datetime) -> Outcome:
        """How ``request`` stands when the incident is no longer followed, or ``now`` where that is earlier."""
        at = min(now, self.followed_until)
        over = at >= self.expires_at(at) or at >= self.followed_until
        return request.outcome(called_off=self.called_off(request.asking_party, at), is_open=not over)

    def asked(self) -> Iterator[Request]:
        """The requests that wait for an answer."""
        return (request for request in self.requests.values() if request.asks)

"""How far up their ladders the requests of an incident are, and what each waits for: the rules folded over the log.

The dispatcher's own records tell when it looked; between two of them nothing is assumed to have happened, so that a
dispatcher that stood still is seen to have done so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeGuard

from console.explain.reading import Found
from schemas.decision import Decision
from schemas.incident import Climb, Ending, IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.vocabulary import ReceiptKind
from streams.rules.incidents.crews import Crews
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Emit, Folded
from streams.rules.incidents.fold import fold


@dataclass(frozen=True)
class Standing:
    """One request to one partner: ``rung`` of its ``plan`` was asked last (-1: none), at ``rung_at``."""

    partner: str
    agreement: str
    climb: Climb

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Contacts that were asked on the present step and have not answered."""
        replied = {reply.contact_id for reply in self.climb.replies}
        return tuple(
            one.contact_id
            for one in self.climb.asked
            if one.rung == self.climb.rung and one.contact_id not in replied and not one.dismissed
        )

    @property
    def next_roles(self) -> tuple[str, ...]:
        """Whom the next step asks; empty at the end of the ladder."""
        following = self.climb.rung + 1
        return self.climb.plan[following].roles if following < len(self.climb.plan) else ()


@dataclass
class Refolded:
    """An incident's state as its records make it (None: there is no decision on it), and every order that the rules
    gave on the way: orders are kept for days, and what they led to for years."""

    state: IncidentState | None = None
    orders: list[Notification] = field(default_factory=list)

    @property
    def to_begin(self) -> bool:
        """Whether a ladder has been decided on that the dispatcher has not looked at yet."""
        duties = self.state.obligations if self.state else ()
        return any(duty.climb and duty.climb.ended is None and duty.climb.rung_at is None for duty in duties)

    def take(self, folded: Folded) -> None:
        """Take over what a step leads to."""
        self.state = folded.state or self.state
        self.orders += [effect.notification for effect in folded.effects if isinstance(effect, Emit)]


def refold(found: Found) -> Refolded:
    """The incident's records through the rules again."""
    done = Refolded()
    known = {(one.record.notification_id, one.record.attempt) for one in found.records if _is_order(one.record)}
    last: datetime | None = None
    for one in found.records:
        record = one.record
        looked = _looked(record, known, done)
        if looked is not None:
            _look(found, done, max(looked, last or looked))
        if isinstance(record, Response) and (record.problem is not None or record.command is not None):
            continue  # kept on the log, and answers nothing
        if isinstance(record, Decision | Receipt | Response):
            done.take(fold(done.state, record, partition=one.partition, codes_in_use=(), now=one.appended_at))
            last = one.appended_at
    if last is not None:
        _look(found, done, last)
    return done


def _is_order(record: object) -> TypeGuard[Notification]:
    return isinstance(record, Notification)


def _looked(record: object, known: set[tuple[str, int]], done: Refolded) -> datetime | None:
    """When the dispatcher must have looked at the incident, if ``record`` tells so: it ordered something, it said why
    something ends, or a notifier has in hand what was ordered and is not kept any more."""
    if isinstance(record, Notification):
        return record.decided_at
    if not isinstance(record, Receipt):
        return None
    if record.kind is ReceiptKind.END:
        return record.at
    order = (record.notification_id or "", record.attempt or 1)
    given = known | {(one.notification_id, one.attempt) for one in done.orders}
    return record.at if record.kind is ReceiptKind.CLAIM and (order not in given or done.to_begin) else None


def _look(found: Found, done: Refolded, at: datetime) -> None:
    if done.state is not None and done.state.quarantined is None:
        done.take(due(done.state, at, Crews(found.policy, found.swaps_at(at))))


def standings_of(state: IncidentState | None) -> tuple[Standing, ...]:
    """Every ladder that was climbed, or would be."""
    duties = state.obligations if state else ()
    return tuple(
        Standing(duty.partner, duty.agreement, duty.climb) for duty in duties if duty.climb and duty.climb.plan
    )


_ENDED = {
    Ending.ACCEPTED: "answered with a yes",
    Ending.ENOUGH: "enough of the group come",
    Ending.PARTLY: "at its end, with part of the help",
    Ending.UNANSWERED: "at its end, and nobody has said yes",
    Ending.CALLED_OFF: "called off by who asked",
    Ending.EXPIRED: "its time is over",
    Ending.NOT_ASKED: "nothing was asked for, so nobody need answer",
}


def ended_words(ending: Ending) -> str:
    """How a ladder ended, in a few words."""
    return _ENDED[ending]


def standing_lines(standing: Standing, now: datetime, stamp: Callable[[datetime], str]) -> Iterator[str]:
    """One ladder in two or three lines; ``stamp`` writes times, ``now`` is what they are late by."""
    climb, count = standing.climb, len(standing.climb.plan)
    step = f"step {climb.rung + 1} of {count}" if climb.rung >= 0 else f"before step 1 of {count}"
    name = climb.ladder or "without a name"
    asked = f", asked at {stamp(climb.rung_at)}" if climb.rung_at and climb.rung >= 0 else ""
    yield f"ladder {name} of {standing.partner} under {standing.agreement}: {step}{asked}"
    if climb.ended is not None:
        when = f" since {stamp(climb.ended_at)}" if climb.ended_at else ""
        yield f"  over{when}: {ended_words(climb.ended)}"
        return
    whom = ", ".join(standing.waits_for) or "nobody by name"
    then = f"then step {climb.rung + 2} ({', '.join(standing.next_roles)})" if standing.next_roles else "then it ends"
    until = f" until {stamp(climb.next_at)}" if climb.next_at else ""
    yield f"  waits for {whom}{until}, {then}"
    if climb.next_at and climb.next_at < now:
        yield f"  ! that was {(now - climb.next_at).total_seconds():.0f} s ago, and the log has nothing that follows"

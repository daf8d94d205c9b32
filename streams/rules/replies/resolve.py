"""Which request a reply means: decided from the snapshots of the incidents about which its sender was asked. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.event import Need
from schemas.incident import Climb, Ending, IncidentState, Slot
from schemas.vocabulary import Action, Answer, Origin, ReplyProblem, Template
from streams.rules.replies.understand import Understood

LATE_FOR = timedelta(days=2)
"""So long after its end a reply without a code may still mean a request, and hears that it came too late."""

MAX_CODES = 5
"""So many codes are named to somebody who is asked which request they mean: those that changed last."""

SETTLED_AFTER = timedelta(minutes=30)
"""As ``limits.settled_after`` of the policy, where none is known."""

_FINAL = frozenset((Answer.ACCEPT, Answer.PARTIAL, Answer.DECLINE))
_ASKING = frozenset((Action.HELP, Action.REFER))
_HELPED = frozenset((Ending.ACCEPTED, Ending.ENOUGH))
_BLURRED = frozenset("0O1I")


@dataclass(frozen=True)
class Sender:
    """Who replied; ``contact_id`` is None where somebody answered for a party by telephone.

    ``party``, ``role`` and ``origin`` are those of the policy, where the caller knows them: they let somebody answer
    for a colleague of the same party, and keep exercises and real events apart.
    """

    contact_id: str | None = None
    party: str | None = None
    role: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Resolved:
    """The request a reply means, and what it says to it. ``answer`` and ``amounts`` are as they fit the request: a yes
    with fewer than were asked for is partial, and whatever answers a check is a sign of life."""

    contact_id: str | None
    incident_id: str
    code: str | None
    party: str
    role: str | None
    answer: Answer
    amounts: tuple[Need, ...] = ()
    eta_min: int | None = None


@dataclass(frozen=True)
class Unresolved:
    """Why a reply answers nothing. ``codes`` are those it may have meant; ``incident_id``, ``party`` and ``role`` are
    of the request that it did mean, where that is known: the record of it belongs there."""

    problem: ReplyProblem
    codes: tuple[str, ...] = ()
    incident_id: str | None = None
    party: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class _Asked:
    """An incident about which the sender, or somebody of the same party, was asked; ``slot`` holds that text."""

    state: IncidentState
    slot: Slot
    own: bool

    @property
    def is_check(self) -> bool:
        return self.slot.current.template is Template.CHECK


def resolve(
    understood: Understood,
    sender: str | Sender,
    states: Iterable[IncidentState],
    now: datetime,
    settled_after: timedelta = SETTLED_AFTER,
) -> Resolved | Unresolved:
    """The request among ``states`` that a reply means at ``now``, or why it means none.

    A code means its incident, if its sender or the sender's party was asked there. Without a code the one open
    request is meant; of several the one that this sender has not answered; of several of those the one that was put
    to the sender after others had answered all the rest, ``settled_after`` ago or longer. ``states`` are those in which
    the sender or the sender's party was asked, and may hold others.
    """
    sender = Sender(sender) if isinstance(sender, str) else sender
    asked = _asked_of(sender, states)
    named = _named(understood, asked)
    if named:
        return _of_named(understood, sender, named, now)
    if understood.code is not None and understood.code_sure:
        return Unresolved(ReplyProblem.UNKNOWN_CODE, _codes(one for one in asked if one.own and _is_open(one, now)))
    return _without_code(understood, sender, [one for one in asked if one.own], now, settled_after)


def _asked_of(sender: Sender, states: Iterable[IncidentState]) -> list[_Asked]:
    """What ``sender`` was asked, and what others of the same party were, the newest first."""
    found = []
    states = tuple(states)
    slots = (slot for state in states for slot in state.slots)
    party = sender.party or next((slot.party for slot in slots if slot.contact_id == sender.contact_id), None)
    for state in states:
        if state.opened_at is None or (sender.origin is not None and state.origin not in (None, sender.origin)):
            continue
        asking = [slot for slot in state.slots if _asks(slot)]
        own = next((slot for slot in asking if slot.contact_id == sender.contact_id), None)
        slot = own or next((slot for slot in asking if slot.party == party), None)
        if slot is not None and (own is not None or slot.current.template is not Template.CHECK):
            found.append(_Asked(state, slot, own is not None))
    return sorted(found, key=lambda one: one.state.updated_at, reverse=True)


def _asks(slot: Slot) -> bool:
    """Whether the texts of ``slot`` ask for an answer, also where the newest says that it is over."""
    return slot.current.template is Template.CHECK or slot.current.action in _ASKING


def _is_open(asked: _Asked, now: datetime) -> bool:
    return is_open(asked.state, now)


def is_open(state: IncidentState, now: datetime) -> bool:
    """Whether an answer to the request may still change something at ``now``."""
    return state.closed_by is None and (state.expires_at is None or now < state.expires_at)


def _named(understood: Understood, asked: Sequence[_Asked]) -> list[_Asked]:
    """What the reply names by its code, whole or blurred; codes that are only near must be the sender's own."""
    exact = [one for one in asked if one.state.code is not None and one.state.code == understood.code]
    if exact:
        return exact
    near = set(understood.near_codes)
    whole = [one for one in asked if one.own and one.state.code in near]
    return whole or [one for one in asked if one.own and any(_like(code, one.state.code) for code in near)]


def _like(blurred: str, code: str | None) -> bool:
    """Whether ``blurred`` is ``code`` but for characters that no code has: 0, O, 1 and I are always misread."""
    if code is None or _BLURRED.isdisjoint(blurred):
        return False
    return all(seen == meant or seen in _BLURRED for seen, meant in zip(blurred, code, strict=True))


def _of_named(understood: Understood, sender: Sender, named: list[_Asked], now: datetime) -> Resolved | Unresolved:
    """A code is given again once its incident is over: then the open one counts, else the newest."""
    still_open = [one for one in named if _is_open(one, now)]
    if len({one.state.code for one in still_open}) > 1:
        return Unresolved(ReplyProblem.WHICH_REQUEST, _codes(still_open))
    if not still_open:
        return _problem(ReplyProblem.TOO_LATE, named[0], sender)
    return _answered(understood, sender, still_open[0])


def _without_code(
    understood: Understood, sender: Sender, own: list[_Asked], now: datetime, settled_after: timedelta
) -> Resolved | Unresolved:
    still_open = [one for one in own if _is_open(one, now)]
    requests = [one for one in still_open if not one.is_check] or still_open
    if not requests:
        late = next((one for one in own if _ended_lately(one, now)), None)
        return Unresolved(ReplyProblem.NOTHING_OPEN) if late is None else _problem(ReplyProblem.TOO_LATE, late, sender)
    if len(requests) > 1 and not all(one.is_check for one in requests):
        if understood.answer is None:
            return Unresolved(ReplyProblem.NOT_UNDERSTOOD, _codes(requests))
        unanswered = [one for one in requests if not _has_answered(one, sender)]
        if len(unanswered) > 1:
            unanswered = _put_since(unanswered, sender, now - settled_after)
        if len(unanswered) != 1:
            return Unresolved(ReplyProblem.WHICH_REQUEST, _codes(unanswered or requests))
        requests = unanswered
    return _answered(understood, sender, requests[0])


def _put_since(unanswered: list[_Asked], sender: Sender, before: datetime) -> list[_Asked]:
    """The one of ``unanswered`` that was put to ``sender`` after others had answered all the rest, and these have been
    quiet since ``before``; else all of them, since a yes must never be put to the wrong request.

    Nobody is told that a colleague has said yes: of two requests that were open together either may be meant, however
    long ago one was answered.
    """
    answered_at = [_answered_by_others(one, sender, before) for one in unanswered]
    still_asking = [one for one, at in zip(unanswered, answered_at, strict=True) if at is None]
    if len(still_asking) != 1:
        return unanswered
    put = [slot.accepted_at for slot in _own_slots(still_asking[0], sender)]
    first = min((at for at in put if at is not None), default=None)
    return still_asking if first is not None and all(at is None or at < first for at in answered_at) else unanswered


def _answered_by_others(asked: _Asked, sender: Sender, before: datetime) -> datetime | None:
    """Since when nobody is asked any more for ``asked``, as others have said yes; None where the ladder may go on, or
    where that or anything that ``sender`` was sent of it is of later than ``before``."""
    own = _own_slots(asked, sender)
    climbs = [climb for slot in own if (climb := _climb_of(asked.state, slot)) is not None]
    ends = [climb.ended_at for climb in climbs if climb.ended in _HELPED and climb.ended_at is not None]
    quiet = all(slot.since <= before and slot.waiting is None for slot in own)
    return max(ends) if ends and len(ends) == len(own) and max(ends) <= before and quiet else None


def _own_slots(asked: _Asked, sender: Sender) -> list[Slot]:
    return [slot for slot in asked.state.slots if slot.contact_id == sender.contact_id]


def _climb_of(state: IncidentState, slot: Slot) -> Climb | None:
    named = slot.current.agreement, slot.party
    return next((duty.climb for duty in state.obligations if (duty.agreement, duty.partner) == named), None)


def _ended_lately(asked: _Asked, now: datetime) -> bool:
    """Whether it ended so lately that a reply without a code may mean it."""
    state = asked.state
    ended_at = state.updated_at if state.closed_by is not None else state.expires_at
    return ended_at is not None and now - ended_at < LATE_FOR


def _has_answered(asked: _Asked, sender: Sender) -> bool:
    return any(
        answer.contact_id == sender.contact_id and answer.answer in _FINAL and answer.problem is None
        for answer in asked.state.answers
    )


def _answered(understood: Understood, sender: Sender, asked: _Asked) -> Resolved | Unresolved:
    answer = Answer.RECEIVED if asked.is_check else understood.answer
    if answer is None:
        return _problem(ReplyProblem.NOT_UNDERSTOOD, asked, sender)
    needs = asked.slot.current.facts.needs
    return Resolved(
        contact_id=sender.contact_id,
        incident_id=asked.state.incident_id,
        code=asked.state.code,
        party=asked.slot.party,
        role=_role(asked, sender),
        answer=_as_much_as_asked(answer, understood.amounts, needs),
        amounts=() if asked.is_check else understood.amounts,
        eta_min=None if asked.is_check else understood.eta_min,
    )


def _as_much_as_asked(answer: Answer, amounts: tuple[Need, ...], needs: tuple[Need, ...]) -> Answer:
    """The answer "JĀ, 1 autocisterna" to a request for two is a part: the search for the other goes on."""
    given = {need.kind: need.count for need in amounts}
    short = any(need.kind in given and given[need.kind] < need.count for need in needs)
    return Answer.PARTIAL if answer is Answer.ACCEPT and short else answer


def _role(asked: _Asked, sender: Sender) -> str | None:
    return asked.slot.role if asked.own else sender.role


def _problem(problem: ReplyProblem, asked: _Asked, sender: Sender) -> Unresolved:
    return Unresolved(problem, _codes([asked]), asked.state.incident_id, asked.slot.party, _role(asked, sender))


def _codes(asked: Iterable[_Asked]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.state.code for one in asked if one.state.code is not None))[:MAX_CODES]

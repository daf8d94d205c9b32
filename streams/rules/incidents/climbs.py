"""The climb of a ladder as decisions begin, carry on and end it. What time and answers do is in ``climbing``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.decision import Decision, PlanStep, Recipient, Route
from schemas.incident import Asked, Climb, Ending, IncidentState, Obligation, Slot
from schemas.vocabulary import EventKind
from streams.rules.incidents.opening import rung_of
from streams.rules.incidents.slots import spared

SERVICE = "service"
"""The agreement that routes of service events name; nobody is asked for help by them."""

OVER = frozenset({Ending.CALLED_OFF, Ending.EXPIRED})
"""Endings after which an answer is kept and changes nothing."""

HELPED = frozenset({Ending.ACCEPTED, Ending.ENOUGH})
"""Endings that an answer brought about, and that a withdrawn answer takes back."""


def asks(plan: Iterable[PlanStep]) -> bool:
    """Whether a ladder is climbed: it has several steps, or its only one waits for an answer."""
    steps = tuple(plan)
    return len(steps) > 1 or any(step.answer_within_s is not None for step in steps)


def requests(decision: Decision) -> tuple[Route, ...]:
    """The routes that ask for an answer, whether or not anybody could be named for them."""
    return tuple(route for route in decision.routes if route.clause and route.action and asks(route.plan))


@dataclass(frozen=True)
class _Turn:
    """What an obligation's climb depends on when ``decision`` comes: ``alerted`` says that its recipients were told."""

    state: IncidentState
    decision: Decision
    alerted: bool
    now: datetime


def climbs_after(
    state: IncidentState, before: tuple[Obligation, ...], decision: Decision, *, alerted: bool, now: datetime
) -> IncidentState:
    """``state`` after a report or update, with the climbs that ``decision`` begins, begins anew or prolongs.

    ``before`` are the obligations as they stood, and ``alerted`` says whether the decision's recipients were told, not
    only those who had been told earlier.
    """
    turn = _Turn(state, decision, alerted, now)
    earlier = {(duty.agreement, duty.partner): duty for duty in before}
    routes = {(route.agreement, route.partner): route for route in reversed(decision.routes)}
    climbs: dict[int, Climb | None] = {}
    for place, duty in enumerate(state.obligations):
        key = duty.agreement, duty.partner
        route = routes.get(key)
        if route is not None or duty.asking_party == decision.reporting_party:
            climbs[place] = _after(turn, earlier.get(key), duty, route)
    slots = tuple(_asked_anew(slot, state.obligations, climbs) for slot in state.slots)
    return with_climbs(state.model_copy(update={"slots": slots}), climbs)


def _asked_anew(slot: Slot, duties: tuple[Obligation, ...], climbs: Mapping[int, Climb | None]) -> Slot:
    """``slot``, which an answer to an earlier climb has nothing to do with any more where a new one has begun."""
    if not slot.answered:
        return slot
    for place, climb in climbs.items():
        if climb is not None and climb.ended is None and belongs(slot, duties[place]):
            before = duties[place].climb
            if before is not None and before.ended is not None:
                return slot.model_copy(update={"answered": False})
    return slot


def with_climbs(state: IncidentState, climbs: Mapping[int, Climb | None]) -> IncidentState:
    """``state`` with other climbs for the obligations at these places."""
    if not climbs:
        return state
    duties = [
        duty.model_copy(update={"climb": climbs[place]}) if place in climbs else duty
        for place, duty in enumerate(state.obligations)
    ]
    return state.model_copy(update={"obligations": tuple(duties)})


def _after(turn: _Turn, before: Obligation | None, duty: Obligation, route: Route | None) -> Climb | None:
    climb = duty.climb
    if climb is None:
        begins = route is not None and turn.alerted
        return _begun(turn, duty, route, grown=True) if begins else None
    grown = before is not None and before.action is not duty.action
    if _begins_anew(climb, route, turn.decision.kind, grown=grown):
        return _begun(turn, duty, route, grown=grown)
    return climb.model_copy(update={"expires_at": turn.decision.expires_at})


def _begins_anew(climb: Climb, route: Route | None, kind: EventKind, *, grown: bool) -> bool:
    """Whether people are asked from the bottom of the ladder again.

    They are when the incident goes on after it was called off or had expired, when more is asked than before, and
    when it is reported once more after nobody had answered.
    """
    if climb.ended in OVER or (climb.ended is Ending.UNANSWERED and kind is EventKind.REPORT):
        return True
    return route is not None and asks(route.plan) and (grown or climb.ended is Ending.NOT_ASKED)


def _begun(turn: _Turn, duty: Obligation, route: Route | None, *, grown: bool) -> Climb:
    before = duty.climb
    if before is not None and (route is None or not route.plan):
        plan, ladder, version = before.plan, before.ladder, before.policy_version
    else:
        plan = route.plan if route else ()
        ladder, version = route.ladder if route else None, turn.decision.policy_version
    climbs = asks(plan) and duty.agreement != SERVICE
    told = [slot for slot in turn.state.slots if belongs(slot, duty) and not spared(slot)]
    rung = 0 if told and not grown else -1
    recipients = route.recipients if route is not None and turn.alerted else ()
    if route is not None and recipients:
        rung = min(rung_of(route, recipient) for recipient in recipients)
    return Climb(
        ladder=ladder,
        policy_version=version,
        plan=plan,
        expires_at=turn.decision.expires_at,
        rung=rung,
        asked=_asked(told, recipients, max(rung, 0), before),
        ended=None if climbs else Ending.NOT_ASKED,
        ended_at=None if climbs else turn.now,
        next_at=turn.now if climbs else None,
    )


def _asked(told: Iterable[Slot], recipients: Iterable[Recipient], rung: int, before: Climb | None) -> tuple[Asked, ...]:
    """Those who are told by the decision: all are asked at the same time, whichever rung they once stood on.

    Who said STOP in the climb ``before`` has not said START since.
    """
    people = {slot.contact_id: Asked(contact_id=slot.contact_id, role=slot.role, rung=rung) for slot in told}
    for one in recipients:
        people.setdefault(one.contact_id, Asked(contact_id=one.contact_id, role=one.role, rung=rung))
    silent = {one.contact_id for one in before.asked if one.stopped} if before is not None else set()
    return tuple(
        one.model_copy(update={"stopped": True}) if one.contact_id in silent else one for one in people.values()
    )


def belongs(slot: Slot, duty: Obligation) -> bool:
    """Whether ``slot`` was opened for ``duty``."""
    return (slot.current.agreement, slot.party) == (duty.agreement, duty.partner)


def called_off(state: IncidentState, party: str, now: datetime) -> IncidentState:
    """``state`` after ``party``, which asked, said that it is over: nobody more is asked for it."""
    climbs: dict[int, Climb | None] = {}
    for place, duty in enumerate(state.obligations):
        climb = duty.climb
        if climb is not None and duty.asking_party == party and climb.ended is not Ending.CALLED_OFF:
            ended = {"ended": Ending.CALLED_OFF, "ended_at": now, "next_at": now if untold(climb) else None}
            climbs[place] = climb.model_copy(update=ended)
    return with_climbs(state, climbs)


def untold(climb: Climb) -> bool:
    """Whether there is an answer that the asking side has not been told of."""
    return any(not reply.told for reply in climb.replies)


def looked_at(state: IncidentState, now: datetime) -> IncidentState:
    """``state`` with every climb that may go on marked to be looked at now, since something has changed."""
    return with_climbs(
        state,
        {
            place: duty.climb.model_copy(update={"next_at": now})
            for place, duty in enumerate(state.obligations)
            if duty.climb is not None and _may_go_on(duty.climb) and not _is_looked_at(duty.climb, now)
        },
    )


def _may_go_on(climb: Climb) -> bool:
    return climb.ended not in OVER | {Ending.NOT_ASKED} or untold(climb)


def _is_looked_at(climb: Climb, now: datetime) -> bool:
    return climb.next_at is not None and climb.next_at <= now

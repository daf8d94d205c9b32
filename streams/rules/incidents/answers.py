"""An answer, folded into the climbs it is about. What follows from it is decided in ``climbing``."""

from datetime import datetime

from schemas.incident import Climb, IncidentState, Obligation, Reply
from schemas.notification import Response
from schemas.vocabulary import Answer
from streams.rules.incidents.climbs import OVER, SERVICE, belongs, with_climbs

REPLIES_MAX = 400
"""Contacts whose newest answer is kept under one obligation; it asks at most ``SLOTS_MAX``."""

UNDECIDED = frozenset({Answer.RECEIVED, Answer.DEFER})
"""Answers that leave the request as open as it was: nothing is postponed for them."""


def heard(state: IncidentState, response: Response, now: datetime) -> IncidentState:
    """``state`` with what ``response`` says to the requests it concerns; only the newest answer of a contact counts.

    One with a problem, or to something that is over, is no answer to anything. After a STOP its contact is not waited
    for, until START; what it had answered stands.
    """
    if response.command is not None:
        return _silenced(state, response.contact_id, stopped=response.command == "stop")
    if response.answer is None or response.problem is not None:
        return state
    concerned = _concerned(state, response, now)
    climbs: dict[int, Climb | None] = {}
    told = set[str]()
    for place in sorted(concerned):
        duty = state.obligations[place]
        if duty.climb is not None:
            # One answer to two agreements of the same two parties is one piece of news.
            climb = _with_reply(duty.climb, response, told=duty.asking_party in told)
            told.add(duty.asking_party)
            if climb != duty.climb:
                climbs[place] = climb
    return with_climbs(state, climbs)


def _silenced(state: IncidentState, contact: str | None, *, stopped: bool) -> IncidentState:
    climbs: dict[int, Climb | None] = {}
    for place, duty in enumerate(state.obligations):
        if duty.climb is None:
            continue
        asked = tuple(
            one.model_copy(update={"stopped": stopped}) if one.contact_id == contact else one
            for one in duty.climb.asked
        )
        if asked != duty.climb.asked:
            climbs[place] = duty.climb.model_copy(update={"asked": asked})
    return with_climbs(state, climbs)


def _concerned(state: IncidentState, response: Response, now: datetime) -> set[int]:
    """Places of the obligations that ``response`` answers: those that asked its contact, else all of its party."""
    still_open = {
        place: duty
        for place, duty in enumerate(state.obligations)
        if duty.climb is not None
        and duty.agreement != SERVICE
        and duty.climb.ended not in OVER
        and now < duty.climb.expires_at
    }
    asked = {place for place, duty in still_open.items() if _asked(state, duty, response.contact_id)}
    return asked or {place for place, duty in still_open.items() if duty.partner == response.party}


def _asked(state: IncidentState, duty: Obligation, contact: str | None) -> bool:
    if contact is None or duty.climb is None:
        return False
    return any(one.contact_id == contact for one in duty.climb.asked) or any(
        slot.contact_id == contact and belongs(slot, duty) for slot in state.slots
    )


def _with_reply(climb: Climb, response: Response, *, told: bool) -> Climb:
    answer = response.answer
    if answer is None:
        return climb
    index, known = next(
        ((place, reply) for place, reply in enumerate(climb.replies) if _same_person(reply, response)),
        (len(climb.replies), None),
    )
    if known is not None and (response.at < known.at or _says_less(known.answer, answer)):
        return climb
    if index >= REPLIES_MAX:
        return climb
    role = next((one.role for one in climb.asked if one.contact_id == response.contact_id), response.role)
    reply = Reply(
        contact_id=response.contact_id,
        role=role,
        answer=answer,
        amounts=response.amounts,
        eta_min=response.eta_min,
        at=response.at,
        told=told or (known is not None and known.told and _same_words(known, response)),
    )
    return climb.model_copy(update={"replies": (*climb.replies[:index], reply, *climb.replies[index + 1 :])})


def _same_person(reply: Reply, response: Response) -> bool:
    if response.contact_id is None:
        return reply.contact_id is None and reply.role == response.role
    return reply.contact_id == response.contact_id


def _says_less(known: Answer, new: Answer) -> bool:
    """A yes or no is not taken back by word that the text was read."""
    return new in UNDECIDED and known not in UNDECIDED


def _same_words(known: Reply, response: Response) -> bool:
    return (known.answer, known.amounts, known.eta_min) == (response.answer, response.amounts, response.eta_min)

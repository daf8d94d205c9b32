"""What answers, silence and time do to a climb: the next rung, its end, and word of both to the asking side.

Facts stand in the state; this looks at them anew each time something changed and at each deadline, so that records
may come in any order and twice.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.decision import Recipient
from schemas.incident import Asked, Climb, Ending, IncidentState, Obligation
from schemas.notification import AnswerNews, Receipt
from schemas.policy.models import Policy
from schemas.vocabulary import Answer, Channel, Origin, ReceiptKind, ReceiptReason
from streams.rules.duty import crew
from streams.rules.incidents.asker import LIFETIME, News, ending_news, heads, next_news, told
from streams.rules.incidents.climbs import HELPED, OVER, belongs, with_climbs
from streams.rules.incidents.crews import Crews
from streams.rules.incidents.effects import Effect, Folded, Say, SlotStep
from streams.rules.incidents.followup import CLOSING, again, thanks
from streams.rules.incidents.opening import further_alerts
from streams.rules.incidents.slots import owe, send, settle, spare, spared
from streams.rules.incidents.standing import RungOver, has_decided, helped, rung_over, silent_at, somebody_comes

POLICY_WAIT = timedelta(seconds=5)
"""A policy that has not been read yet is asked for again after this long."""


@dataclass
class _Look:
    """One look at one climb: the state as it becomes, and what is asked for meanwhile."""

    state: IncidentState
    place: int
    policy: Policy | None
    crews: Crews
    now: datetime
    effects: list[Effect] = field(default_factory=list)

    @property
    def duty(self) -> Obligation:
        """The obligation looked at."""
        return self.state.obligations[self.place]

    @property
    def climb(self) -> Climb:
        """Its climb, as it stands now."""
        climb = self.duty.climb
        if climb is None:
            raise ValueError(f"obligation {self.duty.agreement} to {self.duty.partner} has no ladder")
        return climb

    def change(self, **changes: object) -> None:
        """Let the climb become different."""
        self.state = with_climbs(self.state, {self.place: self.climb.model_copy(update=changes)})

    def say(self, reason: ReceiptReason, detail: str) -> None:
        """Write to the log why the climb goes on or ends."""
        self.effects.append(_says(self.state, self.duty, reason, detail, self.now))

    def own_slots(self) -> list[int]:
        """Places of the slots that were opened for this obligation."""
        return [place for place, slot in enumerate(self.state.slots) if belongs(slot, self.duty)]

    def take(self, place: int, step: SlotStep) -> None:
        """Take over slot number ``place`` after a step."""
        slots = (*self.state.slots[:place], step.slot, *self.state.slots[place + 1 :])
        self.state = self.state.model_copy(update={"slots": slots})
        self.effects += step.effects


def _says(state: IncidentState, duty: Obligation, reason: ReceiptReason, detail: str, now: datetime) -> Say:
    """The receipt that explains a step of a climb. It names no event, since it ends none."""
    text = f"{duty.partner} under {duty.agreement}: {detail}"
    return Say(Receipt(kind=ReceiptKind.END, incident_id=state.incident_id, reason=reason, detail=text[:400], at=now))


def climbed(state: IncidentState, place: int, crews: Crews, now: datetime) -> Folded:
    """Obligation number ``place`` looked at: everything that is due for it at ``now``.

    While its policy has not been read, nobody is skipped and nobody told: what needs no policy is done all the same.
    """
    climb = state.obligations[place].climb
    if climb is None or climb.next_at is None or now < climb.next_at:
        return Folded(state)
    look = _Look(state, place, crews.policy(climb.policy_version), crews, now)
    if climb.ended is None and climb.rung_at is None and look.policy is not None:
        _begin(look, look.policy)
    came_to_nothing = _settle(look)
    if look.policy is not None:
        while isinstance(news := next_news(look.duty, look.climb, now), News):
            _tell(look, news, look.policy)
        if came_to_nothing:
            _tell(look, ending_news(look.duty, look.climb, look.state.slots, now), look.policy)
    elif came_to_nothing:
        look.say(ReceiptReason.NOTHING_OWED, "its policy was not read in all that time; the asking side is not told")
    look.change(next_at=_next_look(look))
    return Folded(look.state, tuple(look.effects))


def _begin(look: _Look, policy: Policy) -> None:
    """Count from now on: what was decided while nobody looked has cost nobody any time."""
    roles = {role for step in look.climb.plan for role in step.roles}
    groups = {role.id: role.enough or 0 for role in policy.roles if role.group and role.id in roles}
    look.change(rung_at=look.now, groups=groups)


def _settle(look: _Look) -> bool:
    """Let the climb end, resume or go on as its answers and the time have it.

    Returns whether it has just come to its end without enough help.
    """
    if look.climb.ended in OVER or look.climb.ended is Ending.NOT_ASKED:
        return False
    # Before the climb has begun it is not known which roles are groups, whose yes is only counted.
    by_answers = helped(look.duty, look.climb) if look.climb.rung_at is not None else None
    if by_answers is not None:
        if look.climb.ended not in HELPED:
            _end(look, by_answers, ReceiptReason.ANSWERED, _who(look.climb))
        _let_be(look)
        return False
    if look.climb.ended in HELPED:
        _resume(look)
    if look.climb.ended is not None:
        look.change(ended=_unhelped(look.climb))
        return False
    if look.now >= look.climb.expires_at:
        _end(look, Ending.EXPIRED, ReceiptReason.EXPIRED, "its time is over; nobody is asked any more")
        return not somebody_comes(look.climb)
    _by_others(look)
    return look.policy is not None and look.climb.rung_at is not None and _go_on(look, look.policy)


def _end(look: _Look, ending: Ending, reason: ReceiptReason, detail: str) -> None:
    look.say(reason, detail)
    look.change(ended=ending, ended_at=look.now)


def _who(climb: Climb) -> str:
    roles = dict.fromkeys(reply.role or "somebody" for reply in climb.replies if reply.answer is not Answer.DECLINE)
    return f"answered by {', '.join(roles)}; nobody more is asked"


def _unhelped(climb: Climb) -> Ending:
    return Ending.PARTLY if somebody_comes(climb) else Ending.UNANSWERED


def _resume(look: _Look) -> None:
    """Go on after a yes was taken back; those who were spared the alert for it are asked now."""
    look.say(ReceiptReason.NOBODY_ANSWERED, "the answer that was enough was taken back; the ladder is climbed on")
    look.change(ended=None, ended_at=None)
    for place in look.own_slots():
        slot = look.state.slots[place].model_copy(update={"answered": False})
        look.take(place, SlotStep(slot))
        if not spared(slot) or look.now >= slot.current.expires_at:
            continue
        if slot.waiting is None:
            look.take(place, send(slot, again(slot.current, repetition=False, now=look.now), look.now))
        else:
            look.take(place, settle(slot, look.now))
        look.change(rung_at=look.now)


def _let_be(look: _Look) -> None:
    """Nobody is woken any more for what is answered; those of a group that is enough are told so."""
    for place in look.own_slots():
        slot = look.state.slots[place]
        one = next((each for each in look.climb.asked if each.contact_id == slot.contact_id), None)
        thanked = (
            look.climb.ended is Ending.ENOUGH
            and one is not None
            and one.role in look.climb.groups
            and not one.dismissed
            and not has_decided(look.climb, one)
            and (slot.waiting or slot.current).template not in CLOSING
        )
        if thanked and one is not None:
            about = _enough(look, one.role)
            look.take(place, owe(slot, thanks(slot, about, look.state.lane, look.climb.expires_at, look.now), look.now))
        else:
            look.take(place, spare(slot, look.now))
    if look.climb.ended is Ending.ENOUGH:
        look.change(asked=tuple(_dismissed(look.climb, one) for one in look.climb.asked))


def _dismissed(climb: Climb, one: Asked) -> Asked:
    if one.dismissed or one.role not in climb.groups or has_decided(climb, one):
        return one
    return one.model_copy(update={"dismissed": True})


def _enough(look: _Look, role: str) -> AnswerNews:
    asked = sum(one.role == role for one in look.climb.asked)
    return AnswerNews(
        party=look.duty.partner,
        at=look.now,
        answer=Answer.ACCEPT,
        role=role,
        coming=heads(look.climb, role),
        asked=asked,
        first=False,
    )


def _by_others(look: _Look) -> None:
    """Order again, by another provider, what one took and of whose arrival nothing was heard in time."""
    for place in look.own_slots():
        slot = look.state.slots[place]
        moment = silent_at(look.climb, slot)
        if moment is None or look.now < moment or slot.provider is None:
            continue
        note = again(slot.current, repetition=True, now=look.now)
        note = note.model_copy(update={"not_by": (*note.not_by, slot.provider)})
        look.take(place, send(slot, note, look.now))


def _go_on(look: _Look, policy: Policy) -> bool:
    """Wait, or ask the next rungs; returns whether the ladder is at its end."""
    while isinstance(over := rung_over(look.state, look.duty, look.climb, look.now), RungOver):
        number = look.climb.rung + 1
        if look.climb.rung >= 0 and any(one.rung == look.climb.rung for one in look.climb.asked):
            look.say(over.reason, f"step {number}: {over.detail}")
        if number >= len(look.climb.plan):
            ending = _unhelped(look.climb)
            detail = "the ladder is at its end" + (", with part of the help" if ending is Ending.PARTLY else "")
            _end(look, ending, ReceiptReason.NOBODY_ANSWERED, detail)
            return True
        _ask(look, policy, number)
    return False


def _ask(look: _Look, policy: Policy, number: int) -> None:
    """Ask the people of rung ``number``: those who hold its roles now and were not asked yet."""
    step = look.climb.plan[number]
    found = crew.rung(
        policy,
        party=look.duty.partner,
        roles=step.roles,
        channels=step.channels,
        origin=look.state.origin or Origin.EXERCISE,
        at=look.now,
        swaps=look.crews.swaps,
    )
    fresh = [recipient for recipient in found.recipients if _not_asked(look, recipient)]
    if not fresh:
        why = "all who hold its roles were asked already" if found.recipients else "nobody holds its roles now"
        look.say(ReceiptReason.NOTHING_OWED, f"step {number + 1} ({', '.join(step.roles)}) is skipped: {why}")
        look.change(rung=number, rung_at=look.now)
        return
    names = {recipient.contact_id for recipient in fresh}
    asked = [one for one in look.climb.asked if one.contact_id not in names]
    silent = {one.contact_id for one in look.climb.asked if one.stopped}
    asked += [
        Asked(contact_id=one.contact_id, role=one.role, rung=number, stopped=one.contact_id in silent) for one in fresh
    ]
    expires_at = look.climb.expires_at
    alerts = further_alerts(look.state, look.duty, fresh, number, expires_at, look.now)
    look.state, look.effects = alerts.state or look.state, [*look.effects, *alerts.effects]
    look.change(rung=number, rung_at=look.now, asked=tuple(asked))


def _not_asked(look: _Look, recipient: Recipient) -> bool:
    """Whether ``recipient`` was not asked yet, or not by all of the channels that this rung adds."""
    one = next((each for each in look.climb.asked if each.contact_id == recipient.contact_id), None)
    if one is None:
        return True
    by = {slot.channel for slot in look.state.slots if slot.contact_id == recipient.contact_id}
    return not one.dismissed and not has_decided(look.climb, one) and bool(set[Channel](recipient.channels) - by)


def _tell(look: _Look, news: News, policy: Policy) -> None:
    done = told(look.state, look.duty, look.climb, news, policy, look.crews, look.now)
    if done.unsaid is not None:
        look.say(ReceiptReason.NOTHING_OWED, done.unsaid)
    look.state = look.state.model_copy(update={"news": (*look.state.news, *done.slots)})
    look.effects += done.effects
    climb = look.climb
    replies = tuple(
        reply.model_copy(update={"told": True}) if place == news.reply else reply
        for place, reply in enumerate(climb.replies)
    )
    look.change(
        replies=replies,
        heads_told=climb.heads_told | dict(news.heads),
        yes_told=news.says_yes or (climb.yes_told and somebody_comes(climb)),
        news_at=look.now,
        news_count=climb.news_count + 1,
    )


def _next_look(look: _Look) -> datetime | None:
    """When something will be due, if nothing is heard until then."""
    climb, now = look.climb, look.now
    news = next_news(look.duty, climb, now)
    if look.policy is None:
        useful = news is not None and now < climb.expires_at + LIFETIME
        return now + POLICY_WAIT if climb.ended is None or useful else None
    moments = [news] if isinstance(news, datetime) else []
    if climb.ended is None:
        over = rung_over(look.state, look.duty, climb, now)
        silent = (silent_at(climb, look.state.slots[place]) for place in look.own_slots())
        moments += [over if isinstance(over, datetime) else now, climb.expires_at]
        moments += [moment for moment in silent if moment is not None]
    return min(moments, default=None)

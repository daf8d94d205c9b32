"""What the asking side is told of its request, when, and who there is told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.decision import Recipient
from schemas.event import Need
from schemas.incident import Climb, IncidentState, Obligation, Slot
from schemas.notification import AnswerNews, Notification
from schemas.policy.models import Policy
from schemas.vocabulary import Answer, Channel, Delivery, NeedKind, Origin, ReceiptReason, Template
from streams.rules.duty import crew
from streams.rules.incidents.crews import Crews, ladder_of
from streams.rules.incidents.effects import Effect, ended
from streams.rules.incidents.opening import text_about
from streams.rules.incidents.slots import ENDED_UNSENT, send
from streams.rules.incidents.standing import COMES, DECIDED, somebody_comes

DUTY_DESK = "duty_desk"
"""Who is told where a ladder names nobody."""

HEADS_EVERY = timedelta(seconds=60)
"""Of a group, the first yes and the one that makes it enough are told at once, other counts at most so often."""

LIFETIME = timedelta(hours=1)
"""News of an answer is of use for so long at least, though the event may expire earlier."""

NEWS_MAX = 120
"""Texts to asking sides of one incident; the last ``KEPT_FOR_ENDS`` places are for word that nobody helps."""

KEPT_FOR_ENDS = 40


@dataclass(frozen=True)
class News:
    """One piece of news for the asking side. ``reply`` is the place of the answer it tells of, if it is of one."""

    template: Template
    about: AnswerNews
    reply: int | None = None
    heads: tuple[tuple[str, int], ...] = ()

    @property
    def says_yes(self) -> bool:
        """Whether somebody comes."""
        return self.about.answer in COMES


@dataclass(frozen=True)
class Told:
    """Slots for a piece of news and what fills them; none where ``unsaid`` says why nobody is told."""

    slots: tuple[Slot, ...] = ()
    effects: tuple[Effect, ...] = ()
    unsaid: str | None = None


def next_news(duty: Obligation, climb: Climb, now: datetime) -> News | datetime | None:
    """What the asking side is to be told now; or when there will be something; or None."""
    for place, reply in enumerate(climb.replies):
        if not reply.told and reply.role not in climb.groups:
            about = AnswerNews(
                party=duty.partner,
                at=reply.at,
                answer=reply.answer,
                role=reply.role,
                amounts=reply.amounts,
                eta_min=reply.eta_min,
                first=_is_alarm(climb),
            )
            return News(Template.ANSWERED, about, reply=place)
    return next((news for role in climb.groups if (news := _heads_news(duty, climb, role, now)) is not None), None)


def _heads_news(duty: Obligation, climb: Climb, role: str, now: datetime) -> News | datetime | None:
    """How many of a group come, where that has changed since it was told."""
    coming, told, enough = heads(climb, role), climb.heads_told.get(role, 0), climb.groups[role]
    if coming == told:
        return None
    at_once = told == 0 or (told < enough <= coming) or (coming < enough <= told)
    moment = climb.news_at + HEADS_EVERY if climb.news_at is not None and not at_once else now
    if now < moment:
        return moment
    about = _summed(duty, climb, now, role=role, answer=Answer.ACCEPT if coming else Answer.DECLINE)
    return News(Template.ANSWERED, about, heads=((role, coming),))


def ending_news(duty: Obligation, climb: Climb, slots: Sequence[Slot], now: datetime) -> News:
    """Word that the ladder is at its end: nobody helps, or only with part of what was asked for."""
    counted = tuple((role, heads(climb, role)) for role in climb.groups)
    helps = any(reply.answer in COMES for reply in climb.replies)
    about = _summed(duty, climb, now, role=None, answer=Answer.PARTIAL if helps else None)
    about = about.model_copy(update={"tried": tried(climb, slots)})
    return News(Template.ANSWERED if helps else Template.UNANSWERED, about, heads=counted)


def _summed(duty: Obligation, climb: Climb, now: datetime, *, role: str | None, answer: Answer | None) -> AnswerNews:
    """All that comes together: of the group ``role``, or of everybody asked."""
    groups = [role] if role is not None else list(climb.groups)
    asked = sum(one.role in groups for one in climb.asked)
    yes = [reply for reply in climb.replies if reply.answer in COMES and role in (None, reply.role)]
    amounts: Counter[NeedKind] = Counter()
    for reply in yes:
        amounts.update({need.kind: need.count for need in reply.amounts})
    counts = {"coming": sum(reply.role in groups for reply in yes), "asked": min(asked, 1000)} if asked else {}
    return AnswerNews(
        party=duty.partner,
        at=max((reply.at for reply in yes), default=now),
        answer=answer,
        role=role,
        amounts=tuple(Need(kind=kind, count=min(count, 10_000)) for kind, count in amounts.items()),
        eta_min=min((reply.eta_min for reply in yes if reply.eta_min is not None), default=None),
        first=_is_alarm(climb),
        **counts,
    )


def _is_alarm(climb: Climb) -> bool:
    """Whether the news is more than an update: the asking side counts on nobody, or on somebody who is not coming."""
    return not climb.yes_told or not somebody_comes(climb)


def heads(climb: Climb, role: str) -> int:
    """How many of the group ``role`` come."""
    return sum(reply.role == role and reply.answer in COMES for reply in climb.replies)


def tried(climb: Climb, slots: Sequence[Slot]) -> tuple[str, ...]:
    """The roles that were asked and of which nobody said yes, partly or no, from the first rung up.

    Whom no text could reach, for a STOP or a wrong number, was not asked.
    """
    answered = {reply.role for reply in climb.replies if reply.answer in DECIDED}
    reached = {slot.contact_id for slot in slots if slot.reached or slot.delivery not in ENDED_UNSENT}
    return tuple(
        dict.fromkeys(one.role for one in climb.asked if one.role not in answered and one.contact_id in reached)
    )


def told(
    state: IncidentState, duty: Obligation, climb: Climb, news: News, policy: Policy, crews: Crews, now: datetime
) -> Told:
    """The texts to the asking side for ``news``, each in a slot of its own."""
    recipients = _readers(duty, climb, policy, crews, state.origin or Origin.EXERCISE, now)
    if not recipients:
        return Told(unsaid=f"nobody at {duty.asking_party} can be told of it: see the roles file")
    room = NEWS_MAX if news.template is Template.UNANSWERED else NEWS_MAX - KEPT_FOR_ENDS
    language = next((party.language for party in policy.parties if party.id == duty.asking_party), duty.language)
    slots: list[Slot] = []
    effects: list[Effect] = []
    for recipient in recipients:
        for channel in recipient.channels:
            note = _text(state, duty, climb, news, recipient, channel, now).model_copy(update={"language": language})
            if len(state.news) + len(slots) >= room:
                effects.append(ended(note, ReceiptReason.QUARANTINED, now))
                continue
            step = send(_slot(note, now), note, now)
            slots.append(step.slot)
            effects += step.effects
    return Told(tuple(slots), tuple(effects))


def _readers(
    duty: Obligation, climb: Climb, policy: Policy, crews: Crews, origin: Origin, now: datetime
) -> tuple[Recipient, ...]:
    """Who at the asking side is told: the roles that the ladder names, or the duty desk."""
    ladder = ladder_of(policy, climb.ladder)
    for roles in (ladder.tell_if_nobody if ladder else (), (DUTY_DESK,)):
        found = crew.rung(
            policy, party=duty.asking_party, roles=roles, channels=tuple(Channel), origin=origin, at=now,
            swaps=crews.swaps,
        )  # fmt: skip
        if found.recipients:
            return found.recipients
    return ()


def _slot(note: Notification, now: datetime) -> Slot:
    return Slot(
        party=note.party,
        role=note.role,
        contact_id=note.contact_id,
        channel=note.channel,
        current=note,
        delivery=Delivery.PENDING,
        since=now,
    )


def _text(
    state: IncidentState, duty: Obligation, climb: Climb, news: News, reader: Recipient, channel: Channel, now: datetime
) -> Notification:
    text = text_about(
        state,
        duty,
        reader,
        channel,
        party=duty.asking_party,
        step=max(climb.rung, 0),
        expires_at=max(climb.expires_at, now + LIFETIME),
        now=now,
        apart=f".{duty.agreement}.{duty.partner}.news{climb.news_count}",
    )
    return text.model_copy(update={"template": news.template, "answer": news.about})

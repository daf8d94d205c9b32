"""The course of an incident's ladders by the real rules, in simulated time: who is asked when, and how it ends."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import Id, Model, UtcTime
from schemas.decision import Decision
from schemas.incident import Ending, IncidentState, Obligation
from schemas.notification import Notification, Receipt, Response
from schemas.vocabulary import Answer, Channel, Lane, ReceiptKind, Template
from streams.rules.incidents.climbs import SERVICE, belongs
from streams.rules.incidents.crews import Crews
from streams.rules.incidents.due import due, next_due
from streams.rules.incidents.effects import Effect, Emit
from streams.rules.incidents.fold import fold
from streams.rules.incidents.followup import ALERTS
from streams.rules.simulation.provider import Provider

MAX_STEPS = 20_000
"""Records and moments of one simulated incident; an incident has at most 500 events and 300 slots."""

_FIRST_ALERTS = frozenset(ALERTS.values())
_TO_ASKER = frozenset({Template.ANSWERED, Template.UNANSWERED})
_YES = frozenset({Answer.ACCEPT, Answer.PARTIAL})

Moment = tuple[datetime, Decision | Response]
"""A record and the time at which it is on the log."""


class NoEnd(Exception):
    """A simulated incident took more than ``MAX_STEPS`` steps: the rules go in a circle."""


class AskedOf(Model):
    """Somebody who is asked: on which step (1 is the first), when the text is ordered, and when a provider takes it."""

    contact_id: Id
    role: Id
    channel: Channel
    step: int
    lane: Lane
    ordered_at: UtcTime
    accepted_at: UtcTime | None = None


class AskerTold(Model):
    """A text to the asking side about its request."""

    template: Template
    contact_id: Id
    channel: Channel
    at: UtcTime


class Course(Model):
    """How the ladder of one agreement and partner goes.

    ``ended`` is None while people are still waited for at the end of the time looked at. ``help_from`` is the role
    whose yes came first, ``help_at`` when.
    """

    agreement: Id
    party: Id
    ladder: Id | None
    asked: tuple[AskedOf, ...]
    ended: Ending | None
    ended_at: UtcTime | None
    help_from: Id | None
    help_at: UtcTime | None
    asker_told: tuple[AskerTold, ...]


@dataclass(frozen=True)
class Played:
    """The courses of an incident's ladders, the answers of people who were not asked by then, and who was texted."""

    courses: tuple[Course, ...]
    unasked: tuple[Response, ...]
    texted: frozenset[str]


@dataclass(frozen=True)
class Stage:
    """What a simulation plays against: the providers, who is on duty when, and until when it is looked at.

    ``unasked`` are answers that really came from somebody who had not been asked: they count all the same.
    """

    partition: int
    provider: Provider
    crews_at: Callable[[datetime], Crews]
    until: datetime
    unasked: frozenset[str] = frozenset()


def play(moments: Iterable[Moment], stage: Stage) -> Played:
    """Fold ``moments`` (those of one incident) and everything that time and providers add to them.

    Raises:
        NoEnd: it does not come to an end.
        Exception: whatever the rules raise; the caller names the incident.
    """
    return _Play(stage).through(moments)


@dataclass
class _Play:
    stage: Stage
    state: IncidentState | None = None
    orders: list[tuple[datetime, Notification]] = field(default_factory=list)
    unasked: list[Response] = field(default_factory=list)
    _counted: Counter[tuple[str, Channel]] = field(default_factory=Counter)
    _ahead: list[tuple[datetime, int, Decision | Receipt | Response]] = field(default_factory=list)
    _number: int = 0

    def through(self, moments: Iterable[Moment]) -> Played:
        for at, record in moments:
            self._await(at, record)
        for _ in range(MAX_STEPS):
            if not self._step():
                return Played(tuple(self._courses()), tuple(self.unasked), self._texted())
        raise NoEnd(f"after {MAX_STEPS} steps")

    def _await(self, at: datetime, record: Decision | Receipt | Response) -> None:
        self._number += 1
        heapq.heappush(self._ahead, (at, self._number, record))

    def _step(self) -> bool:
        """Whatever comes next, a record before a timer of the same instant; whether anything was left."""
        timer = next_due(self.state) if self.state is not None else None
        if self._ahead and (timer is None or self._ahead[0][0] <= timer):
            at, _, record = heapq.heappop(self._ahead)
            if at > self.stage.until:
                return bool(self._ahead)
            self._fold(record, at)
            self._look(at)
            return True
        if timer is None or timer > self.stage.until:
            return False
        return self._look(timer)

    def _fold(self, record: Decision | Receipt | Response, at: datetime) -> None:
        if isinstance(record, Response) and not self._counts(record):
            self.unasked.append(record)
            return
        folded = fold(self.state, record, partition=self.stage.partition, codes_in_use=frozenset(), now=at)
        self._take(folded.state, folded.effects, at)

    def _counts(self, response: Response) -> bool:
        if response.contact_id is None or response.response_id in self.stage.unasked:
            return True
        return self.state is not None and any(
            slot.contact_id == response.contact_id for slot in (*self.state.slots, *self.state.news)
        )

    def _look(self, at: datetime) -> bool:
        """Do what is due at ``at``; whether the incident is still of interest afterwards."""
        if self.state is None:
            return True
        folded = due(self.state, at, self.stage.crews_at(at))
        if folded.state is None:
            return False  # long over: the dispatcher forgets it, and what was made of it stays
        self._take(folded.state, folded.effects, at)
        return True

    def _take(self, state: IncidentState | None, effects: Sequence[Effect], at: datetime) -> None:
        self.state = state
        for effect in effects:
            if isinstance(effect, Emit):
                self._send(effect.notification, at)

    def _send(self, note: Notification, at: datetime) -> None:
        address = note.contact_id, note.channel
        self.orders.append((at, note))
        for word in self.stage.provider.fate(note, self._counted[address]):
            said = Receipt(
                kind=ReceiptKind.OUTCOME,
                incident_id=note.incident_id,
                event_id=note.event_id,
                notification_id=note.notification_id,
                attempt=note.attempt,
                contact_id=note.contact_id,
                channel=note.channel,
                delivery=word.delivery,
                reason=word.reason,
                provider=word.provider,
                at=at + word.delay,
            )
            self._await(at + word.delay, said)
        self._counted[address] += 1

    def _texted(self) -> frozenset[str]:
        return frozenset(note.contact_id for _, note in self.orders)

    def _courses(self) -> Iterator[Course]:
        if self.state is None:
            return
        for duty in self.state.obligations:
            climb = duty.climb
            if climb is None or duty.agreement == SERVICE or climb.ended is Ending.NOT_ASKED:
                continue
            yes = min((one for one in climb.replies if one.answer in _YES), key=lambda one: one.at, default=None)
            yield Course(
                agreement=duty.agreement,
                party=duty.partner,
                ladder=climb.ladder,
                asked=tuple(self._asked(duty)),
                ended=climb.ended,
                ended_at=climb.ended_at,
                help_from=None if yes is None else yes.role,
                help_at=None if yes is None else yes.at,
                asker_told=tuple(self._told(duty)),
            )

    def _asked(self, duty: Obligation) -> Iterator[AskedOf]:
        if self.state is None:
            return
        accepted = {
            (slot.contact_id, slot.channel): slot.accepted_at for slot in self.state.slots if belongs(slot, duty)
        }
        seen: set[tuple[str, Channel]] = set()
        for at, note in self.orders:
            address = note.contact_id, note.channel
            ours = note.template in _FIRST_ALERTS and (note.agreement, note.party) == (duty.agreement, duty.partner)
            if not ours or address in seen:
                continue
            seen.add(address)
            yield AskedOf(
                contact_id=note.contact_id,
                role=note.role,
                channel=note.channel,
                step=note.step + 1,
                lane=note.lane,
                ordered_at=at,
                accepted_at=accepted.get(address),
            )

    def _told(self, duty: Obligation) -> Iterator[AskerTold]:
        for at, note in self.orders:
            of_this = note.agreement == duty.agreement and note.party == duty.asking_party
            if note.template in _TO_ASKER and of_this and note.attempt == 1:
                yield AskerTold(template=note.template, contact_id=note.contact_id, channel=note.channel, at=at)

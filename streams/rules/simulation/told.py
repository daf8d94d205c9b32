"""Whom a row of decisions tells of one incident, kept as the dispatcher does, and what two such rows differ in."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.base import Id, Model
from schemas.decision import Decision
from schemas.vocabulary import Channel, DecisionOutcome, EventKind
from streams.rules.incidents.climbs import requests
from streams.rules.incidents.opening import alerting_routes
from streams.rules.simulation.changes import (
    Field,
    FieldChange,
    OutcomeChange,
    RouteChange,
    changed,
    outcome_change,
    route_changes,
    same,
)


class Kind(StrEnum):
    """What becomes of somebody under the other policy."""

    NEWLY = "newly"
    NO_LONGER = "no_longer"
    DIFFERENTLY = "differently"


class PersonChange(Model):
    """A contact of one party who would newly be told of an incident, no longer, or in another way.

    ``role`` and ``event_id`` are those by which the contact is told: under the other policy where it would be told at
    all. ``channels`` are the channels of the side that tells it (of a difference, the fields say both).
    """

    kind: Kind
    agreement: Id
    party: Id
    role: Id
    contact_id: Id
    event_id: Id
    channels: tuple[Channel, ...]
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class _Person:
    role: str
    event_id: str
    channels: tuple[Channel, ...]


@dataclass
class _Told:
    """Whom one side has told so far: by agreement, party and contact; each contact once by each channel."""

    opened: bool = False
    people: dict[tuple[str, str, str], _Person] = field(default_factory=dict)
    taken: set[tuple[str, Channel]] = field(default_factory=set)

    def apart(self) -> "_Told":
        return _Told(self.opened, copy(self.people), copy(self.taken))

    def take(self, decision: Decision) -> None:
        """A report tells those it names; whatever follows tells those who were told, and nobody else."""
        if decision.outcome is DecisionOutcome.REJECTED:
            return
        opens = decision.kind is EventKind.REPORT or (decision.kind is EventKind.UPDATE and not self.opened)
        if not opens:
            return
        for route in alerting_routes(decision):
            self.opened = True
            for recipient in route.recipients:
                key = route.agreement, route.partner, recipient.contact_id
                fresh = tuple(one for one in recipient.channels if (recipient.contact_id, one) not in self.taken)
                self.taken.update((recipient.contact_id, one) for one in fresh)
                if fresh:
                    known = self.people.get(key, _Person(recipient.role, decision.event_id, ()))
                    self.people[key] = _Person(known.role, known.event_id, (*known.channels, *fresh))
        self.opened = self.opened or bool(requests(decision))


@dataclass
class Comparison:
    """One incident under both policies, event by event in the order of the log.

    While nothing differs both sides are one object: most incidents of a month never need the second.
    """

    outcomes: list[OutcomeChange] = field(default_factory=list)
    routes: list[RouteChange] = field(default_factory=list)
    _then: _Told = field(default_factory=_Told)
    _now: _Told | None = None
    _begun: bool = False

    def take(self, then: Decision, now: Decision) -> bool:
        """Take the two decisions on one event; whether they differ."""
        if not self._begun:
            self._begun = True
            self._then.opened = then.kind is not EventKind.REPORT  # what it follows lies before the time looked at
        alike = same(then, now)
        if not alike:
            self._now = self._now or self._then.apart()
            outcome = outcome_change(then, now)
            if outcome is not None:
                self.outcomes.append(outcome)
            self.routes += route_changes(then, now)
        self._then.take(then)
        if self._now is not None:
            self._now.take(now)
        return not alike

    def people(self) -> Iterator[PersonChange]:
        """Who would newly be told, no longer, or in another way; by agreement, party and contact."""
        if self._now is None:
            return
        before, after = self._then.people, self._now.people
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if old is not None and new is not None:
                fields = tuple(_differences(old, new))
                if fields:
                    yield _person(Kind.DIFFERENTLY, key, new, fields)
            elif new is not None:
                yield _person(Kind.NEWLY, key, new)
            elif old is not None:
                yield _person(Kind.NO_LONGER, key, old)


def _person(
    kind: Kind, key: tuple[str, str, str], person: _Person, fields: tuple[FieldChange, ...] = ()
) -> PersonChange:
    agreement, party, contact = key
    return PersonChange(
        kind=kind,
        agreement=agreement,
        party=party,
        role=person.role,
        contact_id=contact,
        event_id=person.event_id,
        channels=person.channels,
        fields=fields,
    )


def _differences(old: _Person, new: _Person) -> Iterator[FieldChange]:
    yield from changed(Field.ROLE, old.role, new.role)
    yield from changed(Field.CHANNELS, _words(old), _words(new))
    yield from changed(Field.FIRST_EVENT, old.event_id, new.event_id)


def _words(person: _Person) -> tuple[str, ...]:
    return tuple(channel.value for channel in person.channels)

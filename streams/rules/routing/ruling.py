"""A ruling: what the policy says of one sort of event at one place, which is all of a decision but the event's facts.

It depends on the policy, the event's traits, the place and who is on duty, so it is worked out once for all events
alike.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

from schemas.decision import Route, SharedField, Verdict
from schemas.event import EmergencyEvent
from schemas.vocabulary import EVENT_TYPES, DecisionOutcome, EventKind, EventType, Origin, Severity


class Traits(NamedTuple):
    """Events with the same traits at the same place get the same ruling. ``needs``: something is asked for."""

    kind: EventKind
    origin: Origin
    reporting_party: str
    event_type: EventType | None
    severity: Severity
    needs: bool

    @classmethod
    def of(cls, event: EmergencyEvent) -> Self:
        """The traits of ``event``."""
        return cls(event.kind, event.origin, event.reporting_party, event.event_type, event.severity, bool(event.needs))

    @property
    def police(self) -> bool:
        """Whether it is a police matter, which crosses only as a referral without personal data."""
        return self.event_type is not None and EVENT_TYPES[self.event_type].police


@dataclass(frozen=True, slots=True)
class Delivery:
    """A route that lacks only the event's facts: its partner's name in words, and the fields it lets through."""

    bare: Route
    partner: str
    share: frozenset[SharedField]


@dataclass(frozen=True, slots=True)
class Ruling:
    """Outcome, verdicts and deliveries.

    ``authority`` stands before the verdict on the place, ``judged`` after it, and ``people`` after the verdicts on
    redaction. Nothing follows a stop: where ``authority`` is one, not even the verdict on the place.
    """

    outcome: DecisionOutcome
    authority: Verdict
    judged: tuple[Verdict, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    people: tuple[Verdict, ...] = ()
    lead: str | None = None

"""What is kept of each record that the audit has entered."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from schemas.vocabulary import DecisionOutcome, Delivery, EventKind, ReceiptKind


class Spot(NamedTuple):
    """Where a record stands, and since when."""

    topic: str
    partition: int
    offset: int
    at: datetime

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}, {self.at:%Y-%m-%d %H:%M:%S} UTC"


class Owed(NamedTuple):
    """One text that a decision plans."""

    step: int
    partner: str
    role: str
    contact: str
    channel: str


class Decided(NamedTuple):
    """What of a decision must have come to something."""

    incident: str
    recorded_at: datetime
    outcome: DecisionOutcome
    kind: EventKind
    service: bool
    replayed: bool
    version: str
    owed: tuple[Owed, ...]
    spot: Spot


class Said(NamedTuple):
    """One receipt about an attempt. ``claim`` is empty where the dispatcher or a provider's report says it."""

    kind: ReceiptKind
    attempt: int
    claim: str
    delivery: Delivery | None
    at: datetime
    offset: int


@dataclass(slots=True)
class Text:
    """One notification: the orders to send it (attempt: when) and what was said of it, in the order of the log."""

    number: str
    event: str = ""
    incident: str = ""
    contact: str = ""
    own: bool = False
    partition: int = -1
    expires_at: datetime | None = None
    spot: Spot | None = None
    orders: tuple[tuple[int, datetime], ...] = ()
    said: tuple[Said, ...] = ()
    ended: bool = False

    def ordered(self, attempt: int) -> bool:
        """Whether the order of ``attempt`` is there."""
        return any(number == attempt for number, _ in self.orders)

    def settled(self, attempt: int | None = None) -> bool:
        """Whether ``attempt`` (None: any) came to something."""
        return any(
            one.kind in (ReceiptKind.OUTCOME, ReceiptKind.END) and attempt in (None, one.attempt) for one in self.said
        )


class Answered(NamedTuple):
    """One response: ``counts`` where the dispatcher has to apply it; a command is a STOP or START."""

    incident: str
    at: datetime
    counts: bool
    command: str
    contact: str
    spot: Spot

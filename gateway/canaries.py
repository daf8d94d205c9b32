"""How the canaries fare: when each partition's last one came through, and how long it took. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.notification import Receipt
from schemas.upkeep import CANARY_LIFETIME
from schemas.vocabulary import Delivery, ReceiptKind

ROUNDS_MISSED = 2
"""A partition is late when so many of its canaries, and the time one may take, have passed without a sign of one."""

_ACCEPTED = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})
_DELIVERED = frozenset({Delivery.DELIVERED, Delivery.READ})


@dataclass(frozen=True, slots=True)
class Flight:
    """One canary on its way: when its event stood on the log, and when a provider had taken and delivered it."""

    incident: str
    partition: int
    event_at: datetime
    accepted_at: datetime | None = None
    delivered_at: datetime | None = None

    def seconds(self, until: datetime | None) -> float | None:
        """How long it took, or None."""
        return None if until is None else (until - self.event_at).total_seconds()


@dataclass
class Canaries:
    """The canaries of all partitions, as the log tells of them.

    ``delivery_told`` is whether the provider has ever proven a delivery: from then on, a canary that it only accepted
    has not come through.
    """

    partitions: int
    delivery_told: bool = False
    through: dict[int, Flight] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    newest: dict[int, str] = field(default_factory=dict)
    _flying: dict[str, Flight] = field(default_factory=dict)

    def sent(self, incident: str, partition: int, at: datetime) -> None:
        """An event of a canary stands on the log; a repeat changes nothing."""
        self._forget(at)
        self.newest[partition] = incident
        self._flying.setdefault(incident, Flight(incident, partition, at))

    def knows(self, incident: str) -> bool:
        """Whether a canary of that name was sent: of late, or as the newest of its partition."""
        return incident in self._flying or incident in self.newest.values()

    def receipt(self, receipt: Receipt, at: datetime) -> None:
        """A receipt about a canary; about anything else, or one long over, it changes nothing."""
        flight = self._flying.get(receipt.incident_id)
        if flight is None or receipt.replayid is not None or receipt.kind is ReceiptKind.CLAIM:
            return
        delivery = receipt.delivery
        if delivery in _DELIVERED:
            self.delivery_told = True
        if delivery in _ACCEPTED:
            accepted = flight.accepted_at or at
            delivered = flight.delivered_at or (at if delivery in _DELIVERED else None)
            flight = Flight(flight.incident, flight.partition, flight.event_at, accepted, delivered)
        elif receipt.kind in (ReceiptKind.OUTCOME, ReceiptKind.END) and flight.accepted_at is None:
            self.failed[flight.partition] = str(receipt.reason or delivery or receipt.kind)
        self._flying[flight.incident] = flight
        if self._came_through(flight):
            self._land(flight)

    def last_through(self, partition: int) -> datetime | None:
        """When the last canary of ``partition`` came through."""
        flight = self.through.get(partition)
        return None if flight is None else flight.delivered_at or flight.accepted_at

    def late(self, partition: int, every: timedelta, since: datetime, now: datetime) -> bool:
        """Whether no canary of ``partition`` has come through for too long; ``since`` is when they were begun."""
        last = self.last_through(partition)
        begun = since if last is None else max(last, since)
        return now - begun > every * ROUNDS_MISSED + CANARY_LIFETIME

    def _came_through(self, flight: Flight) -> bool:
        return flight.accepted_at is not None and (flight.delivered_at is not None or not self.delivery_told)

    def _land(self, flight: Flight) -> None:
        known = self.through.get(flight.partition)
        if known is None or known.event_at <= flight.event_at:
            self.through[flight.partition] = flight
            self.failed.pop(flight.partition, None)

    def _forget(self, now: datetime) -> None:
        """Let go of what can bring no news: the book holds an hour of canaries, however long the process runs."""
        old = [name for name, flight in self._flying.items() if now - flight.event_at > timedelta(hours=1)]
        for name in old:
            del self._flying[name]

"""What one partition's worker knows: its incidents, their reply codes and timers, and how far it has read."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from runtime.log import logger
from schemas.incident import IncidentState
from streams.dispatcher.states import Outline, SnapshotUnreadable, States
from streams.rules.incidents.due import next_due

_SPARE_TIMERS = 100
"""So many superseded timers, and a quarter of those that count, are left lying before they are swept out."""


@dataclass
class Ledger:
    """What is known of one partition, as folded so far; the log holds it a moment later at the latest.

    A state that asked for something is written with what it asked for, so what is in memory alone can be read again.

    ``offsets`` is the next offset to read by source topic. Timers are derived from the states: ``_timers`` is an
    index over them in which superseded entries are skipped.
    """

    partition: int
    incidents: States = field(default_factory=States)
    offsets: dict[str, int] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)
    _timers: list[tuple[datetime, str]] = field(default_factory=list)

    def state_of(self, incident: str) -> IncidentState | None:
        """The state of ``incident``, or None if nothing is known of it. One that cannot be read is quarantined."""
        try:
            return self.incidents.get(incident)
        except SnapshotUnreadable as fault:
            state = quarantined_unread(incident, str(fault), fault.updated_at)
            self.accept((state,))
            return state

    def accept(self, states: Iterable[IncidentState]) -> None:
        """Take over committed states."""
        for state in states:
            self.incidents.put(state)
            self._index(state.incident_id, state)

    def accept_snapshot(self, snapshot: bytes, outline: Outline) -> None:
        """Take over a committed state as it stands on the log; it is read when it is first asked for."""
        self.incidents.put_snapshot(outline.incident_id, snapshot)
        self._index(outline.incident_id, outline)

    def forget(self, incidents: Iterable[str]) -> None:
        """Let go of incidents that are long over."""
        for incident in incidents:
            state = self.state_of(incident)
            self.incidents.forget(incident)
            self._due.pop(incident, None)
            if state is not None and state.code is not None:
                self._codes.pop(state.code, None)

    def incident_of_code(self, code: str | None) -> str | None:
        """The incident that a reply code names, if any."""
        return self._codes.get(code) if code else None

    def next_due(self) -> datetime | None:
        """The earliest instant at which a timer may fire."""
        self._skip_superseded()
        return self._timers[0][0] if self._timers else None

    def due_by(self, now: datetime, limit: int) -> list[str]:
        """At most ``limit`` incidents with a timer at or before ``now``, the earliest first.

        Their entries stay until ``accept`` replaces them.
        """
        first = self.next_due()
        if first is None or first > now:
            return []
        overdue = ((moment, incident) for incident, moment in self._due.items() if moment <= now)
        return [incident for _, incident in heapq.nsmallest(limit, overdue)]

    def _index(self, incident: str, state: IncidentState | Outline) -> None:
        if state.code is not None:
            self._codes[state.code] = incident
        moment = next_due(state)
        if moment is None:
            self._due.pop(incident, None)
        elif self._due.get(incident) != moment:
            self._due[incident] = moment
            heapq.heappush(self._timers, (moment, incident))
            if len(self._timers) > len(self._due) * 5 // 4 + _SPARE_TIMERS:
                self._timers = [(due, name) for name, due in self._due.items()]
                heapq.heapify(self._timers)

    def _skip_superseded(self) -> None:
        while self._timers and self._due.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)


def quarantined_unread(incident: str, fault: str, updated_at: datetime) -> IncidentState:
    """The state of an incident whose snapshot cannot be read: set aside for people, and said so in the log."""
    logger().error("snapshot_unreadable", incident=incident, detail=fault[:200])
    reason = f"its snapshot cannot be read: {fault}"[:400]
    return IncidentState(incident_id=incident, updated_at=updated_at, quarantined=reason)


class CodesInUse:
    """The reply codes that a new incident may not get: those of committed incidents and of this batch."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._fresh: set[str] = set()

    def add(self, code: str | None) -> None:
        """Note a code given in this batch."""
        if code is not None:
            self._fresh.add(code)

    def __contains__(self, code: object) -> bool:
        return code in self._fresh or self._ledger.incident_of_code(str(code)) is not None

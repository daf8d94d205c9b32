"""What one partition's worker knows: its incidents, their reply codes and timers, and how far it has read."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from schemas.incident import IncidentState
from streams.rules.incidents.due import next_due


@dataclass
class Ledger:
    """What is known of one partition, as folded so far; the log holds it a moment later at the latest.

    A state that asked for something is written with what it asked for, so what is in memory alone can be read again.

    ``offsets`` is the next offset to read by source topic. Timers are derived from the states: ``_timers`` is an
    index over them in which superseded entries are skipped.
    """

    partition: int
    incidents: dict[str, IncidentState] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)
    _timers: list[tuple[datetime, str]] = field(default_factory=list)

    def accept(self, states: Iterable[IncidentState]) -> None:
        """Take over committed states."""
        for state in states:
            self.incidents[state.incident_id] = state
            if state.code is not None:
                self._codes[state.code] = state.incident_id
            self._plan(state)

    def forget(self, incidents: Iterable[str]) -> None:
        """Let go of incidents that are long over."""
        for incident in incidents:
            state = self.incidents.pop(incident, None)
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

    def due_by(self, now: datetime) -> Iterator[str]:
        """Incidents with a timer at or before ``now``; their entries stay until ``accept`` replaces them."""
        first = self.next_due()
        if first is None or first > now:
            return iter(())
        return (incident for incident, moment in self._due.items() if moment <= now)

    def _plan(self, state: IncidentState) -> None:
        moment = next_due(state)
        if moment is None:
            self._due.pop(state.incident_id, None)
        elif self._due.get(state.incident_id) != moment:
            self._due[state.incident_id] = moment
            heapq.heappush(self._timers, (moment, state.incident_id))

    def _skip_superseded(self) -> None:
        while self._timers and self._due.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)


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

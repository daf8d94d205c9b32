"""Past events made into new events of an exercise: new ids, new times, and nobody real. Pure.

The ids follow from the run and the original, so that the same event of the same run, written twice, counts once.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.logs.logged import Logged
from schemas import ids
from schemas.event import EmergencyEvent, PsapNotified
from schemas.intake import accept
from schemas.vocabulary import EventKind, Origin, Status

OVER_WITHIN = timedelta(hours=1)
"""How long the word that an exercise was broken off is worth sending."""

_CLOSING = frozenset({EventKind.CANCEL, EventKind.ALL_CLEAR})
_MOMENTS = ("occurred_at", "expires_at")


@dataclass(frozen=True)
class Act:
    """One past event as the exercise has it again, ``after_s`` seconds after its beginning."""

    original: EmergencyEvent
    event_id: str
    incident_id: str
    after_s: float


@dataclass(frozen=True)
class Plan:
    """A whole exercise. ``left_out`` says of each event of that time why it is no part of it."""

    exerciseid: str
    acts: tuple[Act, ...]
    left_out: tuple[str, ...]

    def closing_id(self, incident: str, party: str) -> str:
        """Event id of the word to those told of ``incident`` by ``party`` that the exercise was broken off."""
        return ids.event_id(self.exerciseid, f"over {incident} {party}")


def originals(records: Iterable[Logged], incident: str | None) -> tuple[tuple[Logged, ...], tuple[str, ...]]:
    """The real events among ``records``, oldest first, each once; and why the others are none.

    What happened before in the range does not make sense of a follow-up: one whose first report is not there is left
    out, or it would be a first report itself.
    """
    kept: list[Logged] = []
    why: list[str] = []
    seen: set[str] = set()
    reported: set[str] = set()
    for one in sorted(records, key=lambda each: (each.appended_at, each.partition, each.offset)):
        event = one.record
        if not isinstance(event, EmergencyEvent) or event.event_id in seen:
            continue
        if incident is not None and event.incident_id != incident:
            continue
        seen.add(event.event_id)
        reason = _no_part(event, reported)
        if reason is not None:
            why.append(f"{event.event_id} ({event.kind.value} of {event.incident_id}): {reason}")
            continue
        reported.add(event.incident_id)
        kept.append(one)
    return tuple(kept), tuple(why)


def _no_part(event: EmergencyEvent, reported: set[str]) -> str | None:
    if event.service is not None or event.status is Status.SYSTEM:
        return "it is about the system itself"
    if event.origin is not Origin.LIVE or event.status is not Status.ACTUAL:
        return f"it was no real event (status {event.status.value}, origin {event.origin.value})"
    if event.kind is not EventKind.REPORT and event.incident_id not in reported:
        return "the first report of its incident is not in that time"
    return None


def run_id(records: Sequence[Logged], number: int) -> str:
    """The exercise id of run ``number`` (1 is the first) of an exercise made of those events."""
    named = sorted(one.record.event_id for one in records if isinstance(one.record, EmergencyEvent))
    return ids.exercise_id(hashlib.sha256("\n".join(named).encode()).hexdigest(), str(number))


def plan_of(records: Sequence[Logged], exerciseid: str, speed: float, left_out: tuple[str, ...] = ()) -> Plan:
    """The exercise made of those events (see ``originals``), ``speed`` times as fast as they came."""
    acts: list[Act] = []
    for one in records:
        event = one.record
        if isinstance(event, EmergencyEvent):
            after_s = (one.appended_at - records[0].appended_at).total_seconds() / speed
            acts.append(
                Act(
                    event,
                    ids.event_id(exerciseid, event.event_id),
                    ids.incident_id(exerciseid, event.incident_id),
                    after_s,
                )
            )
    return Plan(exerciseid, tuple(acts), left_out)


def event_of(act: Act, exerciseid: str, now: datetime) -> tuple[EmergencyEvent, tuple[str, ...]]:
    """``act`` as an event reported at ``now``, through the same door as every report; and what that door masked.

    Every time keeps its distance from the report. Free text is scanned for personal data again: what was let through
    then may be known for what it is now.

    Raises:
        Undecodable: the original would not be taken today.
    """
    body: dict[str, Any] = act.original.model_dump(mode="json", exclude_none=True)
    for name in ("recorded_at", "replayid"):
        body.pop(name, None)
    later = now - act.original.reported_at
    for name in _MOMENTS:
        if name in body:
            body[name] = (getattr(act.original, name) + later).isoformat()
    if act.original.psap_notified.at is not None:
        body["psap_notified"]["at"] = (act.original.psap_notified.at + later).isoformat()
    body |= {
        "event_id": act.event_id,
        "incident_id": act.incident_id,
        "status": Status.EXERCISE.value,
        "origin": Origin.EXERCISE.value,
        "exerciseid": exerciseid,
        "derivedfrom": act.original.event_id,
        "reported_at": now.isoformat(),
    }
    report = accept(json.dumps(body, ensure_ascii=False).encode(), now=now, fresh=lambda: act.event_id)
    return report.event, tuple(note for note in report.notes if note.startswith("masked"))


def closings(plan: Plan, sent: Iterable[Act], now: datetime) -> Iterator[EmergencyEvent]:
    """For each incident that ``sent`` opened and did not close, word from each who asked that it is over."""
    open_: dict[tuple[str, str], Act] = {}
    for act in sent:
        key = act.incident_id, act.original.reporting_party
        if act.original.kind in _CLOSING:
            open_.pop(key, None)
        else:
            open_.setdefault(key, act)
    for (incident, party), act in open_.items():
        yield EmergencyEvent(
            event_id=plan.closing_id(incident, party),
            incident_id=incident,
            kind=EventKind.ALL_CLEAR,
            status=Status.EXERCISE,
            origin=Origin.EXERCISE,
            exerciseid=plan.exerciseid,
            derivedfrom=act.original.incident_id,
            reporting_party=party,
            psap_notified=PsapNotified(notified=act.original.psap_notified.notified),
            reported_at=now,
            expires_at=now + OVER_WITHIN,
        )


def is_over(plan: Plan, written: frozenset[str]) -> bool:
    """Whether the run is at its end, by the ids of its events that stand on the log: all of it, or broken off."""
    closing = {plan.closing_id(act.incident_id, act.original.reporting_party) for act in plan.acts}
    return bool(closing & written) or all(act.event_id in written for act in plan.acts)

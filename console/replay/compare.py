"""One partition of a log judged anew: each event by the other policy, beside the decision that was made then."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.logs.logged import Logged, logged
from console.logs.source import LogSource, ValueSource
from console.replay.findings import Counts, Problem, ProblemKind
from console.replay.past import Past
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, EVENTS, TOPICS
from schemas.vocabulary import EventType, Origin, Status
from streams.rules.incidents.climbs import requests
from streams.rules.routing.route import route
from streams.rules.simulation.ladders import climbs_alike
from streams.rules.simulation.told import Comparison
from streams.rules.trusted import amended

DECIDED_WITHIN = timedelta(hours=1)
"""How long after the end of the period a decision on an event of the period is still looked for."""


@dataclass(frozen=True)
class Question:
    """What is asked: the events recorded from ``since`` to ``until`` (exclusive), by ``policy``."""

    since: datetime
    until: datetime
    policy: Policy


@dataclass
class Seen:
    """One incident of the period, as far as its decisions tell."""

    origin: Origin
    recorded_at: datetime
    reporting_party: str
    event_type: EventType | None
    versions: dict[str, None] = field(default_factory=dict)
    comparison: Comparison = field(default_factory=Comparison)
    climbs_anew: bool = False


@dataclass
class Compared:
    """What comparing one partition gave. ``versions`` counts events by the policy they were decided by."""

    incidents: dict[str, Seen] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def numbers(self) -> Counts:
        """The counts as a value."""
        return Counts(**self.counts)


def judge(event: EmergencyEvent, at: datetime, policy: Policy, past: Past) -> Decision:
    """The decision that ``policy`` leads to: as the router makes it, with the swaps that were on the log at ``at``."""
    return route(amended(event, recorded_at=at), policy, past.swaps.at(at))


class Comparer:
    """Takes the events and decisions of one partition, in whatever way the two topics interleave.

    A decision may come undecoded: nearly all are, byte for byte, what the other policy leads to, and then its content
    is known without reading it.
    """

    def __init__(self, question: Question, past: Past) -> None:
        self._question, self._past = question, past
        self._events: dict[str, tuple[EmergencyEvent, Logged]] = {}
        self._decisions: dict[str, Logged] = {}
        self._done: set[str] = set()
        self._alike: dict[tuple[str, str | None, str, str], bool] = {}
        self.found = Compared()

    def take(self, one: Logged) -> None:
        """Take the next record; whatever has met its other half is compared."""
        if one.topic == DECISIONS.name:
            self._take_decision(one)
            return
        one = _read(one)
        match one.record:
            case EmergencyEvent() as event if one.appended_at < self._question.until:
                self._take_event(event, one)
            case None:
                self._unreadable(one)
            case _:
                pass  # an event later than the period, read for the sake of decisions that came late

    def _take_event(self, event: EmergencyEvent, one: Logged) -> None:
        if event.replayid is not None:
            self.found.counts["replayed"] += 1
        elif event.service is not None or event.status is Status.SYSTEM:
            self.found.counts["service"] += 1
            self._done.add(event.event_id)
            self._decisions.pop(event.event_id, None)
        elif event.event_id in self._done or event.event_id in self._events:
            self.found.counts["repeated"] += 1
        elif (decision := self._decisions.pop(event.event_id, None)) is not None:
            self._compare(event, one, decision)
        else:
            self._events[event.event_id] = event, one

    def _take_decision(self, one: Logged) -> None:
        event_id = event_decided(one)
        if event_id is None:
            one = _read(one)
            if not isinstance(one.record, Decision):
                self._unreadable(one)
                return
            if one.record.replayid is not None:
                return
            event_id = one.record.event_id
        if event_id in self._done:
            return
        waiting = self._events.pop(event_id, None)
        if waiting is not None:
            self._compare(*waiting, one)
        else:
            self._decisions.setdefault(event_id, one)

    def _unreadable(self, one: Logged) -> None:
        if one.appended_at < self._question.until:
            fault = one.fault
            detail = f"{fault.reason}: {fault.detail}" if fault is not None else "no value"
            self._problem(ProblemKind.UNREADABLE, f"{one.topic}[{one.partition}]@{one.offset}", detail)

    def _problem(self, kind: ProblemKind, where: str, detail: str) -> None:
        self.found.problems.append(Problem(kind=kind, where=where, detail=detail[:400]))

    def _compare(self, event: EmergencyEvent, at: Logged, decided: Logged) -> None:
        try:
            now = judge(event, at.appended_at, self._question.policy, self._past)
            then = decision_of(decided, now)
            if isinstance(then, Decision) and then.recorded_at != at.appended_at:  # a restored or an older record
                now = judge(event, then.recorded_at, self._question.policy, self._past)
        except Exception as error:  # noqa: BLE001 - a rule that raises is what a what-if must tell of, event by event
            self._count(event, None)
            self._problem(ProblemKind.RULES_FAILED, f"event {event.event_id}", f"{type(error).__name__}: {error}")
            return
        if not isinstance(then, Decision):
            self._events[event.event_id] = event, at  # a decision that cannot be read is none: another may come
            self._unreadable(then)
            return
        self._count(event, then)
        seen = self.found.incidents.get(event.incident_id)
        if seen is None:
            seen = Seen(event.origin, then.recorded_at, event.reporting_party, event.event_type)
            self.found.incidents[event.incident_id] = seen
            name = "exercise_incidents" if event.origin is Origin.EXERCISE else "incidents"
            self.found.counts[name] += 1
        seen.versions[then.policy_version] = None
        differs = seen.comparison.take(then, now)
        if not seen.climbs_anew:
            seen.climbs_anew = self._climbs_anew(then, now, differs)

    def _count(self, event: EmergencyEvent, then: Decision | None) -> None:
        self._done.add(event.event_id)
        self.found.counts["exercise_events" if event.origin is Origin.EXERCISE else "events"] += 1
        if then is not None:
            self.found.versions[then.policy_version] += 1

    def _climbs_anew(self, then: Decision, now: Decision, differs: bool) -> bool:
        """Whether a ladder may go otherwise, so that it is worth climbing again."""
        if differs:
            return bool(requests(then) or requests(now))
        return any(
            not self._climb_alike(then.policy_version, one.ladder, one.partner, one.asking_party)
            for one in requests(then)
        )

    def _climb_alike(self, version: str, ladder: str | None, party: str, asker: str) -> bool:
        key = version, ladder, party, asker
        if key not in self._alike:
            old = self._past.policies.get(version)
            # Of a policy that is not on the log nothing more can be said than that the decisions are the same.
            self._alike[key] = old is None or climbs_alike(
                old, self._question.policy, ladder=ladder, party=party, asker=asker
            )
        return self._alike[key]

    def close(self) -> Compared:
        """Name what has no other half, and give what was found."""
        for event, one in self._events.values():
            where = f"event {event.event_id}, {one.topic}[{one.partition}]@{one.offset}"
            self._problem(ProblemKind.UNDECIDED, where, "no decision on it stands on the log")
        for one in map(_read, self._decisions.values()):
            if not isinstance(one.record, Decision):
                self._unreadable(one)
            elif one.record.service is None and self._in_period(one.record.recorded_at):
                where = f"event {one.record.event_id}, incident {one.record.incident_id}"
                detail = "there is a decision on it, and no such event on the log"
                self._problem(ProblemKind.EVENT_GONE, where, detail)
        return self.found

    def _in_period(self, at: datetime) -> bool:
        return self._question.since <= at < self._question.until


_DECIDED = re.compile(rb'\{"version":1,"record":"decision","event_id":"([A-Za-z0-9._-]{1,64})","incident_id":"')
_VERSION = re.compile(rb'"policy_version":"([0-9a-f]{64})"')


def event_decided(one: Logged) -> str | None:
    """The event that an undecoded decision is about; None where it takes reading to know."""
    if one.record is not None or one.value is None or b'"replayid"' in one.value:
        return one.record.event_id if isinstance(one.record, Decision) and one.record.replayid is None else None
    found = _DECIDED.match(one.value)
    return None if found is None else found[1].decode()


def decision_of(decided: Logged, now: Decision) -> Decision | Logged:
    """The decision of then: known at once where its bytes are those of ``now`` but for the policy, else read.

    Bytes that are equal to what a decision is written as are a valid record and that decision.
    """
    if isinstance(decided.record, Decision):
        return decided.record
    version = _VERSION.search(decided.value or b"")
    if version is not None:
        alike = amended(now, policy_version=version[1].decode())
        if alike.model_dump_json(exclude_none=True).encode() == decided.value:
            return alike
    read = _read(decided)
    return read.record if isinstance(read.record, Decision) else read


def _read(one: Logged) -> Logged:
    """``one`` decoded, if it is not yet."""
    if one.record is not None or one.fault is not None:
        return one
    return logged(TOPICS[one.topic], one.partition, one.offset, one.appended_at, one.key, one.value, one.restored)


async def compare(source: LogSource, partitions: frozenset[int], question: Question, past: Past) -> dict[int, Compared]:
    """Everything that was recorded in the period, compared, for each of ``partitions``.

    Raises:
        TooMuchToRead, KafkaError, OSError: as ``LogSource.stream``.
    """
    comparers = {number: Comparer(question, past) for number in sorted(partitions)}
    until = question.until + DECIDED_WITHIN
    read = source.stream_values if isinstance(source, ValueSource) else source.stream
    async for batch in read((EVENTS, DECISIONS), since=question.since, until=until, partitions=partitions):
        for one in batch:
            comparers[one.partition].take(one)
    return {number: comparer.close() for number, comparer in comparers.items()}

"""The parts of a what-if put together: one answer, with its counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from console.logs.logged import Logged
from console.replay.compare import Question
from console.replay.findings import (
    AgreementCount,
    Counts,
    IncidentDifference,
    PolicyUsed,
    Problem,
    ProblemKind,
    RoleCount,
    VersionUsed,
    WhatIf,
)
from console.replay.whatif import Part
from schemas.vocabulary import Origin
from streams.rules.simulation.told import Kind

ASSUMPTIONS = (
    "recorded_time",
    "swaps_then",
    "first_decision",
    "follow_ups",
    "answers_same_moment",
    "answers_unasked",
    "providers_then",
    "ladders_both_simulated",
    "service_apart",
)
"""What the answer takes for granted; docs/replay.md and the page say each in a sentence."""

_BREAKS_A_CHECK = frozenset({ProblemKind.RULES_FAILED, ProblemKind.LADDER_FAILED})


def put_together(
    parts: Sequence[Part],
    question: Question,
    *,
    log: str,
    origin: str,
    only: frozenset[str],
    unreadable: Sequence[Logged],
) -> WhatIf:
    """The answer to ``question``. ``origin`` says where the other policy is from; incidents stand in order of time."""
    every = sorted(
        (one for part in parts for one in part.incidents), key=lambda one: (one.recorded_at, one.incident_id)
    )
    real = tuple(one for one in every if one.origin is not Origin.EXERCISE)
    exercises = tuple(one for one in every if one.origin is Origin.EXERCISE)
    problems = (*(_unreadable(one) for one in unreadable), *(one for part in parts for one in part.problems))
    versions: Counter[str] = sum((part.versions for part in parts), Counter())
    return WhatIf(
        log=log,
        since=question.since,
        until=question.until,
        policy=PolicyUsed(policy_version=question.policy.version, source=origin),
        policies_then=tuple(
            VersionUsed(policy_version=version, events=events)
            for version, events in sorted(versions.items(), key=lambda one: (-one[1], one[0]))
        ),
        only=tuple(sorted(only)),
        differs=bool(every) or any(one.kind in _BREAKS_A_CHECK for one in problems),
        counts=_counts(parts, len(real), len(exercises)),
        agreements=tuple(_agreements(real)),
        incidents=real,
        exercises=exercises,
        problems=problems,
        assumptions=ASSUMPTIONS,
    )


def _unreadable(one: Logged) -> Problem:
    detail = f"{one.fault.reason}: {one.fault.detail}" if one.fault else "its hash is not that of its policy"
    where = f"{one.topic}[{one.partition}]@{one.offset}"
    return Problem(kind=ProblemKind.UNREADABLE, where=where, detail=detail[:400])


def _counts(parts: Iterable[Part], differing: int, exercises: int) -> Counts:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.counts.model_dump())
    return Counts(**(total | Counter(differing=differing, differing_exercises=exercises)))


@dataclass
class _OfAgreement:
    incidents: set[str] = field(default_factory=set)
    routes: set[str] = field(default_factory=set)
    ladders: set[str] = field(default_factory=set)
    people: dict[tuple[Kind, str, str], set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))


def _agreements(incidents: Iterable[IncidentDifference]) -> Iterator[AgreementCount]:
    found: dict[str, _OfAgreement] = defaultdict(_OfAgreement)
    for one in incidents:
        for person in one.people:
            of = found[person.agreement]
            of.incidents.add(one.incident_id)
            of.people[person.kind, person.party, person.role].add((one.incident_id, person.contact_id))
        for route in one.routes:
            found[route.agreement].incidents.add(one.incident_id)
            found[route.agreement].routes.add(one.incident_id)
        for ladder in one.ladders:
            of = found[ladder.agreement]
            of.incidents.add(one.incident_id)
            of.ladders.add(one.incident_id)
            for asked in ladder.asked:
                of.people[asked.kind, ladder.party, asked.role].add((one.incident_id, asked.contact_id))
    for agreement, of in sorted(found.items()):
        yield AgreementCount(
            agreement=agreement,
            incidents=len(of.incidents),
            roles=tuple(_role(key, told) for key, told in sorted(of.people.items())),
            told_otherwise=len(of.routes),
            ladders=len(of.ladders),
        )


def _role(key: tuple[Kind, str, str], told: set[tuple[str, str]]) -> RoleCount:
    kind, party, role = key
    incidents, contacts = {incident for incident, _ in told}, {contact for _, contact in told}
    return RoleCount(kind=kind, party=party, role=role, incidents=len(incidents), contacts=len(contacts))

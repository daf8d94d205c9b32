"""A what-if over a whole log: partition by partition, in as many processes as asked for, and one answer of all."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from console.logs.source import LogSource
from console.replay.climb_again import Climbed, climb_again
from console.replay.compare import Compared, Question, Seen, compare
from console.replay.findings import Counts, IncidentDifference, Problem
from console.replay.past import Past


@dataclass(frozen=True)
class Part:
    """What one partition gave."""

    counts: Counts
    versions: Counter[str]
    incidents: tuple[IncidentDifference, ...]
    problems: tuple[Problem, ...]


def run(source: LogSource, question: Question, past: Past, *, jobs: int, only: frozenset[str]) -> list[Part]:
    """Every partition of ``source``, in order. The answer does not depend on ``jobs``.

    ``only`` limits what is told to these agreements (none named: all).

    Raises:
        TooMuchToRead, KafkaError, OSError: as ``LogSource.stream``.
    """
    shares = [frozenset(range(first, source.partitions, jobs)) for first in range(min(jobs, source.partitions))]
    if len(shares) == 1:
        found = [asyncio.run(share(source, shares[0], question, past, only))]
    else:
        # Not forked: whoever calls this may have threads, and an event loop that ran before.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            len(shares), context, initializer=_begin, initargs=(source, question, past, only)
        ) as pool:
            found = list(pool.map(_in_process, shares))
    by_partition = {number: part for parts in found for number, part in parts.items()}
    return [by_partition[number] for number in sorted(by_partition)]


_asked: tuple[LogSource, Question, Past, frozenset[str]] | None = None


def _begin(source: LogSource, question: Question, past: Past, only: frozenset[str]) -> None:
    """What a process of the pool is given once: a policy takes a while to hand over and to compile."""
    global _asked  # noqa: PLW0603 - a process of a pool has no other place for what it is given at its start
    _asked = source, question, past, only


def _in_process(partitions: frozenset[int]) -> dict[int, Part]:
    if _asked is None:
        raise RuntimeError("the process was not given its question")
    source, question, past, only = _asked
    return asyncio.run(share(source, partitions, question, past, only))


async def share(
    source: LogSource, partitions: frozenset[int], question: Question, past: Past, only: frozenset[str]
) -> dict[int, Part]:
    """Some partitions: their events compared, then the ladders that may go otherwise climbed again."""
    found = await compare(source, partitions, question, past)
    anew = {number: _anew(one) for number, one in found.items()}
    wanted = {number: names for number, names in anew.items() if names}
    climbed = await climb_again(source, wanted, question, past) if wanted else {}
    return {number: _part(one, climbed.get(number, Climbed()), only) for number, one in found.items()}


def _anew(found: Compared) -> list[str]:
    return [name for name, seen in found.incidents.items() if seen.climbs_anew]


def _part(found: Compared, climbed: Climbed, only: frozenset[str]) -> Part:
    counts = found.numbers().model_copy(update={"ladders": climbed.ladders})
    differences = tuple(_differences(found, climbed, only))
    return Part(counts, found.versions, differences, (*found.problems, *climbed.problems))


def _differences(found: Compared, climbed: Climbed, only: frozenset[str]) -> Iterator[IncidentDifference]:
    for name, seen in found.incidents.items():
        difference = _difference(name, seen, climbed)
        if only:
            difference = _limited(difference, only)
        if difference.outcomes or difference.people or difference.routes or difference.ladders:
            yield difference


def _difference(name: str, seen: Seen, climbed: Climbed) -> IncidentDifference:
    return IncidentDifference(
        incident_id=name,
        origin=seen.origin,
        recorded_at=seen.recorded_at,
        reporting_party=seen.reporting_party,
        event_type=seen.event_type,
        policies_then=tuple(seen.versions),
        outcomes=tuple(seen.comparison.outcomes),
        people=tuple(seen.comparison.people()),
        routes=tuple(seen.comparison.routes),
        ladders=climbed.changes.get(name, ()),
        answers_left_out=climbed.left_out.get(name, ()),
    )


def _limited(difference: IncidentDifference, only: frozenset[str]) -> IncidentDifference:
    """What of it is about the agreements ``only``; how an event ends counts where one of them is concerned."""
    people = tuple(one for one in difference.people if one.agreement in only)
    routes = tuple(one for one in difference.routes if one.agreement in only)
    ladders = tuple(one for one in difference.ladders if one.agreement in only)
    events = {one.event_id for one in people} | {one.event_id for one in routes}
    outcomes = tuple(one for one in difference.outcomes if one.event_id in events)
    left_out = difference.answers_left_out if ladders else ()
    changes = {"people": people, "routes": routes, "ladders": ladders}
    return difference.model_copy(update=changes | {"outcomes": outcomes, "answers_left_out": left_out})

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
    partitions = range(source.partitions)
    if jobs <= 1:
        return [asyncio.run(part(source, number, question, past, only)) for number in partitions]
    # Not forked: whoever calls this may have threads, and an event loop that ran before.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(partitions)), context, initializer=_begin, initargs=(source, question, past, only)
    ) as pool:
        return list(pool.map(_in_process, partitions))


_asked: tuple[LogSource, Question, Past, frozenset[str]] | None = None


def _begin(source: LogSource, question: Question, past: Past, only: frozenset[str]) -> None:
    """What a process of the pool is given once: a policy takes a while to hand over and to compile."""
    global _asked  # noqa: PLW0603 - a process of a pool has no other place for what it is given at its start
    _asked = source, question, past, only


def _in_process(partition: int) -> Part:
    if _asked is None:
        raise RuntimeError("the process was not given its question")
    source, question, past, only = _asked
    return asyncio.run(part(source, partition, question, past, only))


async def part(source: LogSource, partition: int, question: Question, past: Past, only: frozenset[str]) -> Part:
    """One partition: its events compared, then the ladders that may go otherwise climbed again."""
    found = await compare(source, partition, question, past)
    anew = [name for name, seen in found.incidents.items() if seen.climbs_anew]
    climbed = await climb_again(source, partition, anew, question, past) if anew else Climbed()
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

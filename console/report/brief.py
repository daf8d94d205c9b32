"""``Brief``: the month in plain sentences, for somebody who was not there, by rules that stand here."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from console.report.cases import FOLLOWED, Outcome
from console.report.figures import Figures, MonthFigures
from console.report.spread import SMALL, Spread
from console.report.words import Words

SLOW: Final = timedelta(minutes=5)
"""A partner that waits longer than this for its first text waited too long: a telephone call is faster."""

ADDRESS_REASONS: Final = frozenset(
    {"invalid_address", "no_address", "unknown_contact", "recipient_stopped", "undelivered", "origin_mismatch"}
)
"""Failures that somebody mends in the directory; others lie with a provider or the system."""


@dataclass(frozen=True)
class Brief:
    """What the month was like, what went badly, and what to look at; each a list of sentences."""

    told: tuple[str, ...]
    badly: tuple[str, ...]
    look: tuple[str, ...]


def brief_of(month: MonthFigures, before: MonthFigures | None, words: Words, now: datetime) -> Brief:
    """The sentences of ``month``; ``before`` is None where the log does not hold the month before."""
    badly = _badly(month, words, now)
    return Brief(
        tuple(_told(month, before, words)),
        tuple(badly) or (words.told("nothing_badly"),),
        tuple(_look(month, words, now)) or (words.told("nothing_look"),),
    )


def _told(month: MonthFigures, before: MonthFigures | None, words: Words) -> list[str]:
    real = month.real
    said: list[str] = []
    if not real.incidents:
        said.append(words.told("none_reported", month=words.month(month.month)))
    else:
        said.append(words.counted("reported", real.incidents, month=words.month(month.month)))
    if before is not None:
        said.append(words.told("compared", n=words.number(before.real.incidents)))
    if real.incidents:
        crossed = real.fates["crossed"]
        said.append(words.told("crossed", n=words.number(crossed)) if crossed else words.told("none_crossed"))
        said.append(_busiest(real, words))
    said += _spread("told", real.to_partner, words)
    if real.asked:
        outcomes = words.counts(real.outcomes, [outcome.value for outcome in Outcome])
        said.append(words.counted("asked", real.asked, outcomes=outcomes))
    said += _spread("answered", real.to_answer, words)
    if month.exercise.exercises:
        said.append(words.counted("exercises", month.exercise.exercises))
    return said + _caveats(month, before, words)


def _busiest(real: Figures, words: Words) -> str:
    (kind, n), (place, m) = top(real.by_type)[0], top(real.by_unit)[0]
    return words.told(
        "busiest", type=words.event_type(kind), n=words.number(n), place=words.unit(place), m=words.number(m)
    )


def top(counted: Counter[str]) -> list[tuple[str, int]]:
    """What was counted, the most frequent first; of equal ones by name, so that a report is always the same."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _spread(key: str, spread: Spread, words: Words) -> list[str]:
    if not spread.count:
        return []
    if spread.median is None or spread.ninetieth is None:
        return [words.told(f"{key}_few", values=words.durations(spread.values))]
    median, ninetieth = words.duration(spread.median), words.duration(spread.ninetieth)
    return [words.told(key, median=median, ninetieth=ninetieth, n=words.number(spread.count))]


def _caveats(month: MonthFigures, before: MonthFigures | None, words: Words) -> list[str]:
    said = [words.told("no_comparison")] if before is None else []
    if month.log_begins_within:
        said.append(words.told("partly_covered"))
    if not month.is_over:
        said.append(words.told("not_over"))
    if month.still_followed:
        said.append(words.told("still_followed", day=words.day(month.month.end + FOLLOWED)))
    return said


def _slow(real: Figures) -> int:
    return sum(value > SLOW.total_seconds() for value in real.to_partner.values)


def stopped_for(month: MonthFigures, words: Words, now: datetime) -> str:
    """How long sending was stopped in all, as far as it is known."""
    known = [one.seconds(month.month, now) for one in month.stopped]
    return words.duration(sum(value for value in known if value is not None))


def _badly(month: MonthFigures, words: Words, now: datetime) -> list[str]:
    real = month.real
    limit = words.duration(SLOW.total_seconds())
    failed, whole = sum(real.failures.values()), sum(real.texts.values())
    counts: tuple[tuple[str, int, dict[str, str]], ...] = (
        ("never_told", real.never_told, {}),
        ("unanswered", real.outcomes[Outcome.UNANSWERED.value], {}),
        ("declined", real.outcomes[Outcome.DECLINED.value], {}),
        ("slow", _slow(real), {"limit": limit}),
        ("climbed", real.climbed, {}),
        ("failed", failed, {"of": words.part(failed, whole)}),
        ("repeated", sum(real.repetitions.values()), {}),
        ("stopped", len(month.stopped), {"time": stopped_for(month, words, now)}),
        ("unclear", sum(real.unclear.values()), {}),
        ("refused", real.fates["refused"], {}),
        ("undecided", real.fates["undecided"], {}),
    )
    return [words.counted(key, n, **blanks) for key, n, blanks in counts if n]


def _look(month: MonthFigures, words: Words, now: datetime) -> list[str]:
    real = month.real
    silent = {line.partner for line in real.requests if line.outcome is Outcome.UNANSWERED}
    addresses = any(reason in ADDRESS_REASONS for _, reason in real.failures)
    providers = any(reason not in ADDRESS_REASONS for _, reason in real.failures)
    wanted: tuple[tuple[str, bool, dict[str, str]], ...] = (
        ("look_unanswered", bool(silent), {"parties": ", ".join(sorted(map(words.party, silent)))}),
        ("look_slow", bool(_slow(real)), {"limit": words.duration(SLOW.total_seconds())}),
        ("look_addresses", addresses, {}),
        ("look_provider", providers, {}),
        ("look_unclear", bool(real.unclear), {}),
        ("look_stopped", bool(month.stopped), {}),
        ("look_refused", bool(real.fates["refused"]), {}),
        ("look_exercise", not month.exercise.incidents and month.is_over, {}),
        ("look_small", 0 < real.to_partner.count < SMALL or 0 < real.asked < SMALL, {}),
    )
    return [words.told(key, **blanks) for key, said, blanks in wanted if said]

"""What stands on the page below the brief: tiles, pictures and tables, in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from console.report.cases import Fate, Outcome
from console.report.figures import Figures, MonthFigures, RequestLine
from console.report.tables import Counted, Pair, Part, Section, middle
from console.report.words import Words

LINES_MAX: Final = 120
"""Requests listed on the page."""

FATES: Final = ("crossed", "stayed", "refused", "undecided")
EVENTS: Final = {"report": "reports", "update": "updates", "cancel": "cancels", "all_clear": "all_clears"}
ACTIONS: Final = ("help", "inform", "refer")


@dataclass(frozen=True)
class Tile:
    """One number at the top of the page, and what it is compared with."""

    name: str
    value: str
    beside: str


def tiles_of(month: MonthFigures, before: MonthFigures | None, words: Words) -> tuple[Tile, ...]:
    """The four numbers that are asked for first."""
    label = words.label

    def tile(name: str, tell: Callable[[Figures], str]) -> Tile:
        past = tell(before.real) if before else label("no_data")
        return Tile(label(name), tell(month.real), f"{label('before')}: {past}")

    return (
        tile("incidents", lambda found: words.number(found.incidents)),
        tile("to_partner", lambda found: middle(found.to_partner, words)),
        tile("accepted_tile", lambda found: words.part(found.outcomes[Outcome.ACCEPTED.value], found.asked)),
        tile("failed_tile", lambda found: words.part(found.failures.total(), found.texts.total())),
    )


def sections_of(month: MonthFigures, before: MonthFigures | None, words: Words) -> tuple[Section, ...]:
    """Every section, also where nothing happened: a reader sees that it was counted."""
    label = words.label
    pair = Pair(month.real, before.real if before else None, words)
    sections = [
        Section(label("happened"), _happened(pair)),
        Section(label("speed"), _speed(pair)),
        Section(label("answers"), _answers(pair)),
        Section(label("texts"), (*_texts(pair), *_stopped(month, words))),
        Section(
            label("exercises"), _exercises(Pair(month.exercise, before.exercise if before else None, words)), "exercise"
        ),
    ]
    if month.real.requests:
        sections.append(Section(label("each"), (_each(month.real.requests, words),)))
    return tuple(sections)


def _happened(pair: Pair) -> tuple[Part, ...]:
    label = pair.words.label
    rows = [
        pair.counted(label("incidents"), lambda found: found.incidents),
        *(pair.of(label(fate), lambda found: found.fates, fate) for fate in FATES),
        *(pair.of(label(name), lambda found: found.events, kind) for kind, name in EVENTS.items()),
        *(pair.of(label(one), lambda found: found.actions, one) for one in ACTIONS),
    ]
    return (
        pair.table("", rows),
        *pair.ranked("by_type", lambda found: found.by_type, pair.words.event_type),
        *pair.ranked("by_place", lambda found: found.by_unit, pair.words.unit),
        *pair.ranked("by_agreement", lambda found: found.by_agreement, pair.words.agreement),
    )


def _speed(pair: Pair) -> tuple[Part, ...]:
    rows = [
        *pair.spreads("to_partner", by=lambda found: found.to_partner_by),
        *pair.spreads("to_answer", by=lambda found: found.to_answer_by),
        *pair.spreads("to_yes"),
    ]
    return (
        *pair.dots("to_partner", "seconds_axis", pair.real.to_partner_by),
        *pair.dots("to_answer", "answer_axis", pair.real.to_answer_by),
        pair.durations(rows),
    )


def _answers(pair: Pair) -> tuple[Part, ...]:
    label = pair.words.label
    outcomes = [row for row in _outcomes(pair) if row[1] or row[2]]
    steps = [
        pair.of(label("step_0"), lambda found: found.steps, 0),
        pair.of(label("step_1"), lambda found: found.steps, 1),
        pair.counted(label("step_more"), lambda found: found.climbed - found.steps[1]),
    ]
    people = [
        pair.counted(label("volunteers_asked"), lambda found: found.volunteers_asked),
        pair.counted(label("volunteers_yes"), lambda found: found.volunteers_coming),
    ]
    volunteers = pair.bars("volunteers", label("volunteers"), people if any(n or past for _, n, past in people) else ())
    return (
        *pair.bars("outcomes", label("outcome"), outcomes),
        pair.table(label("steps"), steps),
        *(volunteers or (pair.table(label("volunteers"), people),)),
    )


def _outcomes(pair: Pair) -> list[Counted]:
    return [pair.of(pair.words.outcome(one.value), lambda found: found.outcomes, one.value) for one in Outcome]


def _texts(pair: Pair) -> tuple[Part, ...]:
    words, label = pair.words, pair.words.label
    keys = {*pair.real.texts, *(pair.past.texts if pair.past else ())}
    fates = [
        pair.of(f"{words.channel(key[0])}: {words.fate(key[1])}", lambda found: found.texts, key)
        for key in sorted(keys, key=lambda key: (key[0] != "sms", [fate.value for fate in Fate].index(key[1])))
    ]
    failures = [
        pair.of(f"{words.channel(key[0])}: {words.reason(key[1])}", lambda found: found.failures, key)
        for key, _ in sorted(pair.real.failures.items(), key=lambda item: (-item[1], item[0]))
    ]
    extra = [
        pair.counted(label("repetitions"), lambda found: found.repetitions.total()),
        pair.counted(label("held"), lambda found: found.held),
        pair.counted(label("unclear"), lambda found: found.unclear.total()),
    ]
    return (
        *((pair.table("", fates, "fate"),) if fates else ()),
        *((pair.table(label("failures"), failures, "reason"),) if failures else ()),
        pair.table("", extra),
    )


def _stopped(month: MonthFigures, words: Words) -> tuple[Part, ...]:
    if not month.stopped:
        return ()
    label = words.label
    rows = tuple(
        (
            words.party(one.party) if one.party else label("everybody"),
            words.moment(one.since) if one.since else label("not_known"),
            words.moment(one.until) if one.until else label("not_ended"),
        )
        for one in month.stopped
    )
    return (Part(label("stopped"), heads=(label("whom"), label("since"), label("until")), rows=rows),)


def _exercises(pair: Pair) -> tuple[Part, ...]:
    words, label = pair.words, pair.words.label
    counts = [
        pair.counted(label("exercise_count"), lambda found: found.exercises),
        pair.counted(label("exercise_incidents"), lambda found: found.incidents),
        pair.counted(label("steps"), lambda found: found.climbed),
        pair.counted(label("failures"), lambda found: found.failures.total()),
    ]
    counts += [(f"{label('outcome')}: {name}", n, past) for name, n, past in _outcomes(pair) if n]
    parts = [pair.table("", counts)]
    if pair.real.incidents:
        parts.append(pair.durations([*pair.spreads("to_partner"), *pair.spreads("to_answer")]))
    if pair.real.requests:
        parts.append(_each(pair.real.requests, words))
    return tuple(parts)


def _each(lines: Sequence[RequestLine], words: Words) -> Part:
    label = words.label

    def row(line: RequestLine) -> tuple[str, ...]:
        return (
            words.moment(line.began_at),
            words.event_type(line.event_type),
            words.unit(line.unit),
            f"{words.party(line.asking_party)} → {words.party(line.partner)}",
            "–" if line.to_partner is None else words.duration(line.to_partner),
            "–" if line.to_answer is None else words.duration(line.to_answer),
            words.number(line.steps),
            words.outcome(line.outcome.value),
        )

    keys = ("day", "event", "place", "asked_whom", "told_after", "answered_after", "further", "outcome")
    note = label("shown", n=words.number(LINES_MAX)) if len(lines) > LINES_MAX else ""
    heads, rows = tuple(label(key) for key in keys), tuple(row(line) for line in lines[:LINES_MAX])
    return Part(heads=heads, rows=rows, numbers=(6,), note=note, dense=True)

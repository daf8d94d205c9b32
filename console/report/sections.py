"""What stands on the page below the brief: tiles, pictures and tables, in order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from console.report import plots
from console.report.brief import top
from console.report.cases import Fate, Outcome
from console.report.figures import Figures, MonthFigures, RequestLine
from console.report.plots import Bar, Caption
from console.report.spread import Spread
from console.report.words import Words

BARS_MAX: Final = 12
"""Bars of one picture; the rest stands in the table of figures."""

LINES_MAX: Final = 120
"""Requests listed on the page."""


@dataclass(frozen=True)
class Tile:
    """One number at the top of the page, and what it is compared with."""

    name: str
    value: str
    beside: str


@dataclass(frozen=True)
class Part:
    """A picture (``svg``), or a table; ``numbers`` are the columns that are set to the right."""

    title: str = ""
    svg: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[int, ...] = ()
    note: str = ""
    dense: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: tuple[Part, ...]
    style: str = ""


def tiles_of(month: MonthFigures, before: MonthFigures | None, words: Words) -> tuple[Tile, ...]:
    """The four numbers that are asked for first."""
    label = words.label

    def tile(name: str, tell: Callable[[Figures], str]) -> Tile:
        past = tell(before.real) if before else label("no_data")
        return Tile(name, tell(month.real), f"{label('before')}: {past}")

    return (
        tile(label("incidents"), lambda found: words.number(found.incidents)),
        tile(label("to_partner"), lambda found: _middle(found.to_partner, words)),
        tile(label("accepted_tile"), lambda found: words.part(found.outcomes[Outcome.ACCEPTED.value], found.asked)),
        tile(
            label("failed_tile"),
            lambda found: words.part(sum(found.failures.values()), sum(found.texts.values())),
        ),
    )


def sections_of(month: MonthFigures, before: MonthFigures | None, words: Words, now: datetime) -> tuple[Section, ...]:
    """Every section, also where nothing happened: a reader sees that it was counted."""
    past = before.real if before else None
    label = words.label
    sections = [
        Section(label("happened"), _happened(month.real, past, words)),
        Section(label("speed"), _speed(month.real, past, words, "")),
        Section(label("answers"), _answers(month.real, past, words)),
        Section(label("texts"), (*_texts(month.real, past, words), *_stopped(month, words))),
        Section(label("exercises"), _exercises(month, before, words), "exercise"),
    ]
    if month.real.requests:
        sections.append(Section(label("each"), (_each(month.real.requests, words),)))
    return tuple(sections)


def _pair(words: Words, value: int, past: int | None) -> tuple[str, str]:
    return words.number(value), words.label("no_data") if past is None else words.number(past)


def _compared(words: Words, title: str, rows: Sequence[tuple[str, int, int | None]], head: str = "measure") -> Part:
    """A table of counts beside those of the month before."""
    heads = (words.label(head), words.label("this"), words.label("before"))
    return Part(
        title, heads=heads, rows=tuple((name, *_pair(words, n, past)) for name, n, past in rows), numbers=(1, 2)
    )


def _bars(
    words: Words, key: str, counted: Counter[str], past: Counter[str] | None, name: Callable[[str], str]
) -> tuple[Part, ...]:
    """A picture of ``counted``, the most frequent first."""
    if not counted:
        return ()
    rows = [Bar(name(one), n, None if past is None else past[one]) for one, n in top(counted)[:BARS_MAX]]
    title = words.label(key)
    caption = Caption(key, title, words.plot(key), words.label("this"), words.label("before"))
    return (Part(title, svg=plots.bars(caption, rows)),)


def _happened(real: Figures, past: Figures | None, words: Words) -> tuple[Part, ...]:
    label = words.label

    def row(name: str, tell: Callable[[Figures], int]) -> tuple[str, int, int | None]:
        return label(name), tell(real), tell(past) if past else None

    table = _compared(
        words,
        "",
        [
            row("incidents", lambda found: found.incidents),
            *(row(fate, lambda found, fate=fate: found.fates[fate]) for fate in FATES),  # type: ignore[misc]
            *(row(name, lambda found, kind=kind: found.events[kind]) for kind, name in EVENTS.items()),  # type: ignore[misc]
            *(row(action, lambda found, one=action: found.actions[one]) for action in ACTIONS),  # type: ignore[misc]
        ],
    )
    return (
        *_bars(words, "by_type", real.by_type, past.by_type if past else None, words.event_type),
        *_bars(words, "by_place", real.by_unit, past.by_unit if past else None, words.unit),
        *_bars(words, "by_agreement", real.by_agreement, past.by_agreement if past else None, words.agreement),
        table,
    )


FATES: Final = ("crossed", "stayed", "refused", "undecided")
EVENTS: Final = {"report": "reports", "update": "updates", "cancel": "cancels", "all_clear": "all_clears"}
ACTIONS: Final = ("help", "inform", "refer")


def _middle(spread: Spread, words: Words) -> str:
    if spread.median is not None:
        return words.duration(spread.median)
    return words.durations(spread.values) if spread.count else words.label("nothing")


def _spread_row(name: str, spread: Spread, past: Spread | None, words: Words) -> tuple[str, ...]:
    """Count, median and 90th percentile, or the few values themselves; and the month before with its count."""
    if past is None:
        earlier = words.label("no_data")
    else:
        earlier = f"{_middle(past, words)} ({words.number(past.count)})"
    count = words.number(spread.count)
    if spread.median is None or spread.ninetieth is None:
        few = words.label("values", values=words.durations(spread.values)) if spread.count else words.label("nothing")
        return name, count, few, "–", earlier
    return name, count, words.duration(spread.median), words.duration(spread.ninetieth), earlier


def _speed(real: Figures, past: Figures | None, words: Words, prefix: str) -> tuple[Part, ...]:
    label = words.label
    rows = [_spread_row(label("to_partner"), real.to_partner, past.to_partner if past else None, words)]
    rows += _by_agreement(real.to_partner_by, past.to_partner_by if past else None, words)
    rows.append(_spread_row(label("to_answer"), real.to_answer, past.to_answer if past else None, words))
    rows += _by_agreement(real.to_answer_by, past.to_answer_by if past else None, words)
    rows.append(_spread_row(label("to_yes"), real.to_yes, past.to_yes if past else None, words))
    heads = (label("measure"), label("count"), label("median"), label("ninetieth"), label("before"))
    table = Part(heads=heads, rows=tuple(rows), numbers=(1,))
    return (
        *_dots(words, f"{prefix}to_partner", label("to_partner"), real.to_partner_by, label("seconds_axis")),
        *_dots(words, f"{prefix}to_answer", label("to_answer"), real.to_answer_by, label("answer_axis")),
        table,
    )


def _by_agreement(
    spreads: Mapping[str, Spread], past: Mapping[str, Spread] | None, words: Words
) -> list[tuple[str, ...]]:
    return [
        _spread_row(f"· {words.agreement(name)}", spread, past.get(name, Spread()) if past is not None else None, words)
        for name, spread in spreads.items()
    ]


def _dots(words: Words, key: str, title: str, spreads: Mapping[str, Spread], axis: str) -> tuple[Part, ...]:
    if not spreads:
        return ()
    rows = [(words.agreement(name), spread) for name, spread in spreads.items()]
    caption = Caption(key, title, words.plot(key))
    return (Part(title, svg=plots.dots(caption, rows, axis, words.label("half"), words.duration)),)


def _answers(real: Figures, past: Figures | None, words: Words) -> tuple[Part, ...]:
    label = words.label
    order = [
        outcome.value for outcome in Outcome if real.outcomes[outcome.value] or (past and past.outcomes[outcome.value])
    ]
    bars = [Bar(words.outcome(one), real.outcomes[one], past.outcomes[one] if past else None) for one in order]
    caption = Caption("outcomes", label("outcome"), words.plot("outcomes"), label("this"), label("before"))
    picture = (Part(label("outcome"), svg=plots.bars(caption, bars)),) if bars else ()
    steps = [
        (label("step_0"), real.steps[0], past.steps[0] if past else None),
        (label("step_1"), real.steps[1], past.steps[1] if past else None),
        (label("step_more"), _more(real), _more(past) if past else None),
    ]
    people = [
        (label("volunteers_asked"), real.volunteers_asked, past.volunteers_asked if past else None),
        (label("volunteers_yes"), real.volunteers_coming, past.volunteers_coming if past else None),
    ]
    return (
        *picture,
        _compared(words, label("steps"), steps),
        *_volunteers(real, people, words),
        _compared(words, label("volunteers"), people),
    )


def _more(found: Figures) -> int:
    return sum(n for steps, n in found.steps.items() if steps > 1)


def _volunteers(real: Figures, people: Sequence[tuple[str, int, int | None]], words: Words) -> tuple[Part, ...]:
    if not real.volunteers_asked:
        return ()
    label = words.label
    caption = Caption("volunteers", label("volunteers"), words.plot("volunteers"), label("this"), label("before"))
    return (Part(label("volunteers"), svg=plots.bars(caption, [Bar(*row) for row in people])),)


def _texts(real: Figures, past: Figures | None, words: Words) -> tuple[Part, ...]:
    label = words.label
    pairs = sorted(
        {*real.texts, *(past.texts if past else ())},
        key=lambda pair: (pair[0] != "sms", list(Fate).index(Fate(pair[1]))),
    )
    fates = [
        (
            f"{words.channel(channel)}: {words.fate(fate)}",
            real.texts[channel, fate],
            past.texts[channel, fate] if past else None,
        )
        for channel, fate in pairs
    ]
    failures = [
        (f"{words.channel(channel)}: {words.reason(reason)}", n, past.failures[channel, reason] if past else None)
        for (channel, reason), n in sorted(real.failures.items(), key=lambda item: (-item[1], item[0]))
    ]
    extra = [
        (label("repetitions"), real.repetitions.total(), past.repetitions.total() if past else None),
        (label("held"), real.held, past.held if past else None),
        (label("unclear"), real.unclear.total(), past.unclear.total() if past else None),
    ]
    parts = [_compared(words, "", fates, "fate")] if fates else []
    if failures:
        parts.append(_compared(words, label("failures"), failures, "reason"))
    return (*parts, _compared(words, "", extra))


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


def _exercises(month: MonthFigures, before: MonthFigures | None, words: Words) -> tuple[Part, ...]:
    drill, past = month.exercise, before.exercise if before else None
    label = words.label
    counts = [
        (label("exercise_count"), drill.exercises, past.exercises if past else None),
        (label("exercise_incidents"), drill.incidents, past.incidents if past else None),
        (label("step_1"), drill.climbed, past.climbed if past else None),
        (label("failures"), drill.failures.total(), past.failures.total() if past else None),
    ]
    counts += [
        (
            f"{label('outcome')}: {words.outcome(one.value)}",
            drill.outcomes[one.value],
            past.outcomes[one.value] if past else None,
        )
        for one in Outcome
        if drill.outcomes[one.value]
    ]
    parts = [_compared(words, "", counts)]
    if drill.incidents:
        rows = (
            _spread_row(label("to_partner"), drill.to_partner, past.to_partner if past else None, words),
            _spread_row(label("to_answer"), drill.to_answer, past.to_answer if past else None, words),
        )
        heads = (label("measure"), label("count"), label("median"), label("ninetieth"), label("before"))
        parts.append(Part(heads=heads, rows=rows, numbers=(1,)))
    if drill.requests:
        parts.append(_each(drill.requests, words))
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
    return Part(
        heads=tuple(label(key) for key in keys),
        rows=tuple(row(line) for line in lines[:LINES_MAX]),
        numbers=(6,),
        note=note,
        dense=True,
    )

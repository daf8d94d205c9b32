"""What sections are made of: pictures, tables, and figures beside those of the month before."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from console.report import plots
from console.report.brief import top
from console.report.figures import Figures
from console.report.plots import Bar, Caption
from console.report.spread import Spread
from console.report.words import Words

BARS_MAX: Final = 12
"""Bars of one picture; the rest stands in the table of figures."""

K = TypeVar("K")

Counted = tuple[str, int, int | None]
"""What was counted: its name, this month's count, and the month before's (None: no data)."""


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


@dataclass(frozen=True)
class Pair:
    """The figures of a month and of the one before it (None where the log does not hold it), to be told in words."""

    real: Figures
    past: Figures | None
    words: Words

    def counted(self, name: str, tell: Callable[[Figures], int]) -> Counted:
        """One count of both months."""
        return name, tell(self.real), None if self.past is None else tell(self.past)

    def of(self, name: str, tell: Callable[[Figures], Counter[K]], key: K) -> Counted:
        """What was counted under ``key``, in both months."""
        return name, tell(self.real)[key], None if self.past is None else tell(self.past)[key]

    def table(self, title: str, rows: Sequence[Counted], head: str = "measure") -> Part:
        """Counts beside those of the month before."""
        words = self.words
        heads = (words.label(head), words.label("this"), words.label("before"))
        told = tuple(
            (name, words.number(n), words.label("no_data") if past is None else words.number(past))
            for name, n, past in rows
        )
        return Part(title, heads=heads, rows=told, numbers=(1, 2))

    def ranked(self, key: str, tell: Callable[[Figures], Counter[str]], name: Callable[[str], str]) -> tuple[Part, ...]:
        """A picture of what was counted, the most frequent first."""
        rows = [self.of(name(one), tell, one) for one, _ in top(tell(self.real))]
        return self.bars(key, self.words.label(key), rows[:BARS_MAX])

    def bars(self, key: str, title: str, rows: Sequence[Counted]) -> tuple[Part, ...]:
        """A picture of counts; none where there is nothing to show."""
        if not rows:
            return ()
        label = self.words.label
        caption = Caption(key, title, self.words.plot(key), label("this"), label("before"))
        return (Part(title, svg=plots.bars(caption, [Bar(*row) for row in rows])),)

    def spreads(
        self, key: str, *, by: Callable[[Figures], Mapping[str, Spread]] | None = None
    ) -> list[tuple[str, ...]]:
        """The row of a duration (``to_partner``), and below it one for each agreement."""
        rows = [
            self._spread(self.words.label(key), _of(self.real, key), None if self.past is None else _of(self.past, key))
        ]
        for name, spread in by(self.real).items() if by else ():
            past = None if self.past is None or by is None else by(self.past).get(name, Spread())
            rows.append(self._spread(f"· {self.words.agreement(name)}", spread, past))
        return rows

    def durations(self, rows: Sequence[tuple[str, ...]]) -> Part:
        """The table of durations."""
        heads = tuple(self.words.label(key) for key in ("measure", "count", "median", "ninetieth", "before"))
        return Part(heads=heads, rows=tuple(rows), numbers=(1,))

    def dots(self, key: str, axis: str, spreads: Mapping[str, Spread]) -> tuple[Part, ...]:
        """A picture of durations by agreement."""
        if not spreads:
            return ()
        words, title = self.words, self.words.label(key)
        rows = [(words.agreement(name), spread) for name, spread in spreads.items()]
        caption = Caption(key, title, words.plot(key))
        svg = plots.dots(caption, rows, words.label(axis), words.label("half"), words.duration)
        return (Part(title, svg=svg),)

    def _spread(self, name: str, spread: Spread, past: Spread | None) -> tuple[str, ...]:
        """Count, median and 90th percentile, or the few values themselves; and the month before with its count."""
        words = self.words
        earlier = words.label("no_data") if past is None else f"{middle(past, words)} ({words.number(past.count)})"
        count = words.number(spread.count)
        if spread.median is None or spread.ninetieth is None:
            few = (
                words.label("values", values=words.durations(spread.values)) if spread.count else words.label("nothing")
            )
            return name, count, few, "–", earlier
        return name, count, words.duration(spread.median), words.duration(spread.ninetieth), earlier


def _of(found: Figures, key: str) -> Spread:
    spreads = {"to_partner": found.to_partner, "to_answer": found.to_answer, "to_yes": found.to_yes}
    return spreads[key]


def middle(spread: Spread, words: Words) -> str:
    """The median, or the values where they are too few for one."""
    if spread.median is not None:
        return words.duration(spread.median)
    return words.durations(spread.values) if spread.count else words.label("nothing")

"""The figures as one long table: a row for each, which every spreadsheet and every script can read.

Nothing in it but ids, words of the records and numbers: no contact, no free text. All of it is ASCII.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from console.report.figures import Figures, MonthFigures
from console.report.spread import Spread

EVERY = "all"
"""The agreement of figures over all of them, and the group of figures that have none."""


@dataclass(frozen=True)
class Row:
    """One figure. ``count`` is how many incidents, requests or texts it is made of; ``unit`` is ``1`` for counts and
    ``s`` for seconds."""

    month: str
    agreement: str
    figure: str
    group: str
    value: float
    count: int
    unit: str


def rows_of(found: MonthFigures, agreement: str, now: datetime) -> list[Row]:
    """Every figure of a month, those of exercises with ``exercise.`` before their name."""
    month = str(found.month)
    rows = [Row(month, agreement, *rest) for rest in _rows(found.real)]
    rows += [Row(month, agreement, f"exercise.{figure}", *rest) for figure, *rest in _rows(found.exercise)]  # type: ignore[arg-type]
    if agreement == EVERY:
        total = sum(found.left_out.values())
        rows += [Row(month, EVERY, "left_out", why, n, total, "1") for why, n in sorted(found.left_out.items())]
        for one in found.stopped:
            seconds = one.seconds(found.month, now)
            if seconds is not None:
                rows.append(Row(month, EVERY, "stopped", one.party or EVERY, seconds, 1, "s"))
    return rows


_Rest = tuple[str, str, float, int, str]


def _rows(found: Figures) -> Iterator[_Rest]:
    yield "incidents", EVERY, found.incidents, found.incidents, "1"
    if found.exercises:
        yield "exercises", EVERY, found.exercises, found.exercises, "1"
    counted: tuple[tuple[str, Mapping[str, int]], ...] = (
        ("incidents.fate", found.fates),
        ("incidents.refused_for", found.refusals),
        ("incidents.type", found.by_type),
        ("incidents.municipality", found.by_unit),
        ("incidents.agreement", found.by_agreement),
        ("events.kind", found.events),
        ("partners_told.action", found.actions),
        ("requests.outcome", found.outcomes),
        ("requests.further_steps", {str(steps): count for steps, count in found.steps.items()}),
        ("texts.fate", _joined(found.texts)),
        ("texts.failed_for", _joined(found.failures)),
        ("texts.marked_repetitions", found.repetitions),
        ("answers.not_understood", found.unclear),
    )
    for figure, groups in counted:
        whole = found.incidents if figure == "incidents.agreement" else sum(groups.values())
        for group, value in sorted(groups.items()):
            yield figure, group, value, whole, "1"
    yield "partners.never_told", EVERY, found.never_told, sum(found.actions.values()), "1"
    yield "texts.held_by_switch", EVERY, found.held, sum(found.texts.values()), "1"
    yield "volunteers.asked", EVERY, found.volunteers_asked, found.volunteer_requests, "1"
    yield "volunteers.said_yes", EVERY, found.volunteers_coming, found.volunteers_asked, "1"
    yield from _spread("time_to_partner", EVERY, found.to_partner)
    for name, spread in found.to_partner_by.items():
        yield from _spread("time_to_partner", name, spread)
    yield from _spread("time_to_answer", EVERY, found.to_answer)
    for name, spread in found.to_answer_by.items():
        yield from _spread("time_to_answer", name, spread)
    yield from _spread("time_to_yes", EVERY, found.to_yes)


def _joined(counted: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {"/".join(key): value for key, value in counted.items()}


def _spread(figure: str, group: str, spread: Spread) -> Iterator[_Rest]:
    """Median and 90th percentile; of few values each one."""
    if spread.median is None or spread.ninetieth is None:
        for value in spread.values:
            yield f"{figure}.single", group, value, spread.count, "s"
        return
    yield f"{figure}.median", group, spread.median, spread.count, "s"
    yield f"{figure}.p90", group, spread.ninetieth, spread.count, "s"


def as_csv(rows: Iterable[Row]) -> str:
    """``rows`` as RFC 4180 with a header line: commas, a point before decimals, UTF-8 without a byte-order mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(field.name for field in fields(Row))
    for row in rows:
        writer.writerow(f"{cell:.15g}" if isinstance(cell, float) else cell for cell in astuple(row))
    return out.getvalue()

"""The table at the end of a run: a line for each fault."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.faults import FAULTS
from tests.chaos.rounds import Round
from tests.chaos.run import Run


@dataclass(frozen=True)
class Line:
    """One fault's rounds together. ``silence_s`` and ``slowest_s`` are the longest of them."""

    fault: str
    rounds: int
    texts: int
    lost: int
    doubled: int
    marked: int
    other: int
    silence_s: float
    slowest_s: float


def lines(rounds: Iterable[Round]) -> list[Line]:
    """A line for each fault that was played, in the order of ``FAULTS``."""
    by_fault: dict[str, list[Round]] = {}
    for one in rounds:
        by_fault.setdefault(one.fault, []).append(one)
    return [_line(name, by_fault[name]) for name in FAULTS if name in by_fault]


def _line(name: str, rounds: list[Round]) -> Line:
    books = [one.balance for one in rounds]
    lost, doubled = sum(len(one.lost) for one in books), sum(len(one.doubled) for one in books)
    return Line(
        fault=name,
        rounds=len(rounds),
        texts=sum(one.owed for one in books),
        lost=lost,
        doubled=doubled,
        marked=sum(len(one.marked) for one in books),
        other=sum(len(one.failures) for one in rounds) - lost - doubled,
        silence_s=max((one.silence_s for one in books), default=0.0),
        slowest_s=max((one.slowest_s for one in books), default=0.0),
    )


def table(run: Run) -> str:
    """The summary as a Markdown table, with a line of all together and what could not be run."""
    found = lines(run.rounds)
    together = _line("together", run.rounds)
    rows = [
        "| fault | rounds | texts | lost | doubled | marked repeats | other failures | silence, s | slowest, s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(line) for line in (*found, together)),
        *(f"| {name} | not run here: {reason} | | | | | | | |" for name, reason in run.skipped.items()),
    ]
    return "\n".join(rows)


def _row(line: Line) -> str:
    return (
        f"| {line.fault} | {line.rounds} | {line.texts} | {line.lost} | {line.doubled} | {line.marked} | {line.other} "
        f"| {line.silence_s:.1f} | {line.slowest_s:.1f} |"
    )

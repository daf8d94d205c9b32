"""The table of figures, for a terminal and for a document."""

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, goal_text, number, verdict

COLUMNS = ("command", "figure", "value", "goal", "met?", "remarks")
WIDE = 160
"""Characters of a line where the output is no terminal, so that no cell is broken."""


def show(figures: Iterable[Figure], machine: str) -> None:
    """Print ``figures`` for a reader at a terminal."""
    table = Table(title=f"Measured on {machine}", title_justify="left", caption_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column == "value" else "left")
    for _, of_one in groupby(figures, key=lambda figure: figure.bench):
        for line, figure in enumerate(of_one):
            command, *rest = _cells(figure)
            table.add_row("" if line else command, *rest)
        table.add_section()
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False).print(table)


def markdown(figures: Iterable[Figure], machine: str) -> Iterator[str]:
    """The lines of ``figures`` as they stand in docs/performance.md."""
    yield f"Measured on {machine}."
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---|---|--:|---|---|---|"
    for figure in figures:
        command, *rest = _cells(figure)
        yield f"| `{command}` | {' | '.join(rest)} |"


def machine() -> str:
    """What the figures were measured on, and how busy it was with other things as the run began."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, load {load} before the run"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _cells(figure: Figure) -> tuple[str, ...]:
    value = f"{number(figure.value)} {figure.unit}"
    return f"make bench BENCH={figure.bench}", figure.name, value, goal_text(figure), verdict(figure), figure.note

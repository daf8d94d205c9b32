"""Which log a command reads: the topics of the running system, or an exported file named on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from console.connect import connection
from console.logs.exported import ExportedLog
from console.logs.live import LiveLog
from console.logs.manifest import LogDamaged
from console.logs.source import LogSource
from console.output import Exit, fail

LogOption = Annotated[
    Path | None, typer.Option("--log", help="A file written by `borderlands export`, instead of the live topics.")
]


def source_of(home: Path, log: Path | None) -> LogSource:
    """The live topics of the system of ``home``, or the exported file ``log``."""
    if log is None:
        return LiveLog(connection(home))
    try:
        return ExportedLog(log)
    except LogDamaged as problem:
        fail(str(problem), Exit.DATA)
    except OSError as problem:
        fail(f"{log} cannot be read: {problem.strerror or problem}", Exit.NO_INPUT)

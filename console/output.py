"""How the command speaks: results to standard output, problems to standard error, and the exit codes."""

import json
import sys
from enum import IntEnum
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape


class Exit(IntEnum):
    """Exit codes, after sysexits.h."""

    OK = 0
    DIFFERENT = 1
    USAGE = 2
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    FAILED = 70
    CONFIGURATION = 78


# Without emoji: ":fire:" in a text that somebody was sent stays what was sent.
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
"""Every command that prints a result has it: one document on standard output, the same exit codes, and what is for
people only on standard error."""


def print_json(document: Any) -> None:
    """Print ``document``, which is made of plain data, as the one thing on standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def fail(message: str, code: Exit, *, mend: str | None = None) -> NoReturn:
    """Say what is wrong (and how to mend it) on standard error, and exit."""
    err.print(f"[bold red]✗[/] {escape(message)}")
    if mend:
        err.print(f"  → {escape(mend)}")
    sys.exit(int(code))

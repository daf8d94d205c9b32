"""How the command speaks: results to standard output, problems to standard error, and the exit codes."""

import sys
from enum import IntEnum
from typing import NoReturn

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


def fail(message: str, code: Exit, *, mend: str | None = None) -> NoReturn:
    """Say what is wrong (and how to mend it) on standard error, and exit."""
    err.print(f"[bold red]✗[/] {escape(message)}")
    if mend:
        err.print(f"  → {escape(mend)}")
    sys.exit(int(code))

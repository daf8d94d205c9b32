"""Structured logs: readable lines on a terminal, JSON otherwise. Every event has a stable ``action``.

Numbers, mailboxes and names never go into a log; a contact is its id.
"""

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from runtime.log_stream import never_waiting


def configure(
    process: str, log_format: str = "auto", *, level: int = logging.INFO, libraries: int = logging.WARNING
) -> None:
    """Set up logging of this process to standard error.

    ``log_format``: ``text`` for people, ``json`` for machines, ``auto`` asks whether stderr is a terminal.
    ``level``: nothing of ours below it is shown; ``libraries``: nothing of theirs.
    """
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
        if as_text
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, never_waiting(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    if not as_text:
        structlog.contextvars.bind_contextvars(process=process)
    _adopt_library_logs(libraries)


def logger() -> FilteringBoundLogger:
    """The process's logger: ``logger().info("action", key=value)``."""
    return cast(FilteringBoundLogger, structlog.get_logger())


class _ToStructlog(logging.Handler):
    """Hands warnings of libraries to our own log, so that one format holds everywhere."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        structlog.get_logger().log(record.levelno, "library_message", library=record.name, message=text[:1000])


def _adopt_library_logs(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(level)
    for chatty in ("faust", "mode", "aiokafka", "twilio", "asyncio"):
        logging.getLogger(chatty).setLevel(level)  # twilio's INFO lines would hold bodies and numbers

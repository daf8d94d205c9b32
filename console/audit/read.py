"""Reading what the audit compares, record by record: what was read is let go once it is entered."""

from datetime import datetime

from console.audit.books import Books
from console.logs.live import LiveLog
from console.logs.source import LogSource
from runtime.settings import Settings
from schemas.event import MAX_LIFETIME
from schemas.topics import CO_PARTITIONED, CONTROL, POLICY


async def gather(source: LogSource, start: datetime | None, *, due: datetime | None = None) -> Books:
    """The books of ``source``, from as far back as a follow-up to something at ``start`` can reach (None: whole).

    ``due`` is the moment by which the dispatcher must have read what stands there.

    Raises:
        TooMuchToRead, KafkaError, OSError: as ``source.stream``.
    """
    books = Books(due=due, whole=start is None, complete=True)
    since = start - MAX_LIFETIME if start is not None else None
    async for batch in source.stream((POLICY, CONTROL)):
        for one in batch:
            books.add(one)
    async for batch in source.stream(CO_PARTITIONED, since=since):
        for one in batch:
            books.add(one)
    return books


async def read_books(settings: Settings, start: datetime) -> Books:
    """The books of the live topics."""
    return await gather(LiveLog(settings), start)

"""Reading a log for a report: policies and switches, then events, decisions, receipts with answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.logs.source import LogSource, read_all
from console.report.cases import FOLLOWED
from console.report.fold import Ledger
from console.report.month import Month
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.event import MAX_LIFETIME
from schemas.policy.models import Policy
from schemas.topics import CONTROL, DECISIONS, EVENTS, POLICY, RECEIPTS, RESPONSES, Topic

LOOK_BACK = MAX_LIFETIME + timedelta(days=1)
"""An incident first reported so long before may be reported once more in the months told of: it is not of them."""


@dataclass(frozen=True)
class Read:
    """What a log holds for a report: the ledger of two months, and the newest policy for its words, if there is one."""

    ledger: Ledger
    policy: Policy | None


async def read_months(source: LogSource, month: Month) -> Read:
    """The incidents of ``month`` and of the month before, each followed to its end or for ``FOLLOWED``.

    Raises:
        TooMuchToRead, KafkaError, OSError: as the source says.
    """
    ledger = Ledger(month.before.start, month.end)
    policy = await _policies(source, ledger)
    for one in await read_all(source, [CONTROL]):
        ledger.add(one)
    ledger.first_record_at = None  # switches are kept for ever: they do not say how far back events go
    passes: tuple[tuple[Topic, ...], ...] = ((EVENTS,), (DECISIONS,), (RECEIPTS, RESPONSES))
    for topics in passes:
        async for batch in source.stream(topics, since=month.before.start - LOOK_BACK, until=month.end + FOLLOWED):
            for one in batch:
                ledger.add(one)
    return Read(ledger, policy)


async def _policies(source: LogSource, ledger: Ledger) -> Policy | None:
    """Make every policy of the log known; returns the active one, or else the newest."""
    newest: Policy | None = None
    active: str | None = None
    for one in await read_all(source, [POLICY]):
        match one.record:
            case PublishedPolicy() as published:
                ledger.people.know(published.policy_version, published.policy)
                newest = published.policy
            case ActivePolicy() as record:
                active = record.policy_version
            case _:
                pass
    return ledger.people.policies.get(active or "", newest)


def covers(ledger: Ledger, moment: datetime) -> bool:
    """Whether the log begins before ``moment``."""
    return ledger.first_record_at is not None and ledger.first_record_at <= moment

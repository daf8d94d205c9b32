"""What a log keeps of the rules of then: the policies that were published, which was active, and the swaps of duty."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.logs.logged import Logged
from console.logs.source import LogSource, read_all
from schemas.control import ActivePolicy, DutySwap, PublishedPolicy
from schemas.policy.models import Policy
from schemas.policy.versions import is_version_of
from schemas.topics import CONTROL, POLICY


class SwapHistory:
    """The swaps of duty as they stood on the log at any time; the same time of the log gives the same object."""

    def __init__(self, records: list[tuple[datetime, DutySwap]]) -> None:
        newest: dict[str, DutySwap] = {}
        self._since: list[datetime] = []
        self._held: list[tuple[DutySwap, ...]] = [()]
        for at, swap in records:
            newest[swap.key] = swap
            self._since.append(at)
            self._held.append(tuple(one for one in newest.values() if not one.revoked))

    def at(self, moment: datetime) -> tuple[DutySwap, ...]:
        """Those that were on the log at ``moment`` and not revoked by then."""
        return self._held[bisect_right(self._since, moment)]


@dataclass(frozen=True)
class Past:
    """The policies of a log by every version that names them, the active one, the swaps; and what cannot be read."""

    policies: Mapping[str, Policy]
    active: Policy | None
    swaps: SwapHistory
    unreadable: tuple[Logged, ...]


async def read_past(source: LogSource) -> Past:
    """Read it from ``source``.

    Raises:
        TooMuchToRead, KafkaError, OSError: as ``LogSource.stream``.
    """
    policies: dict[str, Policy] = {}
    active: str | None = None
    unreadable: list[Logged] = []
    swaps: list[tuple[datetime, DutySwap]] = []
    for one in await read_all(source, (POLICY, CONTROL)):
        match one.record:
            case PublishedPolicy() as published if is_version_of(published.policy_version, published.policy):
                policies[published.policy_version] = policies[published.policy.version] = published.policy
            case ActivePolicy() as chosen:
                active = chosen.policy_version
            case DutySwap() as swap:
                swaps.append((one.appended_at, swap))
            case PublishedPolicy():
                unreadable.append(one)
            case None if one.value is not None:
                unreadable.append(one)
    return Past(policies, policies.get(active or ""), SwapHistory(swaps), tuple(unreadable))

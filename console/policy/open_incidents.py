"""How many open incidents keep which version of the policy, counted from the dispatcher's snapshots."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from console.logs.source import LogSource
from schemas.incident import IncidentState
from schemas.topics import INCIDENTS

COUNTED_WITHIN_S = 20.0


@dataclass(frozen=True)
class OpenIncidents:
    """Incidents that are not over, by the version that their newest obligation cites, and those of them whose ladders
    are still being climbed."""

    by_version: Counter[str] = field(default_factory=Counter)
    climbing: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """For people, the version with most first."""
        return [
            f"{count} open incident{'s' * (count != 1)} keep {version[:12]}, ladders are climbed in "
            f"{self.climbing[version]} of them"
            for version, count in self.by_version.most_common()
        ]


async def count_open(source: LogSource, now: datetime) -> OpenIncidents:
    """Count them as the snapshots say now.

    Raises:
        TimeoutError: it takes longer than ``COUNTED_WITHIN_S`` seconds.
    """
    cited: dict[bytes, tuple[frozenset[str], frozenset[str]]] = {}
    async with asyncio.timeout(COUNTED_WITHIN_S):
        async for batch in source.stream([INCIDENTS]):
            for one in batch:
                if isinstance(one.record, IncidentState) and _is_open(one.record, now):
                    cited[one.key or b""] = _cites(one.record)
                else:
                    cited.pop(one.key or b"", None)
    by_version = Counter(version for versions, _ in cited.values() for version in versions)
    return OpenIncidents(by_version, Counter(version for _, versions in cited.values() for version in versions))


def _is_open(state: IncidentState, now: datetime) -> bool:
    return state.closed_by is None and (state.expires_at is None or state.expires_at > now)


def _cites(state: IncidentState) -> tuple[frozenset[str], frozenset[str]]:
    cited = frozenset(duty.policy_version for duty in state.obligations)
    climbing = frozenset(
        duty.climb.policy_version for duty in state.obligations if duty.climb is not None and duty.climb.ended is None
    )
    return cited | climbing, climbing

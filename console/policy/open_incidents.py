"""How many open incidents keep which version of the policy, counted from the dispatcher's snapshots."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from console.logs.source import LogSource
from schemas.incident import IncidentState
from schemas.policy.models import Policy
from schemas.topics import INCIDENTS

COUNTED_WITHIN_S = 20.0


@dataclass(frozen=True)
class OpenIncidents:
    """Incidents that are not over, by the version that their newest obligation cites, and those of them whose ladders
    are still being climbed."""

    by_version: Counter[str] = field(default_factory=Counter)
    climbing: Counter[str] = field(default_factory=Counter)
    by_agreement: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By agreement, asking party and partner."""

    def left_behind(self, policy: Policy) -> list[str]:
        """What open incidents stand on and ``policy`` no longer has, for people.

        Their ladders and texts go on by their own version; what is reported of them is judged by the new one.
        """
        agreements = {one.id for one in policy.agreements}
        parties = {one.id for one in policy.parties}
        lines = []
        for (agreement, asking, partner), count in sorted(self.by_agreement.items()):
            gone = [f"agreement {agreement}"] if agreement not in agreements else []
            gone += [f"party {party}" for party in (asking, partner) if party not in parties]
            if gone:
                after = "cancels are refused, too" if asking not in parties else "cancels still reach those told"
                incidents = f"{count} open incident{' stands' if count == 1 else 's stand'}"
                lines.append(f"{incidents} on {', '.join(gone)}: no update will reach anybody; {after}")
        return lines

    def lines(self) -> list[str]:
        """For people, the version with most first."""
        return [
            f"{count} open incident{' keeps' if count == 1 else 's keep'} {version[:12]}, ladders are climbed in "
            f"{self.climbing[version]} of them"
            for version, count in self.by_version.most_common()
        ]


async def count_open(source: LogSource, now: datetime) -> OpenIncidents:
    """Count them as the snapshots say now.

    Raises:
        TimeoutError: it takes longer than ``COUNTED_WITHIN_S`` seconds.
    """
    cited: dict[bytes, _Cites] = {}
    async with asyncio.timeout(COUNTED_WITHIN_S):
        async for batch in source.stream([INCIDENTS]):
            for one in batch:
                if isinstance(one.record, IncidentState) and _is_open(one.record, now):
                    cited[one.key or b""] = _cites(one.record)
                else:
                    cited.pop(one.key or b"", None)
    return OpenIncidents(
        Counter(version for one in cited.values() for version in one.versions),
        Counter(version for one in cited.values() for version in one.climbing),
        Counter(stand for one in cited.values() for stand in one.stands_on),
    )


@dataclass(frozen=True)
class _Cites:
    """What one open incident cites, each once."""

    versions: frozenset[str]
    climbing: frozenset[str]
    stands_on: frozenset[tuple[str, str, str]]


def _is_open(state: IncidentState, now: datetime) -> bool:
    return state.closed_by is None and (state.expires_at is None or state.expires_at > now)


def _cites(state: IncidentState) -> _Cites:
    climbing = frozenset(
        duty.climb.policy_version for duty in state.obligations if duty.climb is not None and duty.climb.ended is None
    )
    stands_on = frozenset((duty.agreement, duty.asking_party, duty.partner) for duty in state.obligations)
    return _Cites(frozenset(duty.policy_version for duty in state.obligations) | climbing, climbing, stands_on)

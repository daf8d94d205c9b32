"""Where rosters leave nobody on duty."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.policy.models import Policy
from streams.rules.duty.crew import calendars_of


@dataclass(frozen=True, slots=True)
class Gap:
    """From ``begin`` up to ``end`` nobody is on duty in ``role`` at ``party``; everybody who holds it is called."""

    party: str
    role: str
    begin: datetime
    end: datetime


def gaps_of(policy: Policy, party: str, begin: datetime, end: datetime) -> Iterator[Gap]:
    """The gaps in the rosters of ``party`` from ``begin`` up to ``end``, role by role and in order."""
    for (held_at, role), calendar in calendars_of(policy).items():
        if held_at == party:
            for start, stop in calendar.gaps(begin, end):
                yield Gap(party, role, start, stop)

"""``Watch``: one state of who is on duty everywhere, so that what follows from it is worked out once per state.

Most of a router's day falls into few such states; which one holds is known until the next shift or swap begins or ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.control import DutySwap
from schemas.policy.models import Policy
from schemas.vocabulary import Origin
from streams.rules.duty.crew import Duty, calendars_of, duty_at
from streams.rules.duty.swaps import ALWAYS
from streams.rules.memo import Memo

MAX_STATES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """``at`` is one instant at which this state held, with ``swaps``. Two of the same state are the same object."""

    at: datetime
    swaps: tuple[DutySwap, ...]


class Watches:
    """The watches of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._states: Memo[Watch] = Memo(MAX_STATES)
        self._swaps: tuple[DutySwap, ...] = ()
        self._now = Watch(ALWAYS[0], ())
        self._since, self._until = ALWAYS
        if calendars_of(policy):
            self._since, self._until = self._until, self._since  # nothing is known yet

    def at(self, at: datetime, swaps: tuple[DutySwap, ...] = ()) -> Watch:
        """The state that holds at ``at``."""
        if swaps is not self._swaps and swaps == self._swaps:
            self._swaps = swaps  # the same swaps read anew: from now on they are known at a glance
        if self._since <= at < self._until and swaps is self._swaps:
            return self._now
        roles = dict.fromkeys(calendars_of(self._policy))
        swapped = sorted({swap.party for swap in swaps} & self._policy.staff.keys())
        roles |= dict.fromkeys((party, role) for party in swapped for role in self._policy.staff[party])
        duties = {
            (party, role): duty_at(self._policy, party=party, role=role, origin=Origin.LIVE, at=at, swaps=swaps)
            for party, role in roles
        }
        self._since = max([ALWAYS[0], *(duty.since for duty in duties.values())])
        self._until = min([ALWAYS[1], *(duty.until for duty in duties.values())])
        self._swaps = swaps
        self._now = self._states.recall(_what(duties), lambda: Watch(at, swaps))
        return self._now


def _what(duties: Mapping[tuple[str, str], Duty]) -> frozenset[object]:
    """All that decisions say of these duties, without the times."""
    return frozenset(
        (where, duty.uncovered, tuple((one.member, one.stand_in) for one in duty.people))
        for where, duty in duties.items()
    )

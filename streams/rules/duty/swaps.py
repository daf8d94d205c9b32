"""Who stands in for whom at one instant, by the swaps that were not revoked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.control import DutySwap

ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""From when until when something holds that never changes."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """``contact`` is called in the place of ``instead_of``; ``swap_id`` is the swap that says so last."""

    contact: str
    instead_of: str
    swap_id: str


class Substitutes:
    """The swaps of one party and role that concern an instant; of two for one contact the newer one counts."""

    def __init__(self, swaps: Iterable[DutySwap], *, party: str, role: str, at: datetime) -> None:
        known = [swap for swap in swaps if swap.party == party and swap.role in (None, role) and not swap.revoked]
        edges = [edge for swap in known for edge in (swap.start, swap.end)]
        self.since = max((edge for edge in edges if edge <= at), default=ALWAYS[0])
        self.until = min((edge for edge in edges if edge > at), default=ALWAYS[1])
        holding = sorted(
            (swap for swap in known if swap.start <= at < swap.end), key=lambda swap: (swap.at, swap.swap_id)
        )
        self._newest = {swap.contact_id: swap for swap in holding}

    def __bool__(self) -> bool:
        return bool(self._newest)

    def of(self, contact: str) -> StandIn | None:
        """Who takes the place of ``contact``, or None.

        Somebody who stands in may have given away their own duty in turn: their substitute then takes both places.
        Two who exchange their places exchange them, and nobody is sent in a circle.
        """
        seen, now, said_by = {contact}, contact, ""
        while (swap := self._newest.get(now)) is not None and swap.substitute not in seen:
            now, said_by = swap.substitute, swap.swap_id
            seen.add(now)
        return StandIn(now, contact, said_by) if now != contact else None

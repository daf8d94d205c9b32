"""Who can be asked now: the policies by version, and the swaps of duty, as the rules are handed them."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.control import DutySwap
from schemas.policy.models import Ladder, Policy


@dataclass(frozen=True)
class Crews:
    """The policies known by their hash, and the swaps of duty that hold.

    ``policy`` answers None where a version has not been read yet: then people are waited for, never skipped.
    """

    policy: Callable[[str], Policy | None]
    swaps: tuple[DutySwap, ...] = ()


def _unread(_: str) -> None:
    return None


NO_CREWS = Crews(_unread)
"""Nothing has been read yet."""


def ladder_of(policy: Policy, ladder: str | None) -> Ladder | None:
    """The ladder of that id, if ``policy`` has it."""
    return next((one for one in policy.ladders if one.id == ladder), None)

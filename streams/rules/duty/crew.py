"""Whom a rung of a ladder wakes at a party: the contacts that hold its roles at one instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.control import DutySwap
from schemas.decision import Recipient
from schemas.policy.models import Member, Policy
from schemas.vocabulary import Channel, Origin


@dataclass(frozen=True, slots=True)
class Rung:
    """The people of one rung. ``unfilled`` are its roles that reach nobody."""

    recipients: tuple[Recipient, ...]
    unfilled: tuple[str, ...]


def on_duty(
    policy: Policy, *, party: str, role: str, origin: Origin, at: datetime, swaps: Iterable[DutySwap] = ()
) -> tuple[Member, ...]:
    """Who holds ``role`` at ``party`` at the instant ``at``, in the order they are called.

    For exercises (``origin``) these are exercise contacts only. ``swaps`` are those that were not revoked.
    """
    staff = policy.staff.get(party, {}).get(role)
    if staff is None:
        return ()
    return staff.exercise if origin is Origin.EXERCISE else staff.live


def rung(
    policy: Policy,
    *,
    party: str,
    roles: Sequence[str],
    channels: Sequence[Channel],
    origin: Origin,
    at: datetime,
    swaps: Iterable[DutySwap] = (),
) -> Rung:
    """The people who hold ``roles`` at ``party`` at ``at``, each once, by those of ``channels`` they may be reached by.

    Somebody who holds two of the roles is named under the first.
    """
    known_swaps = tuple(swaps)
    found: dict[str, Recipient] = {}
    unfilled: list[str] = []
    for role in roles:
        reached = False
        for member in on_duty(policy, party=party, role=role, origin=origin, at=at, swaps=known_swaps):
            usable = tuple(dict.fromkeys(channel for channel in channels if channel in member.channels))
            reached |= bool(usable)
            if usable and member.contact not in found:
                found[member.contact] = Recipient(role=role, contact_id=member.contact, channels=usable)
        if not reached:
            unfilled.append(role)
    return Rung(tuple(found.values()), tuple(unfilled))

"""Swaps of duty: checked against the policy, then written to ``control``."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import DutySwap
from schemas.policy.models import Party, Policy
from schemas.policy.shape import hint
from schemas.topics import CONTROL
from schemas.vocabulary import Origin
from streams.rules.duty.crew import duty_at

MAX_LENGTH = timedelta(days=92)
KEPT = timedelta(days=400)
"""How long after its end a swap can still be listed."""

_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class NoSuchSwap(Exception):
    """A swap that cannot be made; ``mend`` says what to do."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.mend = mend


@dataclass(frozen=True)
class Asked:
    """A swap as it was asked for."""

    party: Party
    role: str | None
    contact: str
    substitute: str
    start: datetime
    end: datetime


def new_id(party: str, start: datetime) -> str:
    """A name for a swap that is short enough to be typed: party, day, and four letters."""
    letters = "".join(secrets.choice(_ID_ALPHABET) for _ in range(4))
    return f"{party[:40]}-{start:%m%d}-{letters}"


def check_swap(policy: Policy, asked: Asked, now: datetime) -> None:
    """Refuse what could not work.

    Raises:
        NoSuchSwap: a contact or role that is not known at the party, or a time that is none.
    """
    party, by_role = asked.party.id, policy.staff.get(asked.party.id, {})
    if asked.role is not None and asked.role not in by_role:
        raise NoSuchSwap(f"nobody holds the role '{asked.role}' at {party}", hint(asked.role, by_role, "roles there"))
    everybody = {member.contact for staff in by_role.values() for member in staff.live}
    drilled = {member.contact for staff in by_role.values() for member in staff.exercise}
    for option, contact in (("--for", asked.contact), ("--by", asked.substitute)):
        if contact in drilled:
            raise NoSuchSwap(
                f"{option} {contact}: a contact for exercises has no duty", "name a contact for real events"
            )
        if contact not in everybody:
            problem = f"{option} {contact}: no such contact at {party} in the active policy"
            raise NoSuchSwap(problem, hint(contact, everybody, "contacts there"))
    if asked.role is not None and asked.contact not in {member.contact for member in by_role[asked.role].live}:
        holders = ", ".join(member.contact for member in by_role[asked.role].live)
        raise NoSuchSwap(f"--for {asked.contact}: does not hold {asked.role} at {party}", f"it is held by {holders}")
    if asked.contact == asked.substitute:
        raise NoSuchSwap("nobody stands in for themselves", "name two contacts")
    if asked.end <= asked.start:
        raise NoSuchSwap("the swap ends before it begins", "write the begin after --from and the end after --to")
    if asked.end <= now:
        raise NoSuchSwap("the swap is over already", "check the dates")
    if asked.end - asked.start > MAX_LENGTH:
        raise NoSuchSwap(f"longer than {MAX_LENGTH.days} days", "check the year, or change the roster instead")


def doubts(policy: Policy, asked: Asked, swaps: tuple[DutySwap, ...]) -> Iterator[str]:
    """What may be a slip: nothing to take over, a substitute who gave away their own duty, an earlier swap."""
    roles = [asked.role] if asked.role else list(policy.staff[asked.party.id])
    if not any(_has_duty(policy, asked, role) for role in roles):
        yield f"{asked.contact} is on duty at no time in between, so this changes nothing"
    for swap in swaps:
        same_time = swap.start < asked.end and asked.start < swap.end
        same_role = swap.role is None or asked.role in (None, swap.role)
        if swap.party != asked.party.id or not same_time or not same_role:
            continue
        if swap.contact_id == asked.contact:
            yield f"swap {swap.swap_id} gave that duty to {swap.substitute}; where both hold, the new one counts"
        elif swap.contact_id == asked.substitute:
            yield f"swap {swap.swap_id} has {swap.substitute} in the place of {asked.substitute}: they are called"


def _has_duty(policy: Policy, asked: Asked, role: str) -> bool:
    """Whether whoever is replaced is on duty in ``role`` by roster at any moment of the swap."""
    at = asked.start
    while at < asked.end:
        duty = duty_at(policy, party=asked.party.id, role=role, origin=Origin.LIVE, at=at)
        if any(one.member.contact == asked.contact for one in duty.people):
            return True
        at = duty.until
    return False


async def write_swap(settings: Settings, swap: DutySwap, at: datetime, known: Iterable[DutySwap] = ()) -> None:
    """Write ``swap`` under its key and wait until all replicas have it; then let go of those ``known`` that were over
    ``KEPT`` ago, so that the topic does not grow for ever.

    Raises:
        KafkaError, OSError: it is not known to be written.
    """
    encoded = encode(CONTROL, swap, source="console", at=at)
    producer = make_producer(settings)
    await producer.start()
    try:
        await producer.send_and_wait(
            CONTROL.name, key=swap.key.encode(), value=encoded.value, headers=encoded.headers, partition=0
        )
        for old in known:
            if old.end < at - KEPT:
                await producer.send_and_wait(CONTROL.name, key=old.key.encode(), value=None, partition=0)
    finally:
        await producer.stop()

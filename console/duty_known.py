"""What the command knows of duty: the running system's policy and swaps, or a policy directory without swaps."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaError

from console.connect import connection
from console.files import read_policy, shipped_policy
from console.output import Exit, fail
from runtime.control import ControlFollower
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas.control import DutySwap
from schemas.policy.models import Party, Policy
from schemas.policy.shape import hint

ANSWER_WITHIN_S = 15.0
POLICY_WITHIN_S = 5.0


@dataclass(frozen=True)
class Known:
    """A policy, the swaps that were not revoked (None: nobody could be asked), and where they are from."""

    policy: Policy
    swaps: tuple[DutySwap, ...] | None
    source: str


def known(directory: Path | None, home: Path) -> Known:
    """What holds in the running system; from ``directory``, or from the shipped policy where Kafka is not there,
    without swaps."""
    if directory is not None:
        return Known(read_policy(directory), None, f"{directory}; swaps of the running system are not looked at")
    try:
        policy, swaps = asyncio.run(ask(connection(home)))
    except (KafkaError, OSError, NoActivePolicy) as problem:
        why = "no policy is active" if isinstance(problem, NoActivePolicy) else "Kafka cannot be reached"
        return Known(read_policy(None), None, f"{shipped_policy()}; {why}, so swaps are not known")
    return Known(policy, swaps, f"the active policy {policy.version[:12]} and the swaps of duty")


def running(home: Path) -> tuple[Settings, Policy, tuple[DutySwap, ...]]:
    """The running system's settings, policy and swaps; without it the command ends here."""
    settings = connection(home)
    try:
        return settings, *asyncio.run(ask(settings))
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except (KafkaError, OSError) as problem:
        mend = "start the system (borderlands up), or name its home with --home"
        fail(f"Kafka cannot be reached: {problem}", Exit.UNAVAILABLE, mend=mend)


async def ask(settings: Settings) -> tuple[Policy, tuple[DutySwap, ...]]:
    """The active policy and the swaps that were not revoked.

    Raises:
        NoActivePolicy, KafkaError, OSError: there is none, or Kafka does not answer in time.
    """
    async with asyncio.timeout(ANSWER_WITHIN_S), PolicyFollower(settings) as policies, ControlFollower(settings) as now:
        return await policies.wait_active(POLICY_WITHIN_S), now.current.swaps


def parties_of(policy: Policy, named: str | None) -> tuple[Party, ...]:
    """The party ``named``, or all; a name that is none ends the command."""
    found = tuple(party for party in policy.parties if named in (None, party.id))
    if not found:
        mend = hint(named or "", (party.id for party in policy.parties), "parties")
        fail(f"there is no party '{named}'", Exit.USAGE, mend=mend)
    return found

"""Publishing a policy: the whole of it under its hash, and the step that makes it active."""

import uuid
from datetime import UTC, datetime

from console.policy.pen import Pen
from runtime.settings import Settings
from schemas.base import Record
from schemas.control import ACTIVE_KEY, ActivePolicy, ChangeKind, PolicyChange, PublishedPolicy
from schemas.policy.models import Policy


async def publish(settings: Settings, policy: Policy, *, note: str, by: str) -> str:
    """Write ``policy`` to its topic and make it the active one, whatever was active; returns its version.

    For what the system does by itself. People go through ``console.policy.change``, which asks the active policy.

    Raises:
        TakenAway: somebody else changes the policy at this moment.
    """
    now = datetime.now(UTC)
    version = policy.version
    async with Pen(settings) as pen:
        history = await pen.history()
        step = PolicyChange(
            change_id=new_change_id(), kind=ChangeKind.ACTIVATED, policy_version=version, base=history.active,
            note=note, by=by, account=by, at=now,
        )  # fmt: skip
        await pen.write({**published(policy, now), **in_force(step)})
    return version


def new_change_id() -> str:
    """An id that no step has had."""
    return uuid.uuid4().hex[:16]


def published(policy: Policy, now: datetime) -> dict[str, Record]:
    """The record of a whole policy, by its key."""
    version = policy.version
    return {version: PublishedPolicy(policy_version=version, policy=policy, published_at=now)}


def in_force(step: PolicyChange) -> dict[str, Record]:
    """A step that makes its version the active one, and the record that processes follow, by their keys."""
    active = ActivePolicy(
        policy_version=step.policy_version, note=step.note, activated_by=step.by, activated_at=step.at
    )
    return {step.key: step, ACTIVE_KEY: active}

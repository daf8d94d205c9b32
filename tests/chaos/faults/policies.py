"""A router on a newer policy than a notifier: decisions cite a version that the notifier has not read yet."""

import asyncio
import os
import signal

from console.publish import publish
from runtime.policies import PolicyFollower
from schemas.policy.models import Policy
from schemas.vocabulary import Channel
from tests.chaos.ground import Ground
from tests.chaos.rig import FROZEN_S, NOTIFIERS


async def newer(ground: Ground) -> None:
    """While a notifier is frozen a new policy is activated, and the router decides by it; then the notifier wakes up,
    or is started anew."""
    victim = ground.dice.choice(NOTIFIERS)
    if "email" in victim:
        ground.explains.add(Channel.EMAIL)
    pid = await ground.rig.pid(victim)
    end = ground.dice.random() < 0.5
    with ground.rig.frozen(pid):
        policy = await changed_policy(ground)
        await publish(ground.settings, policy, note="a change", by="chaos")
        ground.note(f"policy {policy.version[:12]} activated while {victim} is frozen{', then killed' if end else ''}")
        await asyncio.sleep(ground.dice.uniform(*FROZEN_S))
        if end:
            os.kill(pid, signal.SIGKILL)


async def changed_policy(ground: Ground) -> Policy:
    """The active policy with another repeat window: another version, and the same words."""
    async with PolicyFollower(ground.settings) as policies:
        policy = await policies.wait_active(10)
    limits = policy.limits
    longer = limits.model_copy(update={"repeat_window": limits.repeat_window + 60})
    changed = policy.with_parts(limits=longer)
    assert changed.version != policy.version, "what is to be activated is the policy that is active"
    return changed

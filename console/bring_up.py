"""Bringing the system of this machine up: what `borderlands up` and the demonstration have in common."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from console.publish import publish
from deploy.local.kafka import EmbeddedKafkaError
from deploy.local.kafka_config import PortTaken
from deploy.local.kafka_jars import KafkaJarsError
from deploy.local.system import LocalSystem
from runtime.instance import InstanceRunning
from runtime.policies import PolicyFollower
from runtime.settings import load_settings
from runtime.topics import create_topics, verify_topics
from schemas.policy.directory_file import load_directory
from schemas.policy.load import load_policy
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Canary, Policy

SANDBOX_CANARY = Canary(contact="canary-phone", party="any", every=1800)
"""Seldom enough to be no noise at a terminal; each party of a policy can lend it its language."""

NOT_TO_BE_HAD = (InstanceRunning, EmbeddedKafkaError, KafkaJarsError, PortTaken)
"""Why the system cannot run now: something runs already, or Kafka cannot be had. Each says what to do."""


async def bring_up(system: LocalSystem, policy: Path, say: Callable[[str], None]) -> None:
    """Start everything, make and verify the topics, and activate the policy of a directory if none is active.

    The processes start while Kafka does and wait for it. ``say`` hears what is being done.

    Raises:
        PolicyMistakes: the policy cannot be used.
    """
    reading = asyncio.create_task(asyncio.to_thread(load_policy, policy))
    await system.start(say)
    settings = load_settings(bootstrap=system.bootstrap, partitions=system.options.partitions)
    say("Kafka answers; making topics and activating the policy")
    await create_topics(settings)
    await verify_topics(settings)
    rules = await reading
    if system.options.sandbox and system.options.canary:
        rules = with_canary(rules, system.options.directory)
    async with PolicyFollower(settings) as policies:
        if policies.active is None:
            await publish(settings, rules, note="first start", by="borderlands up")


def with_canary(rules: Policy, directory: Path) -> Policy:
    """``rules`` with a canary to the made-up test phone, where they name none and ``directory`` holds that phone."""
    if rules.canary is not None:
        return rules
    try:
        contact = load_directory(directory).contacts.get(SANDBOX_CANARY.contact)
    except (PolicyMistakes, OSError):
        return rules  # the notifiers name what is wrong with the directory
    if contact is None or not contact.test_phone:
        return rules
    return rules.with_parts(canary=SANDBOX_CANARY.model_copy(update={"party": rules.parties[0].id}))


async def unless(end: asyncio.Task[Any], work: Coroutine[Any, Any, None]) -> bool:
    """Do ``work`` unless ``end`` comes first; whether it was done. Failures of either are raised."""
    doing = asyncio.create_task(work)
    await asyncio.wait({doing, end}, return_when=asyncio.FIRST_COMPLETED)
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    end.result()
    return False

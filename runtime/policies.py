"""Follows the ``policy`` topic: every published policy by its hash, and which one is active."""

import asyncio
import contextlib
from typing import Self

from aiokafka import TopicPartition

from runtime.following import Following
from runtime.kafka import assign_paused, make_consumer, read_range
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.policy.models import Policy
from schemas.policy.versions import is_version_of
from schemas.topics import POLICY

_ACTIVATE = "run `borderlands policy activate deploy/policy`; what cites this version waits until it is known"
_RENEW = (
    "it stays in use; if it is active, run `borderlands policy activate deploy/policy`: it has no words for answers"
)


class NoActivePolicy(Exception):
    """No policy has been activated yet: run `borderlands policy activate`."""


class PolicyFollower:
    """Knows the policies of the topic as they are published; ``active`` is what new events are judged by.

    A policy that an earlier release published is known by the hash that release gave it, which what is under way
    cites, and by the hash of today, which new decisions will cite.
    """

    def __init__(self, settings: Settings) -> None:
        self._consumer = make_consumer(settings)
        self._partition = TopicPartition(POLICY.name, 0)
        self._policies: dict[str, Policy] = {}
        self._wanted: str | None = None
        self._active: Policy | None = None
        self._changed = asyncio.Event()
        self._following = Following()

    async def __aenter__(self) -> Self:
        """Read the topic to its present end, then follow it in the background."""
        try:
            await self._consumer.start()
            assign_paused(self._consumer, [self._partition])
            ends = await self._consumer.end_offsets([self._partition])
            begins = await self._consumer.beginning_offsets([self._partition])
            for record in await read_range(self._consumer, begins, ends):
                self._apply(record.value)
        except BaseException:
            await self._consumer.stop()  # where entering fails, nobody leaves
            raise
        self._following.begin(self._follow(), "policy-follower")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._following.end()
        await self._consumer.stop()

    @property
    def active(self) -> Policy | None:
        """The active policy, if one has been activated; the last usable one while the newest cannot be read."""
        return self._active

    def get(self, version: str) -> Policy | None:
        """The policy of that hash, or None as long as it has not been read."""
        return self._policies.get(version)

    async def wait_active(self, timeout_s: float) -> Policy:
        """The active policy, waiting for one if need be.

        Raises:
            NoActivePolicy: none was activated within ``timeout_s`` seconds.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.active is None:
                    self._changed.clear()
                    await self._changed.wait()
        if self.failed is not None:
            raise self.failed
        if self.active is None:
            raise NoActivePolicy(self._why_none())
        return self.active

    def _why_none(self) -> str:
        mend = "run `borderlands policy activate deploy/policy`"
        if self._wanted is None:
            return f"no policy is active: {mend}"
        return f"policy {self._wanted[:12]} was activated, and no record of it can be used (see the log): {mend}"

    @property
    def failed(self) -> BaseException | None:
        """The error that ended following, if any; its process must end then."""
        return self._following.failed

    async def _follow(self) -> None:
        async for record in self._consumer:
            self._apply(record.value)

    def _apply(self, value: bytes | None) -> None:
        if value is None:
            return
        try:
            record = decode(POLICY, value)
        except Undecodable as fault:
            logger().error("policy_record_undecodable", reason=fault.reason.value, detail=fault.detail[:300])
            return
        if isinstance(record, PublishedPolicy):
            if not self._publish(record):
                return
        elif isinstance(record, ActivePolicy):
            if self._wanted != record.policy_version:
                logger().info("policy_active", version=record.policy_version[:12], note=record.note)
            self._wanted = record.policy_version
            if self._wanted not in self._policies:
                logger().error("policy_unknown", version=record.policy_version[:12], mend=_ACTIVATE)
        self._active = self._policies.get(self._wanted or "", self._active)
        self._changed.set()

    def _publish(self, record: PublishedPolicy) -> bool:
        """Take a policy over, if its stated hash is its own; whether it was."""
        stated, policy = record.policy_version, record.policy
        if not is_version_of(stated, policy):
            logger().error("policy_hash_differs", stated=stated, found=policy.version, mend=_ACTIVATE)
            return False
        if stated != policy.version:
            logger().warning(
                "policy_of_an_earlier_release", version=stated[:12], today=policy.version[:12], mend=_RENEW
            )
        self._policies[stated] = self._policies[policy.version] = policy
        return True

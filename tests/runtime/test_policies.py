"""Following the topic ``policy``: what is proved is used, also what an earlier release published."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from runtime.kafka import make_producer
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings, load_settings
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ACTIVE_KEY, ActivePolicy
from schemas.topics import POLICY
from tests.contract.test_earlier_release import older_policy

pytestmark = pytest.mark.kafka

T0 = datetime(2026, 11, 25, tzinfo=UTC)


async def write(settings: Settings, *records: tuple[str, Record]) -> None:
    """Append records under their keys."""
    producer = make_producer(settings)
    await producer.start()
    try:
        for key, record in records:
            value = encode(POLICY, record, source="test", at=T0).value
            await producer.send_and_wait(POLICY.name, value, key=key.encode(), partition=0)
    finally:
        await producer.stop()


@pytest.fixture
async def settings(kafka: str) -> AsyncIterator[Settings]:
    """Settings of a broker with an empty topic ``policy``, which is taken away afterwards."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        if POLICY.name in await admin.list_topics():
            await admin.delete_topics([POLICY.name])
            while POLICY.name in await admin.list_topics():  # noqa: ASYNC110 - Kafka does not announce it
                await asyncio.sleep(0.05)
        await admin.create_topics([NewTopic(POLICY.name, num_partitions=1, replication_factor=1)])
        yield load_settings(bootstrap=kafka)
        await admin.delete_topics([POLICY.name])
    finally:
        await admin.close()


def active(version: str) -> tuple[str, Record]:
    """The record that makes ``version`` the active one, with its key."""
    return ACTIVE_KEY, ActivePolicy(policy_version=version, note="", activated_by="test", activated_at=T0)


async def test_the_policy_of_an_earlier_release_stays_active(settings: Settings) -> None:
    """It is known by the hash it was published under, and by the hash that new decisions will cite."""
    published = older_policy()
    await write(settings, (published.policy_version, published), active(published.policy_version))
    async with PolicyFollower(settings) as policies:
        policy = await policies.wait_active(5)
        assert policies.get(published.policy_version) is policies.get(policy.version) is policy


async def test_a_policy_whose_hash_nothing_proves_is_not_used(settings: Settings) -> None:
    """The process says which version it was to use, and what to do."""
    published = older_policy()
    forged = published.model_copy(update={"policy_version": "f" * 64})
    await write(settings, ("f" * 64, forged), active("f" * 64))
    async with PolicyFollower(settings) as policies:
        with pytest.raises(NoActivePolicy, match=r"policy ffffffffffff was activated.*borderlands policy activate"):
            await policies.wait_active(0.1)

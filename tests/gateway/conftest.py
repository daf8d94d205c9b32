"""A broker with the contract's topics and an active policy, and a stage for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.kafka import EmbeddedKafka
from deploy.local.sandbox import Settings as SandboxSettings
from deploy.local.sandbox import running_sandbox
from runtime.kafka import make_producer
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ACTIVE_KEY, ActivePolicy, PublishedPolicy
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import POLICY
from tests.gateway.stage import PARTITIONS, ROUTINE, URGENT, Stage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(ROOT / "deploy" / "policy")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[EmbeddedKafka]:
    """A broker of this package's own: it is frozen in some tests."""
    kafka = EmbeddedKafka(tmp_path_factory.mktemp("gateway-kafka"))
    asyncio.run(_furnish(kafka.start(), policy))
    yield kafka
    kafka.stop()


@pytest.fixture
async def stage(broker: EmbeddedKafka, policy: Policy, tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox, settings and a directory of this test's own."""
    fast = SandboxSettings(rate_segments_per_s=0, sending_s=0, delivery_s=0)
    async with (
        running_sandbox(settings=fast, senders=(URGENT, ROUTINE)) as sandbox,
        Stage(broker, policy, sandbox, tmp_path) as stage,
    ):
        yield stage


async def _furnish(bootstrap: str, policy: Policy) -> None:
    settings = Settings(bootstrap=bootstrap, partitions=PARTITIONS)
    await create_topics(settings)
    now = datetime.now(UTC)
    version = policy.version
    active = ActivePolicy(policy_version=version, note="", activated_by="test", activated_at=now)
    records: list[tuple[str, Record]] = [
        (version, PublishedPolicy(policy_version=version, policy=policy, published_at=now)),
        (ACTIVE_KEY, active),
    ]
    producer = make_producer(settings)
    await producer.start()
    for key, record in records:
        made = encode(POLICY, record, source="test", at=now)
        await producer.send_and_wait(POLICY.name, made.value, key.encode(), 0, headers=made.headers)
    await producer.stop()

"""A broker with the contract's topics and a published policy, and a stage for each test."""

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
from schemas.codec import encode
from schemas.control import PublishedPolicy
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import POLICY
from tests.notifiers.stage import PARTITIONS, ROUTINE, URGENT, Stage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(ROOT / "deploy" / "policy")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[str]:
    """A broker of this package's own: notifiers would work on what other tests leave in ``notify.*``."""
    kafka = EmbeddedKafka(tmp_path_factory.mktemp("notifiers-kafka"))
    bootstrap = kafka.start()
    asyncio.run(_furnish(bootstrap, policy))
    yield bootstrap
    kafka.stop()


@pytest.fixture
async def stage(broker: str, policy: Policy, tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox, settings and a directory of this test's own."""
    fast = SandboxSettings(rate_segments_per_s=0, sending_s=0, delivery_s=0)
    async with running_sandbox(settings=fast, senders=(URGENT, ROUTINE)) as sandbox:
        yield Stage(broker, policy.version, sandbox, tmp_path)


async def _furnish(bootstrap: str, policy: Policy) -> None:
    settings = Settings(bootstrap=bootstrap, partitions=PARTITIONS)
    await create_topics(settings)
    now = datetime.now(UTC)
    record = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=now)
    made = encode(POLICY, record, source="test", at=now)
    producer = make_producer(settings)
    await producer.start()
    await producer.send_and_wait(POLICY.name, made.value, policy.version.encode(), 0, headers=made.headers)
    await producer.stop()

"""A broker of this package's own, with the topics and a policy that has a canary."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from console.bring_up import with_canary
from console.publish import publish
from deploy.local.kafka import EmbeddedKafka
from runtime.settings import Settings, load_settings
from runtime.topics import create_topics
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from tests.policy.conftest import SHIPPED
from tests.upkeep.town import Town

PARTITIONS = 3


@pytest.fixture(scope="session")
def rules() -> Policy:
    """The shipped policy with the sandbox's canary."""
    return with_canary(load_policy(SHIPPED), SHIPPED / "directory.example.yaml")


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory, rules: Policy) -> Iterator[str]:
    """A broker with topics and an active policy."""
    kafka = EmbeddedKafka(tmp_path_factory.mktemp("upkeep-kafka"))
    bootstrap = kafka.start()
    asyncio.run(_furnish(bootstrap, rules))
    yield bootstrap
    kafka.stop()


@pytest.fixture
def settings(broker: str, tmp_path: Path) -> Settings:
    """Settings of a client of that broker."""
    return load_settings(bootstrap=broker, partitions=PARTITIONS, home=tmp_path)


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """Stands in for dispatcher, notifiers and people."""
    async with Town(settings) as town:
        yield town


async def _furnish(bootstrap: str, rules: Policy) -> None:
    settings = load_settings(bootstrap=bootstrap, partitions=PARTITIONS)
    await create_topics(settings)
    await publish(settings, rules, note="test", by="test")

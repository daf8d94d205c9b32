"""A broker of this room's own (one test freezes it), the shipped policy on it, and a router process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from console.publish import publish
from deploy.local.kafka import EmbeddedKafka
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from tests.router.bus import Bus
from tests.router.process import RouterProcess

SHIPPED = Path(__file__).parents[2] / "deploy" / "policy"
PARTITIONS = 3


@pytest.fixture(scope="package")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker that nobody else uses."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("router-kafka"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="package")
def settings(broker: EmbeddedKafka, policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that reach it; its topics exist and the shipped policy is active."""
    settings = Settings(
        bootstrap=broker.bootstrap, partitions=PARTITIONS, home=tmp_path_factory.mktemp("router"), request_timeout_s=5
    )

    async def set_up() -> None:
        await create_topics(settings)
        await publish(settings, policy, note="for tests", by="tests")

    asyncio.run(set_up())
    return settings


@pytest.fixture(scope="package")
def _process(settings: Settings) -> Iterator[RouterProcess]:
    process = RouterProcess(
        settings.bootstrap, PARTITIONS, settings.home, request_timeout_s=str(settings.request_timeout_s)
    )
    yield process
    process.close()


@pytest.fixture
def router(_process: RouterProcess) -> RouterProcess:
    """The router, running and with nothing waiting; started anew where an earlier test ended it."""
    _process.ensure()
    return _process


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    """Both ends of the router."""
    async with Bus(settings) as bus:
        yield bus

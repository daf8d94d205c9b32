"""Fixtures for all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from deploy.local.kafka import EmbeddedKafka

# The suite asks the same questions every time; HYPOTHESIS_PROFILE=explore asks new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of a real broker, started once for the session."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("kafka"))
    yield broker.start()
    broker.stop()

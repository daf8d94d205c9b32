"""Fixtures for all tests."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from deploy.local.kafka import EmbeddedKafka

# The suite asks the same questions every time; HYPOTHESIS_PROFILE=explore asks new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command sets up the log of its process, which here is that of all tests: on a standard error that is gone."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers[:], level = before
        root.setLevel(level)
        logging.getLogger("aiokafka").setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of a real broker, started once for the session."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("kafka"))
    yield broker.start()
    broker.stop()

"""The shipped policy, and the command run in this process as a user would type it."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from console.main import build
from schemas.policy.load import load_policy
from schemas.policy.models import Policy

SHIPPED = Path(__file__).parents[2] / "deploy" / "policy"

Run = Callable[..., Result]


@pytest.fixture(scope="package")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


@pytest.fixture
def borderlands() -> Iterator[Run]:
    """``borderlands`` with these arguments; standard output and standard error apart."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(build(), [str(argument) for argument in arguments], input=stdin)

    yield run
    # The command sets up the log of its process, which here is that of all tests: on a standard error that is gone.
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)

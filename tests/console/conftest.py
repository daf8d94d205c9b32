"""The shipped policy, and the command run in this process as a user would type it."""

from collections.abc import Callable
from pathlib import Path

import pytest
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
def borderlands() -> Run:
    """``borderlands`` with these arguments; standard output and standard error apart."""

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(build(), [str(argument) for argument in arguments], input=stdin)

    return run

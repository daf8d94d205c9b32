"""The shipped policy, and what is said of an evening."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from console.explain.reading import find
from console.explain.report import Report
from console.explain.rule_file import RuleFiles
from console.explain.texts_sent import TextsSent
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from tests.explain.evening import Evening, ListLog

SHIPPED = Path(__file__).parents[2] / "deploy" / "policy"

Explain = Callable[[Evening], Report]


@pytest.fixture(scope="package")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


@pytest.fixture(scope="package")
def rules() -> RuleFiles:
    """The files of the shipped policy."""
    return RuleFiles(SHIPPED)


@pytest.fixture
def explain() -> Explain:
    """What is said of an evening, read from a log on which others stand as well."""

    def report(evening: Evening) -> Report:
        found = asyncio.run(find(ListLog([*evening.log, *evening.others(2)]), evening.incident))
        assert found is not None
        return Report(found, TextsSent(SHIPPED / "directory.example.yaml", found.policy), evening.now)

    return report

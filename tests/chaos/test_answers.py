"""Phones that answer while the system is being hurt."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ServerDisconnectedError

from console.files import shipped_policy
from schemas.policy.directory_file import load_directory
from tests.acceptance.system import NotRunning, System
from tests.chaos import answers
from tests.chaos.ground import Ground

_DIRECTORY = load_directory(shipped_policy() / "directory.example.yaml")


@pytest.mark.parametrize("problem", [NotRunning("killed a moment ago"), ServerDisconnectedError()])
async def test_who_cannot_send_an_answer_sends_it_again(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that was killed takes the provider along; the round goes on, and so does who answers in it."""
    monkeypatch.setattr(answers, "_AGAIN_S", 0.0)
    problems, said = [problem, problem], list[tuple[str, str]]()

    async def reply(number: str, _: str, text: str) -> None:
        said.append((number, text))

    @contextlib.asynccontextmanager
    async def sandbox() -> AsyncIterator[Any]:
        if problems:
            raise problems.pop()
        yield SimpleNamespace(reply=reply)

    ground = cast("Ground", SimpleNamespace(sandbox=sandbox, directory=_DIRECTORY))
    await answers.say_from(ground, "birzai-duty", "TAIP")
    assert said == [(_DIRECTORY.contacts["birzai-duty"].sms, "TAIP")]


def test_a_system_that_does_not_run_says_so(tmp_path: Path) -> None:
    """As a failure of the connection, which whoever asks may try again."""
    with pytest.raises(ConnectionError, match="nothing runs in"):
        _ = System(tmp_path).running

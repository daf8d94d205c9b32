"""Nobody sees the people behind an incident without a reason on the log."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.main import build
from tests.explain.conftest import SHIPPED

CLOSED = "127.0.0.1:1"


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> Any:
    """The command with the example directory, and no Kafka."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", CLOSED)
    monkeypatch.setenv("BORDERLANDS_DIRECTORY", str(SHIPPED / "directory.example.yaml"))
    return CliRunner().invoke(build(["trace"]), ["trace", *arguments, "--home", str(tmp_path)])


def test_revealing_needs_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without one the command ends before it reads anything; without Kafka nothing is shown."""
    bare = run(monkeypatch, tmp_path, "in-peat", "--reveal")
    assert (bare.exit_code, bare.stdout) == (2, "")
    away = run(monkeypatch, tmp_path, "in-peat", "--reveal", "--reason", "asked")
    assert (away.exit_code, away.stdout) == (69, "")

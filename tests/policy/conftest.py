"""A copy of the shipped policy that a test can spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.policy.load import read_policy
from schemas.policy.mistakes import Mistake

SHIPPED = Path(__file__).parents[2] / "deploy" / "policy"

Spoil = Callable[[str, str, str], tuple[int, tuple[Mistake, ...]]]


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    """A copy of the shipped policy directory."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "policy"))


@pytest.fixture
def spoil(policy_dir: Path) -> Spoil:
    """Replace the first occurrence of a text in one file; gives the line it stood on and every mistake found."""

    def replace(name: str, old: str, new: str) -> tuple[int, tuple[Mistake, ...]]:
        path = policy_dir / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1, read_policy(policy_dir).mistakes

    return replace

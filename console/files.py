"""Reading what the operator names: an event from a file or standard input, a policy directory."""

import os
import sys
from pathlib import Path

from console.output import Exit, fail
from schemas.policy.load import PolicyMistakes, load_policy
from schemas.policy.models import Policy
from schemas.topics import EVENTS

_READ_AT_MOST = EVENTS.max_bytes + 1


def read_event(path: Path) -> bytes:
    """The bytes of ``path`` (``-`` is standard input), no more than one over what an event may have."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(_READ_AT_MOST)
        with path.open("rb") as file:
            return file.read(_READ_AT_MOST)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", Exit.NO_INPUT)


def shipped_policy() -> Path:
    """The policy directory: ``BORDERLANDS_POLICY``, or the one that comes with the project."""
    named = os.environ.get("BORDERLANDS_POLICY")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "deploy" / "policy"


def describe(mistakes: PolicyMistakes) -> str:
    """Every mistake on a line of its own."""
    return "\n  ".join(str(mistake) for mistake in mistakes.mistakes)


def read_policy(directory: Path | None) -> Policy:
    """The policy of ``directory``; every mistake is named with file and line, and ends the command."""
    try:
        return load_policy(directory or shipped_policy())
    except PolicyMistakes as mistakes:
        fail(describe(mistakes), Exit.DATA)
    except OSError as error:
        fail(f"cannot read the policy: {error}", Exit.NO_INPUT)

"""How a process ends, seen from outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.process import EXIT_FAILED

PROGRAM = """
import asyncio
from runtime.process import run

async def body(settings, health, stop):
    try:
        raise ConnectionError("the broker is gone")
    except ConnectionError:
        {then}

run("probe", body)
"""


@pytest.mark.parametrize("then", ["raise", "raise asyncio.CancelledError"])
def test_a_failure_ends_a_process_with_its_code_and_its_cause(tmp_path: Path, then: str) -> None:
    """Also when the clean-up after it lets a cancellation escape, as a Kafka client may: the cause is in the log."""
    env = os.environ | {"BORDERLANDS_HOME": str(tmp_path), "BORDERLANDS_LOG_FORMAT": "json"}
    command = [sys.executable, "-c", PROGRAM.format(then=then)]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == EXIT_FAILED
    (line,) = [line for line in ended.stderr.splitlines() if '"event": "failed"' in line]
    assert "the broker is gone" in line

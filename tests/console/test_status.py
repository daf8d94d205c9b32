"""``borderlands status`` and whatever else looks for a running system: what is not there is said not to be there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from console.connect import RunningSystem, running_system
from console.status import _table, canary_lines, print_whole
from tests.console.conftest import Run


def state(home: Path, pid: int, **ports: int) -> None:
    """Leave what `borderlands up` leaves for others to find it."""
    (home / "run").mkdir(parents=True)
    said = {
        "pid": pid,
        "started_at": 0.0,
        "bootstrap": "127.0.0.1:1",
        "partitions": 3,
        "directory": "people.yaml",
        "sandbox": None,
        "health_ports": ports,
        "restarts": {},
    }
    (home / "run" / "up.json").write_text(json.dumps(said))


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(20)
    return process.pid


def test_no_system_is_said_to_be_none(borderlands: Run, tmp_path: Path) -> None:
    """The way to start one is named."""
    done = borderlands("status", "--home", tmp_path)
    assert done.exit_code == 69
    assert "no system runs in" in done.stderr
    assert "borderlands up" in done.stderr


def test_what_a_killed_system_left_behind_is_no_system(borderlands: Run, tmp_path: Path, dead: int) -> None:
    """A state file whose process is gone does not count."""
    state(tmp_path, dead, router=1)
    assert running_system(tmp_path) is None
    assert borderlands("status", "--home", tmp_path).exit_code == 69


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1, "directory": ""}'])
def test_a_state_file_that_says_nothing_is_no_system(tmp_path: Path, text: str) -> None:
    """A half-written or foreign file is passed over."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "up.json").write_text(text)
    assert running_system(tmp_path) is None


def test_a_process_that_does_not_answer_is_not_healthy(borderlands: Run, tmp_path: Path) -> None:
    """It stands in the table with the reason, and the command ends with 1."""
    state(tmp_path, os.getpid(), router=1)
    done = borderlands("status", "--home", tmp_path)
    assert done.exit_code == 1
    assert "router" in done.stdout
    assert "does not answer" in done.stdout
    told = json.loads(borderlands("status", "--home", tmp_path, "--json").stdout)
    assert told["processes"]["router"]["healthy"] is False


def test_the_last_canary_of_each_partition_is_shown() -> None:
    """When it came through and how long it took; what is late, failed or has not come yet is said."""
    through = {
        "partition": 0,
        "through_at": "2026-11-02T09:00:04+00:00",
        "age_s": 61.2,
        "accepted_s": 1.04,
        "delivered_s": 3.5,
        "failed": None,
    }
    late = through | {"partition": 1, "delivered_s": None, "late": True, "failed": "connection"}
    waiting = {"partition": 2, "through_at": None, "failed": None}
    assert canary_lines({"upkeep": {"canaries": [through, late, waiting]}}) == [
        "canaries, by partition:",
        "✓  0  11:00:04 (61 s ago): accepted in 1.0 s, delivered in 3.5 s",
        "✗  1  11:00:04 (61 s ago): accepted in 1.0 s, delivery not told; the newest failed: connection",
        "…  2  none has come through yet",
    ]


@pytest.mark.parametrize(
    "answers", [{}, {"upkeep": {}}, {"upkeep": {"fault": "does not answer"}}, {"upkeep": {"canaries": []}}]
)
def test_without_canaries_nothing_is_said_of_them(answers: dict[str, dict[str, Any]]) -> None:
    """A system without a test phone, and one whose upkeep does not answer, has nothing to show."""
    assert canary_lines(answers) == []


def test_no_remark_is_broken_where_the_output_is_narrow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eighty columns, as of a pipe: each process is one line with all that is said of it."""
    fault = "policy e43d73b43c98: the directory has mistakes, and the one before it is kept; nothing is sent meanwhile"
    system = RunningSystem(1, 0.0, "127.0.0.1:9092", 12, tmp_path, None, {}, {})
    answers = {"notifier-email-routine": {"healthy": False, "pid": 12345, "restarts": 3, "fault": fault, "lag": {}}}
    table = _table(system, answers)
    print_whole(table)
    assert any("notifier-email-routine" in line and fault in line for line in capsys.readouterr().out.splitlines())

"""The tether: a command that dies with its owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import tether
from tests.local.processes import alive, eventually

SLEEP = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
"""Tells its process id, then stays."""
OWNER = """
import os, subprocess, sys
from deploy.local import tether
command = tether.tethered({command!r}, parent_pid=os.getpid())
print(subprocess.Popen(command, start_new_session=True).pid, flush=True)
sys.stdin.read()
"""


def _start(command: list[str], lock: Path | None = None) -> subprocess.Popen[str]:
    line = tether.tethered(command, parent_pid=os.getpid(), lock=lock)
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def _await_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=5)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_it_ends_with_the_exit_code_of_its_command(script: str, code: int) -> None:
    """A supervisor sees the command's own exit code, and 128 + n for signal n."""
    process = _start(["sh", "-c", script])
    process.communicate(timeout=5)
    assert process.returncode == code


def test_a_command_that_does_not_exist_is_named() -> None:
    """A missing program is a sentence, not a traceback."""
    process = _start(["no-such-program"])
    _, said = process.communicate(timeout=5)
    assert process.returncode == 127
    assert "no-such-program" in said
    assert "Traceback" not in said


def test_sigterm_reaches_the_command() -> None:
    """The command may end in its own way."""
    process = _start(["sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"])
    assert _await_line(process) == "up"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 5


def test_sigquit_kills_a_command_that_ignores_sigterm_with_its_children() -> None:
    """What does not want to end is ended, with all of its process group."""
    process = _start(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"])
    grandchild = int(_await_line(process))
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGQUIT)
    process.communicate(timeout=5)
    assert process.returncode == 137
    assert eventually(lambda: not alive(grandchild))


def test_the_command_dies_when_its_owner_is_killed() -> None:
    """kill -9 of the owner leaves neither the tether nor its command."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(command=SLEEP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    tether_pid, command = int(_await_line(owner)), int(_await_line(owner))
    _kill(owner)
    assert eventually(lambda: not alive(tether_pid) and not alive(command))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux kills a child with its parent")
def test_the_command_dies_when_the_tether_is_killed() -> None:
    """kill -9 of the tether itself leaves no command."""
    process = _start(SLEEP)
    command = int(_await_line(process))
    _kill(process)
    assert eventually(lambda: not alive(command))


def test_it_starts_nothing_for_an_owner_that_is_gone_already(tmp_path: Path) -> None:
    """An owner that died while its tether was starting gets no command."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.tether", "--parent", "1", "--", "touch", str(tmp_path / "made")],
        timeout=5,
    )
    assert done.returncode == 137
    assert not (tmp_path / "made").exists()


def test_a_second_holder_of_a_lock_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """The lock file names the process of the command."""
    lock = tmp_path / "lock"
    first = _start(SLEEP, lock)
    command = int(_await_line(first))
    second = _start(SLEEP, lock)
    _, said = second.communicate(timeout=10)
    assert second.returncode == tether.EXIT_LOCKED
    assert f"held by process {command}" in said
    assert tether.holder(lock) == command
    _kill(first)


def test_the_lock_is_free_when_its_command_has_ended(tmp_path: Path) -> None:
    """A lock never outlives the command, and needs no cleaning up."""
    lock = tmp_path / "lock"
    process = _start(SLEEP, lock)
    assert _await_line(process)
    _kill(process)
    os.close(tether.hold(lock))
    assert tether.holder(lock) is None


def test_the_lock_lives_as_long_as_the_command(tmp_path: Path) -> None:
    """While the command still runs, the lock is held, even if the tether has gone."""
    lock = tmp_path / "lock"
    fd = tether.hold(lock)
    command = subprocess.Popen(SLEEP, stdout=subprocess.PIPE, text=True, pass_fds=(fd,))
    os.close(fd)
    assert _await_line(command)
    with pytest.raises(tether.LockHeld):
        tether.hold(lock, grace_s=0)
    _kill(command)

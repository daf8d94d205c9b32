"""One process per instance id, however the last one ended."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.instance import InstanceLock, InstanceRunning

HOLD = """
import sys, time
from pathlib import Path
from runtime.instance import InstanceLock
with InstanceLock(Path(sys.argv[1]), "router"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(home: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock of ``router``."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_of_one_instance_is_refused(tmp_path: Path) -> None:
    """Two processes with one instance id would both keep their partitions; the second says who is first."""
    with holder(tmp_path) as first:
        try:
            with pytest.raises(InstanceRunning, match=f"router is already running as process {first.pid} "):
                InstanceLock(tmp_path, "router").__enter__()
            with InstanceLock(tmp_path, "dispatcher"):
                pass
        finally:
            first.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_any_death_frees_the_lock(tmp_path: Path, how: signal.Signals) -> None:
    """The kernel frees the lock, so that a supervisor can start the next process at once."""
    with holder(tmp_path) as first:
        first.send_signal(how)
        first.wait()
        with InstanceLock(tmp_path, "router"):
            pass


def test_a_lock_given_back_can_be_taken_again(tmp_path: Path) -> None:
    """Leaving the lock frees it."""
    for _ in range(2):
        with InstanceLock(tmp_path, "router"):
            pass
    assert (tmp_path / "run" / "router.lock").exists()

"""A whole system of its own for one benchmark, and what its processes take."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.tether import holder
from tests.acceptance.system import System


@contextmanager
def system_at(home: Path) -> Iterator[System]:
    """`borderlands up` in ``home``, as it is shipped but for the sandbox's queue; healthy, and ended afterwards."""
    system = System(home)
    try:
        system.start()
        yield system
    finally:
        if system.process is not None:
            system.stop()


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="borderlands-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "system"


def resident_mb(system: System) -> dict[str, float]:
    """Resident memory of every process by name, in MB; empty where the operating system has no /proc.

    Pages that processes share count in each of them.
    """
    return {name: size for name, pid in pids_of(system).items() if (size := resident_mb_of(pid)) is not None}


def cpu_s(system: System) -> dict[str, float]:
    """CPU seconds that every process has taken since its start; empty where the operating system has no /proc."""
    return {name: took for name, pid in pids_of(system).items() if (took := process_cpu_s(pid)) is not None}


def pids_of(system: System) -> dict[str, int]:
    """The process id of every process by name."""
    pids = {name: int(answer["pid"]) for name, answer in system.health().items() if "pid" in answer}
    kafka = holder(system.home / "kafka" / "lock")
    if kafka is not None:
        pids["kafka"] = kafka
    if system.process is not None:
        pids["up"] = system.process.pid
    sandbox = _sandbox(system.home)
    if sandbox is not None:
        pids["sandbox"] = sandbox
    return dict(sorted(pids.items()))


def started_at(pid: int) -> float:
    """When a process began, in seconds since the epoch, to a hundredth.

    Raises:
        OSError: it is gone, or there is no /proc.
    """
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    after_boot_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): starttime, counted behind the name
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + after_boot_s


def _sandbox(home: Path) -> int | None:
    """The sandbox has no health address: it is known by its command."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # ended meanwhile
        if "deploy.local.sandbox" in words and "deploy.local.tether" not in words and str(home / "sandbox") in words:
            return int(path.parent.name)
    return None


def resident_mb_of(pid: int) -> float | None:
    """Resident memory of one process in MB; None where it is gone or there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return sizes[0] / 1024 if sizes else None


def process_cpu_s(pid: int) -> float | None:
    """CPU seconds that the process has taken since its start, or None where that is not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    user, kernel = int(fields[11]), int(fields[12])  # proc(5): utime and stime, counted behind the command's name
    return (user + kernel) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ended_afterwards(process: "subprocess.Popen[bytes]", within_s: float) -> Iterator[None]:
    """End ``process`` afterwards: asked to, and killed where it does not within ``within_s`` seconds."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

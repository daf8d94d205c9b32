"""Ties a command to the process that started it: no child outlives its owner.

    python -m deploy.local.tether [--parent PID] [--lock FILE] [--cwd DIR] -- COMMAND [ARG ...]

- SIGTERM, SIGINT and SIGHUP are passed on to the command; SIGQUIT kills its whole process group at once.
- Ends with the command's exit code; 128 + n when signal n ended it; 75 when the lock is held by another.
- `--parent`: when that process is gone (even by `kill -9`), the command's process group is killed.
- When the tether itself is killed with `kill -9`, Linux kills the command (`PR_SET_PDEATHSIG`); elsewhere
  the command goes on and keeps the lock, so that nothing starts beside it unseen.
- `--lock`: an exclusive lock that the command inherits, so it is held exactly as long as either of the two
  lives. The file holds the process id of the command.

The command runs in its own session: Ctrl-C in a terminal reaches it only through its owner.
Standard library only, because one of these stands in front of every process.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

EXIT_LOCKED = 75
"""Exit code when the lock is held by another process (EX_TEMPFAIL of sysexits.h)."""

PARENT_POLL_S = 0.2
LOCK_GRACE_S = 2.0
_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class LockHeld(Exception):
    """The lock file is held by a living process."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        who = f"process {pid}" if pid else "another process that is just starting"
        super().__init__(f"{path} is held by {who}")


def hold(path: Path, grace_s: float = LOCK_GRACE_S) -> int:
    """Take the exclusive lock of `path` and return its file descriptor; closing it gives the lock back.

    Waits `grace_s` seconds, because the command of an owner that was just killed needs a moment to go.
    Raises `LockHeld` after that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + grace_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            os.close(fd)
            raise LockHeld(path, _read_pid(path)) from None
        os.ftruncate(fd, 0)
        return fd


def holder(path: Path) -> int | None:
    """Process id of the command that holds `path`; None when the lock is free or its command not yet there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(path)
    finally:
        os.close(fd)
    return None


def tethered(
    command: Sequence[str], *, parent_pid: int | None, lock: Path | None = None, cwd: Path | None = None
) -> list[str]:
    """The command line that runs `command` behind a tether. Start it in a new session."""
    line = [sys.executable, "-m", "deploy.local.tether"]
    if parent_pid is not None:
        line += ["--parent", str(parent_pid)]
    if lock is not None:
        line += ["--lock", str(lock)]
    if cwd is not None:
        line += ["--cwd", str(cwd)]
    return [*line, "--", *command]


def run(
    command: Sequence[str], *, parent_pid: int | None = None, lock: Path | None = None, cwd: Path | None = None
) -> int:
    """Run `command` until it ends and return its exit code. Raises `LockHeld`."""
    wakeup = _signals_as_bytes()
    lock_fd = None if lock is None else hold(lock)
    if _orphaned(parent_pid):
        return 128 + signal.SIGKILL
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        start_new_session=True,
        pass_fds=() if lock_fd is None else (lock_fd,),
        preexec_fn=_die_with_tether(),  # noqa: PLW1509 - this process has one thread
    )
    if lock_fd is not None:
        os.pwrite(lock_fd, f"{child.pid}\n".encode(), 0)
    return _watch(child, parent_pid, wakeup)


def _watch(child: subprocess.Popen[bytes], parent_pid: int | None, wakeup: int) -> int:
    poll_s = None if parent_pid is None else PARENT_POLL_S
    while child.poll() is None:
        if _orphaned(parent_pid):
            _kill_group(child)
        readable, _, _ = select.select([wakeup], [], [], poll_s)
        for number in os.read(wakeup, 64) if readable else b"":
            if number == signal.SIGQUIT:
                _kill_group(child)
            elif number in _FORWARDED:
                child.send_signal(number)
    code = child.returncode
    return code if code >= 0 else 128 - code


def _signals_as_bytes() -> int:
    """Make every signal of interest a byte in a pipe, so that one `select` waits for all of them."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (*_FORWARDED, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return readable


def _die_with_tether() -> Callable[[], None] | None:
    """What the child does before exec: on Linux, ask the kernel to be killed when the tether dies."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    tether = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != tether:  # it died between fork and prctl
            os._exit(128 + signal.SIGKILL)

    return ask


def _orphaned(parent_pid: int | None) -> bool:
    return parent_pid is not None and os.getppid() != parent_pid


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _read_pid(path: Path) -> int | None:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    return int(text) if text.isdecimal() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `python -m deploy.local.tether`."""
    parser = argparse.ArgumentParser(prog="tether", description="Run a command that dies with its owner.")
    parser.add_argument("--parent", type=int, help="process id of the owner")
    parser.add_argument("--lock", type=Path, help="file to hold locked as long as the command lives")
    parser.add_argument("--cwd", type=Path, help="directory to run in")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    try:
        return run(options.command, parent_pid=options.parent, lock=options.lock, cwd=options.cwd)
    except LockHeld as refusal:
        print(f"tether: {refusal}", file=sys.stderr)
        return EXIT_LOCKED
    except OSError as error:
        print(f"tether: cannot start {options.command[0]}: {error}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())

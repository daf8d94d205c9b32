"""One process per instance id: with static group membership two processes of one id would share partitions."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class InstanceRunning(Exception):
    """Another process of this instance id runs already; the text says which and where its lock is."""


class InstanceLock:
    """Holds ``<home>/run/<instance>.lock`` for as long as this process lives; the kernel frees it on any death."""

    def __init__(self, home: Path, instance: str) -> None:
        self._path = home / "run" / f"{instance}.lock"
        self._instance = instance
        self._fd: int | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise InstanceRunning(
                f"instance {self._instance} is already running as process {holder} (lock {self._path}); "
                "stop it first, or give this one another instance id"
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

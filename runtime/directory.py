"""The private directory as a file that may change at any time: the newest good version counts."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime import metrics
from runtime.log import logger
from runtime.process import ConfigurationMistake
from runtime.quoting import bounded
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes

WATCH_S = 1.0
_Stamp = tuple[int, int, int]
_UNREADABLE = "the file cannot be read:"


class DirectoryFile:
    """Contacts of the file ``path``, read again when it changes; one with mistakes changes nothing.

    A file that is written in place can be seen half written, and half a directory may be one without mistakes: while
    it is watched, a change is taken up only once the file has stood still from one look to the next.
    """

    def __init__(self, path: Path, acceptable: Callable[[Directory], str | None]) -> None:
        """``acceptable`` says why a directory must not be used here, or None.

        Raises:
            ConfigurationMistake: the file cannot be read, has mistakes, or must not be used here.
        """
        self._path, self._acceptable = path, acceptable
        try:
            self._stamp: _Stamp | None = _stamp(path)
            self._directory = load_directory(path)
        except PolicyMistakes as mistakes:
            raise ConfigurationMistake(f"the directory cannot be used: {'; '.join(_lines(mistakes))}") from None
        except OSError as error:
            raise ConfigurationMistake(f"the directory {path} cannot be read: {error.strerror}") from error
        objection = acceptable(self._directory)
        if objection is not None:
            raise ConfigurationMistake(objection)
        self._read_at = datetime.now(UTC)
        self._refused: str | None = None
        metrics.DIRECTORY_CURRENT.set(1)

    @property
    def facts(self) -> dict[str, Any]:
        """For ``/health``: how many contacts are in use since when, and why a newer file is not. Names nobody."""
        return {
            "contacts": len(self._directory.contacts),
            "read_at": self._read_at.isoformat(timespec="milliseconds"),
            "refused": self._refused,
        }

    def current(self) -> Directory:
        """The contacts as last read."""
        return self._directory

    async def watch(self) -> None:
        """Look for changes until cancelled."""
        seen: _Stamp | None = self._stamp
        while True:
            await asyncio.sleep(WATCH_S)
            before, seen = seen, await asyncio.to_thread(_stamp_or_none, self._path)
            if seen == before:
                await asyncio.to_thread(self.refresh)

    def refresh(self) -> None:
        """Read the file again if it changed; keep what was read before where the new one cannot be used."""
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            fresh = load_directory(self._path)
        except PolicyMistakes as mistakes:
            lines = _lines(mistakes)
            self._keep("directory_has_mistakes", "mistakes", lines[0] if lines else "it has mistakes", mistakes=lines)
            return
        except OSError as error:
            self._stamp = None  # whatever is there next is looked at
            if self._refused is None or not self._refused.startswith(_UNREADABLE):
                self._keep("directory_unreadable", "unreadable", f"{_UNREADABLE} {error.strerror}")
            return
        objection = self._acceptable(fresh)
        if objection is not None:
            self._keep("directory_refused", "not_for_here", objection)
            return
        self._directory, self._read_at, self._refused = fresh, datetime.now(UTC), None
        metrics.DIRECTORY_READS.labels("read").inc()
        metrics.DIRECTORY_CURRENT.set(1)
        logger().info("directory_read", path=str(self._path), contacts=len(fresh.contacts))

    def _keep(self, action: str, outcome: str, why: str, **more: Any) -> None:
        """Go on with the contacts as last read, and say everywhere that this is so."""
        self._refused = bounded(why)
        metrics.DIRECTORY_READS.labels(outcome).inc()
        metrics.DIRECTORY_CURRENT.set(0)
        logger().error(action, path=str(self._path), problem=self._refused, kept="the one before", **more)


def for_real_people(provider: str) -> Callable[[Directory], str | None]:
    """What a provider that reaches real people accepts: no directory marked fictional."""

    def objection(directory: Directory) -> str | None:
        if not directory.fictional:
            return None
        return (
            f"the directory is marked fictional, but {provider} reaches real people: give a real directory "
            "(BORDERLANDS_DIRECTORY), or point the provider at a sandbox on this machine"
        )

    return objection


def anybody(_: Directory) -> str | None:
    """What a provider on this machine accepts: every directory."""
    return None


def _lines(mistakes: PolicyMistakes) -> list[str]:
    """What is wrong and where, without the numbers themselves: these lines go into logs."""
    return [bounded(line) for line in str(mistakes).splitlines()[:20]]


def _stamp(path: Path) -> _Stamp:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def _stamp_or_none(path: Path) -> _Stamp | None:
    try:
        return _stamp(path)
    except OSError:
        return None

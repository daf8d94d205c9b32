"""The private directory as a file that may change at any time: the newest good version counts."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from runtime.log import logger
from runtime.process import ConfigurationMistake
from runtime.quoting import bounded
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes

WATCH_S = 1.0
_Stamp = tuple[int, int, int]


class DirectoryFile:
    """Contacts of the file ``path``, read again when it changes; one with mistakes changes nothing."""

    def __init__(self, path: Path, acceptable: Callable[[Directory], str | None]) -> None:
        """``acceptable`` says why a directory must not be used here, or None.

        Raises:
            ConfigurationMistake: the file cannot be read, has mistakes, or must not be used here.
        """
        self._path, self._acceptable = path, acceptable
        try:
            self._stamp = _stamp(path)
            self._directory = load_directory(path)
        except PolicyMistakes as mistakes:
            raise ConfigurationMistake(f"the directory cannot be used: {'; '.join(_lines(mistakes))}") from None
        except OSError as error:
            raise ConfigurationMistake(f"the directory {path} cannot be read: {error.strerror}") from error
        objection = acceptable(self._directory)
        if objection is not None:
            raise ConfigurationMistake(objection)

    def current(self) -> Directory:
        """The contacts as last read."""
        return self._directory

    async def watch(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await asyncio.sleep(WATCH_S)
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
            logger().error(
                "directory_has_mistakes", path=str(self._path), mistakes=_lines(mistakes), kept="the one before"
            )
            return
        except OSError as error:
            logger().error("directory_unreadable", path=str(self._path), problem=error.strerror, kept="the one before")
            return
        objection = self._acceptable(fresh)
        if objection is not None:
            logger().error("directory_refused", path=str(self._path), problem=objection, kept="the one before")
            return
        self._directory = fresh
        logger().info("directory_read", path=str(self._path), contacts=len(fresh.contacts))


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

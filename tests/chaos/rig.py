"""The system that is hurt: real processes under `borderlands up`, a small disk of its own for Kafka where that can be
had, and clocks that can be put wrong."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.tether import holder
from tests.acceptance.system import System

SESSION_S = 6.0
PARTITIONS = 3
FROZEN_S = (7.0, 9.0)
"""How long a frozen process stands: past its session time-out."""

NOTIFIERS = ("notifier-sms-urgent", "notifier-sms-routine", "notifier-email-urgent", "notifier-email-routine")
PROCESSES = ("router", "dispatcher", *NOTIFIERS)
"""Of which more than one may run."""

GATEWAY, UPKEEP = "gateway", "upkeep"
EVERYBODY = (*PROCESSES, GATEWAY, UPKEEP)
SUPERVISOR, BROKER, SANDBOX = "supervisor", "kafka", "sandbox"

_CLOCK = Path(__file__).parent / "clock"
_DISK_BYTES = 4 * 1024**3
_RESTART_S = 1.0
_STARTS = 5


class NotToBeHad(Exception):
    """Something of this machine that a fault needs is not there; the text says what."""


@dataclass
class Extra:
    """A process beside the supervised ones. ``output`` is what it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """Everything it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def wait(self, within_s: float) -> int:
        """Its exit code.

        Raises:
            AssertionError: it still runs after ``within_s`` seconds.
        """
        try:
            return await asyncio.to_thread(self.process.wait, within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within_s:g} s: {self.output[-500:]}") from None

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(number)


@dataclass
class Rig:
    """A system in ``home`` and everything that is done to it from outside."""

    home: Path
    small_disk: bool = False
    starts: int = 0
    system: System = field(init=False)
    _extras: list[Extra] = field(default_factory=list)
    _mounted: bool = False

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "clock").mkdir(exist_ok=True)
        environment = {"PYTHONPATH": str(_CLOCK), "CHAOS_CLOCK": str((self.home / "clock").absolute())}
        options = ("--partitions", str(PARTITIONS), "--session-timeout", str(int(SESSION_S)))
        self.system = System(self.home, *options, environment=environment)

    def start(self) -> None:
        """Start everything; with ``small_disk``, Kafka's home is a file system of its own.

        Raises:
            NotToBeHad: this machine mounts no file system for us.
        """
        if self.small_disk and not self._mounted:
            mount_disk(self.home)
            self._mounted = True
        self._until_up()

    def _until_up(self) -> None:
        """Start the supervisor again until it stays, as a service manager does."""
        for left in reversed(range(_STARTS)):
            self.starts += 1
            try:
                self.system.start()
            except AssertionError:
                if left == 0 or self.system.process is None or self.system.process.poll() is None:
                    raise
                time.sleep(_RESTART_S)
            else:
                return

    async def start_again(self) -> None:
        """After the supervisor has ended: start it in the same home, like a service manager after a moment."""
        assert self.system.process is not None
        await asyncio.to_thread(self.system.process.wait, 60)
        await asyncio.sleep(_RESTART_S)
        await asyncio.to_thread(self._until_up)

    def stop(self) -> None:
        """End everything and give back the disk."""
        for extra in self._extras:
            extra.end()
            extra.process.wait(10)
        process = self.system.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGCONT)
            try:
                self.system.stop()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        if self._mounted:
            time.sleep(0.5)
            subprocess.run(["umount", "--lazy", str(self.home / "kafka")], check=False, capture_output=True)
            (self.home / "kafka.img").unlink(missing_ok=True)

    async def pid(self, name: str, within_s: float = 60.0) -> int:
        """The process id of a process, of the supervisor or of the broker, once it is there."""
        deadline = time.monotonic() + within_s
        while True:
            found = await asyncio.to_thread(self._pid, name)
            if found is not None:
                return found
            assert time.monotonic() < deadline, f"{name} does not run"
            await asyncio.sleep(0.1)

    def _pid(self, name: str) -> int | None:
        if name == SUPERVISOR:
            return self.system.process.pid if self.system.process and self.system.process.poll() is None else None
        if name == BROKER:
            return holder(self.home / "kafka" / "lock")
        answer = self.system.health().get(name, {})
        return int(answer["pid"]) if "pid" in answer else None

    async def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a process itself; returns the process id."""
        pid = await self.pid(name)
        os.kill(pid, number)
        return pid

    @contextlib.contextmanager
    def frozen(self, pid: int) -> Iterator[None]:
        """Hold the process ``pid`` still for the time of the block."""
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def set_clock(self, name: str, seconds: float) -> None:
        """Put the clock of process ``name`` wrong by ``seconds``; 0 puts it right."""
        path = self.home / "clock" / name
        if seconds:
            draft = path.with_suffix(".new")
            draft.write_text(str(seconds), encoding="ascii")
            draft.replace(path)
        else:
            path.unlink(missing_ok=True)

    async def another(self, like: str, command: Sequence[str], *, instance: str | None, home: Path | None) -> Extra:
        """Start one more process with the environment of the running process ``like``.

        ``instance`` None gives it no instance id; ``home`` another home than the system's, as on another machine.
        """
        return self._another(await self.pid(like), command, instance, home)

    def _another(self, pid: int, command: Sequence[str], instance: str | None, home: Path | None) -> Extra:
        raw = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        environment = dict(item.split("=", 1) for item in raw.split("\0") if "=" in item)
        environment |= {"BORDERLANDS_HEALTH_PORT": "0", "BORDERLANDS_INSTANCE": instance or ""}
        if instance is None:
            del environment["BORDERLANDS_INSTANCE"]
        if home is not None:
            environment["BORDERLANDS_HOME"] = str(home.absolute())
        log = self.home / f"extra-{len(self._extras) + 1}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=output, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        extra = Extra(process, log)
        self._extras.append(extra)
        return extra

    def unwell(self) -> list[str]:
        """A line for every process that does not answer, is not healthy or is behind; empty when all is well."""
        process = self.system.process
        if process is None or process.poll() is not None:
            return [f"the supervisor has ended: {self.system.log()[-800:]}"]
        health = self.system.health()
        lines = [f"{name} does not answer" for name in EVERYBODY if not health.get(name)]
        for name, answer in health.items():
            if answer and not answer.get("healthy"):
                lines.append(f"{name} is not healthy: {answer}")
            elif any((answer.get("lag") or {}).values()):
                lines.append(f"{name} is behind: {answer['lag']}")
        return lines


def module_of(name: str) -> tuple[str, ...]:
    """The command line of a supervised process, after ``python -m``."""
    if name in ("router", "dispatcher"):
        return (f"streams.{name}",)
    if name in (GATEWAY, UPKEEP):
        return (name if name == GATEWAY else "gateway.upkeep",)
    _, channel, lane = name.split("-")
    return ("notifiers", channel, "--lane", lane)


def mount_disk(home: Path) -> None:
    """Mount a file system of its own over the broker's home: a real disk that can really be full.

    Raises:
        NotToBeHad: it needs root, `mkfs.ext4` and a loop device.
    """
    image, place = home / "kafka.img", home / "kafka"
    place.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(_DISK_BYTES)
    for command in (
        ["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", str(image)],
        ["mount", "-o", "loop", str(image), str(place)],
    ):
        try:
            done = subprocess.run(command, capture_output=True, timeout=60)
        except FileNotFoundError:
            raise NotToBeHad(f"needs {command[0]}") from None
        if done.returncode != 0:
            image.unlink()
            raise NotToBeHad("needs root and a loop device, to mount a small disk")

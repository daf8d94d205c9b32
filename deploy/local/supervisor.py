"""Runs the processes of one machine: readable prefixed output, restart with back-off, a clean end.

Every process runs behind a tether, so that none outlives this one, even when this one is killed with -9.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from deploy.local.tether import tethered

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STABLE_AFTER_S = 10.0
"""A process that ran so long is started again at once when it ends; the waits are for those that cannot even start."""

STOP_WITHIN_S = 20.0
EXIT_CONFIGURATION = 78
EXIT_UNPREPARED = 75
"""Taken as its exit code when a restart of a process could not be prepared (EX_TEMPFAIL of sysexits.h)."""

_LINE_LIMIT = 64 * 1024

Say = Callable[[str, str], None]
"""``say(process, line)``: one line of output or news of one process."""


@dataclass(frozen=True)
class ProcessSpec:
    """A process to keep running. ``command`` is run behind a tether unless ``tethered_already``.

    ``prepare`` is called before every start, for what a start needs and a restart may find changed.
    A ``foundation`` is ended only when all that stands on it has ended.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health_port: int | None = None
    tethered_already: bool = False
    foundation: bool = False
    prepare: Callable[[], Awaitable[None]] | None = None


class SetUpWrongly(Exception):
    """A process ended because of how it is set up; starting it again would change nothing."""


@dataclass
class Supervised:
    """One process under supervision."""

    spec: ProcessSpec
    say: Say
    stop_within_s: float = STOP_WITHIN_S
    on_restart: Callable[[], None] = lambda: None
    restarts: int = 0
    started_at: float = 0.0
    pid: int | None = None
    stopping: bool = False
    _process: asyncio.subprocess.Process | None = None

    async def keep_running(self) -> None:
        """Start the process, and start it again whenever it ends, until ``stop``.

        Raises:
            SetUpWrongly: it ended with exit code 78 within its first start.
        """
        quick_ends = 0
        while not self._asked_to_stop():
            code = await self._run_once()
            if self._asked_to_stop():
                return
            if code == EXIT_CONFIGURATION and self.restarts == 0:
                raise SetUpWrongly(f"{self.spec.name} cannot run as it is set up; its last lines above say why")
            stable = code != EXIT_UNPREPARED and time.monotonic() - self.started_at > STABLE_AFTER_S
            quick_ends = 0 if stable else quick_ends + 1
            delay = BACKOFF_S[min(max(quick_ends - 1, 0), len(BACKOFF_S) - 1)]
            self.restarts += 1
            self.say(self.spec.name, f"ended with {_meaning(code)}; starting it again in {delay:g} s")
            self.on_restart()
            await asyncio.sleep(delay)

    async def stop(self) -> None:
        """Ask the process to end, and kill it if it does not within ``stop_within_s`` seconds."""
        self.stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        for number, patience_s in ((signal.SIGTERM, self.stop_within_s), (signal.SIGQUIT, 5.0)):
            if process.returncode is None:
                process.send_signal(number)
            try:
                async with asyncio.timeout(patience_s):
                    await process.wait()
            except TimeoutError:
                self.say(self.spec.name, f"did not end within {patience_s:g} s of {signal.Signals(number).name}")
                continue
            return

    def _asked_to_stop(self) -> bool:
        return self.stopping

    async def _run_once(self) -> int:
        if not await self._prepared():
            return EXIT_UNPREPARED
        command = list(self.spec.command)
        if not self.spec.tethered_already:
            command = tethered(command, parent_pid=os.getpid())
        self.started_at = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(self.spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=_LINE_LIMIT,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None  # noqa: S101 - asked for as a pipe just above
        try:
            await self._relay(self._process.stdout)
            return await self._process.wait()
        finally:
            if self._process.returncode is None:  # stopped while it was being started: nobody else would end it
                self._process.send_signal(signal.SIGQUIT)

    async def _prepared(self) -> bool:
        """Whether a start could be prepared. What fails at a restart may pass: a full disk, a port not yet given back.

        Raises whatever went wrong at the first start.
        """
        if self.spec.prepare is None:
            return True
        try:
            await self.spec.prepare()
        except Exception as problem:
            if self.restarts == 0:
                raise
            self.say(self.spec.name, f"cannot be started: {type(problem).__name__}: {problem}")
            return False
        return True

    async def _relay(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:  # longer than the limit: the reader has dropped what it held
                self.say(self.spec.name, "(a line too long to show)")
                continue
            if not line:
                return
            self.say(self.spec.name, line.decode(errors="replace").rstrip())


class Supervisor:
    """Keeps a list of processes running, starts them in order, and ends first what stands on the others."""

    def __init__(
        self, say: Say, *, stop_within_s: float = STOP_WITHIN_S, on_restart: Callable[[], None] = lambda: None
    ) -> None:
        self._say, self._stop_within_s, self._on_restart = say, stop_within_s, on_restart
        self.processes: dict[str, Supervised] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, spec: ProcessSpec) -> None:
        """Begin to supervise ``spec``."""
        supervised = Supervised(spec, self._say, self._stop_within_s, self._on_restart)
        self.processes[spec.name] = supervised
        self._tasks[spec.name] = asyncio.create_task(supervised.keep_running(), name=f"supervise-{spec.name}")

    async def watch(self, stop: asyncio.Event) -> None:
        """Return when ``stop`` is set; raise what ended the supervision of any process."""
        waiting = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                done, _ = await asyncio.wait({waiting, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {waiting}:
                    task.result()
                    raise SetUpWrongly(f"{task.get_name()} ended")
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        """End all processes together, then the foundations, the last started first."""
        await asyncio.gather(*(process.stop() for process in self.processes.values() if not process.spec.foundation))
        for process in reversed(list(self.processes.values())):
            await process.stop()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _meaning(code: int) -> str:
    number = code - 128 if code > 128 else -code if code < 0 else 0
    try:
        return f"signal {signal.Signals(number).name}" if number else f"exit code {code}"
    except ValueError:
        return f"exit code {code}"


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command line that runs ``module`` with this interpreter."""
    return (sys.executable, "-m", module, *arguments)

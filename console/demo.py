"""``borderlands demo``: plays an evening across all three agreements on a real Kafka, and shows what arrives."""

import asyncio
import logging
import shutil
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from console.bring_up import NOT_TO_BE_HAD, bring_up, unless
from console.connect import running_system
from console.demo_play import Play
from console.files import describe, shipped_policy
from console.output import Exit, fail, out
from console.status import ask_all
from deploy.local.supervisor import SetUpWrongly
from deploy.local.system import LocalSystem, SystemOptions
from runtime import log
from runtime.instance import InstanceLock
from schemas.policy.mistakes import PolicyMistakes

HEALTHY_WITHIN_S = 60.0
MARKER = "demonstration"
STOPPED = "stopped before the evening was over"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Check what arrived, and end.")] = False,
    home: Annotated[Path, typer.Option(help="Emptied at the start.")] = Path("var/demo"),
) -> None:
    """Play an evening on the border and show every text that arrives; stays up until Ctrl-C (or --once)."""
    try:
        with InstanceLock(home.with_name(home.name + ".lock"), "demo"):
            _empty(home)
            faults = asyncio.run(_Demo(home).run(once=once))
    except PolicyMistakes as mistakes:
        fail(describe(mistakes), Exit.DATA)
    except NOT_TO_BE_HAD as problem:
        fail(str(problem), Exit.UNAVAILABLE)
    except SetUpWrongly as problem:
        fail(f"{problem} (see {home}/demo.log)", Exit.CONFIGURATION)
    if faults:
        fail("not as expected:\n  " + "\n  ".join(faults), Exit.DIFFERENT)


def _empty(home: Path) -> None:
    """Make ``home`` anew. Only what an earlier demonstration left is ever deleted."""
    marker = home / MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        fail(f"{home} is not empty and not a demonstration's", Exit.USAGE, mend="name another --home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    marker.write_text("A demonstration's home: emptied by the next one.\n")


class _Demo:
    """One run: bring the system up, play, stay or end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._started = time.monotonic()
        self._log = (home / "demo.log").open("a", encoding="utf-8")
        options = SystemOptions(home=home, directory=shipped_policy() / "directory.example.yaml")
        self._system = LocalSystem(options, self._to_log)

    async def run(self, *, once: bool) -> list[str]:
        """Play the evening; returns how it differed from what was expected."""
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        log.configure("demo", "text", level=logging.WARNING, libraries=logging.CRITICAL)
        try:
            return await self._run(stop, once=once)
        finally:
            self._say("stopping…")
            await self._system.stop()
            self._log.close()

    async def _run(self, stop: asyncio.Event, *, once: bool) -> list[str]:
        asked = asyncio.create_task(stop.wait())
        if not await unless(asked, bring_up(self._system, shipped_policy(), self._say)):
            return [STOPPED]
        watching = asyncio.create_task(self._system.supervisor.watch(stop))
        try:
            if not await unless(watching, self._until_healthy()):
                return [STOPPED]
            play = Play(self._system, self._say)
            if not await unless(watching, play.run()) or not await unless(watching, self._system.quicken(self._say)):
                return [STOPPED]
            if not once and not play.faults:
                self._say(f"the system stays up, its log is {self._home}/demo.log; Ctrl-C ends it")
                self._say(f"in another terminal: borderlands status --home {self._home}")
                await watching
            return play.faults
        finally:
            for task in (watching, asked):
                task.cancel()
            await asyncio.gather(watching, asked, return_exceptions=True)

    async def _until_healthy(self) -> None:
        system = running_system(self._home)
        assert system is not None  # noqa: S101 - bringing it up has just written that it runs
        async with asyncio.timeout(HEALTHY_WITHIN_S):
            while not all(answer.get("healthy") for answer in (await ask_all(system)).values()):  # noqa: ASYNC110 - other processes set no event of ours
                await asyncio.sleep(0.25)
        self._say("every process is healthy; the evening begins")

    def _say(self, text: str) -> None:
        out.print(f"[{time.monotonic() - self._started:5.1f} s] {text}", markup=False)

    def _to_log(self, process: str, line: str) -> None:
        self._log.write(f"{process:22}│ {line}\n")
        self._log.flush()
        if "starting it again" in line:
            self._say(f"{process} {line}")

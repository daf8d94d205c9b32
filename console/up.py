"""``borderlands up``: the whole system on this machine, until Ctrl-C."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.bring_up import NOT_TO_BE_HAD, bring_up, unless
from console.files import describe, shipped_policy
from console.output import Exit, fail, out
from deploy.local.supervisor import Say, SetUpWrongly
from deploy.local.system import LocalSystem, SystemOptions
from runtime import log
from runtime.instance import InstanceLock
from schemas.policy.mistakes import PolicyMistakes
from schemas.topics import DEFAULT_PARTITIONS, MAX_PARTITIONS

_COLOURS = (36, 35, 34, 33, 32, 31)


def up(
    home: Annotated[Path, typer.Option(help="Where data, ledgers and logs are kept.")] = Path("var/local"),
    policy: Annotated[Path | None, typer.Option(help="Policy activated if none is; default: the shipped one.")] = None,
    directory: Annotated[Path | None, typer.Option(help="The private directory of people.")] = None,
    sandbox: Annotated[bool, typer.Option(help="SMS and mail stay on this machine.")] = True,
    partitions: Annotated[int, typer.Option(min=1, max=MAX_PARTITIONS, help="Fixed for life.")] = DEFAULT_PARTITIONS,
    rate: Annotated[float, typer.Option(help="Sandbox: SMS parts a second per sender; 0 is unlimited.")] = 10.0,
    canary: Annotated[bool, typer.Option(help="Sandbox: a canary to a made-up phone, half-hourly a partition.")] = True,
    session_timeout: Annotated[float, typer.Option(min=1, help="Kafka session time-out, seconds.")] = 10.0,
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
) -> None:
    """Run everything on this machine: Kafka, router, dispatcher, notifiers, and a sandbox of SMS and mail."""
    folder = policy or shipped_policy()
    options = SystemOptions(
        home=home,
        directory=directory or folder / "directory.example.yaml",
        partitions=partitions,
        sandbox=sandbox,
        canary=canary,
        segments_per_s=rate,
        session_timeout_s=session_timeout,
        log_format=log_format,
    )
    try:
        log.configure("up", log_format, level=logging.WARNING, libraries=logging.CRITICAL)
        with InstanceLock(home, "up"):
            asyncio.run(_run(LocalSystem(options, prefixed()), folder))
    except PolicyMistakes as mistakes:
        fail(describe(mistakes), Exit.DATA)
    except NOT_TO_BE_HAD as problem:
        fail(str(problem), Exit.UNAVAILABLE)
    except SetUpWrongly as problem:
        fail(str(problem), Exit.CONFIGURATION)


async def _run(system: LocalSystem, policy: Path) -> None:
    stop = asyncio.Event()
    asked = asyncio.create_task(stop.wait())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        if not await unless(asked, bring_up(system, policy, out.print)):
            return
        out.print(f"Kafka answers at {system.bootstrap}; Ctrl-C stops everything.")
        if system.sandbox_url:
            out.print(f"Texts and mails stay here: {system.sandbox_url}/sandbox/phones and /sandbox/mails")
        await system.supervisor.watch(stop)
    finally:
        out.print("stopping…")
        await system.stop()
        out.print("stopped; the data are kept in " + str(system.options.home))


def prefixed(colour: bool | None = None) -> Say:
    """A ``say`` that prints each line behind its process's name."""
    colours = sys.stdout.isatty() if colour is None else colour
    seen: dict[str, int] = {}

    def say(process: str, line: str) -> None:
        shade = seen.setdefault(process, _COLOURS[len(seen) % len(_COLOURS)])
        name = f"{process:22}"
        sys.stdout.write(f"\x1b[{shade}m{name}\x1b[0m│ {line}\n" if colours else f"{name}│ {line}\n")
        sys.stdout.flush()

    return say

"""``borderlands status``: every process of a running system in one table."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import aiohttp
import typer
from aiokafka.errors import KafkaError
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from console.connect import RunningSystem, connection, running_system
from console.output import Exit, JsonOption, fail, out, print_json
from console.policy.unconfirmed import unconfirmed_lines
from console.switches import switches_on
from deploy.local.kafka import wait_ready

ANSWER_WITHIN_S = 2.0
SWITCHES_WITHIN_S = 5.0
MOST_COLUMNS = 400
ZONE = ZoneInfo("Europe/Riga")  # the same clock as Europe/Vilnius, all year


def status(
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Show health and lag of every process. Exit code 1: something is not healthy."""
    system = running_system(home)
    if system is None:
        fail(f"no system runs in {home}", Exit.UNAVAILABLE, mend="start one with `borderlands up`, or name its --home")
    answers = asyncio.run(ask_all(system))
    switches = asyncio.run(_switches(home)) if answers["kafka"]["healthy"] else []
    alone = asyncio.run(_alone(home)) if answers["kafka"]["healthy"] else []
    if as_json:
        print_json({"bootstrap": system.bootstrap, "stopped": switches, "policy_alone": alone, "processes": answers})
    else:
        print_whole(_table(system, answers))
        for line in (*switches, *modes(answers)):
            out.print(f"■ {line}", style="bold red", markup=False)
        for line in (*directory_lines(answers), *alone):
            out.print(f"! {line}", style="yellow", markup=False)
        for line in canary_lines(answers):
            out.print(line, markup=False)
    if not all(answer.get("healthy") for answer in answers.values()):
        raise typer.Exit(int(Exit.DIFFERENT))


async def _switches(home: Path) -> list[str]:
    """The stop switches that are on, as the log has them: also where no notifier lives to tell."""
    try:
        async with asyncio.timeout(SWITCHES_WITHIN_S):
            return [one.line for one in (await switches_on(connection(home))).switches.values()]
    except (KafkaError, OSError) as problem:
        return [f"whether sending is stopped cannot be read: {type(problem).__name__}"]


async def _alone(home: Path) -> list[str]:
    """Whether the active policy waits for the second person it ought to have had."""
    try:
        async with asyncio.timeout(SWITCHES_WITHIN_S):
            return await unconfirmed_lines(connection(home))
    except (KafkaError, OSError) as problem:
        return [f"who made the policy active cannot be read: {type(problem).__name__}"]


def modes(answers: dict[str, dict[str, Any]]) -> list[str]:
    """In which mode notifiers run that reach somebody else than those they write to; each once."""
    return list(dict.fromkeys(str(answer["only_to"]) for answer in answers.values() if answer.get("only_to")))


async def ask_all(system: RunningSystem) -> dict[str, dict[str, Any]]:
    """The health of everything by name; what does not answer has a ``fault`` saying so."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        asked = {"kafka": _ask_kafka(system.bootstrap)}
        if system.sandbox:
            asked["sandbox"] = _ask(session, f"{system.sandbox}/sandbox/health", {"healthy": True, "ready": True})
        for name, port in system.health_ports.items():
            asked[name] = _ask(session, f"http://127.0.0.1:{port}/health", {})
        answers = await asyncio.gather(*asked.values())
    restarts = system.restarts
    return {name: {**answer, "restarts": restarts.get(name, 0)} for name, answer in zip(asked, answers, strict=True)}


async def _ask_kafka(bootstrap: str) -> dict[str, Any]:
    try:
        await wait_ready(bootstrap, ANSWER_WITHIN_S)
    except TimeoutError as problem:
        return {"healthy": False, "fault": str(problem)}
    return {"healthy": True, "ready": True}


async def _ask(session: aiohttp.ClientSession, url: str, known: dict[str, Any]) -> dict[str, Any]:
    try:
        async with session.get(url) as answer:
            body: dict[str, Any] = await answer.json()
            return {**body, **known}
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        return {"healthy": False, "fault": f"does not answer ({type(problem).__name__})"}


def directory_lines(answers: dict[str, dict[str, Any]]) -> list[str]:
    """Which processes keep an older directory because the newest cannot be used, and why; each reason once."""
    keeping: dict[str, list[str]] = {}
    for name, answer in answers.items():
        if refused := (answer.get("directory") or {}).get("refused"):
            keeping.setdefault(str(refused), []).append(name)
    return [f"the directory before is kept by {', '.join(names)}: {why}" for why, names in keeping.items()]


def canary_lines(answers: dict[str, dict[str, Any]]) -> list[str]:
    """When the last canary of each partition came through, and how long it took; empty where none is sent."""
    told: list[dict[str, Any]] = (answers.get("upkeep") or {}).get("canaries") or []
    lines = ["canaries, by partition:"] if told else []
    for one in told:
        mark = "✗" if one.get("late") else "✓" if one.get("through_at") else "…"
        lines.append(f"{mark} {one['partition']:>2}  {_canary_words(one)}")
    return lines


def _canary_words(one: dict[str, Any]) -> str:
    failed = f"; the newest failed: {one['failed']}" if one.get("failed") else ""
    if not one.get("through_at"):
        return f"none has come through yet{failed}"
    at = datetime.fromisoformat(one["through_at"]).astimezone(ZONE)
    delivered = "delivery not told" if one["delivered_s"] is None else f"delivered in {one['delivered_s']:.1f} s"
    return f"{at:%H:%M:%S} ({one['age_s']:.0f} s ago): accepted in {one['accepted_s']:.1f} s, {delivered}{failed}"


def print_whole(table: Table) -> None:
    """Print ``table`` at the width at which no cell is broken; a narrower terminal breaks lines, and loses nothing."""
    options = out.options.update(max_width=MOST_COLUMNS)
    width = Measurement.get(out, options, table).maximum
    Console(width=width, highlight=False, emoji=False).print(
        table, crop=False
    )  # ``out`` goes no wider than its terminal


def _table(system: RunningSystem, answers: dict[str, dict[str, Any]]) -> Table:
    minutes = (time.time() - system.started_at) / 60
    title = f"Kafka at {system.bootstrap}, up for {minutes:.0f} min"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("process", "healthy", "pid", "restarts", "lag", "handled", "remarks"):
        table.add_column(column, no_wrap=True)
    for name, answer in answers.items():
        behind = {topic: count for topic, count in (answer.get("lag") or {}).items() if count}
        remarks = answer.get("fault") or ("" if answer.get("ready") else "starting")
        if policy := answer.get("policy"):
            remarks = f"policy {policy} {remarks}".strip()
        if held := answer.get("held"):
            remarks = f"{held} held by a stop switch {remarks}".strip()
        table.add_row(
            name,
            "[green]yes[/]" if answer.get("healthy") else "[bold red]no[/]",
            str(answer.get("pid", "")),
            str(answer["restarts"]),
            ", ".join(f"{topic} {count}" for topic, count in behind.items()) or ("0" if "lag" in answer else ""),
            str(answer.get("handled", "")),
            str(remarks),
        )
    return table

"""``borderlands watch``: what happens, as it happens."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.complete import HomeOption, party_ids
from console.connect import connection
from console.explain.following import Feed
from console.explain.reading import utc_now
from console.explain.watching import Watcher
from console.logs.logged import Logged
from console.output import Exit, err, fail, out
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from schemas.policy.shape import hint
from schemas.topics import INCIDENTS, TOPICS

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
KNOWN_WITHIN_S = 15.0


def watch(
    party: Annotated[str | None, typer.Option(help="Only what concerns this party.", autocompletion=party_ids)] = None,
    incident: Annotated[str | None, typer.Option(help="Only this incident, by its id.")] = None,
    since: Annotated[str | None, typer.Option(help="Begin so long ago: 90s, 10m, 2h; default: now.")] = None,
    canaries: Annotated[bool, typer.Option("--canaries", help="Canaries as well.")] = False,
    home: HomeOption = Path("var/local"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line for each thing.")] = False,
) -> None:
    """Follow live what happens: a line for each record, until Ctrl-C, which ends it with exit code 0.

    Where the broker goes away that is said, and when it is back it goes on where it broke off; nothing is shown twice.
    """
    begin = _begin(since)
    settings = connection(home)
    watcher = Watcher(party, incident, canaries=canaries)
    try:
        asyncio.run(_watch(lambda: connection(home), settings, watcher, party, begin, _printer(watcher, as_json)))
    except KeyboardInterrupt:
        return
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be reached: {problem}", Exit.UNAVAILABLE, mend="start the system, or name its --home")


def _begin(since: str | None) -> datetime | None:
    if since is None:
        return None
    match = re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|d)", since.strip())
    if not match:
        fail(f"'{since}' is no length of time", Exit.USAGE, mend="write 90s, 10m, 2h or 1d")
    return utc_now() - timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _printer(watcher: Watcher, as_json: bool) -> Callable[[Logged], None]:
    def say(one: Logged) -> None:
        if as_json:
            print(json.dumps(watcher.document(one), ensure_ascii=False), flush=True)
        else:
            out.print(watcher.line(one), markup=False)

    return say


async def _watch(
    current: Callable[[], Settings],
    settings: Settings,
    watcher: Watcher,
    party: str | None,
    begin: datetime | None,
    say: Callable[[Logged], None],
) -> None:
    await _learn(settings, watcher, party)
    feed = Feed(current, [topic for topic in TOPICS.values() if topic is not INCIDENTS], _notice, begin)
    err.print("watching; Ctrl-C ends it", style="dim")
    async for batch in feed:
        for one in batch:
            if watcher.concerns(one):
                say(one)


async def _learn(settings: Settings, watcher: Watcher, party: str | None) -> None:
    """Whose contacts are whose, by the active policy; a party that it does not have is a slip of the pen."""
    async with asyncio.timeout(KNOWN_WITHIN_S), PolicyFollower(settings) as policies:
        policy = policies.active
    if policy is None:
        return
    watcher.knows(policy)
    known = [one.id for one in policy.parties]
    if party is not None and party not in known:
        fail(f"there is no party '{party}'", Exit.USAGE, mend=hint(party, known, "parties"))


def _notice(said: str) -> None:
    err.print(f"! {said}", markup=False)

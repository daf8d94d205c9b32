"""``borderlands replay --play``: the evening again, on the terminal, as fast as asked for. Writes nothing.

Nothing of it leaves this process: records are read and printed.
"""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiokafka.errors import KafkaError

from console.explain.story import Teller
from console.logs.logged import Logged, TooMuchToRead
from console.logs.source import LogSource, read_all
from console.output import Exit, fail, out
from console.replay.names import incident_of, short_names
from schemas.control import PublishedPolicy
from schemas.policy.models import Policy
from schemas.topics import CO_PARTITIONED, INCIDENTS, POLICY

LONGEST_WAIT_S = 3.0
"""A gap that would take longer on the terminal is said, and cut to this."""

PLAYED = tuple(topic for topic in CO_PARTITIONED if topic is not INCIDENTS)
"""Everything a trace is made of; snapshots say nothing that the records do not."""

_RANK = {"events": 0, "decisions": 1, "events.rejected": 2, "receipts": 4}


@dataclass(frozen=True)
class Scene:
    """One record to be shown: ``after_s`` seconds of the terminal's time after the one before.

    ``skipped`` is the gap that was cut short before it, None where the wait is as long as the speed says.
    """

    record: Logged
    incident: str | None
    name: str
    after_s: float
    skipped: timedelta | None


def play(
    source: LogSource,
    since: datetime | None,
    until: datetime | None,
    *,
    incident: str | None,
    speed: float,
    as_json: bool,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Print what happened from ``since`` to ``until``, ``speed`` times as fast (60: an hour in a minute).

    With ``incident`` only that one. Ends at Ctrl-C. With ``as_json`` one record a line, at the same pace. ``pause``
    waits so many seconds. Exits with ``NO_INPUT`` where there is nothing to show.
    """
    if not (math.isfinite(speed) and speed > 0):
        fail(f"a speed of {speed:g} plays nothing", Exit.USAGE, mend="give --speed 60 for an hour in a minute")
    try:
        records, policies = asyncio.run(_read(source, since, until))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"{source.name} cannot be read: {problem}", Exit.UNAVAILABLE)
    scenes = list(scenes_of(records, speed, incident))
    if not scenes:
        what = f"of {incident} " if incident else ""
        fail(f"nothing {what}is on the log in that time", Exit.NO_INPUT, mend="give another --from and --to")
    _show(scenes, policies, pause, as_json=as_json)


def scenes_of(records: list[Logged], speed: float, incident: str | None = None) -> Iterator[Scene]:
    """``records`` in the order of the log, each with how long to wait before it at ``speed``."""
    names = short_names(records)
    before: datetime | None = None
    for one in sorted(records, key=_order):
        of = incident_of(one)
        if incident is not None and of != incident:
            continue
        gap = one.appended_at - before if before is not None else timedelta()
        wait_s = gap.total_seconds() / speed
        skipped = gap if wait_s > LONGEST_WAIT_S else None
        yield Scene(one, of, names.get(of or "", "-"), min(wait_s, LONGEST_WAIT_S), skipped)
        before = one.appended_at


def lines_of(scene: Scene, teller: Teller, width: int) -> Iterator[str]:
    """A scene as it is printed: what a trace says, behind the short name of the incident."""
    if scene.skipped is not None:
        yield f"… {_length(scene.skipped)} later"
    first, *rest = teller.of(scene.record)
    yield f"{scene.name:{width}}  {first}"
    for line in rest:
        yield f"{'':{width}}  {line}"


def _show(scenes: list[Scene], policies: dict[str, Policy], pause: Callable[[float], None], *, as_json: bool) -> None:
    teller = Teller([scene.record for scene in scenes], policies.get, None)
    width, seen, shown = max(len(scene.name) for scene in scenes), set[str](), 0
    try:
        for scene in scenes:
            pause(scene.after_s)
            shown += 1
            if as_json:
                print(json.dumps(_as_json(scene), ensure_ascii=False), flush=True)
                continue
            if scene.incident is not None and scene.incident not in seen:
                seen.add(scene.incident)
                out.print(f"{scene.name:{width}}  is incident {scene.incident}", markup=False)
            for line in lines_of(scene, teller, width):
                out.print(line, markup=False)
    except KeyboardInterrupt:
        if not as_json:
            out.print(f"ended here: {shown} of {len(scenes)} records were shown", markup=False)
        return
    if not as_json:
        out.print(f"that was all: {len(scenes)} records of {len(seen)} incidents", markup=False)


async def _read(
    source: LogSource, since: datetime | None, until: datetime | None
) -> tuple[list[Logged], dict[str, Policy]]:
    records = await read_all(source, PLAYED, since=since, until=until)
    published = [one.record for one in await read_all(source, [POLICY])]
    return records, {one.policy_version: one.policy for one in published if isinstance(one, PublishedPolicy)}


def _order(one: Logged) -> tuple[datetime, int, str, int, int]:
    """As a trace has it: of what was appended in the same millisecond, cause before effect."""
    return one.appended_at, _RANK.get(one.topic, 3), one.topic, one.partition, one.offset


def _as_json(scene: Scene) -> dict[str, object]:
    one = scene.record
    return {
        "incident": scene.incident,
        "name": scene.name,
        "topic": one.topic,
        "partition": one.partition,
        "offset": one.offset,
        "appended_at": one.appended_at.isoformat(),
        "value": one.record.model_dump(mode="json", exclude_none=True) if one.record is not None else None,
    }


def _length(gap: timedelta) -> str:
    """A gap in the two units that say most about it."""
    minutes, seconds = divmod(int(gap.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")) if count
    ]
    return " ".join(parts[:2]) or "less than 1 s"

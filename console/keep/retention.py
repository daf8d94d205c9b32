"""``borderlands retention``: how long records stay, by the policy, and what that deletes."""

import asyncio
import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.keep.ageing import Ageing, apply, look
from console.output import Exit, fail, out
from runtime.kafka import make_producer
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import RETENTION_KEY, RetentionLook
from schemas.topics import CONTROL

_DAY_MS = 24 * 3600 * 1000


def retention(
    apply_it: Annotated[bool, typer.Option("--apply", help="Set it on the topics; write down what is gone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per topic.")] = False,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Show how long the active policy keeps each topic, how much of it is older, and how much was deleted.

    Exit code 1: without --apply, the topics are kept otherwise than the policy says.
    """
    try:
        found = asyncio.run(retain(connection(home), by=getpass.getuser(), apply_it=apply_it))
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be reached: {problem}", Exit.UNAVAILABLE)
    for one in found:
        out.print(json.dumps(asdict(one)) if as_json else _line(one, applied=apply_it), markup=False)
    if not apply_it and any(one.now_ms != one.kept_ms for one in found):
        fail("topics are kept otherwise than the policy says", Exit.DIFFERENT, mend="borderlands retention --apply")


async def retain(settings: Settings, *, by: str, apply_it: bool) -> list[Ageing]:
    """How each topic stands; with ``apply_it`` set as the active policy says, and written down on ``control``."""
    now = datetime.now(UTC)
    async with PolicyFollower(settings) as policies:
        policy = await policies.wait_active(1.0)
    found, last = await look(settings, policy.retention, now)
    if not apply_it:
        return found
    await apply(settings, {one.topic: one.kept_ms for one in found})
    ever = last.deleted_ever if last is not None else {}
    record = RetentionLook(
        policy_version=policy.version,
        kept_ms={one.topic: one.kept_ms for one in found},
        starts={one.topic: one.starts for one in found},
        deleted={one.topic: one.deleted or 0 for one in found},
        deleted_ever={one.topic: ever.get(one.topic, 0) + (one.deleted or 0) for one in found},
        by=by,
        at=now,
    )
    made = encode(CONTROL, record, source="retention", at=now)
    async with make_producer(settings) as producer:
        await producer.send_and_wait(
            CONTROL.name, made.value, key=RETENTION_KEY.encode(), partition=0, headers=made.headers
        )
    return found


def _line(one: Ageing, *, applied: bool) -> str:
    kept = f"kept {_days(one.kept_ms)}"
    if one.now_ms != one.kept_ms:
        kept += f" ({'was' if applied else 'the topic says'} {_days(one.now_ms)})"
    gone = "no look before this one" if one.deleted is None else f"{one.deleted} deleted since the last look"
    return f"{one.topic:22} {kept:38} {one.held} there, {one.due} older and to go, {gone}"


def _days(kept_ms: int | None) -> str:
    return "for ever" if kept_ms is None or kept_ms < 0 else f"{kept_ms / _DAY_MS:g} d"

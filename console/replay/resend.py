"""``borderlands replay --resend``: what ended without a receipt is listed and, on confirmation, ordered once more.

The dispatcher alone orders texts; what is written here is an order to it, which it may still refuse with a reason.
"""

import asyncio
import getpass
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.logs.live import LiveLog
from console.logs.logged import TooMuchToRead
from console.logs.source import LogSource
from console.output import Exit, err, fail, out
from runtime.control import Control, ControlFollower
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas import ids
from schemas.codec import encode
from schemas.incident import IncidentState, Slot
from schemas.notification import ResendOrder
from schemas.topics import INCIDENTS, RESPONSES
from schemas.vocabulary import Channel, ReceiptReason
from streams.rules.incidents.resend import WITHOUT_RECEIPT, Refusal, refusal_of
from streams.rules.incidents.slots import UNSETTLED

VALID_FOR = timedelta(hours=1)
"""How long a new attempt is worth sending: what cannot go out within that is looked at by people again."""

WAITS_FOR = timedelta(seconds=90)
"""A text without any outcome for so long is listed as well, though it is still on its way and may yet go out."""

WORD = "resend"


@dataclass(frozen=True)
class Lost:
    """A text that ended without a receipt of its arrival; ``refusal`` is why it is not sent again, None where it may
    be. ``age`` is how long ago it ended."""

    incident_id: str
    slot: Slot
    age: timedelta
    refusal: Refusal | None


def resend(
    home: Path,
    source: LogSource,
    since: datetime | None,
    until: datetime | None,
    *,
    incident: str | None,
    yes: bool,
    as_json: bool,
    although_answered: bool = False,
) -> None:
    """List the texts ordered from ``since`` to ``until`` that ended without a receipt, and order them once more.

    ``incident`` limits it to one; ``yes`` asks nobody; with ``as_json`` it is listed, and ordered with ``yes`` only.
    ``although_answered``: also what somebody has answered. Exits with ``USAGE`` for a file, which nobody can send
    from, with ``DIFFERENT`` where it was not confirmed.
    """
    if not isinstance(source, LiveLog):
        fail(
            f"{source.name} is a file: only what the running system ended can be sent again",
            Exit.USAGE,
            mend="leave --log out; a restored or exported record never reaches anybody",
        )
    settings = connection(home)
    try:
        found = asyncio.run(lost(settings, source, since, until, incident, although_answered=although_answered))
        _list(found, as_json=as_json)
        wanted = [one for one in found if one.refusal is None]
        if not wanted or (as_json and not yes):
            return
        if not yes and not _confirmed(len(wanted)):
            fail("nothing was ordered: it was not confirmed", Exit.DIFFERENT)
        asyncio.run(_order(settings, wanted, although_answered=although_answered))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(
            f"Kafka cannot be reached: {type(problem).__name__}: {problem}",
            Exit.UNAVAILABLE,
            mend="give the same command again: what was ordered already is not ordered twice",
        )
    if not as_json:
        out.print(f"ordered: {len(wanted)}. `borderlands trace` shows what becomes of them.")


async def lost(
    settings: Settings,
    source: LogSource,
    since: datetime | None,
    until: datetime | None,
    incident: str | None,
    *,
    although_answered: bool,
) -> list[Lost]:
    """The texts ordered in that time that ended without a receipt, by the dispatcher's own snapshots; oldest first.

    Raises:
        TooMuchToRead, KafkaError: the log cannot be read.
    """
    keys = None if incident is None else frozenset({incident.encode()})
    newest: dict[str, IncidentState | None] = {}
    async for batch in source.stream([INCIDENTS], keys=keys):
        for one in batch:
            key = (one.key or b"").decode(errors="replace")
            state = one.record if isinstance(one.record, IncidentState) else None
            newest[key] = state if state is not None and any(_in_time(state, since, until)) else None
    now = datetime.now(UTC)
    async with ControlFollower(settings) as control:
        silent = control.current
    found = [
        Lost(
            state.incident_id,
            slot,
            max(now - slot.since, timedelta()),
            refusal_of(state, slot, although_answered=although_answered) or _silenced(slot, silent),
        )
        for state in newest.values()
        if state is not None
        for slot in _in_time(state, since, until)
        if _is_lost(slot, now)
    ]
    return sorted(found, key=lambda one: (one.slot.since, one.slot.current.notification_id))


def _in_time(state: IncidentState, since: datetime | None, until: datetime | None) -> Iterator[Slot]:
    for slot in (*state.slots, *state.news):
        ordered = slot.current.decided_at
        in_time = (since is None or ordered >= since) and (until is None or ordered < until)
        if in_time and slot.delivery in WITHOUT_RECEIPT | UNSETTLED:
            yield slot


def _is_lost(slot: Slot, now: datetime) -> bool:
    """Whether it ended without a receipt; or has waited so long for one that somebody will ask."""
    return slot.delivery in WITHOUT_RECEIPT or now - slot.since >= WAITS_FOR


def _silenced(slot: Slot, control: Control) -> Refusal | None:
    if slot.channel is Channel.SMS and slot.contact_id in control.stopped_contacts:
        return ReceiptReason.RECIPIENT_STOPPED, f"{slot.contact_id} asked for no more texts (STOP)"
    return None


def order_of(one: Lost, by: str, now: datetime, *, although_answered: bool) -> ResendOrder:
    """The order to send ``one`` once more."""
    current = one.slot.current
    ended = one.slot.delivery.value + (f" ({one.slot.reason.value})" if one.slot.reason else "")
    return ResendOrder(
        order_id=ids.resend_id(current.notification_id, current.attempt),
        incident_id=one.incident_id,
        notification_id=current.notification_id,
        attempt=current.attempt,
        expires_at=now + VALID_FOR,
        although_answered=although_answered,
        by=by,
        reason=f"attempt {current.attempt} ended as {ended}",
        at=now,
    )


async def _order(settings: Settings, wanted: list[Lost], *, although_answered: bool) -> None:
    now, by = datetime.now(UTC), getpass.getuser()
    producer = make_producer(settings)
    await producer.start()
    try:
        for one in wanted:
            await _write(producer, order_of(one, by, now, although_answered=although_answered), settings.partitions)
    finally:
        await producer.stop()


async def _write(producer: AIOKafkaProducer, order: ResendOrder, partitions: int) -> None:
    encoded = encode(RESPONSES, order, source="console", at=order.at, cause=order.notification_id)
    await producer.send_and_wait(
        RESPONSES.name,
        key=order.incident_id.encode(),
        value=encoded.value,
        headers=encoded.headers,
        partition=partition_for(order.incident_id, partitions),
    )


def _confirmed(count: int) -> bool:
    try:
        said = typer.prompt(f"type {WORD} to order {count} once more", default="", show_default=False)
    except (typer.Abort, EOFError):
        return False
    return bool(said.strip() == WORD)


def _list(found: list[Lost], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print(json.dumps(_as_json(one), ensure_ascii=False))
        return
    for one in found:
        for line in _lines(one):
            out.print(line, markup=False)
    kept = sum(one.refusal is not None for one in found)
    out.print(f"{len(found)} ended without a receipt, of which {kept} are not sent again", markup=False)
    if not found:
        err.print("nothing is to be sent again", markup=False)


def _lines(one: Lost) -> Iterator[str]:
    current, slot = one.slot.current, one.slot
    drill = f", exercise {current.exerciseid}" if current.exerciseid else ""
    why = f": {slot.reason.value}" if slot.reason else ""
    yield (
        f"{one.incident_id}  {current.template.value} by {slot.channel.value} ({current.lane.value}) to {slot.party} "
        f"{slot.role} ({slot.contact_id}), attempt {current.attempt}{drill}"
    )
    yield f"    {slot.delivery.value}{why}, {_age(one.age)} ago"
    if one.refusal is not None:
        yield f"    not sent again: {one.refusal[1]}"
    elif slot.next_attempt_at is not None:
        yield f"    tried again by itself at {slot.next_attempt_at:%H:%M:%S} UTC; an order makes that now"


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _as_json(one: Lost) -> dict[str, object]:
    current, slot = one.slot.current, one.slot
    return {
        "incident_id": one.incident_id,
        "notification_id": current.notification_id,
        "attempt": current.attempt,
        "template": current.template.value,
        "origin": current.origin.value,
        "exerciseid": current.exerciseid,
        "party": slot.party,
        "role": slot.role,
        "contact_id": slot.contact_id,
        "channel": slot.channel.value,
        "lane": current.lane.value,
        "delivery": slot.delivery.value,
        "reason": slot.reason.value if slot.reason else None,
        "ended_at": slot.since.isoformat(),
        "age_s": int(one.age.total_seconds()),
        "sent_again": one.refusal is None,
        "refusal": {"reason": one.refusal[0].value, "detail": one.refusal[1]} if one.refusal else None,
    }

"""``borderlands replay --exercise``: past events as an exercise, to exercise contacts only.

Whom it reaches is worked out before anybody is asked, said, and looked at again before each event. What is broken off
is called off: nobody is left waiting for an exercise that does not go on.
"""

import asyncio
import contextlib
import itertools
import math
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.logs.live import LiveLog
from console.logs.logged import Logged, TooMuchToRead
from console.logs.source import LogSource, read_all
from console.output import Exit, err, fail, out
from console.replay.drill import Act, Plan, closings, event_of, is_over, originals, plan_of, run_id
from console.replay.reached import Judge, Reached, judged
from console.submit import people_of, write_event
from runtime.control import ControlFollower
from runtime.kafka import make_producer
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas.event import EmergencyEvent
from schemas.topics import EVENTS
from schemas.vocabulary import Origin
from streams.rules.incidents.due import FORGET_AFTER

GOES_ON_WITHIN = timedelta(hours=1)
"""A run that stopped without a word goes on where it stopped; after so long it is another exercise."""

LOOK_EVERY_S = 0.25
"""How often, while nothing is due, it is looked whether to stop."""

ASK_WITHIN_S = 5.0
WORD = "exercise"


@dataclass(frozen=True)
class Prepared:
    """An exercise ready to begin; ``written`` are the ids of its events that stand on the log from a run before."""

    plan: Plan
    reached: Reached
    written: frozenset[str] = frozenset()


@dataclass
class Ended:
    """How a run ended: what went out, what is left, why it was broken off (None: it was not), what was called off."""

    sent: list[Act] = field(default_factory=list)
    left: list[Act] = field(default_factory=list)
    why: str | None = None
    called_off: list[EmergencyEvent] = field(default_factory=list)


def run_exercise(
    home: Path,
    source: LogSource,
    since: datetime | None,
    until: datetime | None,
    *,
    incident: str | None,
    speed: float,
    yes: bool,
) -> None:
    """Make the real events of ``source`` from ``since`` to ``until`` an exercise on the system of ``home``.

    ``speed`` times as fast as they came; ``incident`` limits it to one; ``yes`` asks nobody. Exits with ``DATA``
    where somebody real would be reached, ``CONFIGURATION`` where the directory is not here to check, ``DIFFERENT``
    where it was not confirmed or was broken off.
    """
    if not (math.isfinite(speed) and speed > 0):
        fail(f"a speed of {speed:g} plays nothing", Exit.USAGE, mend="give --speed 1 for the pace it had")
    settings = connection(home)
    try:
        prepared = asyncio.run(_prepare(settings, source, since, until, incident, speed))
        _say(prepared, settings, speed)
        if not yes and not _confirmed():
            fail("nothing was sent: it was not confirmed", Exit.DIFFERENT)
        ended = asyncio.run(_run(settings, prepared))
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:  # a time-out is one of them
        fail(
            f"Kafka cannot be reached: {type(problem).__name__}: {problem}",
            Exit.UNAVAILABLE,
            mend="give the same command again: what went out already is not sent twice, and the rest follows",
        )
    _report(ended)


async def _prepare(
    settings: Settings,
    source: LogSource,
    since: datetime | None,
    until: datetime | None,
    incident: str | None,
    speed: float,
) -> Prepared:
    directory = people_of(settings)
    if directory is None:
        fail(
            "the directory of contacts is not on this machine, so nobody can say whom this exercise would reach",
            Exit.CONFIGURATION,
            mend="run it where the directory is, or name it in BORDERLANDS_DIRECTORY",
        )
    records, left_out = originals(await read_all(source, [EVENTS], since=since, until=until), incident)
    if not records:
        for line in left_out:
            err.print(f"left out: {line}", markup=False)
        fail("no real event is on the log in that time", Exit.NO_INPUT, mend="give another --from and --to")
    exerciseid, written = await _which_run(settings, records)
    plan = plan_of(records, exerciseid, speed, left_out)
    async with PolicyFollower(settings) as policies, ControlFollower(settings) as control:
        policy = await policies.wait_active(ASK_WITHIN_S)
        reached = judged(plan, policy, control.current.swaps, directory, datetime.now(UTC))
    return Prepared(reached.plan, reached, written)


async def _which_run(settings: Settings, records: tuple[Logged, ...]) -> tuple[str, frozenset[str]]:
    """The exercise id of this run, and what of it stands on the log already.

    A run that ended is not repeated: the next one has ids of its own. One that broke down a short while ago goes on.
    """
    now = datetime.now(UTC)
    written: dict[str, set[str]] = {}
    newest: dict[str, datetime] = {}
    async for batch in LiveLog(settings).stream([EVENTS], since=now - FORGET_AFTER):
        for one in batch:
            event = one.record
            if isinstance(event, EmergencyEvent) and event.origin is Origin.EXERCISE and event.exerciseid is not None:
                written.setdefault(event.exerciseid, set()).add(event.event_id)
                newest[event.exerciseid] = max(one.appended_at, newest.get(event.exerciseid, one.appended_at))
    for number in itertools.count(1):  # pragma: no branch - one of the numbers is free
        exerciseid = run_id(records, number)
        known = frozenset(written.get(exerciseid, ()))
        goes_on = bool(known) and now - newest[exerciseid] < GOES_ON_WITHIN
        if not known or (goes_on and not is_over(plan_of(records, exerciseid, 1.0), known)):
            break
    return exerciseid, known


def _say(prepared: Prepared, settings: Settings, speed: float) -> None:
    """Say what the exercise is and whom it reaches; refuse one that reaches somebody who is not there for that."""
    plan, reached = prepared.plan, prepared.reached
    for line in plan.left_out:
        err.print(f"left out: {line}", markup=False)
    incidents = len({act.incident_id for act in plan.acts})
    lasts = timedelta(seconds=round(plan.acts[-1].after_s)) if plan.acts else timedelta()
    out.print(
        f"exercise {plan.exerciseid}: {len(plan.acts)} events of {incidents} incidents in {lasts} at speed {speed:g}, "
        f"on {settings.bootstrap}",
        markup=False,
    )
    for line in (*reached.lines, *(f"! {warning}" for warning in reached.warnings)):
        out.print(line, markup=False)
    out.print(
        f"texts and mails: {reached.at_once} as its events come, up to {reached.in_all} if every ladder is climbed "
        "to its end and each request is answered once",
        markup=False,
    )
    if reached.faults:
        fail(
            f"this exercise would reach {'; '.join(reached.faults)}",
            Exit.DATA,
            mend="give the role an exercise contact in roles.yaml or correct the directory: `borderlands policy check`",
        )
    if not plan.acts:
        fail("none of these events would be taken as an exercise", Exit.DATA)
    gone = sum(act.event_id in prepared.written for act in plan.acts)
    if gone:
        out.print(f"it was begun a short while ago and broke down: {gone} events went out; the rest follows now")


def _confirmed() -> bool:
    try:
        said = typer.prompt(f"type {WORD} to begin", default="", show_default=False)
    except (typer.Abort, EOFError):
        return False
    return bool(said.strip() == WORD)


async def _run(settings: Settings, prepared: Prepared) -> Ended:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    producer = make_producer(settings)
    await producer.start()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with PolicyFollower(settings) as policies, ControlFollower(settings) as control:
            await policies.wait_active(ASK_WITHIN_S)
            judge = Judge(policies, control, lambda: people_of(settings), ASK_WITHIN_S)

            async def write(event: EmergencyEvent) -> None:
                await write_event(producer, event, settings.partitions)

            return await perform(prepared, write=write, judge=judge, stop=stop)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        with contextlib.suppress(KafkaError):
            await producer.stop()


async def perform(
    prepared: Prepared,
    *,
    write: Callable[[EmergencyEvent], Awaitable[None]],
    judge: "Judge | Callable[[EmergencyEvent | None], Awaitable[str | None]]",
    stop: asyncio.Event,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Ended:
    """Write the events of ``prepared`` one by one, each at its time, until all are written or something says stop.

    ``judge`` says of an event, or without one in general, why the exercise must end now; None lets it go on. What was
    written by an earlier run of the same exercise is passed over. Where it is broken off, its open incidents are
    called off.

    Raises:
        KafkaError, OSError: an event could not be written, or nobody can tell whether to go on.
    """
    plan, ended = prepared.plan, Ended()
    ahead_s = next((act.after_s for act in plan.acts if act.event_id not in prepared.written), 0.0)
    began_s = time.monotonic() - ahead_s
    for place, act in enumerate(plan.acts):
        if act.event_id in prepared.written:
            ended.sent.append(act)
            continue
        ended.why = await _until(began_s + act.after_s, judge, stop)
        event, _ = event_of(act, plan.exerciseid, clock())
        ended.why = ended.why or await judge(event)
        if ended.why is not None:
            ended.left = list(plan.acts[place:])
            break
        await write(event)
        ended.sent.append(act)
        out.print(_line(event, place + 1, len(plan.acts)), markup=False)
    if ended.why is not None:
        for over in closings(plan, ended.sent, clock()):
            await write(over)
            ended.called_off.append(over)
    return ended


async def _until(
    moment_s: float, judge: Callable[[EmergencyEvent | None], Awaitable[str | None]], stop: asyncio.Event
) -> str | None:
    """Wait until ``moment_s`` (monotonic); why the exercise must end, as soon as it must."""
    while True:
        if stop.is_set():
            return "you asked for it"
        why = await judge(None)
        left_s = moment_s - time.monotonic()
        if why is not None or left_s <= 0:
            return why
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(left_s, LOOK_EVERY_S)):
                await stop.wait()


def _line(event: EmergencyEvent, number: int, count: int) -> str:
    what = f": {event.event_type.value.replace('_', ' ')}" if event.event_type else ""
    return (
        f"{event.reported_at:%H:%M:%S} UTC  {number}/{count}  {event.kind.value} by {event.reporting_party}{what} "
        f"[{event.event_id}, incident {event.incident_id}]"
    )


def _report(ended: Ended) -> None:
    """Say what went out and what did not; exit with ``DIFFERENT`` where it was broken off."""
    if ended.why is None:
        out.print(f"that was all: {len(ended.sent)} events. Its ladders go on until somebody answers or they expire.")
        return
    for act in ended.left:
        err.print(
            f"not sent: {act.original.kind.value} by {act.original.reporting_party} [{act.event_id}]", markup=False
        )
    for over in ended.called_off:
        err.print(f"called off: incident {over.incident_id} of {over.reporting_party}", markup=False)
    fail(
        f"the exercise was broken off, since {ended.why}: {len(ended.sent)} events went out, {len(ended.left)} did not",
        Exit.DIFFERENT,
    )

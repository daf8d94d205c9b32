"""Exercise and resend on the running system, each in a process of its own as the command runs them."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from console.logs.live import LiveLog, read_log
from console.replay.resend import Lost, lost
from deploy.local.sandbox.models import NumberTrouble
from schemas.event import EmergencyEvent
from schemas.notification import ResendOrder
from schemas.topics import EVENTS, RESPONSES
from schemas.vocabulary import EventKind, Origin
from tests.acceptance.night import Night
from tests.acceptance.system import System

pytestmark = pytest.mark.kafka

BOATS: dict[str, Any] = {"needs": [{"kind": "boat", "count": 1}]}
WITHIN_S = 180.0

_EXERCISE = """
import sys
from pathlib import Path
from console.connect import connection
from console.logs.live import LiveLog
from console.replay.exercise import run_exercise
home = Path(sys.argv[1])
log, speed, yes = LiveLog(connection(home)), float(sys.argv[3]), sys.argv[4] == "yes"
run_exercise(home, log, None, None, incident=sys.argv[2], speed=speed, yes=yes)
"""

_RESEND = """
import sys
from pathlib import Path
from console.connect import connection
from console.logs.live import LiveLog
from console.replay.resend import resend
home = Path(sys.argv[1])
resend(
    home, LiveLog(connection(home)), None, None, incident=sys.argv[2], yes=sys.argv[3] == "yes", as_json=False
)
"""


class Command:
    """A command that runs; its output so far, and its exit code."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self.said = process, ""

    async def says(self, words: str) -> None:
        """Return when it has said ``words``."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            while words not in self.said:
                line = await self._process.stdout.readline()
                assert line, f"it ended without a word of {words!r}: {self.said}"
                self.said += line.decode()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    async def ends(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            self.said += (await self._process.stdout.read()).decode()
            return await self._process.wait()


@contextlib.asynccontextmanager
async def command(script: str, *arguments: object, typed: str = "") -> AsyncIterator[Command]:
    """``script`` in a process of its own, with ``typed`` at its standard input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *map(str, arguments),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdin is not None
        process.stdin.write(typed.encode())
        process.stdin.close()
        yield Command(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def switched(system: System, word: str) -> None:
    """``borderlands stop-sending`` or ``resume``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", word, "--reason", "a test", "--home", str(system.home)
    )
    assert await process.wait() == 0


async def evening(night: Night) -> EmergencyEvent:
    """A real call for boats, seconds later an update: those who are on duty get two texts and two mails each."""
    event = await night.report("akniste", "ice_rescue", "Gārsene", **BOATS)
    for contact in ("rokiskis-duty", "rokiskis-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    more: dict[str, Any] = {"needs": [{"kind": "boat", "count": 2}], "incident_id": event.incident_id}
    await night.report("akniste", "ice_rescue", "Gārsene", kind="update", **more)
    for contact in ("rokiskis-duty", "rokiskis-chief"):
        await night.expect_sms(contact, "valtys 2")
        await night.expect_mail(contact)
    return event


async def expect_drill(night: Night, *words: str) -> None:
    """Everybody who is there for exercises at Rokiškis, and nobody else."""
    for contact in ("rokiskis-exercise-duty", "rokiskis-exercise-chief"):
        await night.expect_sms(contact, *words)
        await night.expect_mail(contact)


async def drills_of(night: Night, event: EmergencyEvent) -> list[EmergencyEvent]:
    """The exercise events that were made from those of ``event``'s incident, oldest first."""
    events = [one.record for one in await read_log(night.settings, [EVENTS]) if isinstance(one.record, EmergencyEvent)]
    own = {one.event_id for one in events if one.incident_id == event.incident_id} | {event.incident_id}
    return [one for one in events if one.origin is Origin.EXERCISE and one.derivedfrom in own]


async def test_a_past_evening_is_practised_with_exercise_contacts_only(night: Night, system: System) -> None:
    """It is said whom it reaches, asked, and done; the real incident hears nothing of it and of no answer to it."""
    event = await evening(night)
    async with command(_EXERCISE, system.home, event.incident_id, 1000, "ask", typed="no\n") as refused:
        assert await refused.ends() == 1, refused.said
    assert "rokiskis-exercise-chief" in refused.said
    assert await drills_of(night, event) == []
    async with command(_EXERCISE, system.home, event.incident_id, 1, "ask", typed="exercise\n") as run:
        assert await run.ends() == 0, run.said
    assert "that was all: 2 events" in run.said
    for contact in ("rokiskis-exercise-duty", "rokiskis-exercise-chief"):
        await night.expect_sms(contact, "valtis 1")
        await night.expect_mail(contact)
        await night.expect_sms(contact, "valtys 2")
        await night.expect_mail(contact)
    made = await drills_of(night, event)
    assert [one.kind for one in made] == [EventKind.REPORT, EventKind.UPDATE]
    await night.say("rokiskis-exercise-duty", "TAIP")
    await night.expect_sms("akniste-exercise-duty")
    await night.expect_mail("akniste-exercise-duty")
    await night.expect_nothing_more()
    answers = [one.record for one in await read_log(night.settings, [RESPONSES])]
    assert {getattr(one, "incident_id", None) for one in answers} == {made[0].incident_id}


async def test_ctrl_c_ends_an_exercise_and_calls_it_off(night: Night, system: System) -> None:
    """Those who were told hear that it is over; the next run is another exercise."""
    event = await evening(night)
    async with command(_EXERCISE, system.home, event.incident_id, 0.001, "yes") as run:
        await run.says("1/2  report by akniste")
        await expect_drill(night, "valtis 1")
        run.interrupt()
        assert await run.ends() == 1, run.said
    assert "you asked for it: 1 events went out, 1 did not" in run.said
    await expect_drill(night)
    made = await drills_of(night, event)
    assert [one.kind for one in made] == [EventKind.REPORT, EventKind.ALL_CLEAR]
    await night.expect_nothing_more()


async def test_a_stop_switch_ends_an_exercise(night: Night, system: System) -> None:
    """What was begun is called off; nothing of it rings when sending goes on."""
    event = await evening(night)
    async with command(_EXERCISE, system.home, event.incident_id, 0.001, "yes") as run:
        await run.says("1/2  report by akniste")
        await expect_drill(night, "valtis 1")
        await switched(system, "stop-sending")
        assert await run.ends() == 1, run.said
    assert "sending is stopped for everybody" in run.said
    await switched(system, "resume")
    await expect_drill(night)
    await night.expect_nothing_more()


async def test_what_was_lost_is_listed_and_sent_once_more_on_confirmation(night: Night, system: System) -> None:
    """A number that was wrong for a while: listed with its reason, sent when asked for, and then no more listed."""
    settings = night.settings
    chief = night.directory.contacts["rokiskis-chief"].sms
    assert chief is not None
    await night.sandbox.add_trouble(NumberTrouble(number=chief, refuse_code=21211))
    event = await night.report("akniste", "ice_rescue", "Gārsene", **BOATS)
    await night.expect_sms("rokiskis-duty")
    for contact in ("rokiskis-duty", "rokiskis-chief"):
        await night.expect_mail(contact)
    await until_lost(night, event.incident_id)
    await night.sandbox.clear_troubles()
    async with command(_RESEND, system.home, event.incident_id, "ask", typed="\n") as listed:
        assert await listed.ends() == 1, listed.said
    assert "rokiskis-chief" in listed.said
    assert "failed_perm: invalid_address" in listed.said
    async with command(_RESEND, system.home, event.incident_id, "yes") as ordered:
        assert await ordered.ends() == 0, ordered.said
    await night.expect_sms("rokiskis-chief", "valtis 1")
    async with command(_RESEND, system.home, event.incident_id, "yes") as again:
        assert await again.ends() == 0, again.said
    assert "0 ended without a receipt" in again.said
    await night.expect_nothing_more()
    orders = [one.record for one in await read_log(settings, [RESPONSES]) if isinstance(one.record, ResendOrder)]
    assert len(orders) == 1


async def until_lost(night: Night, incident: str) -> Lost:
    """The one text of ``incident`` that was lost, as soon as the dispatcher's snapshot has it."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = await lost(night.settings, LiveLog(night.settings), None, None, incident, although_answered=False)
        if found:
            (one,) = found
            return one
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)

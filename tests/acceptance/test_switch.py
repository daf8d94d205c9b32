"""The stop switch in a storm, an exercise and a real event at once: the operator's commands on the running system."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.logs.live import read_log
from schemas.control import StopSwitch
from schemas.notification import Notification, Receipt
from schemas.topics import CONTROL, NOTIFY, RECEIPTS
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason
from tests.acceptance.night import Night
from tests.acceptance.system import System

pytestmark = pytest.mark.kafka

EVENTS = 200
OBEYED_WITHIN = timedelta(seconds=1)
TAKEN = {Delivery.SENT, Delivery.DELIVERED}
"""A report of delivery may have come after the acceptance by the time it is looked at."""

ON_THE_WIRE = timedelta(seconds=0.5)
"""What a call that was begun in time may take to arrive on a busy machine."""

LATE_S = 8
DONE_WITHIN_S = 150


async def borderlands(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    command = [sys.executable, "-m", "console", *arguments, "--home", str(system.home)]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)


async def _taken(night: Night, since: datetime) -> list[dict[str, Any]]:
    """Every text and mail that a provider took since then."""
    entries = [*await night.sandbox.ledger("accepted"), *await night.sandbox.ledger("mail")]
    return [entry for entry in entries if datetime.fromisoformat(entry["at"]) > since]


async def _storm(night: Night, incidents: set[str]) -> None:
    for number in range(EVENTS):
        event = await night.report("vecumnieki", "flood", "Skaistkalne", key=f"storm-{number}")
        incidents.add(event.incident_id)


async def _switched(night: Night, *, stopped: bool) -> datetime:
    """When the newest switch of that kind was appended."""
    found = [
        one.appended_at
        for one in await read_log(night.settings, [CONTROL])
        if isinstance(one.record, StopSwitch) and one.record.stopped is stopped
    ]
    return found[-1]


async def _ends(night: Night, incidents: set[str]) -> tuple[dict[str, Notification], list[Receipt]]:
    """The orders of the storm and every end of one, once each has an end."""
    async with asyncio.timeout(DONE_WITHIN_S):
        while True:
            records = [one.record for one in await read_log(night.settings, [*NOTIFY.values(), RECEIPTS])]
            orders = {
                record.notification_id: record
                for record in records
                if isinstance(record, Notification) and record.incident_id in incidents
            }
            ends = [
                record
                for record in records
                if isinstance(record, Receipt)
                and record.notification_id in orders
                and record.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)
            ]
            if {order.incident_id for order in orders.values()} == incidents and orders.keys() == {
                end.notification_id for end in ends
            }:
                return orders, ends
            await asyncio.sleep(1)


async def test_a_stop_switch_in_a_storm(system: System, night: Night) -> None:
    """Nothing goes out a second after the switch; on resume what expired ends so, and the rest arrives once each."""
    incidents: set[str] = set()
    began = (await night.report("vecumnieki", "flood", "Skaistkalne", key="storm-first")).reported_at
    storm = asyncio.create_task(_storm(night, incidents))
    async with asyncio.timeout(60):
        while len(await _taken(night, began)) < 40:  # noqa: ASYNC110 - the sandbox does not announce it
            await asyncio.sleep(0.05)
    stop = await borderlands(system, "stop-sending", "--reason", "wrong figures from the sensors")
    assert stop.returncode == 0, stop.stderr
    try:
        switched = await _switched(night, stopped=True)
        await storm
        expires_at = datetime.now(UTC) + timedelta(seconds=LATE_S)
        late = {
            (await night.report("vecumnieki", "flood", "Skaistkalne", expires_at=expires_at)).incident_id
            for _ in range(3)
        }
        await asyncio.sleep(LATE_S + 1)
        too_late = await _taken(night, switched + OBEYED_WITHIN + ON_THE_WIRE)
        assert too_late == []
        await _shown(system, next(iter(late)))
    finally:
        resumed = await borderlands(system, "resume", "--reason", "the figures are right again")
    assert resumed.returncode == 0, resumed.stderr
    orders, ends = await _ends(night, incidents | late)
    for end in ends:
        expired = orders[end.notification_id or ""].incident_id in late
        assert end.delivery in ({Delivery.EXPIRED} if expired else TAKEN)
        assert (end.reason is ReceiptReason.EXPIRED) is expired
    texts = Counter((one["to"], one["body"]) for one in await night.sandbox.ledger("accepted"))
    assert [text for text, count in texts.items() if count > 1] == []
    in_time = {name for name, order in orders.items() if order.incident_id not in late}
    assert {end.notification_id for end in ends if end.delivery in TAKEN} == in_time


async def _shown(system: System, held: str) -> None:
    """Status says who stopped it, when and why, and is not alarmed; the trace of what is held says so."""
    status = await borderlands(system, "status", "--json")
    assert status.returncode == 0, status.stdout
    told = json.loads(status.stdout)
    (line,) = told["stopped"]
    assert line.startswith("sending is stopped for everybody since ")
    assert line.endswith(": wrong figures from the sensors")
    assert told["processes"]["notifier-sms-urgent"]["held"] > 0
    assert "sending is stopped for everybody" in (await borderlands(system, "status")).stdout
    trace = await borderlands(system, "trace", held)
    assert "a stop switch is on" in trace.stdout
    assert "wrong figures from the sensors" in trace.stdout


async def test_a_switch_that_would_stop_nobody_is_refused(system: System) -> None:
    """A misspelt party, and a switch that is not on: each with what to do."""
    misspelt = await borderlands(system, "stop-sending", "--party", "birzia", "--reason", "a test")
    assert misspelt.returncode == 65
    assert "did you mean 'birzai'?" in misspelt.stderr
    nothing = await borderlands(system, "resume", "--party", "birzai", "--reason", "a test")
    assert nothing.returncode == 66
    assert "no switch is on for birzai" in nothing.stderr
    empty = await borderlands(system, "stop-sending", "--reason", "  ")
    assert empty.returncode == 2


async def test_a_real_event_during_an_exercise_is_real_and_visibly_so(
    system: System, night: Night, tmp_path: Path
) -> None:
    """Same place, same minute: exercise phones get the exercise and its first words, real phones the real event."""
    drill = {
        "kind": "report", "status": "Exercise", "origin": "exercise", "exerciseid": "ex-2",
        "reporting_party": "akniste",
        "event_type": "ice_rescue", "severity": "Severe", "place": {"name": "Gārsene"},
        "needs": [{"kind": "boat", "count": 1}], "psap_notified": {"notified": True},
    }  # fmt: skip
    report = tmp_path / "drill.json"
    report.write_text(json.dumps(drill), encoding="utf-8")
    _, submitted = await asyncio.gather(
        night.report("akniste", "ice_rescue", "Gārsene", needs=[{"kind": "boat", "count": 1}]),
        borderlands(system, "submit", str(report)),
    )
    assert submitted.returncode == 0, submitted.stderr
    assert "exercise  rokiskis: duty_desk (rokiskis-exercise-duty) by sms, email, at once" in submitted.stderr
    drilled = [await night.expect_sms(f"rokiskis-exercise-{who}") for who in ("duty", "chief")]
    real = [await night.expect_sms(f"rokiskis-{who}") for who in ("duty", "chief")]
    assert [text[:9] for text in drilled] == ["PRATYBOS!", "PRATYBOS!"]
    assert not any("PRATYB" in text for text in real)
    for who in ("duty", "chief"):
        assert (await night.expect_mail(f"rokiskis-exercise-{who}")).startswith("PRATYBOS!")
        assert "PRATYB" not in await night.expect_mail(f"rokiskis-{who}")
    await night.expect_nothing_more()

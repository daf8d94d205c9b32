"""A system brought up on a restored log: nobody is told again, nothing is added, and new events work."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.logs.exported import ExportedLog
from console.logs.live import LiveLog
from console.logs.logged import Logged
from console.logs.source import read_all
from deploy.local.sandbox.control import SandboxControl
from schemas.topics import CO_PARTITIONED, INCIDENTS
from tests.acceptance.ladders import short_ladders
from tests.acceptance.night import Night
from tests.acceptance.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

OPTIONS = ("--partitions", "6", "--session-timeout", "6")
TANKER = [{"kind": "fire_tanker", "count": 1}]
QUIET_S = 15.0
KEPT = [topic for topic in CO_PARTITIONED if topic is not INCIDENTS]


def borderlands(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "console", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[tuple[System, System]]:
    """A system that runs, and another one's home."""
    ladders = ("--policy", str(short_ladders(tmp_path / "policy")))
    first, second = System(tmp_path / "first", *OPTIONS, *ladders), System(tmp_path / "second", *OPTIONS, *ladders)
    first.start()
    yield first, second
    for system in (first, second):
        if system.process is not None and system.process.poll() is None:
            system.stop()


def about(log: list[Logged], incident: str) -> list[Logged]:
    """The records of one incident."""
    return [one for one in log if getattr(one.record, "incident_id", None) == incident]


def shown(log: list[Logged]) -> list[Logged]:
    """The records without the errors that say why one cannot be decoded: no two exceptions are equal."""
    return [replace(one, fault=None) for one in log]


async def quiet_everywhere(sandbox: SandboxControl) -> None:
    """No phone and no mailbox has received anything since the system was started."""
    assert not any(texts for texts in (await sandbox.phones()).values())
    assert not await sandbox.mails()


async def test_a_restored_system_tells_nobody_and_goes_on(systems: tuple[System, System], tmp_path: Path) -> None:
    """A fire with an open ladder is backed up and restored: nothing goes out, nothing is added, a fresh event works."""
    first, second = systems
    assert first.running.sandbox
    async with Night(first.settings, first.running.sandbox) as night:
        fire = await night.report("vecumnieki", "peat_fire", "Skaistkalne", needs=TANKER)
        await night.expect_sms("birzai-duty", "REIKIA PAGALBOS")
        await night.write_raw(b"rubbish")
    stopped = borderlands("stop-sending", "--party", "rokiskis", "--reason", "drill", "--home", first.home)
    assert stopped.returncode == 0, stopped.stderr
    backup = tmp_path / "backup.jsonl.gz"
    done = borderlands("export", backup, "--home", first.home)
    assert done.returncode == 0, done.stderr
    assert first.stop() == 0
    before = await read_all(ExportedLog(backup), KEPT)
    assert len(about(before, fire.incident_id)) > 5

    done = borderlands("restore", backup, "--home", second.home, "--embedded")
    assert done.returncode == 0, done.stderr
    assert fire.incident_id in done.stdout
    second.start()
    assert second.running.sandbox
    async with Night(second.settings, second.running.sandbox) as night:
        await asyncio.sleep(QUIET_S)
        await quiet_everywhere(night.sandbox)
        assert shown(await read_all(LiveLog(second.settings), KEPT)) == shown(before)
        status = borderlands("status", "--home", second.home).stdout
        assert "sending is stopped for rokiskis" in " ".join(status.split())
        fresh = await night.report("vecumnieki", "peat_fire", "Skaistkalne", needs=TANKER)
        await night.expect_sms("birzai-duty", "REIKIA PAGALBOS")
        assert about(await read_all(LiveLog(second.settings), KEPT), fresh.incident_id)

"""A changed directory is taken up by the running processes, and one with mistakes is not: both can be seen."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.ladders import Field
from tests.acceptance.system import System
from tests.policy_life.town import ASKED_FOR_INFORMATION, texts_taken

pytestmark = pytest.mark.kafka

NOTIFIER = "notifier-sms-urgent"
OLD, NEW = "+37060002101", "+37060002199"
WRITTEN, MOVED = "+370 600 02101", "+370 600 02199"
SEEN_WITHIN_S = 30


async def _told(system: System, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the notifier says of its directory, as soon as that holds."""
    async with asyncio.timeout(SEEN_WITHIN_S):
        while True:
            told = (await asyncio.to_thread(system.health)).get(NOTIFIER, {}).get("directory")
            if told and holds(told):
                return dict(told)
            await asyncio.sleep(0.2)


async def _reached(field: Field, incident_code: Callable[[dict[str, Any]], bool]) -> set[str]:
    """The numbers of Biržai's duty desk that got a text of that kind."""
    async with asyncio.timeout(60):
        while True:
            found = {one["to"] for one in await texts_taken(field) if incident_code(one)}
            if found & {OLD, NEW}:
                return found & {OLD, NEW}
            await asyncio.sleep(0.2)


def _gauge(system: System) -> str:
    port = system.running.health_ports[NOTIFIER]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines: list[str] = answer.read().decode().splitlines()
    return next(line for line in lines if line.startswith("borderlands_directory_current "))


async def _where(field: Field) -> set[str]:
    """Report a flood, and say which number of the duty desk heard of it."""
    seen = len(await texts_taken(field))
    await field.report(*ASKED_FOR_INFORMATION)
    heard = (await texts_taken(field))[:seen]
    return await _reached(field, lambda one: one not in heard)


async def test_a_directory_is_taken_up_without_a_restart(system: System, field: Field, tmp_path: Path) -> None:
    """The next text goes to the new number; a faulty file changes nothing, and status and metrics say so."""
    in_use = system.running.directory
    good = in_use.read_text(encoding="utf-8")
    assert good.count(WRITTEN) == 1
    assert await _where(field) == {OLD}
    pid, before = system.pid(NOTIFIER), (await _told(system, bool))["read_at"]
    moved = tmp_path / "moved.yaml"
    moved.write_text(good.replace(WRITTEN, MOVED), encoding="utf-8")
    installed = await field.borderlands("policy", "directory", "install", str(moved))
    assert installed.returncode == 0, installed.stdout + installed.stderr
    await _told(system, lambda told: bool(told["read_at"] != before))
    assert await _where(field) == {NEW}
    in_use.write_text(good.replace("contacts:", "contactz:", 1), encoding="utf-8")
    assert "contactz" in (await _told(system, lambda told: bool(told["refused"])))["refused"]
    assert await _where(field) == {NEW}, "what was read last is used"
    assert _gauge(system).endswith(" 0.0")
    status = await field.borderlands("status")
    assert status.returncode == 0, "an older directory is no reason to end or to be restarted"
    assert "the directory before is kept by" in status.stdout
    assert NOTIFIER in status.stdout
    in_use.write_text(good, encoding="utf-8")
    await _told(system, lambda told: not told["refused"])
    assert await _where(field) == {OLD}
    assert _gauge(system).endswith(" 1.0")
    assert system.pid(NOTIFIER) == pid
    told = json.loads((await field.borderlands("status", "--json")).stdout)
    assert told["policy_alone"] == []

"""A short chaos: under steady reports each process is killed once, and the books are balanced by the phones.

The judge is not the system: the sandbox's own ledger of texts and mails, against the events put in.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest

from console.audit import GRACE, Hole, balance, read_books
from deploy.local.sandbox.models import Fault, FaultKind, Operation
from deploy.local.tether import holder
from tests.acceptance.night import Night
from tests.acceptance.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

EVENTS_A_ROUND = 6
EVERY_S = 0.25
ALL_ARRIVED_WITHIN_S = 90.0
ALL_ENDED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, whose processes may be killed."""
    system = System(tmp_path_factory.mktemp("chaos"), "--partitions", "3", "--session-timeout", "6")
    system.start()
    yield system
    assert system.stop() == 0


@pytest.fixture
async def night(system: System) -> AsyncIterator[Night]:
    """A story on the system that is being hurt."""
    assert system.running.sandbox is not None
    async with Night(system.settings, system.running.sandbox) as night:
        yield night


@pytest.mark.parametrize("victim", ["router", "dispatcher", "notifier-sms-urgent", "notifier-email-urgent", "kafka"])
async def test_a_killed_process_loses_nothing_and_doubles_nothing(system: System, night: Night, victim: str) -> None:
    """kill -9 in the middle of steady reports: every text arrives once, and the process is back."""

    async def kill() -> None:
        pid = holder(system.home / "kafka" / "lock") if victim == "kafka" else system.pid(victim)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    await _round(system, night, kill)


async def test_a_provider_that_hangs_after_accepting_doubles_nothing(system: System, night: Night) -> None:
    """The answer never comes; the provider is asked, and the text is not sent again."""

    async def hang() -> None:
        await night.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))

    await _round(system, night, hang)


async def test_a_dead_provider_delays_and_loses_nothing(system: System, night: Night) -> None:
    """While the provider refuses, nothing is given up; when it is back, everything arrives once."""

    async def die() -> None:
        await night.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, status=503))

    async def revive() -> None:
        await night.sandbox.clear_faults()

    await _round(system, night, die, revive)


async def _round(
    system: System, night: Night, hurt: Callable[[], Awaitable[None]], heal: Callable[[], Awaitable[None]] | None = None
) -> None:
    started = datetime.now(UTC)
    marks = {number: len(texts) for number, texts in (await night.sandbox.phones()).items()}
    mails_before = len(await night.sandbox.mails())
    for number in range(EVENTS_A_ROUND):
        if number == EVENTS_A_ROUND // 2:
            await hurt()
        await night.report("vecumnieki", "flood", "Skaistkalne", needs=[{"kind": "pump", "count": 1}])
        await asyncio.sleep(EVERY_S)
    if heal is not None:
        await asyncio.sleep(3)
        await heal()
    expected = {("birzai-duty", "sms"): EVENTS_A_ROUND, ("birzai-chief", "sms"): EVENTS_A_ROUND}
    expected |= {("birzai-duty", "email"): EVENTS_A_ROUND, ("birzai-chief", "email"): EVENTS_A_ROUND}
    await _until(lambda: _arrived(night, marks, mails_before), expected)
    await asyncio.to_thread(system.until_healthy, 60)
    assert await _arrived(night, marks, mails_before) == expected, "something was doubled"
    assert await _holes(night, started) == []


async def _arrived(night: Night, marks: dict[str, int], mails_before: int) -> dict[tuple[str, str], int]:
    """Messages per contact and channel since the marks; a repetition marked as one is not counted."""
    contacts = {contact.sms: name for name, contact in night.directory.contacts.items()}
    boxes = {contact.email: name for name, contact in night.directory.contacts.items()}
    found: Counter[tuple[str, str]] = Counter()
    for number, texts in (await night.sandbox.phones()).items():
        for text in texts[marks.get(number, 0) :]:
            if not text.body.startswith("PAKARTOTINAI"):
                found[contacts[number], "sms"] += 1
    ids = set()
    for mail in (await night.sandbox.mails())[mails_before:]:
        for mailbox in mail.recipients:
            if (mail.message_id, mailbox) not in ids:  # a repeated mail has the same Message-ID
                found[boxes[mailbox], "email"] += 1
            ids.add((mail.message_id, mailbox))
    return dict(found)


async def _holes(night: Night, started: datetime) -> list[Hole]:
    """What the audit misses once everything has had time to end; an unfinished claim takes its time-outs."""
    holes: list[Hole] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ALL_ENDED_WITHIN_S):
            while True:
                now = datetime.now(UTC)
                books = await read_books(night.settings, started)
                holes = list(balance(books, started, now, now + GRACE))
                if not holes:
                    break
                await asyncio.sleep(1)
    return holes


async def _until(ask: Callable[[], Awaitable[dict[tuple[str, str], int]]], wanted: dict[tuple[str, str], int]) -> None:
    found: dict[tuple[str, str], int] = {}
    try:
        async with asyncio.timeout(ALL_ARRIVED_WITHIN_S):
            while any(found.get(key, 0) < count for key, count in wanted.items()):
                found = await ask()
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"arrived: {found}, expected: {wanted}") from None

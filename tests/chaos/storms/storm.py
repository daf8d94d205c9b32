"""One storm: a system of its own, what is put in, what is done to it, and what the phones and mailboxes got."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from deploy.local.sandbox.control import SandboxControl
from schemas.policy.directory_file import load_directory
from schemas.vocabulary import Channel
from tests.acceptance.system import System
from tests.bench.systems import pids_of, resident_mb
from tests.chaos.books import balance, missing
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import Kind, Load
from tests.chaos.storms.claims import Sending, open_claims
from tests.chaos.storms.result import Result
from tests.chaos.storms.tally import Tally

PROCESSES = (
    "router", "dispatcher",
    "notifier-sms-urgent", "notifier-sms-routine", "notifier-email-urgent", "notifier-email-routine",
)  # fmt: skip
BROKER, SANDBOX, SUPERVISOR = "kafka", "sandbox", "up"

PATIENCE_S = 420.0
"""When nothing has arrived for so long, what is missing is lost: longer than the longest wait between two tries."""

QUIET_S = 5.0
"""Nothing arrives and nothing is waiting anywhere for so long: then nothing more will come."""

REST_WITHIN_S = 600.0
_HALFWAY_WITHIN_S = 1800.0
_LOOK_EVERY_S = 0.5
_WEIGH_EVERY_S = 10.0
_GONE_WITHIN_S = 30.0


@dataclass
class Storm:
    """A system in ``home``, from its start on. Use it with ``async with``; ``options`` are of `borderlands up`."""

    home: Path
    name: str
    options: tuple[str, ...] = ()
    system: System = field(init=False)
    load: Load = field(init=False)
    memory_mb: dict[str, float] = field(default_factory=dict)
    """The most that each process was seen to take."""
    hurt_at_s: float | None = None
    """When it was hurt, epoch seconds."""
    marks: dict[str, float] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)
    _expected_restarts: int = 0
    _restarts_before: int = 0

    async def __aenter__(self) -> Self:
        """Start everything and return when it is healthy."""
        await self._start()
        settings = self.system.settings
        self.load = Load(settings, self.name)
        self._tally, self._ledgers = Tally(self.home), Ledgers(self.home, load_directory(settings.directory))
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        async with self.load:
            pass
        if self.system.process is not None and self.system.process.poll() is None:
            await asyncio.to_thread(self.system.stop)

    async def _start(self) -> None:
        self.system = System(self.home, *self.options)
        try:
            await asyncio.to_thread(self.system.start)
            self._pids = await asyncio.to_thread(pids_of, self.system)
        except BaseException:
            if self.system.process is not None:
                self.system.process.terminate()  # nobody else would end what never came up
            raise

    async def start_again(self) -> None:
        """After its supervisor has ended: `borderlands up` in the same home, as a service manager would."""
        self._restarts_before += self._restarts()
        assert self.system.process is not None
        await asyncio.to_thread(self.system.process.wait, 60)
        deadline = time.monotonic() + _GONE_WITHIN_S
        while any(_alive(pid) for pid in self._pids.values()):
            if time.monotonic() > deadline:
                raise AssertionError("processes outlived their supervisor")
            await asyncio.sleep(0.1)
        began_s = time.monotonic()
        await self._start()
        self.marks["up again"] = time.monotonic() - began_s

    def sandbox(self) -> SandboxControl:
        """The control of the provider and the mail server."""
        url = self.system.running.sandbox
        assert url is not None
        return SandboxControl(url)

    async def put_in(self, kinds: Iterable[Kind]) -> None:
        """Report one event of each of ``kinds``, as fast as the broker takes them."""
        await self.load.burst(kinds)

    async def post_again(self, *, at_once: int = 500) -> None:
        """Report every event once more under the same ids."""
        room = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with room:
                await self.load.report_again(self.load.reported[number])

        await asyncio.gather(*(one(number) for number in range(len(self.load.reported))))

    async def until_accepted(self, count: int) -> None:
        """Return when the broker has said of ``count`` events that it has them."""
        async with asyncio.timeout(_HALFWAY_WITHIN_S):
            while True:
                if len(self.load.reported) >= count:
                    return
                await asyncio.sleep(0.005)

    async def until_texts(self, count: int) -> None:
        """Return when the provider has taken ``count`` SMS."""
        async with asyncio.timeout(_HALFWAY_WITHIN_S):
            while True:
                self._tally.count()
                if self._tally.sms >= count:
                    return
                await asyncio.sleep(0.05)

    def kill(self, *names: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to all processes named, in one breath."""
        self.hurt_at_s = time.time()
        for name in names:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pids[name], number)
        self._expected_restarts += 0 if SUPERVISOR in names else len(names)
        self.marks.setdefault("texts at the kill", self._tally.sms)

    async def arrive(self, expected: int | None = None) -> None:
        """Return when everything owed has arrived and all is at rest, or nothing has come for ``PATIENCE_S``."""
        owed = self.load.owed()
        wanted = len(owed) if expected is None else expected
        seen, changed_s, weighed_s = -1, time.monotonic(), 0.0
        while True:
            count = self._tally.count()
            if count != seen:
                seen, changed_s = count, time.monotonic()
            if count >= wanted:
                self._ledgers.read()
                if not missing(owed, self._ledgers.arrived):
                    break
            if time.monotonic() - changed_s > PATIENCE_S:
                break
            if time.monotonic() - weighed_s > _WEIGH_EVERY_S:
                weighed_s = time.monotonic()
                await self._weigh()
            await asyncio.sleep(_LOOK_EVERY_S)
        await self._rest()

    async def _rest(self) -> None:
        """Wait until every process says that nothing waits, while nothing arrives, for ``QUIET_S``."""
        deadline, seen, quiet_s = time.monotonic() + REST_WITHIN_S, self._tally.count(), time.monotonic()
        while time.monotonic() - quiet_s < QUIET_S:
            if time.monotonic() > deadline:
                raise AssertionError(f"not at rest after {REST_WITHIN_S:g} s: {self.system.health()}")
            await asyncio.sleep(_LOOK_EVERY_S)
            health = await asyncio.to_thread(self.system.health)
            busy = not all(answer.get("ready") and not any(answer["lag"].values()) for answer in health.values())
            if busy or len(health) < len(PROCESSES) or self._tally.count() != seen:
                seen, quiet_s = self._tally.count(), time.monotonic()
        await self._weigh()

    async def _weigh(self) -> None:
        for name, size in (await asyncio.to_thread(resident_mb, self.system)).items():
            self.memory_mb[name] = max(size, self.memory_mb.get(name, 0.0))

    def _restarts(self) -> int:
        try:
            return sum(self.system.running.restarts.values())
        except AssertionError:  # it does not run
            return 0

    async def result(self, scenario: str, done: str) -> Result:
        """Close the books: what arrived of what was accepted."""
        owed, reported = self.load.owed(), self.load.reported
        self._ledgers.read()
        arrived = self._ledgers.arrived
        open_at_kill: frozenset[Sending] = frozenset()
        if self.hurt_at_s is not None:
            open_at_kill = await open_claims(self.system.settings, self.hurt_at_s)
        books = balance(owed, arrived, explained=Channel)
        events = {one.marker: one.event.event_id for one in reported}
        unexplained = [
            one for one in books.marked if (events[one.marker or ""], one.contact, one.channel) not in open_at_kill
        ]
        last_accept_s = max(one.written_at_s for one in reported)
        return Result(
            scenario=scenario,
            done=done,
            accepted=len(reported),
            owed=len(owed),
            books=books,
            unexplained=tuple(unexplained),
            open_claims=len(open_at_kill),
            began_s=min(one.tried_at_s for one in reported),
            last_accept_s=last_accept_s,
            arrivals={channel: sorted(one.at_s for one in arrived if one.channel is channel) for channel in Channel},
            memory_mb=dict(self.memory_mb),
            ended_by_themselves=self._restarts_before + self._restarts() - self._expected_restarts,
            rewritten=self.load.retries,
            marks=dict(self.marks),
        )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

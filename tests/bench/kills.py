"""``kill -9`` of each process under steady traffic: how long until it puts out something again."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from console.logs.live import read_log
from deploy.local.sandbox.control import SandboxControl
from deploy.local.system import SANDBOX_ROUTINE_SENDER, SANDBOX_URGENT_SENDER
from deploy.local.tether import holder
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, NOTIFY
from schemas.vocabulary import Channel, Lane
from tests.acceptance.system import System
from tests.bench.figures import AtMost, Figure, number
from tests.bench.journeys import epoch, journeys
from tests.bench.policies import shipped
from tests.bench.systems import fresh_home, started_at, system_at
from tests.bench.traffic import WATCHED, Traffic, traffic

REPEATS = 4
A_SECOND = 5.0
BEFORE_S, AFTER_S = 3.0, 1.0
"""Traffic before a kill, and after the victim's next output."""

GOAL_S, BROKER_GOAL_S = 4.0, 10.0
OUTPUT_WITHIN_S, ALL_TOLD_WITHIN_S = 60.0, 120.0
LAST_WORDS_S = 0.2
"""What is put out sooner after the new process's birth was on its way before: none reads its modules as fast."""

SENDERS = {Lane.URGENT: SANDBOX_URGENT_SENDER, Lane.ROUTINE: SANDBOX_ROUTINE_SENDER}
NOTIFIERS = {f"notifier-{channel.value}-{lane.value}": (channel, lane) for channel in Channel for lane in Lane}
VICTIMS = ("router", "dispatcher", *NOTIFIERS, "kafka")
WRITES: dict[str, tuple[str, ...]] = {
    "router": (DECISIONS.name,),
    "dispatcher": tuple(topic.name for topic in NOTIFY.values()),
    "kafka": (),
}
"""The topics whose next record is a victim's next output; for the broker, any."""


class Silent(Exception):
    """A process put out nothing for longer than anybody should wait, or messages are missing."""


def bench_kills() -> list[Figure]:
    """Median and worst time to the next output of every process, and how late the latest message was."""
    with fresh_home() as home, system_at(home) as system:
        return asyncio.run(_all(system))


@dataclass
class Silence:
    """What the kills of one process led to, in seconds: until its next output, until the next message of anybody,
    and the latest message of the round."""

    output_s: list[float] = field(default_factory=list)
    message_s: list[float] = field(default_factory=list)
    latest_s: list[float] = field(default_factory=list)


async def _all(system: System) -> list[Figure]:
    found: dict[str, Silence] = defaultdict(Silence)
    url, policy = system.running.sandbox, shipped()
    assert url is not None
    async with SandboxControl(url) as sandbox:
        for _ in range(REPEATS):
            for victim in VICTIMS:
                await _Round(system, sandbox, policy, victim, found[victim]).run()
                await asyncio.to_thread(system.until_healthy)
    return [figure for victim in VICTIMS for figure in _figures(victim, found[victim])]


def _figures(victim: str, silence: Silence) -> list[Figure]:
    goal = AtMost(BROKER_GOAL_S if victim == "kafka" else GOAL_S)
    output, message, latest = silence.output_s, silence.message_s, silence.latest_s
    figures = [
        Figure("kills", f"{victim}, until its next output, median", median(output), "s", goal, _listed(output)),
        Figure("kills", f"{victim}, until its next output, worst", max(output), "s", goal, ""),
    ]
    if victim == "kafka":
        note = "at the emulated provider or mail server; " + _listed(message)
        figures.append(Figure("kills", f"{victim}, until the next message, median", median(message), "s", None, note))
    note = "claims left open are waited out; " + _listed(latest)
    return [*figures, Figure("kills", f"{victim}, event → message, latest of all", max(latest), "s", None, note)]


def _listed(values: list[float]) -> str:
    return "each: " + ", ".join(number(value) for value in values)


@dataclass(frozen=True)
class _Round:
    """One kill of ``victim``."""

    system: System
    sandbox: SandboxControl
    policy: Policy
    victim: str
    silence: Silence

    async def run(self) -> None:
        """Traffic, kill, next output, a little more traffic, and wait until everybody was told."""
        await self.sandbox.reset()
        async with traffic(self.system, self.policy, A_SECOND) as flow:
            await asyncio.sleep(BEFORE_S)
            pid, killed_s = await asyncio.to_thread(self._pid), time.time()
            assert pid is not None, f"{self.victim} does not run"
            os.kill(pid, signal.SIGKILL)
            reborn_s = await self._reborn(pid)
            self.silence.output_s.append(await self._output(flow, reborn_s + LAST_WORDS_S) - killed_s)
            await asyncio.sleep(AFTER_S)
            await flow.end()
        self.silence.latest_s.append(await self._latest(flow))
        self.silence.message_s.append(await self._next_message(reborn_s + LAST_WORDS_S) - killed_s)

    def _pid(self) -> int | None:
        """The victim's process id; None while it does not answer."""
        if self.victim == "kafka":
            return holder(self.system.home / "kafka" / "lock")
        found = self.system.health()[self.victim].get("pid")
        return None if found is None else int(found)

    async def _reborn(self, killed: int) -> float:
        """When the process that takes the place of ``killed`` began (epoch, seconds)."""
        try:
            async with asyncio.timeout(OUTPUT_WITHIN_S):
                while (pid := await asyncio.to_thread(self._pid)) in (None, killed):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise Silent(f"{self.victim} was not started again within {OUTPUT_WITHIN_S:.0f} s of its kill") from None
        assert pid is not None
        return started_at(pid)

    async def _output(self, flow: Traffic, after_s: float) -> float:
        """When the victim next put out something later than ``after_s`` (epoch, seconds)."""
        try:
            async with asyncio.timeout(OUTPUT_WITHIN_S):
                while True:
                    times = await self._sent(flow) if self.victim in NOTIFIERS else flow.appended(*WRITES[self.victim])
                    later = [at for at in times if at > after_s]
                    if later:
                        return min(later)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise Silent(f"{self.victim} put out nothing for {OUTPUT_WITHIN_S:.0f} s after its kill") from None

    async def _sent(self, flow: Traffic) -> list[float]:
        """When the victim's lane handed over its messages: the emulator knows texts by their sender."""
        channel, lane = NOTIFIERS[self.victim]
        if channel is Channel.SMS:
            taken = await self.sandbox.ledger("accepted")
            return [epoch(entry) for entry in taken if entry["from"] == SENDERS[lane]]
        log = await read_log(self.system.settings, (NOTIFY[channel, lane],), since=flow.began)
        ordered = {one.record.notification_id for one in log if isinstance(one.record, Notification)}
        mails = await self.sandbox.ledger("mail")
        return [epoch(mail) for mail in mails if mail["message_id"].strip("<>").partition("@")[0] in ordered]

    async def _next_message(self, after_s: float) -> float:
        """When anybody's next message was handed over later than ``after_s``."""
        entries = [*await self.sandbox.ledger("accepted"), *await self.sandbox.ledger("mail")]
        return min(at for entry in entries if (at := epoch(entry)) > after_s)

    async def _latest(self, flow: Traffic) -> float:
        """How long the latest message took from its event, once every event has led to one on each channel."""
        deadline = time.monotonic() + ALL_TOLD_WITHIN_S
        while True:
            log = await read_log(self.system.settings, WATCHED, since=flow.began)
            ledger = await self.sandbox.ledger()
            told = {channel: [one for one in journeys(log, ledger, channel) if one.complete] for channel in Channel}
            if all(len(found) == flow.count for found in told.values()):
                return max(one.ms("written", "requested") for found in told.values() for one in found) / 1000
            if time.monotonic() > deadline:
                missing = {channel.value: flow.count - len(found) for channel, found in told.items()}
                raise Silent(f"after the kill of {self.victim}, of {flow.count} events these are missing: {missing}")
            await asyncio.sleep(1)

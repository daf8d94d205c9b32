"""The storms: what is put in, what is done to the system meanwhile, and what Alertmanager came to in its place."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from deploy.local.sandbox.models import Fault, FaultKind, MailFault, MailFaultKind
from tests.chaos.load import Kind
from tests.chaos.storms.reports import FIRES, FLOODS, drawn
from tests.chaos.storms.storm import BROKER, PROCESSES, SANDBOX, SUPERVISOR, Storm

LIMIT_PER_S = 500.0
DEAD_FOR_S = 3.0
"""Seconds from the last accepted event to the kill while the provider answers 503."""

STAYS_DEAD_S = 10.0
"""And from the kill until the provider answers as it should."""

Play = Callable[[Storm, int, int], Awaitable[None]]
"""``play(storm, events, seed)``: put in so many events, and do what the scenario is about; then all has arrived."""


@dataclass(frozen=True)
class Scenario:
    """One storm. ``events`` is its full size; ``alertmanager`` what that came to in the same case, one notification
    an alert."""

    name: str
    done: str
    events: int
    play: Play
    alertmanager: str


async def _burst(storm: Storm, events: int, seed: int) -> None:
    await storm.put_in(drawn(FLOODS, events, seed))
    await storm.arrive()


async def _kill_accepting(storm: Storm, events: int, seed: int) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(storm.put_in(drawn(FLOODS, events, seed)))
        await storm.until_accepted(events // 2)
        storm.kill(*PROCESSES)
    await storm.arrive()


async def _kill_with_broker(storm: Storm, events: int, seed: int) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(storm.put_in(drawn(FLOODS, events, seed)))
        await storm.until_accepted(events // 2)
        storm.kill(*PROCESSES, BROKER)
    await storm.arrive()


async def _kill_sending(storm: Storm, events: int, seed: int) -> None:
    await _killed_while_sending(storm, drawn(FLOODS, events, seed), events // 2)
    await storm.arrive()


async def _kill_urgent(storm: Storm, events: int, seed: int) -> None:
    await _killed_while_sending(storm, drawn(FIRES, events // 2, seed), events // 2)
    await storm.arrive()


async def _kill_everything(storm: Storm, events: int, seed: int) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(storm.put_in(drawn(FLOODS, events, seed)))
        await storm.until_texts(events // 2)
        storm.kill(SUPERVISOR, *PROCESSES, BROKER, SANDBOX)
        await storm.start_again()
    await storm.arrive()


async def _killed_while_sending(storm: Storm, kinds: Iterable[Kind], texts: int) -> None:
    """Put in ``kinds``, and kill our processes when the provider has taken ``texts`` SMS."""
    async with asyncio.TaskGroup() as group:
        group.create_task(storm.put_in(kinds))
        await storm.until_texts(texts)
        storm.kill(*PROCESSES)


async def _limited(storm: Storm, events: int, seed: int) -> None:
    async with storm.sandbox() as sandbox:
        await sandbox.change_settings(takes_per_s=LIMIT_PER_S)
    await _kill_sending(storm, events, seed)


async def _dead(storm: Storm, events: int, seed: int) -> None:
    async with storm.sandbox() as sandbox:
        await sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, status=503))
        await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.REFUSE_CONNECTION))
        await storm.put_in(drawn(FLOODS, events, seed))
        await asyncio.sleep(DEAD_FOR_S)
        storm.kill(*PROCESSES)
        await asyncio.sleep(STAYS_DEAD_S)
        await sandbox.clear_faults()
        await sandbox.clear_mail_faults()
    await storm.arrive()


async def _sigterm(storm: Storm, events: int, seed: int) -> None:
    await storm.put_in(drawn(FLOODS, events, seed))
    storm.kill(SUPERVISOR, number=signal.SIGTERM)
    await storm.start_again()
    await storm.arrive()


async def _again(storm: Storm, events: int, seed: int) -> None:
    await _killed_while_sending(storm, drawn(FLOODS, events, seed), events // 2)
    await storm.post_again()
    await storm.arrive()
    await storm.post_again()
    await storm.arrive()


_LOST_HALFWAY = "466 of 5,000 lost (312–1,264)"

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("burst", "nothing is hurt", 10_000, _burst, "none lost; 4,241–4,277 notifications/s, 300–430 MB"),
        Scenario("kill-accepting", "kill -9 of router, dispatcher and notifiers at half of the events accepted",
                 5_000, _kill_accepting, _LOST_HALFWAY),
        Scenario("kill-sending", "the same at half of the SMS sent", 5_000, _kill_sending, _LOST_HALFWAY),
        Scenario("kill-urgent", "the same on the urgent lane, two SMS and two e-mails an event", 5_000, _kill_urgent,
                 _LOST_HALFWAY),
        Scenario("kill-broker", "kill -9 of the same and the broker at half of the events accepted", 5_000,
                 _kill_with_broker, f"{_LOST_HALFWAY}; has no broker"),
        Scenario("kill-everything", "kill -9 of the supervisor, all its processes and the broker at half of the SMS "
                 "sent, started again in the same home", 5_000, _kill_everything, _LOST_HALFWAY),
        Scenario("limited", f"the SMS provider takes {LIMIT_PER_S:g}/s and answers 429 beyond; kill -9 at half of the "
                 "SMS sent", 10_000, _limited, "8,188 of 10,000 lost"),
        Scenario("dead", f"the SMS provider answers 503, the mail server hangs up; kill -9 {DEAD_FOR_S:g} s after the "
                 f"last accept; both recover {STAYS_DEAD_S:g} s later", 10_000, _dead, "10,000 of 10,000 lost"),
        Scenario("sigterm", "SIGTERM as the last event is accepted, started again in the same home", 10_000, _sigterm,
                 "35 of 10,000 lost (0–294)"),
        Scenario("again", "kill -9 at half of the SMS sent, every event posted again at once and once more when all "
                 "has arrived, with the same keys", 10_000, _again, "10,000 doubled"),
    )
}  # fmt: skip
"""By name, in the order in which they are played."""

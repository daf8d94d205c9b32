"""``python -m streams.router``: the router process."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError

from runtime.control import ControlFollower
from runtime.health import Health
from runtime.policies import PolicyFollower
from runtime.process import nap, run
from runtime.settings import Settings
from runtime.topics import await_topics
from schemas.control import DutySwap
from schemas.policy.models import Policy
from schemas.topics import EVENTS
from streams.router.app import GROUP, build
from streams.router.decide import Decider
from streams.router.lag import LagMeter
from streams.rules.routing.index import index_of

POLICY_WITHIN_S = 60.0
STARTED_WITHIN_S = 60.0
_WATCH_S = 0.25
_MEASURE_EVERY_S = 0.5
_MEASURE_WITHIN_S = 5.0


class RouterCrashed(Exception):
    """The Faust app ended by itself; the supervisor starts a new one."""


async def serve_router(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Route events until ``stop``; any failure raises."""
    await await_topics(settings)
    async with (
        PolicyFollower(settings) as policies,
        ControlFollower(settings) as control,
        LagMeter(settings, GROUP) as meter,
    ):
        first = await policies.wait_active(POLICY_WITHIN_S)
        # Compiled before the first event needs it.
        index_of(first).roster.watch(datetime.now(UTC), control.current.swaps)

        def active() -> Policy:
            return policies.active or first

        def swaps() -> tuple[DutySwap, ...]:
            return control.current.swaps

        handled = Handled()
        app = build(settings, Decider(active, settings.partitions, swaps), handled.add)
        async with asyncio.timeout(STARTED_WITHIN_S):
            await app.start()
        measuring = asyncio.create_task(_measure(app, meter, health, handled), name="router-lag")
        try:
            while not stop.is_set():
                _raise_if_dead(app, (policies, control), measuring)
                health.facts["policy"] = active().version[:12]
                now = datetime.now(UTC)
                health.facts["swaps"] = sum(swap.end > now for swap in swaps())
                await nap(stop, _WATCH_S)
        finally:
            measuring.cancel()
            await app.stop()


@dataclass
class Handled:
    """How many events were decided since it was last asked."""

    count: int = 0

    def add(self, count: int) -> None:
        """Note ``count`` more."""
        self.count += count

    def take(self) -> int:
        """The number, and begin again at none."""
        count, self.count = self.count, 0
        return count


async def _measure(app: Any, meter: LagMeter, health: Health, handled: Handled) -> None:
    """Report the lag again and again. A broker that does not answer is a fault, since nobody knows the lag then."""
    while True:
        joined = app.consumer_generation_id > 0 and not app.rebalancing
        try:
            owned = [partition.partition for partition in app.consumer.assignment()] if joined else []
            async with asyncio.timeout(_MEASURE_WITHIN_S):
                behind = await meter.behind(owned)
        except (KafkaError, TimeoutError) as problem:
            health.fault = f"Kafka does not tell how much is waiting: {problem!r}"[:300]
        else:
            health.fault = None
            health.report({EVENTS.name: behind}, handled.take())
            health.ready = joined  # after the lag is known: ready never means a lag that nobody has looked at
        await asyncio.sleep(_MEASURE_EVERY_S)


def _raise_if_dead(
    app: Any, followers: Iterable[PolicyFollower | ControlFollower], measuring: "asyncio.Task[None]"
) -> None:
    if app.crashed:
        raise RouterCrashed(repr(app.crash_reason))
    for follower in followers:
        if follower.failed is not None:
            raise follower.failed
    if measuring.done():
        measuring.result()


if __name__ == "__main__":
    run("router", serve_router)

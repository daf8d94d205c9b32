"""``python -m gateway.upkeep``: sends canaries and checks of contacts, and watches that canaries come through.

One process of its own: what it watches must not be able to take it down. It holds nothing that a restart could lose:
the ids of what it sends are hashes of partition and time, so that a repeat is the same event.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from aiokafka import AIOKafkaProducer

from gateway.canaries import Canaries
from gateway.contact_rounds import due_checks
from gateway.dead_man import DeadMan
from gateway.upkeep_log import UpkeepLog
from runtime import metrics
from runtime.control import ControlFollower
from runtime.health import SILENT_S, Health
from runtime.kafka import make_producer, partition_for
from runtime.log import logger
from runtime.policies import PolicyFollower
from runtime.process import nap, run
from runtime.settings import Settings
from runtime.topics import await_topics
from schemas.codec import encode
from schemas.event import EmergencyEvent
from schemas.policy.models import Canary, Policy
from schemas.topics import EVENTS
from schemas.upkeep import canary_event, check_event

TICK_S = 1.0
ROUND_S = 60.0
"""Contacts are looked through once in this time."""


class Upkeep:
    """One tick after the other: canaries that are due, contacts that are due, and how things stand."""

    def __init__(
        self,
        settings: Settings,
        log: UpkeepLog,
        producer: AIOKafkaProducer,
        clock: Callable[[], datetime],
        dead_man: DeadMan | None,
    ) -> None:
        self._settings, self._log, self._producer, self._clock = settings, log, producer, clock
        self._dead_man = dead_man
        self._canary: Canary | None = None
        self._since = clock()
        self._next_round = clock()
        # What came through before this start is no news: a process that keeps ending must not feign life.
        self._pinged = self._through()

    async def tick(self, policy: Policy, silent: frozenset[str], health: Health) -> None:
        """Do what is due now, and report."""
        now = self._clock()
        if policy.canary != self._canary:
            self._canary, self._since = policy.canary, now
        if self._canary is not None:
            await self._send_canaries(self._canary, now)
        if self._settings.upkeep.contact_checks and now >= self._next_round:
            self._next_round = now + timedelta(seconds=ROUND_S)
            await self._ask(policy, silent, now)
        self._report(health, self._canary, now)

    async def _send_canaries(self, canary: Canary, now: datetime) -> None:
        count, canaries = self._settings.partitions, self._log.canaries
        for number in range(count):
            # Partitions take turns, so that a round of canaries is no burst.
            slot = int((now.timestamp() - number * canary.every / count) // canary.every)
            where = partial(partition_for, partitions=count)
            event = canary_event(canary.party, number, slot, now, partition_of=where)
            if not canaries.knows(event.incident_id):
                canaries.sent(event.incident_id, number, await self._write(event))

    async def _ask(self, policy: Policy, silent: frozenset[str], now: datetime) -> None:
        for holder in due_checks(policy, self._log.asked, silent, now):
            self._log.asked[holder.contact] = await self._write(check_event(holder, f"{now:%Y-%m-%d}", now))
            logger().info("contact_check", contact=holder.contact, party=holder.party)

    async def _write(self, event: EmergencyEvent) -> datetime:
        """Append ``event`` and wait for the broker; returns when it did."""
        encoded = encode(EVENTS, event, source="upkeep", at=self._clock())
        done = await self._producer.send_and_wait(
            EVENTS.name,
            key=event.incident_id.encode(),
            value=encoded.value,
            headers=encoded.headers,
            partition=partition_for(event.incident_id, self._settings.partitions),
        )
        return datetime.fromtimestamp(done.timestamp / 1000, tz=UTC)

    def _report(self, health: Health, canary: Canary | None, now: datetime) -> None:
        canaries, lines = self._log.canaries, list[dict[str, object]]()
        late: list[int] = []
        for number in range(self._settings.partitions if canary else 0):
            lines.append(_line(canaries, number, now))
            if canary and canaries.late(number, timedelta(seconds=canary.every), self._since, now):
                late.append(number)
                lines[-1]["late"] = True
        health.facts["canaries"] = lines
        health.fault = _fault(canaries, late) if late else None
        through = self._through()
        if self._dead_man is not None and canary and not late and through != self._pinged:
            self._pinged = through
            self._dead_man.alive()

    def _through(self) -> dict[int, datetime]:
        """When the last canary of each partition came through, of those of which one has."""
        found = {number: self._log.canaries.last_through(number) for number in range(self._settings.partitions)}
        return {number: at for number, at in found.items() if at is not None}


def _line(canaries: Canaries, partition: int, now: datetime) -> dict[str, object]:
    """How the canaries of one partition fare, for ``borderlands status`` and the metrics."""
    flight, at = canaries.through.get(partition), canaries.last_through(partition)
    if flight is None or at is None:
        return {"partition": partition, "through_at": None, "failed": canaries.failed.get(partition)}
    accepted_s, delivered_s = flight.seconds(flight.accepted_at), flight.seconds(flight.delivered_at)
    for hop, taken in (("accepted", accepted_s), ("delivered", delivered_s)):
        if taken is not None:
            metrics.CANARY_SECONDS.labels(str(partition), hop).set(taken)
    metrics.CANARY_AGE.labels(str(partition)).set((now - at).total_seconds())
    return {
        "partition": partition,
        "through_at": at.isoformat(),
        "age_s": round((now - at).total_seconds(), 1),
        "accepted_s": accepted_s,
        "delivered_s": delivered_s,
        "failed": canaries.failed.get(partition),
    }


def _fault(canaries: Canaries, late: Sequence[int]) -> str:
    reasons = {canaries.failed[number] for number in late if number in canaries.failed}
    why = f" ({', '.join(sorted(reasons))})" if reasons else ""
    return f"no canary of partition {', '.join(map(str, late))} has come through{why}"


async def serve_upkeep(settings: Settings, health: Health, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Look after the system until ``stop``; any failure raises, and the process exits."""
    await await_topics(settings)
    url = settings.upkeep.dead_man_url
    dead_man = DeadMan(url.get_secret_value()) if url is not None else None
    producer = make_producer(settings)
    await producer.start()
    try:
        async with (
            PolicyFollower(settings) as policies,
            ControlFollower(settings) as control,
            UpkeepLog(settings, clock) as log,
        ):
            upkeep = Upkeep(settings, log, producer, clock, dead_man)
            while not stop.is_set():
                for follower in (policies, control, log):
                    if follower.failed is not None:
                        raise follower.failed
                if policies.active is not None:
                    await upkeep.tick(policies.active, control.current.stopped_contacts, health)
                health.ready = True
                if log.heard_s_ago() < SILENT_S:
                    health.report(dict(log.lag), log.handled)
                    log.handled = 0
                await nap(stop, TICK_S)
    finally:
        if dead_man is not None:
            await dead_man.close()
        await producer.stop()


def _now() -> datetime:
    return datetime.now(tz=UTC)


async def _serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    await serve_upkeep(settings, health, stop, _now)


if __name__ == "__main__":
    run("upkeep", _serve)

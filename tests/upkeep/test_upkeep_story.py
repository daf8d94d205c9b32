"""The upkeep process on a real log: canaries go out for every partition, and how they fare is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from console.status import canary_lines
from gateway.upkeep import serve_upkeep
from runtime.health import Health
from runtime.kafka import partition_for
from runtime.settings import Settings, UpkeepSettings
from schemas.policy.models import Policy
from schemas.vocabulary import Delivery, ServiceKind
from streams.rules.duty.public_holidays import holiday_name
from tests.upkeep.conftest import PARTITIONS
from tests.upkeep.test_dead_man import monitor
from tests.upkeep.town import Town, until

pytestmark = pytest.mark.kafka

CANARY = ServiceKind.CANARY


class Clock:
    """A machine's clock that a story sets forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def upkeep(settings: Settings, clock: Clock, **changes: Any) -> AsyncIterator[Health]:
    """The process's body in this one, from the moment it is ready. Nobody is asked unless ``changes`` say so."""
    given = settings.model_copy(update={"upkeep": UpkeepSettings(**({"contact_checks": False} | changes))})
    stop, health = asyncio.Event(), Health("upkeep")
    task = asyncio.create_task(serve_upkeep(given, health, stop, clock))
    try:
        await until(lambda: health.ready or task.done())
        if task.done():
            task.result()
        yield health
    finally:
        stop.set()
        await task


def fates(health: Health) -> list[dict[str, Any]]:
    """What is told of each partition's canary."""
    told: list[dict[str, Any]] = health.facts.get("canaries", [])
    return told


async def test_every_partition_gets_a_canary_and_its_time_is_told(
    settings: Settings, town: Town, rules: Policy
) -> None:
    """One canary a partition; accepted, then delivered, is measured from its event and shown in `status`."""
    clock = Clock()
    async with upkeep(settings, clock) as health:
        events = await town.wait_events(CANARY, PARTITIONS)
        where = partial(partition_for, partitions=PARTITIONS)
        assert sorted(where(event.incident_id) for event in events) == list(range(PARTITIONS))
        assert {event.reporting_party for event in events} == {rules.canary.party if rules.canary else None}
        assert [one["through_at"] for one in fates(health)] == [None] * PARTITIONS
        for event in events:
            await town.receipt(event, Delivery.SENT)
        await until(lambda: all(one["through_at"] for one in fates(health)))
        assert all(one["accepted_s"] > 0 and one["delivered_s"] is None for one in fates(health))
        for event in events:
            await town.receipt(event, Delivery.DELIVERED)
        await until(lambda: all(one["delivered_s"] for one in fates(health)))
        assert all(one["delivered_s"] >= one["accepted_s"] for one in fates(health))
        assert health.healthy
        lines = canary_lines({"upkeep": health.as_dict()})
        assert len(lines) == PARTITIONS + 1
        assert all("accepted in" in line and "delivered in" in line for line in lines[1:])
        assert len(await town.events(CANARY)) == PARTITIONS


async def test_a_start_anew_sends_no_second_one(settings: Settings, town: Town) -> None:
    """What stands on the log is known after a restart: the same slot's canary is not sent again."""
    clock = Clock()
    clock.ahead = timedelta(hours=5)
    async with upkeep(settings, clock):
        first = await town.wait_events(CANARY, PARTITIONS)
    clock.ahead += timedelta(seconds=5)
    async with upkeep(settings, clock) as health:
        await until(lambda: len(fates(health)) == PARTITIONS)
        await asyncio.sleep(1.5)
        assert len(await town.events(CANARY)) == len(first) == PARTITIONS


async def test_a_partition_whose_canaries_stop_is_named_and_the_monitor_hears_no_more(
    settings: Settings, town: Town
) -> None:
    """While all come through the monitor is called; when one partition falls silent it is not, and health says why."""
    clock = Clock()
    clock.ahead = timedelta(hours=10)
    async with monitor() as outside, upkeep(settings, clock, dead_man_url=outside.url) as health:
        events = await town.wait_events(CANARY, PARTITIONS)
        await asyncio.sleep(1.2)
        assert outside.calls == 0
        for event in events:
            await town.receipt(event, Delivery.SENT)
        await until(lambda: outside.calls == 1)
        clock.ahead += timedelta(hours=2)
        await until(lambda: health.fault is not None)
        assert not health.healthy
        assert str(health.fault).startswith("no canary of partition 0, 1, 2 has come through")
        assert all(line.startswith("✗") for line in canary_lines({"upkeep": health.as_dict()})[1:])
        assert outside.calls == 1


async def test_contacts_are_asked_in_office_hours_and_once(settings: Settings, town: Town) -> None:
    """On a working day everybody is asked, round after round; who sent STOP is not; a restart asks nobody twice."""
    noon = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
    noon += timedelta(days=(7 - noon.weekday()) % 7)  # a Monday
    while holiday_name("LV", noon.date()) or holiday_name("LT", noon.date()):
        noon += timedelta(days=7)
    clock = Clock()
    clock.ahead = noon - datetime.now(UTC)
    await town.stop("birzai-chief")
    try:
        async with upkeep(settings, clock, contact_checks=True):
            await town.wait_events(ServiceKind.CHECK, 10)
            clock.ahead += timedelta(minutes=2)
            first = await town.wait_events(ServiceKind.CHECK, 20)
        async with upkeep(settings, clock, contact_checks=True):
            clock.ahead += timedelta(minutes=2)
            await town.wait_events(ServiceKind.CHECK, 30)
    finally:
        await town.stop("birzai-chief", stopped=False)
    events = await town.events(ServiceKind.CHECK)
    asked = [event.service.contact_id for event in events if event.service]
    assert len(asked) == len(set(asked)) >= 30
    assert "birzai-chief" not in asked
    assert len(first) == 20

"""The view of ``control``: the newest record of each key holds, and a change is seen while it is followed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from runtime.control import ControlFollower
from runtime.kafka import make_producer
from runtime.settings import Settings, load_settings
from schemas.codec import encode
from schemas.control import ContactStop, DutySwap, StopSwitch
from schemas.topics import CONTROL

pytestmark = pytest.mark.kafka

T0 = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)


def switch(*, stopped: bool, party: str | None = None) -> StopSwitch:
    """A stop switch."""
    return StopSwitch(stopped=stopped, reason="a storm", party=party, by="operator", at=T0)


def swap(name: str, *, revoked: bool = False) -> DutySwap:
    """A swap of one night."""
    return DutySwap(
        swap_id=name, party="birzai", contact_id="birzai-duty", substitute="birzai-chief", start=T0,
        end=T0 + timedelta(hours=12), revoked=revoked, by="operator", at=T0,
    )  # fmt: skip


async def write(settings: Settings, *records: StopSwitch | ContactStop | DutySwap) -> None:
    """Append ``records``, each under its own key."""
    producer = make_producer(settings)
    await producer.start()
    try:
        for record in records:
            encoded = encode(CONTROL, record, source="test", at=T0)
            await producer.send_and_wait(CONTROL.name, encoded.value, key=record.key.encode(), partition=0)
        await producer.send_and_wait(CONTROL.name, b"rubbish", key=b"x", partition=0)
    finally:
        await producer.stop()


@pytest.fixture
async def settings(kafka: str) -> AsyncIterator[Settings]:
    """Settings of a broker with an empty topic ``control``, which is taken away afterwards."""
    settings = load_settings(bootstrap=kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        if CONTROL.name in await admin.list_topics():
            await admin.delete_topics([CONTROL.name])
            while CONTROL.name in await admin.list_topics():  # noqa: ASYNC110 - Kafka does not announce it
                await asyncio.sleep(0.05)
        await admin.create_topics([NewTopic(CONTROL.name, num_partitions=1, replication_factor=1)])
        yield settings
        await admin.delete_topics([CONTROL.name])
    finally:
        await admin.close()


async def test_what_stands_on_control_holds_and_changes_are_followed(settings: Settings) -> None:
    """A switch is on until its key says otherwise; a revoked swap and a START take their effect back."""
    await write(
        settings,
        switch(stopped=True, party="birzai"),
        swap("a"),
        swap("b"),
        swap("b", revoked=True),
        ContactStop(contact_id="birzai-chief", stopped=True, at=T0),
    )
    async with ControlFollower(settings) as follower:
        before = follower.current
        assert before.stopped("birzai") is not None
        assert before.stopped("akniste", "bauska") is None
        assert [one.swap_id for one in before.swaps] == ["a"]
        assert before.stopped_contacts == {"birzai-chief"}
        await write(
            settings,
            switch(stopped=False, party="birzai"),
            switch(stopped=True),
            ContactStop(contact_id="birzai-chief", stopped=False, at=T0),
        )
        async with asyncio.timeout(10):
            while follower.current.stopped_contacts:  # noqa: ASYNC110 - the view is a value, as its readers see it
                await asyncio.sleep(0.01)
        after = follower.current
        assert set(after.switches) == {"stop"}
        assert after.stopped("anybody") is not None
        assert before.stopped_contacts == {"birzai-chief"}
        assert follower.failed is None

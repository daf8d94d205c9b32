"""How long records stay is the policy's to say; what goes is shown before and counted after."""

import asyncio
import json
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from pydantic import ValidationError

from console.keep.ageing import _settings_of, kept_ms
from console.publish import publish
from runtime.kafka import make_producer
from runtime.settings import Settings, load_settings
from runtime.topics import create_topics, verify_topics
from schemas.policy.load import load_policy
from schemas.policy.retention import Retention
from schemas.topics import EVENTS, TOPICS
from tests.console.conftest import Run
from tests.keep.conftest import PARTITIONS
from tests.keep.test_backup import Point
from tests.policy.conftest import SHIPPED


def test_without_a_word_records_stay_as_long_as_the_table_of_topics_says() -> None:
    """The policy's defaults and ``schemas/topics.py`` are the same figures."""
    table = {name: topic.retention_ms for name, topic in TOPICS.items() if topic.retention_ms is not None}
    assert kept_ms(Retention()) == table


def test_defaults_leave_the_hash_of_a_policy_as_it_was() -> None:
    """A policy of an earlier release has the hash it always had; another time is another policy."""
    policy = load_policy(SHIPPED)
    assert "retention" not in policy.model_dump(exclude_defaults=True)
    assert policy.with_parts(retention=Retention(events=400)).version != policy.version


@pytest.mark.parametrize("events", ["89 d", "31 y", "3 months", "1.5 y", "-1 d", 0])
def test_times_out_of_bounds_are_no_policy(events: object) -> None:
    """Neither so short that an alert could not be explained, nor without end, nor in words we do not know."""
    with pytest.raises(ValidationError):
        Retention.model_validate({"events": events})


def test_years_and_days_are_written_as_people_write_them() -> None:
    """A year has 365 days."""
    assert Retention.model_validate({"events": "2 y", "notifications": "14 d"}) == Retention(
        events=730, notifications=14
    )


async def _furnish(settings: Settings, events: int) -> None:
    await create_topics(settings)
    policy = load_policy(SHIPPED).with_parts(retention=Retention(events=events))
    await publish(settings, policy, note="test", by="test")
    async with make_producer(settings) as producer:
        for number in range(9):
            await producer.send_and_wait(EVENTS.name, b"{}", partition=number % PARTITIONS)


async def _delete_before(settings: Settings, offset: int) -> None:
    """What age does, at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(EVENTS.name, 1): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


def test_a_retention_is_set_shown_and_counted(fresh: str, reach: Point, borderlands: Run, tmp_path: Path) -> None:
    """Shown before, set by --apply without touching other settings, accepted by processes, deletions counted."""
    settings = load_settings(bootstrap=fresh, partitions=PARTITIONS)
    asyncio.run(_furnish(settings, events=120))
    home = reach(fresh)
    before = asyncio.run(_settings_of(settings, [EVENTS.name]))[EVENTS.name]

    shown = borderlands("retention", "--home", home)
    assert shown.exit_code == 1
    assert "kept 120 d (the topic says 1095 d)" in shown.stdout
    assert "9 there, 0 older and to go, no look before this one" in shown.stdout
    assert borderlands("retention", "--apply", "--home", home).exit_code == 0

    after = asyncio.run(_settings_of(settings, [EVENTS.name]))[EVENTS.name]
    assert after["retention.ms"] == str(120 * 24 * 3600 * 1000)
    assert {**after, "retention.ms": before["retention.ms"]} == before
    asyncio.run(verify_topics(settings))

    asyncio.run(_delete_before(settings, 2))
    for _ in range(2):
        lines = [json.loads(line) for line in borderlands("retention", "--json", "--home", home).stdout.splitlines()]
        assert {one["topic"]: one["deleted"] for one in lines}[EVENTS.name] == 2
    assert borderlands("retention", "--apply", "--home", home).exit_code == 0
    again = borderlands("retention", "--json", "--home", home)
    assert again.exit_code == 0
    assert {one["deleted"] for one in map(json.loads, again.stdout.splitlines())} == {0}

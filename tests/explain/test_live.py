"""On a real broker: an incident is traced, a look at people is noted first, and following shows each record once."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.explain.following import Feed
from console.logs.live import LiveLog
from console.logs.source import read_all
from console.main import build
from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import OperationsNote
from schemas.policy.models import Policy
from schemas.topics import CONTROL, EVENTS, TOPICS
from tests.dispatcher.conftest import Bus, bus, settings  # noqa: F401 - fixtures
from tests.explain.conftest import SHIPPED
from tests.explain.evening import Evening

PARTITIONS = 3


@pytest.fixture
async def told(policy: Policy, bus: Bus) -> Evening:  # noqa: F811
    """An evening that stands on the broker's topics."""
    evening = Evening(policy, partitions=PARTITIONS).report().send()
    producer = make_producer(bus.settings)
    await producer.start()
    for one in evening.log:
        assert one.record is not None
        value = encode(TOPICS[one.topic], one.record, source="test", at=one.appended_at).value
        await producer.send_and_wait(one.topic, value, key=one.key, partition=one.partition)
    await producer.stop()
    return evening


def run(bootstrap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> Any:
    """The command against a broker, with the example directory."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", bootstrap)
    monkeypatch.setenv("BORDERLANDS_PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("BORDERLANDS_DIRECTORY", str(SHIPPED / "directory.example.yaml"))
    return CliRunner().invoke(build(["trace"]), ["trace", *arguments, "--home", str(tmp_path)])


async def test_a_trace_reveals_people_only_after_noting_it(
    told: Evening,
    bus: Bus,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Without --reveal no number; with it names and numbers, and a masked note on `control`."""
    number = "+37060002102"
    plain = await asyncio.to_thread(run, bus.settings.bootstrap, monkeypatch, tmp_path, told.incident, "--json")
    assert plain.exit_code == 0
    document = json.loads(plain.stdout)
    assert len(document["records"]) == sum(one.topic not in ("policy", "control") for one in told.log)
    assert number not in plain.stdout
    assert not await read_all(LiveLog(bus.settings), [CONTROL])
    reason = ("--reveal", "--reason", "somebody asks, call +37060002199")
    shown = await asyncio.to_thread(run, bus.settings.bootstrap, monkeypatch, tmp_path, told.incident, *reason)
    assert shown.exit_code == 0
    assert "birzai-chief: " in shown.stdout
    (kept,) = await read_all(LiveLog(bus.settings), [CONTROL])
    assert isinstance(kept.record, OperationsNote)
    assert told.incident in kept.record.note
    assert "+37060002199" not in kept.record.note


async def test_following_begins_at_the_end_and_shows_each_record_once(told: Evening, bus: Bus) -> None:  # noqa: F811
    """What stood there before is not shown; what comes is, each once and in order, also over a new connection."""
    notices: list[str] = []
    feed = Feed(lambda: _settings(bus), [EVENTS], notices.append)
    seen: list[str] = []
    async with asyncio.timeout(60), aclosing(aiter(feed)) as batches:  # type: ignore[type-var]
        first = asyncio.ensure_future(anext(batches))
        await feed.ready.wait()
        for number in range(3):
            event = told.event.model_copy(update={"event_id": f"ev-new-{number}"})
            await bus.write(EVENTS, event, told.partition)
        seen += [getattr(one.record, "event_id", "") for one in await first]
        while len(seen) < 3:
            seen += [getattr(one.record, "event_id", "") for one in await anext(batches)]
    assert seen == ["ev-new-0", "ev-new-1", "ev-new-2"]
    assert not notices


def _settings(bus: Bus) -> Settings:  # noqa: F811
    return bus.settings

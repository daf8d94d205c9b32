"""A broker with a night on it, brokers with nothing on them, and the command as a user would type it."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from console.logs.logged import Logged
from console.logs.raw import RawRecord
from console.publish import publish
from deploy.local.kafka import EmbeddedKafka
from runtime.kafka import make_producer
from runtime.settings import Settings, load_settings
from runtime.topics import create_topics
from schemas.codec import encode
from schemas.control import ContactStop, StopSwitch
from schemas.incident import Cursor, IncidentState
from schemas.policy.load import load_policy
from schemas.topics import CONTROL, DECISIONS, INCIDENTS
from tests.console.conftest import Run, borderlands
from tests.console.story import END, PEAT, START, night
from tests.keep.files import raw
from tests.policy.conftest import SHIPPED

__all__ = ["Run", "borderlands"]

PARTITIONS = 3


@pytest.fixture(scope="package")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Starts a broker on which nothing stands."""
    running: list[EmbeddedKafka] = []

    def start() -> str:
        running.append(EmbeddedKafka(tmp_path_factory.mktemp("keep-kafka")))
        return running[-1].start()

    yield start
    for kafka in running:
        kafka.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[str]:
    """A broker of one test, on which nothing stands."""
    kafka = EmbeddedKafka(tmp_path / "fresh-kafka")
    yield kafka.start()
    kafka.stop()


@pytest.fixture(scope="package")
def source(empty: Callable[[], str]) -> Settings:
    """A system on which a night has been: all its records, a policy, a stop switch and a STOP, an open incident."""
    settings = load_settings(bootstrap=empty(), partitions=PARTITIONS)
    asyncio.run(_furnish(settings))
    return settings


async def _furnish(settings: Settings) -> None:
    await create_topics(settings)
    await publish(settings, load_policy(SHIPPED), note="test", by="test")
    async with make_producer(settings) as producer:
        await write(producer, [raw(one) for one in _numbered(night())])
        for record in (
            StopSwitch(stopped=True, reason="flood of the server room", party="birzai", by="duty", at=START),
            ContactStop(contact_id="birzai-chief", stopped=True, at=START),
        ):
            made = encode(CONTROL, record, source="test", at=START)
            await producer.send_and_wait(CONTROL.name, made.value, key=record.key.encode(), partition=0)
        for incident, expires in ((PEAT, None), ("in-over", END)):
            state = IncidentState(incident_id=incident, updated_at=START, expires_at=expires)
            made = encode(INCIDENTS, state, source="test", at=START)
            await producer.send_and_wait(INCIDENTS.name, made.value, key=incident.encode(), partition=0)
    async with make_producer(settings, transactional_id="test") as producer:  # its marks are offsets without records
        async with producer.transaction():
            cursor = encode(INCIDENTS, Cursor(partition=0, offsets={}, at=START), source="test", at=START)
            await producer.send(INCIDENTS.name, cursor.value, key=b"@cursor", partition=0)
            await producer.send(DECISIONS.name, b"\xff\x00 no record", key=PEAT.encode(), partition=0)
        async with producer.transaction():
            await producer.send(DECISIONS.name, b"[1]", key=None, partition=0, headers=[("odd", b"\xff")])


def _numbered(log: list[Logged]) -> Iterable[Logged]:
    return sorted(log, key=lambda one: one.offset)


async def write(producer: AIOKafkaProducer, records: Iterable[RawRecord]) -> None:
    """Write ``records`` in their order."""
    for _, some in itertools.groupby(records, key=lambda one: one.topic):
        for one in some:
            await producer.send_and_wait(
                one.topic, one.value, key=one.key, partition=one.partition, headers=list(one.headers)
            )


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Points the command at a broker; returns a home in which no system runs."""

    def point(bootstrap: str) -> Path:
        monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", bootstrap)
        monkeypatch.setenv("BORDERLANDS_PARTITIONS", str(PARTITIONS))
        return tmp_path / "home"

    return point

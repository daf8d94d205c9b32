"""The embedded Kafka is a real one: it keeps its data, its port and its lock, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import kafka as kafka_module
from deploy.local.kafka import EmbeddedKafka, HomeInUse, NoRoom, wait_ready
from deploy.local.kafka_config import HOST, PortTaken, choose_ports
from tests.local.processes import alive

pytestmark = pytest.mark.kafka

LOG_APPEND_TIME = 1
OWNER = """
import sys
from pathlib import Path
from deploy.local.kafka import EmbeddedKafka
broker = EmbeddedKafka(Path(sys.argv[1]))
broker.start()
print(broker.running_pid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker, not started, in a home whose path is not plain ASCII."""
    broker = EmbeddedKafka(tmp_path / "mājas, lv")
    yield broker
    broker.stop()


async def _make_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _produce(bootstrap: str, topic: str, *values: bytes) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        written = [await producer.send_and_wait(topic, value) for value in values]
        return int(written[-1].timestamp_type)
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, count: int, group: str | None = None) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [(await anext(consumer)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_data_and_port_survive_a_restart(broker: EmbeddedKafka) -> None:
    """What was written before a stop is read after the next start, at the same address, also by a group."""
    bootstrap = await asyncio.to_thread(broker.start)
    await _make_topic(bootstrap, "kept")
    assert await _produce(bootstrap, "kept", b"one", b"two") == LOG_APPEND_TIME
    await asyncio.to_thread(broker.stop)
    assert not broker.is_running()
    assert broker.running_pid() is None
    assert await asyncio.to_thread(broker.start) == bootstrap
    assert await _consume(bootstrap, "kept", 2, group="readers") == [b"one", b"two"]


async def test_data_survives_a_kill(broker: EmbeddedKafka) -> None:
    """What was acknowledged is there after kill -9 of the Java."""
    bootstrap = await asyncio.to_thread(broker.start)
    await _make_topic(bootstrap, "kept")
    await _produce(bootstrap, "kept", b"acknowledged")
    pid = broker.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await asyncio.to_thread(broker.start) == bootstrap
    assert await _consume(bootstrap, "kept", 1) == [b"acknowledged"]


def test_a_second_start_in_the_same_home_is_refused(broker: EmbeddedKafka) -> None:
    """It names the process and the home, and leaves the first one alone."""
    broker.start()
    with pytest.raises(HomeInUse) as refusal:
        EmbeddedKafka(broker.home).start()
    assert str(broker.running_pid()) in str(refusal.value)
    assert str(broker.home) in str(refusal.value)
    assert broker.is_running()


def test_killing_the_owner_leaves_no_java(tmp_path: Path) -> None:
    """kill -9 of the supervisor ends the broker, and the home can be used at once."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "home")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    java = int(owner.stdout.readline())
    assert alive(java)
    owner.kill()
    owner.communicate()
    broker = EmbeddedKafka(tmp_path / "home")
    broker.prepare()
    assert not alive(java)
    assert broker.running_pid() is None


async def test_a_supervisor_can_start_it_as_its_own_child(broker: EmbeddedKafka) -> None:
    """prepare, command, environment and wait_ready are enough; SIGTERM ends it."""
    bootstrap = await asyncio.to_thread(broker.prepare)
    child = await asyncio.create_subprocess_exec(
        *broker.command(),
        env=broker.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    await wait_ready(bootstrap, 60)
    assert broker.running_pid() is not None
    child.terminate()
    async with asyncio.timeout(20):
        assert await child.wait() == 143
    assert broker.running_pid() is None


async def test_the_session_broker_makes_no_topic_by_itself(kafka: str) -> None:
    """The shared broker of the tests answers, and a mistyped topic is not created."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await _make_topic(kafka, "made-on-purpose")
        assert "made-on-purpose" in await admin.list_topics()
        await admin.describe_topics(["mistyped"])
        assert "mistyped" not in await admin.list_topics()
    finally:
        await admin.close()


async def test_waiting_for_a_broker_that_is_not_there_ends(tmp_path: Path) -> None:
    """The time-out names the address."""
    port = choose_ports(tmp_path, 0).broker
    with pytest.raises(TimeoutError, match=f"{HOST}:{port}"):
        await wait_ready(f"{HOST}:{port}", 0.2)


def test_a_port_in_use_is_refused_when_asked_for_and_avoided_when_remembered(tmp_path: Path) -> None:
    """A fixed port is a demand, a remembered one a wish."""
    before = choose_ports(tmp_path, 0)
    assert choose_ports(tmp_path, 0) == before
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((HOST, before.broker))
        squatter.listen()
        with pytest.raises(PortTaken, match=str(before.broker)):
            choose_ports(tmp_path, before.broker)
        assert choose_ports(tmp_path, 0).broker != before.broker


def test_options_meant_for_other_javas_are_left_out(broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine-wide JAVA_TOOL_OPTIONS cannot change the broker."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx64g")
    assert "JAVA_TOOL_OPTIONS" not in broker.environment()
    assert broker.environment()["PATH"] == os.environ["PATH"]


def test_no_broker_is_started_on_a_disk_without_room(broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would check its logs without room for their indexes, and could delete them; with room it starts again."""
    broker.prepare()
    monkeypatch.setattr(kafka_module, "MIN_FREE_BYTES", 1 << 60)
    with pytest.raises(NoRoom, match="make room, nothing is lost"):
        broker.prepare()
    monkeypatch.undo()
    assert broker.prepare() == broker.bootstrap

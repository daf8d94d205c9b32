"""The router beside a naive Faust agent and a plain client: how many events a second, and how late at a steady pace.

All four are processes of their own on one embedded Kafka, read the same events from the same partitions, and wait
for the acknowledgement of all replicas. Each has a group and, but for the rules, a topic of its own. As shipped, this
Kafka flushes every append to its disk before it answers, so throughput is measured twice: without that, where the
client is what limits, and with it. Latency is measured as shipped.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from statistics import median

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.kafka import EmbeddedKafka
from runtime.kafka import make_consumer, make_producer, partition_for
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.codec import encode
from schemas.topics import DECISIONS, EVENTS
from tests.bench.figures import AtLeast, AtMost, Figure, number, percentile
from tests.bench.outputs import OutputReader, TooSlow, admin_of, reached
from tests.bench.policies import shipped
from tests.bench.reports import by_code, by_point, with_text

PARTITIONS = 12
KINDS = {"pass": "the router, passing through", "rules": "the router with the rules"} | {
    "naive": "a naive Faust agent",
    "plain": "a plain aiokafka loop",
}
BACKLOG, DIFFERENT = 60_000, 3_000
QUOTAS = {"pass": 40_000, "rules": 20_000, "naive": 6_000, "plain": 50_000}
"""Events that each kind is measured on at most, after the first it has handled."""

OFFSETS = {"cleanup.policy": "compact", "compression.type": "producer", "segment.bytes": "104857600"}
"""Kafka's own settings of the topic of offsets."""

ROUNDS, FLUSHED_ROUNDS = 3, 1
PACES, PACED_S, LATE_ROUNDS = (50, 500), 5.0, 2
READY_WITHIN_S, MEASURED_S = 90.0, 5.0
PASS_OF_NAIVE, RULES_OF_NAIVE, LATE_OF_PLAIN = 3.5, 2.0, 3.0

Sent = tuple[bytes, bytes]
"""Key and value of an event."""


@dataclass(frozen=True)
class Speed:
    """Events a second, and CPU seconds for 100,000 of them."""

    rate: float
    cpu_s: float


def bench_router() -> list[Figure]:
    """Throughput, CPU and latency of all four kinds, in turn, and what the goals compare."""
    with tempfile.TemporaryDirectory(prefix="borderlands-bench-", ignore_cleanup_errors=True) as folder:
        broker = EmbeddedKafka(Path(folder) / "kafka")
        broker.start()
        try:
            settings = Settings(bootstrap=broker.bootstrap, partitions=PARTITIONS, home=Path(folder) / "home")
            return asyncio.run(_Bench(settings).figures())
        finally:
            broker.stop()


class _Bench:
    """One broker with a backlog of events; every run has a group and topic of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._events = list(islice(_events(), DIFFERENT))
        self._runs = 0
        self._config: dict[str, str] = {}

    async def figures(self) -> list[Figure]:
        """Measure the kinds in turn, again and again."""
        await create_topics(self._settings)
        await self._fill()
        await self._past_all("none")  # the first group of a cluster makes the topic of offsets
        await self._flush(False)
        clients = await self._speeds(ROUNDS)
        await self._flush(True)
        shipped_so = await self._speeds(FLUSHED_ROUNDS)
        late: dict[tuple[str, int], list[float]] = {}
        for _ in range(LATE_ROUNDS):
            for kind in KINDS:
                for pace, found_ms in (await self._latency(kind)).items():
                    late.setdefault((kind, pace), []).extend(found_ms)
        return [*_speed_figures(clients), *_flushed_figures(shipped_so), *_late_figures(late)]

    async def _speeds(self, rounds: int) -> dict[str, list[Speed]]:
        speeds: dict[str, list[Speed]] = {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind, found in speeds.items():
                found.append(await self._speed(kind))
        return speeds

    async def _flush(self, each: bool) -> None:
        """Whether each append is flushed to disk before it is acknowledged, as the embedded Kafka is shipped."""
        self._config = {} if each else {"flush.messages": str(2**63 - 1)}
        topics = {EVENTS.name: EVENTS.config, DECISIONS.name: DECISIONS.config, "__consumer_offsets": OFFSETS}
        async with admin_of(self._settings) as admin:
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, {**of, **self._config}) for name, of in topics.items()]
            )

    async def _fill(self) -> None:
        producer = make_producer(self._settings)
        async with producer:
            sends = [await self._send(producer, self._events[place % DIFFERENT]) for place in range(BACKLOG)]
            await asyncio.gather(*sends)

    async def _send(self, producer: AIOKafkaProducer, event: Sent) -> "asyncio.Future[object]":
        key, value = event
        sent: asyncio.Future[object] = await producer.send(
            EVENTS.name, value, key=key, partition=partition_for(key.decode(), PARTITIONS)
        )
        return sent

    async def _speed(self, kind: str) -> Speed:
        """Work off the backlog: the clock runs from the first sign of work for some seconds, or until the quota."""
        quota = QUOTAS[kind]
        async with self._reader(kind) as reader:
            begun = await reader.count()
            with self._process(kind, reader.topic) as pid:
                begin = await reached(reader, begun + 1, pid, READY_WITHIN_S)
                end = await reached(reader, begin.count + quota, pid, MEASURED_S)
        done = end.count - begin.count
        if begin.count == begun or not done:
            raise TooSlow(f"{kind}: {done} events in {MEASURED_S} s; {begin.count - begun} before")
        return Speed(done / (end.at_s - begin.at_s), (end.cpu_s - begin.cpu_s) / done * 100_000)

    async def _latency(self, kind: str) -> dict[int, list[float]]:
        """Milliseconds from an event's append to its output's, at each pace; first what waited is worked off."""
        found: dict[int, list[float]] = {}
        async with self._reader(kind) as reader, make_producer(self._settings) as producer:
            with self._process(kind, reader.topic, await self._past_all(kind)) as pid:
                await self._warm(reader, producer, pid)
                for pace in PACES:
                    found[pace] = await self._paced(reader, producer, pace)
        return found

    async def _warm(self, reader: OutputReader, producer: AIOKafkaProducer, pid: int) -> None:
        """Send until something comes out, and on for a moment."""
        begun = await reader.count()
        deadline_s = time.monotonic() + READY_WITHIN_S
        while await reader.count() == begun:
            if time.monotonic() > deadline_s:
                raise TooSlow(f"process {pid} wrote nothing")
            await (await self._send(producer, self._events[0]))
            await asyncio.sleep(0.1)
        await self._paced(reader, producer, PACES[-1], seconds=1.0)

    async def _paced(
        self, reader: OutputReader, producer: AIOKafkaProducer, pace: int, seconds: float = PACED_S
    ) -> list[float]:
        self._runs += 1
        wanted, sending = int(pace * seconds), []
        loop = asyncio.get_running_loop()
        appended: dict[bytes, float] = {}

        async def send(place: int) -> None:
            key = f"{self._runs}-{place}".encode()
            done = await (await self._send(producer, (key, self._keyed(place, key))))
            appended[key] = done.timestamp  # type: ignore[attr-defined]

        begun_s = loop.time()
        await reader.to_end()
        for place in range(wanted):
            await asyncio.sleep(begun_s + place / pace - loop.time())
            sending.append(asyncio.create_task(send(place)))
        await asyncio.gather(*sending)
        written = await reader.read(wanted, f"{self._runs}-".encode())
        return [written[key] - appended[key] for key in appended]

    def _keyed(self, place: int, key: bytes) -> bytes:
        """A real event of an incident named ``key``, so that its output is known by its key whoever writes it."""
        old, value = self._events[place % DIFFERENT]
        return value.replace(old, key)

    def _group(self, kind: str) -> str:
        self._runs += 1
        return f"bench-{kind}-{self._runs}"

    async def _past_all(self, kind: str) -> str:
        """A group that has handled every event there is."""
        group = self._group(kind)
        async with make_consumer(self._settings, group=group) as consumer:
            places = [TopicPartition(EVENTS.name, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            await consumer.commit(await consumer.end_offsets(places))
        return group

    def _reader(self, kind: str) -> OutputReader:
        self._runs += 1
        topic = DECISIONS.name if kind == "rules" else f"bench.{kind}.{self._runs}"
        return OutputReader(self._settings, topic, self._config)

    @contextmanager
    def _process(self, kind: str, out: str, group: str | None = None) -> Iterator[int]:
        """A process of ``kind``; killed afterwards, so that nobody waits for its farewell."""
        group = group or self._group(kind)
        home = self._settings.home / group
        home.mkdir(parents=True)
        environment = {
            **os.environ,
            "BORDERLANDS_BOOTSTRAP": self._settings.bootstrap,
            "BORDERLANDS_PARTITIONS": str(PARTITIONS),
            "BORDERLANDS_HOME": str(home),
        }
        with (home / "log").open("wb") as log:
            command = [sys.executable, "-m", "tests.bench.rivals", kind, group, out]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process.pid
        except TooSlow as error:
            said = (home / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise TooSlow(f"{kind}: {error}; its log ends: {said}") from error
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _events() -> Iterator[Sent]:
    """Real events, half of them by code and half by point and with a sentence of text, for ever."""
    policy = shipped()
    for event in chain.from_iterable(zip(by_code(policy), with_text(by_point(policy)), strict=False)):
        body = encode(EVENTS, event.model_copy(update={"recorded_at": None}), source="bench", at=event.reported_at)
        yield event.incident_id.encode(), body.value


def _speed_figures(speeds: dict[str, list[Speed]]) -> Iterator[Figure]:
    rates = {kind: median(one.rate for one in found) for kind, found in speeds.items()}
    for kind, found in speeds.items():
        note = f"between {number(min(one.rate for one in found))} and {number(max(one.rate for one in found))}"
        yield Figure("router", KINDS[kind], rates[kind], "events/s", None, note)
    for kind, of, goal in (("pass", "naive", PASS_OF_NAIVE), ("rules", "naive", RULES_OF_NAIVE)):
        yield Figure("router", f"{KINDS[kind]}, against {KINDS[of]}", rates[kind] / rates[of], "×", AtLeast(goal))
    for kind in ("pass", "rules"):
        yield Figure("router", f"{KINDS[kind]}, against {KINDS['plain']}", rates[kind] / rates["plain"], "×")
    cpu_s = {kind: median(one.cpu_s for one in found) for kind, found in speeds.items()}
    for kind, seconds in cpu_s.items():
        note = "" if kind == "naive" else f"a naive agent takes {number(cpu_s['naive'] / seconds)} times as much"
        yield Figure("router", f"{KINDS[kind]}, CPU of 100,000 events", seconds, "s", None, note)


def _flushed_figures(speeds: dict[str, list[Speed]]) -> Iterator[Figure]:
    for kind, found in speeds.items():
        rate = median(one.rate for one in found)
        yield Figure("router", f"{KINDS[kind]}, every append flushed", rate, "events/s", None, "as shipped")


def _late_figures(late: dict[tuple[str, int], list[float]]) -> Iterator[Figure]:
    for pace in PACES:
        usual = {kind: percentile(late[kind, pace], 0.5) for kind in KINDS}
        for kind in KINDS:
            worst = number(percentile(late[kind, pace], 0.99))
            yield Figure("router", f"{KINDS[kind]}, {pace}/s, p50", usual[kind], "ms", None, f"p99 {worst} ms")
        share = usual["pass"] / max(usual["plain"], 1.0)
        note = "append to append; whole milliseconds"
        named = f"{KINDS['pass']}, {pace}/s, p50 against {KINDS['plain']}"
        yield Figure("router", named, share, "×", AtMost(LATE_OF_PLAIN), note)

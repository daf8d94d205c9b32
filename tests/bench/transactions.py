"""What a transaction of the dispatcher's shape takes, by our wait between tries and by the library's own, in turns."""

import asyncio
import time
from itertools import product

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.producer import sender

from deploy.local.kafka import EmbeddedKafka
from runtime.kafka import BETWEEN_TRANSACTIONS_S, make_producer
from runtime.settings import load_settings
from tests.bench.figures import Figure, number, percentile
from tests.bench.systems import fresh_home

LIBRARY_WAIT_S = 0.02
"""``BACKOFF_OVERRIDE`` of aiokafka 0.14."""

PAUSES_S = (0.0, 0.008, 0.02)
TURNS, A_TURN = 6, 25
TOPICS, RECORD = 3, b"x" * 800

Took = dict[tuple[float, float], list[float]]
"""Milliseconds of each transaction, by wait and by the pause after it."""


def bench_transactions() -> list[Figure]:
    """Milliseconds from the first record to the commit's answer: one producer, three topics, 0.8 kB a record."""
    with fresh_home() as home:
        broker = EmbeddedKafka(home)
        bootstrap = broker.start()
        try:
            took = asyncio.run(_measure(bootstrap))
        finally:
            broker.stop()
    return [figure for pause_s in PAUSES_S for figure in _figures(took, pause_s)]


async def _measure(bootstrap: str) -> Took:
    topics = [f"bench-{number}" for number in range(TOPICS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1) for topic in topics])
    await admin.close()
    producer = make_producer(load_settings(bootstrap=bootstrap), transactional_id="bench")
    took: Took = {way: [] for way in product((BETWEEN_TRANSACTIONS_S, LIBRARY_WAIT_S), PAUSES_S)}
    await producer.start()
    try:
        for _ in range(TURNS):
            for (wait_s, pause_s), times in took.items():
                sender.BACKOFF_OVERRIDE = wait_s
                for _ in range(A_TURN):
                    times.append(await _transaction(producer, topics))
                    await asyncio.sleep(pause_s)
    finally:
        sender.BACKOFF_OVERRIDE = BETWEEN_TRANSACTIONS_S
        await producer.stop()
    return took


async def _transaction(producer: AIOKafkaProducer, topics: list[str]) -> float:
    began_s = time.perf_counter()
    async with producer.transaction():
        await asyncio.gather(*[await producer.send(topic, RECORD, partition=0) for topic in topics])
    return (time.perf_counter() - began_s) * 1000


def _figures(took: Took, pause_s: float) -> list[Figure]:
    ours, library = took[BETWEEN_TRANSACTIONS_S, pause_s], took[LIBRARY_WAIT_S, pause_s]
    where = f"transaction, {pause_s * 1000:.0f} ms after the one before"
    usual, usual_library = percentile(ours, 0.5), percentile(library, 0.5)
    note = f"p99 {number(percentile(ours, 0.99))} ms"
    return [
        Figure("transactions", f"{where}, p50", usual, "ms", None, note),
        Figure(
            "transactions", f"{where}, against the library's 20 ms", usual / usual_library, "×", None,
            f"{number(usual_library)} ms, p99 {number(percentile(library, 0.99))} ms",
        ),
    ]  # fmt: skip

"""``python -m tests.bench.rivals KIND GROUP OUT``: one process that turns ``events`` into records, in one of four ways.

``rules`` and ``pass`` are this project's router, with its rules or with none; ``naive`` is a Faust agent as a first
draft has it; ``plain`` is a loop around aiokafka, which is as much as Python clients give. ``rules`` and ``pass``
take their settings from the environment, as the router does.
"""

import asyncio
import sys
import tempfile
from typing import Any

import faust
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from runtime.process import settle_memory
from runtime.settings import Settings, load_settings
from schemas.topics import EVENTS
from streams.router.app import build
from streams.router.batches import Incoming
from streams.router.decide import Decider
from streams.router.loop import Output
from streams.rules.routing.index import index_of
from tests.bench.policies import shipped

AT_ONCE = 500


async def run_router(settings: Settings, group: str, out: str | None) -> None:
    """The router; without rules where ``out`` is given, which then gets every event as it is."""
    policy = shipped()
    index_of(policy)
    settle_memory()  # as runtime.process has it in the running system

    def passing(record: Incoming) -> list[Output]:
        assert out is not None
        return [Output(out, record.partition, record.key, record.value or b"", [])]

    decide = Decider(lambda: policy, settings.partitions) if out is None else passing
    await _serve(build(settings, decide, lambda _: None, group=group))


async def run_naive(settings: Settings, group: str, out: str) -> None:
    """An agent with a JSON topic that awaits a send for each event, with Faust's own settings."""
    app = faust.App(
        group,
        broker=f"kafka://{settings.bootstrap}",
        value_serializer="json",
        web_enabled=False,  # its port would be in the way of others
        datadir=tempfile.mkdtemp(prefix="borderlands-naive-"),
        topic_partitions=settings.partitions,
    )
    source, sink = app.topic(EVENTS.name, value_serializer="json"), app.topic(out, value_serializer="json")

    @app.agent(source)
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            await sink.send(key=event.key, value=event.value)

    await _serve(app)


async def _serve(app: faust.App) -> None:
    await app.start()
    while not app.crashed:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0.5)
    sys.exit(f"crashed: {app.crash_reason!r}")


async def run_plain(settings: Settings, group: str, out: str) -> None:
    """Read many, send each, wait for all, commit; again and again."""
    consumer = AIOKafkaConsumer(
        EVENTS.name,
        bootstrap_servers=settings.bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all")
    async with consumer, producer:
        while True:
            found = await consumer.getmany(timeout_ms=1000, max_records=AT_ONCE)
            sends = [
                await producer.send(out, record.value, key=record.key, partition=record.partition)
                for records in found.values()
                for record in records
            ]
            if sends:
                await asyncio.gather(*sends)
                await consumer.commit()


def main() -> None:
    """Run the kind that is named until killed."""
    kind, group, out = sys.argv[1:]
    settings = load_settings()
    match kind:
        case "rules":
            uvloop.run(run_router(settings, group, None))
        case "pass":
            uvloop.run(run_router(settings, group, out))
        case "naive":
            asyncio.run(run_naive(settings, group, out))
        case "plain":
            uvloop.run(run_plain(settings, group, out))
        case _:
            sys.exit(f"no such kind: {kind}")


if __name__ == "__main__":
    main()

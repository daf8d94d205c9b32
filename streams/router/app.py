"""The Faust application: settings measured to lose nothing, and one agent that only queues."""

from collections.abc import Callable
from typing import Any

import faust
from faust.tables.manager import TableManager

from runtime.settings import Settings
from schemas.topics import EVENTS
from streams.router.batches import BatchTransport, Incoming
from streams.router.loop import MAX_BATCH, MAX_BATCH_BYTES, GroupCommit, Output

GROUP = "router"


class NoTables(TableManager):
    """Faust's, without the second it waits for tables that modules may yet declare: the router has none."""

    async def on_start(self) -> None:
        """Begin at once."""
        await self._update_channels()
        await self.recovery.start()


def build(
    settings: Settings,
    decide: Callable[[Incoming], list[Output]],
    on_done: Callable[[int], None],
    *,
    group: str = GROUP,
) -> faust.App:
    """An isolated Faust app that applies ``decide`` to every record of ``events``; see docs/decisions."""
    settings.home.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        group,
        broker=f"kafka://{settings.bootstrap}",
        consumer_group_instance_id=settings.instance,
        processing_guarantee="at_least_once",
        stream_wait_empty=True,
        stream_publish_on_commit=False,
        broker_commit_interval=0.5,
        broker_max_poll_interval=2_000_000,
        broker_max_poll_records=MAX_BATCH,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s * 0.3,
        broker_rebalance_timeout=30,
        broker_request_timeout=max(settings.session_timeout_s, 30) + 30,
        producer_request_timeout=settings.request_timeout_s + 5,  # the loop gives up first, and ends the process
        producer_acks=-1,
        producer_linger=0,
        producer_max_batch_size=MAX_BATCH_BYTES,
        producer_max_request_size=4 * 1024 * 1024,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        store="memory://",
        TableManager=NoTables,
        datadir=settings.home / "faust",
    )
    app.conf.Agent  # noqa: B018 - resolves Faust's lazy settings here, where a mistake is visible
    app._producer = None
    commit = GroupCommit(app, decide, on_done, settings.request_timeout_s)
    transport = BatchTransport(app.conf.broker, app, app.loop, room=commit.room)
    app.producer_transport = transport
    app.transport = transport
    topic = app.topic(EVENTS.name, key_serializer="raw", value_serializer="raw", allow_empty=True)

    @app.agent(topic)
    async def router(stream: Any) -> None:
        await commit.run(stream)

    return app

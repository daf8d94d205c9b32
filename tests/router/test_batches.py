"""Faust commits exactly as far as batches are acknowledged, whatever holes the offsets have.

They are acknowledged in the order in which they came: Faust itself commits past a hole of one record.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.settings import Settings
from schemas.topics import EVENTS
from streams.router.app import build
from streams.router.batches import Batch, BatchConsumer
from streams.router.loop import MAX_BATCH, GroupCommit
from tests.router.fakes import App, Event, Message, Producer

PLACE = TP(EVENTS.name, 0)


@dataclass(frozen=True)
class Record:
    """What aiokafka fetches; ``timestamp`` is in milliseconds."""

    offset: int
    key: bytes | None = b"in-1"
    value: bytes | None = b"{}"
    partition: int = 0
    timestamp: int = 1_700_000_000_500
    timestamp_type: int = 1


@pytest.fixture
async def consumer(tmp_path: Path) -> AsyncIterator[BatchConsumer]:
    """The router's consumer, connected to nothing."""
    app = build(Settings(home=tmp_path), lambda _: [], lambda _: None)
    app.topics.acking_topics.add(EVENTS.name)
    made = app.consumer
    assert isinstance(made, BatchConsumer)
    yield made
    made._thread.thread_loop.close()  # its thread, which would, is never started


def begin(consumer: BatchConsumer, committed: int | None) -> None:
    """Have the partition newly assigned, with so much committed."""
    for kept in (consumer._acked, consumer._acked_index, consumer._committed_offset, consumer._read_offset):
        kept.pop(PLACE, None)
    consumer._committed_offset[PLACE] = consumer._read_offset[PLACE] = committed


def fetch(consumer: BatchConsumer, *offsets: int) -> Batch:
    """A batch as the stream gets it."""
    batch = consumer._to_message(PLACE, [Record(offset) for offset in offsets])
    consumer._read_offset[PLACE] = batch.offset  # as Faust does when it has handed a message on
    batch.incref()
    return batch


def commits(consumer: BatchConsumer) -> int | None:
    """The offset that Faust would commit now, and does."""
    offset: int | None = consumer._filter_committable_offsets([PLACE]).get(PLACE)
    if offset is not None:
        consumer._committed_offset[PLACE] = offset
    return offset


def test_records_are_what_was_fetched(consumer: BatchConsumer) -> None:
    """Key, value, place and append time in seconds; the batch stands for its last record."""
    begin(consumer, None)
    batch = fetch(consumer, 4, 5)
    assert [(one.offset, one.partition, one.key, one.value, one.timestamp) for one in batch.records] == [
        (4, 0, b"in-1", b"{}", 1_700_000_000.5),
        (5, 0, b"in-1", b"{}", 1_700_000_000.5),
    ]
    assert (batch.offset, batch.tp) == (5, PLACE)


def test_nothing_is_committed_before_the_batch_is_acknowledged(consumer: BatchConsumer) -> None:
    """Then all of it is, and once."""
    begin(consumer, 7)
    batch = fetch(consumer, 7, 8, 9)
    assert commits(consumer) is None
    assert batch.ack(consumer)
    assert not batch.ack(consumer)
    assert commits(consumer) == 10
    assert commits(consumer) is None


@pytest.mark.parametrize("committed", [None, 0])
def test_a_partition_never_committed_begins_like_any_other(consumer: BatchConsumer, committed: int | None) -> None:
    """Its first commit goes as far as the first batch."""
    begin(consumer, committed)
    first, second = fetch(consumer, 0, 1), fetch(consumer, 2)
    assert commits(consumer) is None
    first.ack(consumer)
    assert commits(consumer) == 2
    second.ack(consumer)
    assert commits(consumer) == 3


def test_offsets_without_records_do_not_hold_the_commit_up(consumer: BatchConsumer) -> None:
    """Control records and what compaction removed: before, between and within batches."""
    begin(consumer, 10)
    for offsets, wanted in (((12, 13), 14), ((17, 19), 20), ((21,), 22)):
        fetch(consumer, *offsets).ack(consumer)
        assert commits(consumer) == wanted


def test_a_batch_read_again_does_no_harm(consumer: BatchConsumer) -> None:
    """After a rebalance reading begins at what was committed; older acknowledgements change nothing."""
    begin(consumer, 0)
    before = fetch(consumer, 0, 1, 2)
    before.ack(consumer)
    assert commits(consumer) == 3
    consumer._read_offset[PLACE] = 1
    fetch(consumer, 1, 2, 3, 4).ack(consumer)
    assert commits(consumer) == 5


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 5),
    st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4) | st.sampled_from(["ack", "commit"]), max_size=25),
)
def test_what_is_committed_is_what_was_acknowledged(
    consumer: BatchConsumer, committed: int, steps: list[list[int] | str]
) -> None:
    """For any batches and holes, and whenever the oldest batch is acknowledged and the commit timer strikes."""
    begin(consumer, committed)
    offset, open_, acknowledged = committed - 1, deque[Batch](), committed
    for step in steps:
        if isinstance(step, list):
            offsets = [offset := offset + forward for forward in step]
            open_.append(fetch(consumer, *offsets))
        elif step == "commit":
            commits(consumer)
            assert consumer._committed_offset[PLACE] == acknowledged
        elif open_:
            oldest = open_.popleft()
            oldest.ack(consumer)
            acknowledged = oldest.offset + 1


async def test_nothing_is_fetched_while_there_is_no_room(consumer: BatchConsumer) -> None:
    """Two batches' worth of records wait at most, and what one more fetch brings."""
    commit = GroupCommit(App(Producer()), lambda _: [], lambda _: None, 1.0)
    commit.held = 2 * MAX_BATCH
    transport: Any = consumer.transport
    before, transport.room = transport.room, commit.room
    fetching = asyncio.ensure_future(consumer._getmany(set(), 0.01))
    try:
        done, _ = await asyncio.wait({fetching}, timeout=0.05)
        assert not done
    finally:
        fetching.cancel()
        transport.room = before


def test_the_fakes_are_like_the_real_ones(consumer: BatchConsumer) -> None:
    """The loop asks a message for its records and for nothing else."""
    begin(consumer, None)
    assert len(fetch(consumer, 1, 2).records) == len(Event(Message(("1", "2"))).message.records)

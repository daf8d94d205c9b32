"""The loop acknowledges an event only when everything it led to is acknowledged, in order, or the process ends."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from schemas.topics import REJECTED
from streams.router import loop
from streams.router.loop import MAX_BATCH, GroupCommit, Output, RecordTooLarge, send_all
from tests.router.fakes import App, Producer, Stream

PATIENCE_S = 5.0


def output(value: str, topic: str = "decisions", partition: int = 0) -> Output:
    """One record that says ``value``."""
    return Output(topic, partition, b"key", value.encode(), [("ce_id", value.encode())])


async def test_records_of_a_partition_stay_in_order_over_full_batches() -> None:
    """A full batch is sent before the next is begun; other places do not mix in."""
    producer = Producer(room=2)
    await send_all(
        producer,
        [output("1"), output("a", partition=1), output("2"), output("3"), output("x", "events.rejected"), output("4")],
    )
    at_home = [values for topic, partition, values in producer.sent if (topic, partition) == ("decisions", 0)]
    assert at_home == [[b"1", b"2"], [b"3", b"4"]]
    assert ("decisions", 1, [b"a"]) in producer.sent
    assert ("events.rejected", 0, [b"x"]) in producer.sent


async def test_sending_waits_for_every_acknowledgement() -> None:
    """Not the first batch's word counts, but the last's."""
    producer = Producer(room=1, at_once=False)
    sending = asyncio.create_task(send_all(producer, [output("1"), output("2", partition=1)]))
    await until(lambda: len(producer.waiting) == 2)
    producer.waiting[0].set_result(None)
    done, _ = await asyncio.wait({sending}, timeout=0.05)
    assert not done
    producer.waiting[1].set_result(None)
    async with asyncio.timeout(PATIENCE_S):
        await sending


async def test_a_record_that_fits_nowhere_is_an_error_and_no_silence() -> None:
    """What an empty batch does not take is never dropped quietly."""
    with pytest.raises(RecordTooLarge, match="1 bytes for decisions"):
        await send_all(Producer(room=0), [output("1")])


async def test_a_refused_batch_is_an_error() -> None:
    """The broker's refusal of one batch reaches the caller."""
    producer = Producer()
    producer.fail = OSError("no leader")
    with pytest.raises(OSError, match="no leader"):
        await send_all(producer, [output("1")])


async def until(true: Callable[[], bool]) -> None:
    """Return when ``true``."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)


@asynccontextmanager
async def running(
    stream: Stream, producer: Producer, *, send_within_s: float = PATIENCE_S, fan_out: int = 1
) -> AsyncIterator[tuple[GroupCommit, App]]:
    """A loop that answers every event with ``fan_out`` records."""
    app = App(producer)
    commit = GroupCommit(
        app, lambda record: [output(f"{record}.{number}") for number in range(fan_out)], lambda _: None, send_within_s
    )
    task = asyncio.create_task(commit.run(stream))
    yield commit, app
    stream.end()
    async with asyncio.timeout(PATIENCE_S):
        await task


async def test_events_are_acknowledged_in_order_after_their_outputs() -> None:
    """No acknowledgement before the broker's; then all of the batch, in the order of reading."""
    producer, stream = Producer(room=100, at_once=False), Stream(("1", "2"), ("3",))
    async with running(stream, producer, fan_out=2):
        async with asyncio.timeout(PATIENCE_S):
            await producer.arrived.wait()
        assert stream.acked == []
        producer.waiting[0].set_result(None)
        await until(lambda: len(stream.acked) > 0)
        for done in producer.waiting[1:]:
            done.set_result(None)
        while len(stream.acked) < 3:
            await asyncio.sleep(0)
            for done in producer.waiting:
                if not done.done():
                    done.set_result(None)
    assert stream.acked == ["1", "2", "3"]
    assert [value for _, _, values in producer.sent for value in values] == [
        f"{event}.{number}".encode() for event in (1, 2, 3) for number in (0, 1)
    ]


async def test_reading_waits_while_the_broker_is_slow() -> None:
    """With two batches' worth of records waiting there is no room for more, until some are written."""
    producer = Producer(room=10_000, at_once=False)
    half = MAX_BATCH // 2
    stream = Stream(*(tuple(str(2 * half * number + one) for one in range(2 * half)) for number in range(2)))
    async with running(stream, producer) as (commit, _):
        async with asyncio.timeout(PATIENCE_S):
            await producer.arrived.wait()
        await until(lambda: commit.held == 4 * half)
        room = asyncio.create_task(commit.room())
        done, _ = await asyncio.wait({room}, timeout=0.05)
        assert not done
        producer.waiting[0].set_result(None)
        async with asyncio.timeout(PATIENCE_S):
            await room
        await until(lambda: len(producer.waiting) == 2)
        producer.waiting[1].set_result(None)
        await until(lambda: commit.held == 0)
    assert stream.acked == [str(number) for number in range(4 * half)]


async def test_small_batches_are_written_together_and_none_is_torn() -> None:
    """As many fetched batches as stay within the bound go into one write; one that is longer goes alone."""
    producer = Producer(room=10_000, at_once=False)
    sizes = (1, 3, MAX_BATCH - 10, 9, MAX_BATCH + 5, 1)
    numbers = iter(range(sum(sizes)))
    stream = Stream(*(tuple(str(next(numbers)) for _ in range(size)) for size in sizes))
    async with running(stream, producer) as (commit, _):
        await until(lambda: commit.held == sum(sizes))
        for written in range(1, 5):
            await until(lambda written=written: len(producer.waiting) == written)  # type: ignore[misc]
            producer.waiting[-1].set_result(None)
        await until(lambda: commit.held == 0)
    assert [len(values) for _, _, values in producer.sent] == [4 + MAX_BATCH - 10, 9, MAX_BATCH + 5, 1]
    assert stream.acked == [str(number) for number in range(sum(sizes))]


async def test_a_batch_is_no_longer_than_its_topic_takes() -> None:
    """A broker refuses a batch beyond the bound of its topic, however short its records are."""
    producer = Producer(room=10_000)
    long = output("x" * (REJECTED.max_bytes // 3), REJECTED.name)
    await send_all(producer, [long] * 7)
    assert [len(values) for _, _, values in producer.sent] == [3, 3, 1]


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> "list[int]":
    """Exit codes of processes that the loop would have ended, noted instead."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(loop, "_EXIT_AFTER_CRASH_S", 0.01)
    return codes


async def test_a_failed_send_ends_the_process_and_acknowledges_nothing(exits: "list[int]") -> None:
    """The app crashes; should that leave the process standing, it is ended with 70 all the same."""
    producer, stream = Producer(), Stream(("1",))
    producer.fail = OSError("gone")
    async with running(stream, producer) as (_, app):
        async with asyncio.timeout(PATIENCE_S):
            await app.crashed.wait()
        assert isinstance(app.crashed_by, OSError)
        await until(lambda: exits == [70])
    assert stream.acked == []


async def test_a_send_without_answer_ends_the_process(exits: "list[int]") -> None:
    """A broker that says nothing is given ``send_within_s`` seconds."""
    producer, stream = Producer(at_once=False), Stream(("1",))
    async with running(stream, producer, send_within_s=0.02) as (_, app):
        async with asyncio.timeout(PATIENCE_S):
            await app.crashed.wait()
        assert isinstance(app.crashed_by, TimeoutError)
        await until(lambda: exits == [70])
    assert stream.acked == []

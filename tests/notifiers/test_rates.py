"""Rates by the policy: never more than burst and rate allow, a share for each process, and a pace for each contact."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.pace import Stopping
from notifiers.rates import ContactPaces, LaneRate
from schemas.policy.rates import ContactPace, Rate
from schemas.vocabulary import Channel, Lane


def rate(per_second: float, burst: int, unit: str = "messages") -> Rate:
    """A line of the table."""
    return Rate.model_validate(
        {"channel": Channel.SMS, "lane": Lane.ROUTINE, "per_second": per_second, "burst": burst, "unit": unit}
    )


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def _passes(lane: LaneRate, clock: _Clock, until_s: float, step_s: float = 0.25) -> int:
    """How many pass until ``until_s`` when somebody always waits."""
    passed = 0

    async def one_after_another() -> None:
        nonlocal passed
        while True:
            await lane.take()
            passed += 1
            await asyncio.sleep(0)

    waiting = [asyncio.create_task(one_after_another()) for _ in range(3)]
    while clock.now_s < until_s:
        for _ in range(200):
            await asyncio.sleep(0)
        clock.now_s += step_s
        await asyncio.sleep(0.6)  # who waits looks again after half a second
    for task in waiting:
        task.cancel()
    return passed


async def test_a_burst_goes_at_once_and_then_so_many_a_second() -> None:
    """Five at once and two a second: nine in two seconds, with the steps of this test's clock."""
    clock, line = _Clock(), rate(2, 5)
    lane = LaneRate(lambda: line, 3, asyncio.Event(), clock)
    assert await _passes(lane, clock, until_s=102, step_s=0.5) in (8, 9)


async def test_a_process_with_a_third_of_the_partitions_takes_a_third() -> None:
    """Together the notifiers of a lane send no more than the policy allows."""
    clock, line = _Clock(), rate(6, 9)
    lane = LaneRate(lambda: line, 3, asyncio.Event(), clock)
    lane.works_on(1)
    assert await _passes(lane, clock, until_s=102, step_s=0.5) in (6, 7)


async def test_the_parts_of_a_text_count_where_the_line_says_segments() -> None:
    """A text of three parts makes the next wait for two more."""
    clock, line = _Clock(), rate(1, 1, "segments")
    lane = LaneRate(lambda: line, 3, asyncio.Event(), clock)
    await lane.take()
    assert lane.in_segments
    lane.more(3)
    waiting = asyncio.create_task(lane.take())
    for now_s, gone in ((101.0, False), (102.0, False), (103.1, True)):
        clock.now_s = now_s
        done, _ = await asyncio.wait([waiting], timeout=0.7)
        assert bool(done) is gone


async def test_without_a_line_nobody_waits_and_a_new_line_begins_with_its_burst() -> None:
    """The policy may change while the process runs."""
    clock, lines = _Clock(), list[Rate]()
    lane = LaneRate(lambda: lines[0] if lines else None, 3, asyncio.Event(), clock)
    for _ in range(1000):
        await lane.take()
    lines.append(rate(1, 2))
    await lane.take()
    await lane.take()
    done, waiting = await asyncio.wait([asyncio.create_task(lane.take())], timeout=0.3)
    assert not done
    lines.clear()
    done, waiting = await asyncio.wait(waiting, timeout=2)
    assert not waiting


async def test_what_was_not_sent_after_all_is_given_back() -> None:
    """A recognised repeat costs the others nothing."""
    clock, line = _Clock(), rate(0.001, 1)
    lane = LaneRate(lambda: line, 3, asyncio.Event(), clock)
    for _ in range(20):
        await lane.take()
        lane.give_back()


async def test_who_waits_gives_way_when_the_process_is_stopped() -> None:
    """It holds no claim."""
    stop, line = asyncio.Event(), rate(0.001, 1)
    lane = LaneRate(lambda: line, 3, stop)
    await lane.take()
    waiting = asyncio.create_task(lane.take())
    await asyncio.sleep(0)
    stop.set()
    with pytest.raises(Stopping):
        await waiting


@settings(deadline=None)
@given(
    at_once=st.integers(1, 5),
    one_per=st.integers(1, 120),
    steps=st.lists(st.integers(0, 90), max_size=60),
)
def test_a_contact_gets_no_more_than_its_pace(at_once: int, one_per: int, steps: list[int]) -> None:
    """In any stretch of time: what goes at once, and one more for each pause in it."""
    clock, pace = _Clock(), ContactPace(at_once=at_once, one_per=one_per)
    paces, went = ContactPaces(lambda: pace, clock), list[float]()
    for step_s in steps:
        clock.now_s += step_s
        if paces.may_go("ruta"):
            went.append(clock.now_s)
    for first in range(len(went)):
        for last in range(first, len(went)):
            assert last - first + 1 <= at_once + (went[last] - went[first]) / one_per + 1e-6


def test_contacts_wait_for_themselves_only_and_a_pause_restores_what_goes_at_once() -> None:
    """Three at once, then none, then three again after three pauses; another contact is not held up."""
    clock, pace = _Clock(), ContactPace(at_once=3, one_per=60)
    paces = ContactPaces(lambda: pace, clock)
    assert [paces.may_go("ruta") for _ in range(4)] == [True, True, True, False]
    assert paces.may_go("jonas")
    clock.now_s += 60
    assert [paces.may_go("ruta") for _ in range(2)] == [True, False]
    clock.now_s += 180
    assert [paces.may_go("ruta") for _ in range(4)] == [True, True, True, False]


def test_without_a_pace_everything_goes() -> None:
    """And nothing is digested."""
    paces = ContactPaces(lambda: None)
    assert all(paces.may_go("ruta") for _ in range(100))
    assert paces.digest_from is None

"""How many go at once, by what the provider says, without a broker and without a provider."""

import asyncio
import time

import pytest

from notifiers.outcome import Outcome, Refused, Retry, Sent, Unknown
from notifiers.pace import CLAIMS_AHEAD, DOWN_AFTER, STARTING_AGAIN, Pace, Stopping
from schemas.vocabulary import ReceiptReason

SENT = Sent("SM1")
BROKEN = Retry(ReceiptReason.PROVIDER_ERROR, "HTTP 503")
LIMITED = Retry(ReceiptReason.RATE_LIMITED, "HTTP 429", 1.0)
PROBE_S = 0.05


def learn(pace: Pace, outcome: Outcome, times: int = 1, waited_s: float = 0.0) -> None:
    """Calls that just ended."""
    for _ in range(times):
        pace.learn(outcome, called_s=time.monotonic(), waited_s=waited_s)


async def enter(pace: Pace, count: int) -> list[asyncio.Task[None]]:
    """So many that ask to be let in, one after the other; those let in are done."""
    tasks = [asyncio.create_task(pace.__aenter__()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def leave(pace: Pace) -> None:
    """One of those let in is finished."""
    await pace.__aexit__(None, None, None)
    await asyncio.sleep(0)


async def test_no_more_go_at_once_than_the_bound_and_the_first_to_come_goes_next() -> None:
    """Who waits is let in one by one, in order."""
    pace = Pace(2)
    tasks = await enter(pace, 4)
    assert [task.done() for task in tasks] == [True, True, False, False]
    await leave(pace)
    assert [task.done() for task in tasks] == [True, True, True, False]
    await leave(pace)
    assert all(task.done() for task in tasks)


async def test_claims_run_ahead_of_the_calls_while_the_provider_takes_them() -> None:
    """Answers raise the bound, a refusal of one recipient as well, up to a multiple of the calls."""
    pace = Pace(10)
    learn(pace, SENT, 15)
    assert pace.limit == 25
    learn(pace, Refused(ReceiptReason.INVALID_ADDRESS, "not a number"), 100)
    assert pace.limit == 10 * CLAIMS_AHEAD


async def test_claims_that_wait_long_for_their_call_are_made_later() -> None:
    """The bound goes back to the calls, and never below them for this."""
    pace = Pace(10)
    learn(pace, SENT, 30)
    learn(pace, SENT, waited_s=2.0)
    assert pace.limit == 28
    for _ in range(20):
        pace.too_early()
    assert pace.limit == 10


async def test_a_limit_lowers_the_bound_once_for_all_that_were_under_way() -> None:
    """Fifty answers to calls of one moment say one thing."""
    pace, called_s = Pace(100), time.monotonic()
    for _ in range(50):
        pace.learn(LIMITED, called_s=called_s, waited_s=0.0)
    assert pace.limit == 70
    assert pace.down_s is None


async def test_a_limit_that_stays_leaves_one_at_a_time() -> None:
    """However often the provider says so, something goes on."""
    pace = Pace(100)
    for _ in range(40):
        learn(pace, SENT)
        learn(pace, LIMITED, 3)
    assert 1 <= pace.limit < 10
    assert pace.open


@pytest.mark.parametrize("failure", [BROKEN, Unknown(ReceiptReason.TIMEOUT, "no answer")])
async def test_a_provider_that_is_down_is_asked_by_one_at_a_time(failure: Outcome) -> None:
    """After so many failures in a row nobody is let in, but one after a pause; then all are, a few at first."""
    pace = Pace(100, probe_every_s=PROBE_S)
    learn(pace, failure, DOWN_AFTER)
    tasks = await enter(pace, 50)
    assert not any(task.done() for task in tasks)
    async with asyncio.timeout(10):
        await tasks[0]
    await asyncio.sleep(3 * PROBE_S)
    assert sum(task.done() for task in tasks) == 1
    learn(pace, failure)
    await leave(pace)
    async with asyncio.timeout(10):
        await tasks[1]
    learn(pace, SENT)
    await asyncio.sleep(0)
    assert sum(task.done() for task in tasks) == 1 + STARTING_AGAIN  # one has left
    assert pace.down_s is None
    pace.stop()
    turned_away = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(one, Stopping) for one in turned_away) == len(tasks) - 1 - STARTING_AGAIN


async def test_a_probe_that_calls_nobody_makes_way_for_the_next() -> None:
    """One that found its order taken says nothing of the provider; the next one asks."""
    pace = Pace(100, probe_every_s=PROBE_S)
    learn(pace, BROKEN, DOWN_AFTER)
    tasks = await enter(pace, 2)
    async with asyncio.timeout(10):
        await tasks[0]
    await leave(pace)
    async with asyncio.timeout(10):
        await tasks[1]


async def test_a_few_failures_between_answers_do_not_close_it() -> None:
    """Only failures in a row count: one bad recipient must not hold up the others."""
    pace = Pace(100)
    for _ in range(20):
        learn(pace, BROKEN, DOWN_AFTER - 1)
        learn(pace, SENT)
    assert pace.down_s is None


async def test_who_gives_up_waiting_leaves_no_hole() -> None:
    """A cancelled one neither takes a place nor keeps one."""
    pace = Pace(1)
    first, second, third = await enter(pace, 3)
    second.cancel()
    await asyncio.sleep(0)
    await leave(pace)
    assert first.done()
    assert third.done()


async def test_nobody_begins_once_the_process_is_to_stop() -> None:
    """Who waits and who comes is turned away."""
    pace = Pace(1)
    _, waiting = await enter(pace, 2)
    pace.stop()
    with pytest.raises(Stopping):
        await waiting
    with pytest.raises(Stopping):
        await pace.__aenter__()
    assert not pace.open

"""Healthy means that lag is zero, shrinking or worked on, not that a port is open."""

import pytest
from aiohttp import ClientSession

from runtime.health import WINDOW_S, Health, serve


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at an arbitrary time."""
    return Clock()


def ready(clock: Clock) -> Health:
    """A process that has begun its work."""
    return Health("router", clock=clock, ready=True)


def watch(health: Health, clock: Clock, lags: list[int], handled: int = 0, step_s: float = 1.0) -> None:
    """Report each of ``lags`` (records), ``step_s`` seconds apart."""
    for lag in lags:
        clock.now += step_s
        health.report({"events": lag}, handled)


def test_a_process_that_is_not_ready_is_not_healthy(clock: Clock) -> None:
    """A process that still starts does no work."""
    assert not Health("router", clock=clock).healthy
    assert ready(clock).healthy


def test_a_fault_makes_unhealthy(clock: Clock) -> None:
    """A process that knows what stands in its way says so."""
    health = ready(clock)
    health.fault = "the provider refuses the password"
    assert not health.healthy


def test_no_lag_is_healthy(clock: Clock) -> None:
    """An idle process is healthy for as long as it looks."""
    health = ready(clock)
    watch(health, clock, [0] * 100)
    assert health.healthy


def test_shrinking_lag_is_healthy(clock: Clock) -> None:
    """Working off a queue is work."""
    health = ready(clock)
    watch(health, clock, list(range(1000, 900, -1)))
    assert health.healthy


def test_standing_lag_is_unhealthy_after_the_window(clock: Clock) -> None:
    """Records that wait while nothing is handled mean trouble, but not in the first seconds."""
    health = ready(clock)
    watch(health, clock, [5] * int(WINDOW_S))
    assert health.healthy
    watch(health, clock, [5, 5])
    assert not health.healthy


def test_growing_lag_is_healthy_while_records_are_handled(clock: Clock) -> None:
    """A burst is not a failure of who works it off."""
    health = ready(clock)
    watch(health, clock, list(range(10, 60)), handled=1)
    assert health.healthy


def test_growing_lag_that_nobody_works_on_is_unhealthy(clock: Clock) -> None:
    """More and more to do and nothing done is what an operator must see."""
    health = ready(clock)
    watch(health, clock, list(range(10, 60)))
    assert not health.healthy


def test_a_lag_that_was_zero_in_the_window_is_healthy(clock: Clock) -> None:
    """New records have the whole window to be handled."""
    health = ready(clock)
    watch(health, clock, [5, 5, 0, *[5] * 10])
    assert health.healthy


def test_a_process_that_stopped_measuring_is_unhealthy(clock: Clock) -> None:
    """A loop that is stuck reports no lag; its last word does not count for ever."""
    health = ready(clock)
    watch(health, clock, [0])
    clock.now += WINDOW_S + 1
    assert not health.healthy


def test_recovery_is_seen(clock: Clock) -> None:
    """Once the queue shrinks again the process is healthy again."""
    health = ready(clock)
    watch(health, clock, [5] * 30)
    assert not health.healthy
    watch(health, clock, [4])
    assert health.healthy


@pytest.mark.parametrize("step_s", [0.005, 0.05, 5.0])
def test_how_often_a_process_reports_makes_no_difference(clock: Clock, step_s: float) -> None:
    """A standing lag is found whether it is reported 200 times a second or every 5 seconds."""
    health = ready(clock)
    watch(health, clock, [5] * int(2 * WINDOW_S / step_s), step_s=step_s)
    assert not health.healthy


async def test_health_is_served_on_loopback_with_its_verdict(clock: Clock) -> None:
    """200 while healthy, 503 otherwise, with the lag in words a machine reads; metrics beside it."""
    health = ready(clock)
    runner, port = await serve(health, 0)
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/health") as answer:
                assert (answer.status, (await answer.json())["process"]) == (200, "router")
            watch(health, clock, [5] * 30)
            async with session.get("/health") as answer:
                body = await answer.json()
                assert (answer.status, body["healthy"], body["lag"]) == (503, False, {"events": 5})
            async with session.get("/metrics") as answer:
                text = await answer.text()
                assert 'borderlands_lag_records{topic="events"} 5.0' in text
                assert "borderlands_healthy 0.0" in text
    finally:
        await runner.cleanup()

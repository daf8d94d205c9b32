"""The limit of an account: so many messages a second, whatever the rhythm in which they are handed over."""

import pytest

from deploy.local.sandbox.allowance import Allowance


@pytest.mark.parametrize("asked_per_s", [400, 500, 1000, 5000])
def test_no_more_than_the_rate_is_let_through(asked_per_s: int) -> None:
    """Over ten seconds the rate is kept to, and what is asked for slower than the rate is never refused."""
    allowance = Allowance()
    taken = sum(allowance.take(100.0 + number / asked_per_s, 500.0) for number in range(10 * asked_per_s))
    assert abs(taken - 10 * min(asked_per_s, 500)) <= 51


def test_a_pause_earns_a_tenth_of_a_second() -> None:
    """After a long pause not all that was not used is taken at once."""
    allowance = Allowance()
    assert sum(allowance.take(5.0, 500.0) for _ in range(1000)) == 50
    assert sum(allowance.take(3600.0, 500.0) for _ in range(1000)) == 50


def test_without_a_rate_everything_is_let_through() -> None:
    """0 is no limit."""
    allowance = Allowance()
    assert all(allowance.take(1.0, 0.0) for _ in range(10_000))

"""Medians and percentiles of enough values only."""

import pytest

from console.report.spread import Spread, share


def test_few_values_have_no_median() -> None:
    """Four are told one by one."""
    spread = Spread.of([9, 1, 4, 2])
    assert (spread.median, spread.ninetieth, spread.count) == (None, None, 4)
    assert spread.values == (1, 2, 4, 9)


@pytest.mark.parametrize(
    ("values", "median", "ninetieth"),
    [
        ([5, 1, 2, 3, 4], 3, 5),
        ([1, 2, 3, 4, 5, 6], 3.5, 6),
        (list(range(1, 11)), 5.5, 9),
        (list(range(1, 22)), 11, 19),
    ],
)
def test_nine_of_ten_do_not_exceed_the_ninetieth(values: list[float], median: float, ninetieth: float) -> None:
    """The nearest rank: a value that was measured, never one in between."""
    spread = Spread.of(values)
    assert (spread.median, spread.ninetieth) == (median, ninetieth)


def test_there_is_no_per_cent_of_few() -> None:
    """19 are counted, 20 may be a share."""
    assert share(3, 19) is None
    assert share(5, 20) == 25
    assert share(0, 0) is None

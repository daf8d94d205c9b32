"""``Spread``: how long things took, with how many were counted, and nothing that so few do not bear."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SMALL: Final = 5
"""Of fewer values than this each is listed, and neither a median nor a percentile is given."""

SHARE_FROM: Final = 20
"""Shares are given in per cent only of so many or more; of fewer they are ``3 of 7``."""


@dataclass(frozen=True)
class Spread:
    """Durations in seconds, shortest first."""

    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """The spread of ``values``."""
        return cls(tuple(sorted(values)))

    @property
    def count(self) -> int:
        """How many were counted."""
        return len(self.values)

    @property
    def small(self) -> bool:
        """Whether there are too few for a median: then the values themselves are told."""
        return self.count < SMALL

    @property
    def median(self) -> float | None:
        """The middle value, or the mean of the two middle ones; None where there are too few."""
        if self.small:
            return None
        middle = self.count // 2
        if self.count % 2:
            return self.values[middle]
        return (self.values[middle - 1] + self.values[middle]) / 2

    @property
    def ninetieth(self) -> float | None:
        """The shortest value that nine of ten do not exceed (nearest rank); None where there are too few."""
        return None if self.small else self.values[math.ceil(self.count * 9 / 10) - 1]


def share(part: int, whole: int) -> int | None:
    """``part`` of ``whole`` in per cent, rounded; None where the whole is too small to speak of per cent."""
    return round(100 * part / whole) if whole >= SHARE_FROM else None

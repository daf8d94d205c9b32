"""Values that depend on the policy alone, worked out once: a router says the same few sentences all day."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_KEPT = 20_000


class Memo(Generic[V]):
    """At most ``limit`` values by key; when full it starts anew, as what is in use is soon there again."""

    def __init__(self, limit: int = MAX_KEPT) -> None:
        self._limit = limit
        self._kept: dict[Hashable, V] = {}

    def recall(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of ``key``, made by ``make`` the first time. ``make`` must depend on ``key`` alone."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= self._limit:
                self._kept.clear()
            found = self._kept[key] = make()
        return found

    def forget(self) -> None:
        """Begin anew."""
        self._kept.clear()

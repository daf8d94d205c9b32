"""Values that depend on the policy alone, worked out once: a router says the same few sentences all day."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K")
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


class ByIdentity(Generic[K, V]):
    """What is made of an object, kept by its identity: a copy with a change never meets what was made of the original.

    At most ``limit`` objects are kept, the newest ones: the policy in use and a few that previews still cite.
    """

    def __init__(self, make: Callable[[K], V], limit: int = 8) -> None:
        self._make, self._limit = make, limit
        self._kept: OrderedDict[int, tuple[K, V]] = OrderedDict()

    def of(self, source: K) -> V:
        """What ``make`` gives for ``source``, made once."""
        found = self._kept.get(id(source))
        if found is None or found[0] is not source:
            found = self._kept[id(source)] = source, self._make(source)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return found[1]

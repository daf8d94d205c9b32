"""How the routine texts of one worker are paced by contact, and which of those that wait go out together."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifiers.rates import ContactPaces
from notifiers.together import AT_MOST, Together
from notifiers.waiting import Key, Waiter, WaitingRoom


@dataclass(frozen=True)
class Routine:
    """The pace of each contact, and who sends several texts as one."""

    paces: ContactPaces
    together: Together

    def due(self, waiting: WaitingRoom, at_most: int) -> list[list[Waiter]]:
        """What goes now, for each contact whose pause is over: the first that waits, or several to be told together.

        At most ``at_most`` contacts, each of whom then counts as told.
        """
        by_contact: dict[str, list[Waiter]] = {}
        for one in waiting:
            by_contact.setdefault(one.key[1], []).append(one)
        due: list[list[Waiter]] = []
        for contact, waiters in by_contact.items():
            if len(due) >= at_most:
                break
            if self.paces.may_go(contact):
                due.append(self._next(sorted(waiters, key=lambda one: (one.record.timestamp, one.record.offset))))
        return due

    def _next(self, waiters: list[Waiter]) -> list[Waiter]:
        enough = self.paces.digest_from
        if enough is not None:
            together = _alike(waiters)
            if len(together) >= enough:
                return together[:AT_MOST]
        return waiters[:1]


def _alike(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Those that one text can tell of: of one group, and none before another of its incident that is not of it."""
    group, alike, behind = None, list[Waiter](), set[Key]()
    for one in waiters:
        if group is None and one.key not in behind:
            group = one.group
        if one.group is not None and one.group == group and one.key not in behind:
            alike.append(one)
        else:
            behind.add(one.key)
    return alike

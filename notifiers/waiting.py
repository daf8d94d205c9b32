"""Records that wait outside the room of those in hand: what a stop switch holds, what a contact's pace puts off."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord

from notifiers.progress import Progress
from notifiers.texts import may_be_digested
from schemas.notification import Notification

Key = tuple[str, str]
"""Incident and contact: what has one key goes out in the order of the log."""


Group = tuple[str, str, str, str]
"""Status, origin, exercise and policy version: what agrees in them may be told in one text."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """One record and what is needed to judge it again, without the notification itself: thousands may wait.

    ``parties`` are those whose switch covers it. ``group`` is what it may be merged with, if anything.
    """

    record: "ConsumerRecord[Any, Any]"
    progress: Progress
    key: Key
    parties: tuple[str, str]
    group: Group | None = None


def waiter(record: "ConsumerRecord[Any, Any]", progress: Progress, notification: Notification) -> Waiter:
    """``notification``, read as ``record``, as one that waits."""
    key = (notification.incident_id, notification.contact_id)
    return Waiter(record, progress, key, (notification.asking_party, notification.party), _group(notification))


def _group(notification: Notification) -> Group | None:
    """Those of one group differ in nothing that a reader must be able to tell apart."""
    if not may_be_digested(notification):
        return None
    exercise = notification.exerciseid or ""
    return (notification.status.value, notification.origin.value, exercise, notification.policy_version)


class WaitingRoom:
    """Who waits, by partition and offset."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Waiter]] = {}
        self._keys: dict[Key, int] = {}

    def __len__(self) -> int:
        return sum(len(row) for row in self._rows.values())

    def __iter__(self) -> Iterator[Waiter]:
        for row in self._rows.values():
            for offset in sorted(row):
                yield row[offset]

    def of(self, partition: int) -> int:
        """How many records of ``partition`` wait."""
        return len(self._rows.get(partition, ()))

    def holds(self, key: Key) -> bool:
        """Whether something of the same incident and contact waits: what comes after it must wait as well."""
        return key in self._keys

    def enter(self, waiter: Waiter) -> None:
        """Let ``waiter`` wait."""
        row = self._rows.setdefault(waiter.record.partition, {})
        if waiter.record.offset not in row:
            self._keys[waiter.key] = self._keys.get(waiter.key, 0) + 1
        row[waiter.record.offset] = waiter

    def leave(self, waiters: Iterable[Waiter]) -> None:
        """Let ``waiters`` wait no longer."""
        for waiter in waiters:
            row = self._rows.get(waiter.record.partition, {})
            if row.pop(waiter.record.offset, None) is None:
                continue
            if not row:
                del self._rows[waiter.record.partition]
            self._keys[waiter.key] -= 1
            if not self._keys[waiter.key]:
                del self._keys[waiter.key]

    def take(self, free: Callable[[Waiter], bool], at_most: int) -> list[Waiter]:
        """Take out up to ``at_most`` of those who are ``free``, in order; nobody overtakes his own key."""
        taken: list[Waiter] = []
        behind: set[Key] = set()
        for one in self:
            if len(taken) >= at_most:
                break
            if one.key not in behind and free(one):
                taken.append(one)
            else:
                behind.add(one.key)
        self.leave(taken)
        return taken

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget what waits on ``partitions``: somebody else has them now."""
        for partition in partitions:
            self.leave(list(self._rows.get(partition, {}).values()))

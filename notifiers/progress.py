"""Which offsets of a partition are done: only the contiguous done prefix may be committed."""

from dataclasses import dataclass


@dataclass
class _Entry:
    at_ms: int
    done: bool = False


class Progress:
    """The records of one partition that are in hand, in the order they were read."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._next: int | None = None
        self._committed: int | None = None
        self._in_hand = 0
        self.oldest_ms = 0
        """Log time of the last record of the done prefix: nothing in hand is older."""

    @property
    def in_hand(self) -> int:
        """Records read and not done."""
        return self._in_hand

    def add(self, offset: int, at_ms: int) -> None:
        """A record was read; ``at_ms`` is when Kafka appended it."""
        self._entries[offset] = _Entry(at_ms)
        self._in_hand += 1

    def done(self, offset: int) -> None:
        """The record's outcome stands on the log."""
        self._entries[offset].done = True
        self._in_hand -= 1

    def to_commit(self) -> int | None:
        """The offset after the contiguous done prefix, or None if that has been committed."""
        while self._entries:
            offset, entry = next(iter(self._entries.items()))
            if not entry.done:
                break
            del self._entries[offset]
            self._next, self.oldest_ms = offset + 1, entry.at_ms
        return self._next if self._next != self._committed else None

    def committed(self, offset: int) -> None:
        """``offset`` has been committed."""
        self._committed = offset

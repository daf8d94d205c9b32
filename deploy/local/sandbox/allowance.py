"""How many messages a second the provider takes from an account before it answers 429."""

_AT_ONCE_S = 0.1
"""What was not used is kept for so long: more than this many seconds' worth is never taken in one moment."""


class Allowance:
    """A token bucket: over any second at most `per_s` are let through, and a tenth of it more after a pause."""

    def __init__(self) -> None:
        self._left = 0.0
        self._seen_s: float | None = None

    def take(self, now_s: float, per_s: float) -> bool:
        """Whether one more is let through at `now_s` on the monotonic clock; `per_s` 0 lets everything through."""
        if per_s <= 0:
            return True
        most = max(1.0, per_s * _AT_ONCE_S)
        earned = most if self._seen_s is None else (now_s - self._seen_s) * per_s
        self._left, self._seen_s = min(most, self._left + earned), now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

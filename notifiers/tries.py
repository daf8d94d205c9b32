"""How long and how often a notifier tries: seconds, not minutes; longer waits are the dispatcher's."""

import time
from dataclasses import dataclass, field

from notifiers.outcome import Retry

MIN_TRIES = 2
BACKOFF_S = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Windows:
    """Times of the claim protocol, in seconds. A claim may be acted on while younger than ``claim_fresh_s``;
    one without outcome has lapsed ``claim_fresh_s`` + the provider's time-out + ``slack_s`` after it was written.

    ``refused_number_elsewhere``: whether a number that one provider refuses for good is tried by the next."""

    claim_fresh_s: float = 5.0
    try_for_s: float = 10.0
    slack_s: float = 1.0
    policy_poll_s: float = 0.5
    refused_number_elsewhere: bool = False


@dataclass(frozen=True)
class Again:
    """Try once more after ``after_s``, under a new claim in the place of ``claim_id``."""

    claim_id: str
    after_s: float


@dataclass
class Tries:
    """How often one order was tried; a notifier tries for seconds, longer waits are the dispatcher's.

    ``called``: a provider was called at least once, so that it counts for the lane's rate. ``failed`` are the providers
    that failed it in this round, so that the others have their turn first.
    """

    until_s: float
    made: int = 0
    called: bool = False
    failed: set[str] = field(default_factory=set)

    def waited(self, seconds: float) -> None:
        """Time spent waiting for one's turn is not spent trying."""
        self.until_s += seconds

    def next_in_s(self, outcome: Retry) -> float | None:
        """Seconds until the next try, or None when there is to be none."""
        pause_s = BACKOFF_S[min(self.made, len(BACKOFF_S) - 1)] if outcome.after_s is None else outcome.after_s
        self.made += 1
        in_time = time.monotonic() + pause_s <= self.until_s
        # A call that took all the time there was still gets its second try.
        return pause_s if in_time or (self.made < MIN_TRIES and outcome.after_s is None) else None

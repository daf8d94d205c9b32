"""What came of one storm, and the table that shows it beside the figures of Alertmanager."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from schemas.vocabulary import Channel
from tests.chaos.books import Arrived, Balance

COLUMNS = (
    "scenario", "accepted events", "owed", "SMS", "e-mails", "lost", "doubled",
    "marked repeats (of sendings open at the kill)", "last accept → last SMS, last e-mail", "Alertmanager",
)  # fmt: skip
_SHOWN = 10


@dataclass(frozen=True)
class Result:
    """One storm. Times are seconds since the epoch; ``owed`` and ``arrivals`` count SMS and e-mails.

    ``unexplained`` are marked repetitions of what was not being sent at the kill. ``ended_by_themselves`` counts
    processes that were started again though nobody had killed them; ``rewritten`` the writes that the broker had to be
    asked for twice.
    """

    scenario: str
    done: str
    accepted: int
    owed: int
    books: Balance
    unexplained: tuple[Arrived, ...]
    open_claims: int
    began_s: float
    last_accept_s: float
    arrivals: Mapping[Channel, list[float]]
    memory_mb: Mapping[str, float]
    ended_by_themselves: int
    rewritten: int
    marks: Mapping[str, float]

    @property
    def failures(self) -> list[str]:
        """A line for everything that is not as it must be."""
        lines = self.books.failures
        lines += [f"repeated, and was not being sent at the kill: {one.body[:100]!r}" for one in self.unexplained]
        if self.ended_by_themselves:
            lines.append(f"{self.ended_by_themselves} processes ended by themselves")
        return lines

    @property
    def twice(self) -> int:
        """How many arrived although what they repeat had arrived; the other marked ones are the only copy."""
        came = sum(len(times) for times in self.arrivals.values()) - len(self.books.unexpected)
        return came - (self.owed - len(self.books.lost)) - len(self.books.doubled)

    def rate(self, channel: Channel) -> float:
        """Messages a second, from the first event handed over to the last message taken."""
        times = self.arrivals[channel]
        return len(times) / (times[-1] - self.began_s) if times else 0.0

    def last_s(self, channel: Channel) -> float:
        """Seconds from the last accepted event to the last message."""
        times = self.arrivals[channel]
        return times[-1] - self.last_accept_s if times else 0.0

    def row(self, alertmanager: str) -> tuple[str, ...]:
        """The cells of the table."""
        books, sms, mails = self.books, self.arrivals[Channel.SMS], self.arrivals[Channel.EMAIL]
        return (
            f"{self.scenario}: {self.done}", f"{self.accepted:,}", f"{self.owed:,}", f"{len(sms):,}", f"{len(mails):,}",
            f"{len(books.lost):,}", f"{len(books.doubled):,}", f"{len(books.marked):,} ({self.open_claims:,})",
            f"{self.last_s(Channel.SMS):.0f} s, {self.last_s(Channel.EMAIL):.0f} s", alertmanager,
        )  # fmt: skip

    def remarks(self) -> Iterator[str]:
        """What the table has no room for."""
        accepted_in_s = self.last_accept_s - self.began_s
        rates = f"{self.rate(Channel.SMS):.0f} SMS/s and {self.rate(Channel.EMAIL):.0f} e-mails/s"
        yield f"accepted {self.accepted / max(accepted_in_s, 0.001):,.0f} events/s, delivered {rates}"
        repeats = [one.channel for one in self.books.marked]
        if repeats:
            kinds = f"{repeats.count(Channel.SMS)} SMS, {repeats.count(Channel.EMAIL)} e-mails"
            yield f"marked repeats: {kinds}; before {self.twice:,} of them the first had arrived"
        if self.rewritten:
            yield f"{self.rewritten:,} writes had to be tried again, under the same ids"
        for what, value in self.marks.items():
            yield f"{what}: {value:,.1f}"
        heaviest = sorted(self.memory_mb.items(), key=lambda one: -one[1])
        yield "most memory, MB: " + ", ".join(f"{name} {size:.0f}" for name, size in heaviest)


def table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|---|---|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def shown(failures: list[str]) -> Iterator[str]:
    """The first of ``failures``, and how many more there are."""
    yield from islice(failures, _SHOWN)
    if len(failures) > _SHOWN:
        yield f"… and {len(failures) - _SHOWN:,} more"

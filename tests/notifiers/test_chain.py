"""Whose turn it is, by which providers are up, without a broker and without a provider."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from notifiers.chain import Chain, Link, Wishes
from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Reconciled, Retry, Sent, Unknown
from notifiers.pace import DOWN_AFTER, Pace, Stopping
from schemas.vocabulary import Channel, ReceiptReason
from tests.notifiers.stage import order

PROBE_S = 0.05
BROKEN = Retry(ReceiptReason.PROVIDER_ERROR, "HTTP 503")
FREE = Wishes()
NOBODY_KNOWS = Unknown(ReceiptReason.CLAIM_LAPSED, "nobody knows")


class Named:
    """A provider that says of every text what it is told to say."""

    channel = Channel.SMS
    can_be_asked = False
    calls_at_once: int | None = None

    def __init__(self, name: str, answer: Reconciled = NOBODY_KNOWS, call_timeout_s: float = 1.0) -> None:
        self.name, self.call_timeout_s, self._answer = name, call_timeout_s, answer
        self.asked = 0

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Not called here."""
        raise AssertionError

    async def reconcile(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        """What it is told to say."""
        self.asked += 1
        return self._answer

    async def close(self) -> None:
        """Nothing is open."""


def chain_of(*providers: Named, at_once: int = 10) -> tuple[Chain, list[Pace]]:
    """A chain of ``providers``, and their paces."""
    paces = [Pace(at_once, provider=one.name, probe_every_s=PROBE_S) for one in providers]
    return Chain(Channel.SMS, [Link(one, pace) for one, pace in zip(providers, paces, strict=True)]), paces


def learn(pace: Pace, outcome: Outcome, times: int = 1) -> None:
    """Calls that just ended."""
    for _ in range(times):
        pace.learn(outcome, called_s=time.monotonic(), waited_s=0.0)


async def turn(chain: Chain, wishes: Wishes = FREE, outcome: Outcome | None = None) -> str:
    """Whose turn it was; ``outcome`` is what came of it."""
    async with chain.turn(wishes) as link:
        if outcome is not None:
            learn(link.pace, outcome)
        return link.name


async def test_the_first_that_is_up_is_taken_and_takes_over_again() -> None:
    """The second has the turns while the first is down, but for probes; one that succeeds brings it back."""
    chain, (first, _) = chain_of(Named("a"), Named("b"))
    assert await turn(chain) == "a"
    learn(first, BROKEN, DOWN_AFTER)
    assert [await turn(chain) for _ in range(5)] == ["b"] * 5
    assert chain.standing == "a down for 0 s, b up"
    await asyncio.sleep(PROBE_S * 1.5)
    assert [await turn(chain, outcome=BROKEN), await turn(chain)] == ["a", "b"]
    await asyncio.sleep(PROBE_S * 1.5)
    assert await turn(chain, outcome=Sent("1")) == "a"
    assert await turn(chain) == "a"
    assert chain.standing == "a up, b up"


async def test_who_waits_for_a_provider_that_goes_down_goes_to_the_next() -> None:
    """Nobody stays in the queue of a provider that takes nothing."""
    chain, (first, _) = chain_of(Named("a"), Named("b"), at_once=1)
    async with chain.turn(FREE) as link:
        waiting = [asyncio.create_task(turn(chain)) for _ in range(3)]
        await asyncio.sleep(0)
        learn(link.pace, BROKEN, DOWN_AFTER)
        assert await asyncio.gather(*waiting) == ["b"] * 3
    assert first.down_s is not None


async def test_while_all_are_down_whoever_is_back_first_goes_on() -> None:
    """Turns are given one at a time as probes, and freely as soon as one provider answers."""
    chain, paces = chain_of(Named("a"), Named("b"))
    for pace in paces:
        learn(pace, BROKEN, DOWN_AFTER)
    waiting = [asyncio.create_task(turn(chain, outcome=Sent("1"))) for _ in range(4)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    async with asyncio.timeout(5):
        assert set(await asyncio.gather(*waiting)) <= {"a", "b"}
    assert any(pace.down_s is None for pace in paces)


@pytest.mark.parametrize(
    ("avoid", "failed", "taken"),
    [
        ({"a"}, set(), "b"),
        (set(), {"a"}, "b"),
        ({"a", "b"}, set(), "c"),
        ({"a"}, {"b", "c"}, "b"),
        ({"a", "b", "c"}, set(), "a"),
        (set(), {"a", "b", "c"}, "a"),
    ],
)
async def test_wishes_are_heeded_where_another_is_left(avoid: set[str], failed: set[str], taken: str) -> None:
    """Who failed comes after who did not; who is to be avoided comes last, and nobody is forbidden."""
    chain, _ = chain_of(Named("a"), Named("b"), Named("c"))
    assert await turn(chain, Wishes(avoid, failed)) == taken


async def test_one_to_be_avoided_is_taken_where_the_others_are_down() -> None:
    """An alert that may arrive is better than one that waits."""
    chain, (_, second) = chain_of(Named("a"), Named("b"))
    learn(second, BROKEN, DOWN_AFTER)
    assert await turn(chain, Wishes({"a"})) == "a"
    assert not chain.another(Wishes(frozenset(), {"a"}))


async def test_who_waits_is_turned_away_when_the_process_stops() -> None:
    """Whether they wait for a provider or for news of any."""
    chain, paces = chain_of(Named("a"), Named("b"))
    for pace in paces:
        learn(pace, BROKEN, DOWN_AFTER)
    waiting = asyncio.create_task(turn(chain))
    await asyncio.sleep(0)
    chain.stop()
    with pytest.raises(Stopping):
        await waiting
    with pytest.raises(Stopping):
        await turn(chain)


@pytest.mark.parametrize(
    ("named", "answers", "settled"),
    [
        ("a", (Sent("1"), Sent("2")), Sent("1")),
        ("b", (Sent("1"), NotSent()), NotSent()),
        (None, (NotSent(), NotSent()), NotSent()),
        (None, (NotSent(), Sent("2")), Sent("2")),
        (None, (NOBODY_KNOWS, NotSent()), NOBODY_KNOWS),
        (None, (NOBODY_KNOWS, Sent("2")), Sent("2")),
    ],
)
async def test_whoever_may_have_it_is_asked(
    named: str | None, answers: tuple[Reconciled, Reconciled], settled: Reconciled
) -> None:
    """The provider that a claim names; all of them where it names none, and then one doubt is enough."""
    providers = [Named("a", answers[0]), Named("b", answers[1])]
    chain, _ = chain_of(*providers)
    message = Message(order("a" * 64), "+37061200001", "Tests")
    assert await chain.reconcile(named, message, datetime.now(UTC), frozenset()) == settled
    assert [one.asked for one in providers] == [1 if named in (None, one.name) else 0 for one in providers]


async def test_a_provider_that_is_not_used_any_more_cannot_be_asked() -> None:
    """A claim from before the settings changed stays unknown; it lapses after the longest call there is."""
    chain, _ = chain_of(Named("a", call_timeout_s=3.0), Named("b", call_timeout_s=7.0))
    message = Message(order("a" * 64), "+37061200001", "Tests")
    assert isinstance(await chain.reconcile("gone", message, datetime.now(UTC), frozenset()), Unknown)
    assert [chain.call_timeout_s(name) for name in ("a", "gone", None)] == [3.0, 7.0, 7.0]

"""A few seeded rounds on the running system: each hurts it once, and the books are balanced by phones and mailboxes.

`make chaos` plays the same and more; what is done, and how it is judged, stands in docs/chaos.md.
"""

from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS, SHORT
from tests.chaos.run import deck, run
from tests.chaos.summary import table

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

SEED = 4


@pytest.mark.timeout(900)
async def test_what_is_done_to_the_system_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed, frozen, starved and poisoned under load: every text arrives once, and everything comes to rest."""
    played = await run(deck(SHORT, len(SHORT), SEED), SEED, lambda _: None, home=tmp_path, tail_s=1)
    assert not played.failures, f"{table(played)}\n" + "\n".join(played.failures[:40])
    assert {one.fault for one in played.rounds} == set(SHORT)
    assert all(one.balance.owed > 0 for one in played.rounds)


def test_a_round_is_the_same_wherever_it_is_played() -> None:
    """The seed alone decides the order of faults, and every fault comes once before any comes again."""
    names = list(FAULTS)
    cards = deck(names, 2 * len(names), 7)
    assert cards == deck(names, 2 * len(names), 7)
    assert sorted(cards[: len(names)]) == sorted(names)
    assert cards[: len(names)] != cards[len(names) :]
    assert deck(names, 5, 7) == cards[:5]

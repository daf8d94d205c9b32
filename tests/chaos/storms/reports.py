"""What the storms put in: reports that each wake one duty desk, by one SMS and one e-mail."""

import random
from collections.abc import Iterator

from schemas.vocabulary import Channel
from tests.chaos.load import URGENT_TO_LT, URGENT_TO_LV, Kind, Told

_BOTH = (Channel.SMS, Channel.EMAIL)
_LT = ("Potvynis", "Pavojingumas: vidutinis")
_LV = ("Plūdi", "Bīstamība: vidēja")
_LV_PLAIN = ("Pludi", "Bistamiba: videja")


def _flood(party: str, corner: tuple[float, float], *told: Told) -> Kind:
    return Kind(f"flood-{party}", party, "flood", "Moderate", corner, told)


FLOODS = (
    _flood("vecumnieki", (56.56, 24.48), Told("birzai-duty", _BOTH, _LT)),
    _flood("birzai", (56.18, 24.72), Told("vecumnieki-duty", _BOTH, _LV)),
    _flood("akniste", (56.16, 25.70), Told("rokiskis-duty", _BOTH, _LT)),
    _flood("rokiskis", (55.93, 25.55), Told("akniste-duty", _BOTH, _LV_PLAIN, _LV)),
    _flood("tervete", (56.45, 23.35), Told("joniskis-duty", _BOTH, _LT)),
    _flood("joniskis", (56.22, 23.60), Told("tervete-duty", _BOTH, _LV)),
)
"""From every party, on the routine lane: where an outcome is unknown for good, nothing is repeated there."""

FIRES = (URGENT_TO_LT, URGENT_TO_LV)
"""On the urgent lane: a duty desk and a fire chief, two SMS and two e-mails an event."""


def drawn(kinds: tuple[Kind, ...], count: int, seed: int) -> Iterator[Kind]:
    """``count`` of ``kinds``, by lot."""
    dice = random.Random(seed)
    return (dice.choice(kinds) for _ in range(count))

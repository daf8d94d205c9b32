"""Every name of the shipped gazetteer, as people write it: the answer is right, or says that it is not sure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.place import Place
from schemas.policy.load import load_policy
from streams.rules.places.geography import GeographyIndex, names_of_parish, names_of_place, names_of_unit
from streams.rules.places.names import fold
from streams.rules.places.place import Located, locate
from streams.rules.places.place_fault import PlaceFault, PlaceReason
from streams.rules.routing.index import PolicyIndex

POLICY = load_policy(Path(__file__).parents[2] / "deploy" / "policy")
GEO: GeographyIndex = PolicyIndex(POLICY).geo
LETTERS = "aeioukrstnlm"


@dataclass(frozen=True)
class Named:
    """A name as the policy writes it, and the municipality of today that it stands for."""

    name: str
    unit: str
    shared_with: str | None = None


def _named() -> Iterator[Named]:
    for place in POLICY.geography.places:
        yield from (Named(name, place.unit, place.shared_with) for name in names_of_place(place))
    for parish in POLICY.geography.parishes:
        yield from (Named(name, parish.unit) for name in names_of_parish(parish))
    for unit in POLICY.geography.units:
        yield from (Named(name, unit.successor or unit.id) for name in names_of_unit(unit))


NAMED = tuple(dict.fromkeys(_named()))


def _judge(written: str, named: Named) -> str:
    """``right``, ``said`` (unsure, and the right one is among those named), ``unknown`` or ``wrong``."""
    result = locate(Place(name=written), GEO)
    if isinstance(result, PlaceFault):
        assert result.reason is PlaceReason.UNKNOWN
        if not result.among:
            return "unknown"
        return "said" if named.unit in {spot.unit for spot in result.among} else "wrong"
    if result.place.unit in (named.unit, named.shared_with) or named.unit in {spot.unit for spot in result.spots}:
        return "right"
    return "said" if _says_rival(result, named) else "wrong"


def _says_rival(result: Located, named: Named) -> bool:
    unit = GEO.units[named.unit]
    own = unit.names.lv if unit.country == "LV" else unit.names.lt
    return any("one letter away" in note and own in note for note in result.notes)


def _slips(name: str) -> Iterator[str]:
    """A slip at every position, the kind of slip and the letter changing from one to the next."""
    for at, letter in enumerate(name):
        other = LETTERS[(at * 5 + len(name)) % len(LETTERS)]
        match (at + len(name)) % 5:
            case 0:
                yield name[:at] + name[at + 1 :]
            case 1:
                yield name[:at] + other + name[at + 1 :]
            case 2:
                yield name[:at] + letter + name[at:]
            case 3:
                yield name[:at] + other + name[at:]
            case _:
                yield name[:at] + name[at + 1 : at + 2] + letter + name[at + 2 :]


def _report(title: str, verdicts: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    total = verdicts.total()
    shares = ", ".join(f"{kind} {count} ({count / total:.1%})" for kind, count in verdicts.most_common())
    with capsys.disabled():
        print(f"\n{title}: {total} names: {shares}")


@pytest.mark.parametrize("change", [str, str.upper, str.lower, fold], ids=["written", "upper", "lower", "ascii"])
def test_every_name_is_found(change: type[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each name, in either language and in each case, is found; where two share it, both are named."""
    judged = {named: _judge(change(named.name), named) for named in NAMED}
    _report(f"as {change.__name__}", Counter(judged.values()), capsys)
    assert {named for named, verdict in judged.items() if verdict in ("wrong", "unknown")} == set()


@pytest.mark.parametrize("change", [str, fold], ids=["written", "ascii"])
def test_a_slip_never_leads_to_another_municipality_unsaid(
    change: type[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With one letter left out, replaced, doubled, added or swapped, a name is found, doubted or not known: never
    taken for another municipality's without a word."""
    judged = [
        (named, slip, _judge(slip, named)) for named in NAMED for slip in _slips(change(named.name)) if fold(slip)
    ]
    _report(f"one slip, {change.__name__}", Counter(verdict for _, _, verdict in judged), capsys)
    assert [(named.name, slip) for named, slip, verdict in judged if verdict == "wrong"] == []
    unknown = sum(verdict == "unknown" for _, _, verdict in judged)
    assert unknown <= len(judged) * 0.02

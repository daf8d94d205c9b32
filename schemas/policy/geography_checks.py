"""Checks of units, parishes, places and outlines against each other."""

from collections.abc import Iterator

from schemas.policy.areas_file import OutlinesFile
from schemas.policy.duplicates import duplicates
from schemas.policy.files import PartiesFile
from schemas.policy.geography_file import FileUnit, PlacesFile, UnitsFile
from schemas.policy.mistakes import Mistake
from schemas.policy.parts import OUTLINES, Parts
from schemas.policy.shape import hint
from schemas.policy.source import Loc, Source


def check_geography(parts: Parts) -> Iterator[Mistake]:
    """Ids stand once and every unit, parish and successor that is named exists."""
    file = parts.get("units.yaml", UnitsFile)
    if file is None:
        return
    units = {unit.id: unit for unit in file.units}
    source = parts.sources["units.yaml"]
    yield from duplicates(source, "units", (unit.id for unit in file.units))
    yield from duplicates(source, "parishes", (parish.id for parish in file.parishes))
    yield from _units(source, file, units)
    yield from _codes(source, file)
    yield from _places(parts, file, units)
    yield from _elsewhere(parts, units)


def _unit(source: Source, loc: Loc, unit: str | None, units: dict[str, FileUnit]) -> Iterator[Mistake]:
    if unit is not None and unit not in units:
        yield source.mistake(loc, f"there is no unit '{unit}' in units.yaml", hint(unit, units, "units"))


def _units(source: Source, file: UnitsFile, units: dict[str, FileUnit]) -> Iterator[Mistake]:
    for index, unit in enumerate(file.units):
        yield from _unit(source, ("units", index, "successor"), unit.successor, units)
        if unit.former and unit.successor is None:
            problem = f"the former unit '{unit.id}' has no successor"
            yield source.mistake(("units", index), problem, "add successor: and until:")
        if unit.successor in units and units[unit.successor].former:
            problem = f"the successor '{unit.successor}' is a former unit itself"
            yield source.mistake(("units", index, "successor"), problem, "name the unit of today")
    for index, parish in enumerate(file.parishes):
        at = ("parishes", index)
        yield from _unit(source, (*at, "unit"), parish.unit, units)
        yield from _unit(source, (*at, "former_unit"), parish.former_unit, units)
        former = units.get(parish.former_unit or "")
        if former and former.successor != parish.unit:
            problem = f"parish '{parish.id}' is in '{parish.unit}', but '{former.id}' went to '{former.successor}'"
            yield source.mistake((*at, "former_unit"), problem, "check unit and former_unit", warning=True)


def _codes(source: Source, file: UnitsFile) -> Iterator[Mistake]:
    seen: dict[tuple[str, str, str], Loc] = {}
    rows: list[tuple[Loc, FileUnit]] = [(("units", index), unit) for index, unit in enumerate(file.units)]
    for at, unit in rows:
        for number, code in enumerate(unit.codes):
            # Lithuanian LAU numbers and Latvian ATVK numbers may be equal digits in different schemes.
            key = (unit.country, code.scheme, code.code)
            loc: Loc = (*at, "codes", number)
            if key in seen:
                problem = f"the code {code.scheme} {code.code} stands twice: here and on line "
                problem += str(source.line_of(seen[key]))
                yield source.mistake(loc, problem, "a code names one unit: correct one of the two")
            seen.setdefault(key, loc)


def _places(parts: Parts, file: UnitsFile, units: dict[str, FileUnit]) -> Iterator[Mistake]:
    places = parts.get("places.yaml", PlacesFile)
    if places is None:
        return
    source = parts.sources["places.yaml"]
    parishes = {parish.id: parish for parish in file.parishes}
    yield from duplicates(source, "places", (place.id for place in places.places))
    for index, place in enumerate(places.places):
        at = ("places", index)
        yield from _unit(source, (*at, "unit"), place.unit, units)
        for number, other in enumerate(place.shared_with):
            yield from _unit(source, (*at, "shared_with", number), other, units)
        if place.parish is None:
            continue
        if place.parish not in parishes:
            problem = f"there is no parish '{place.parish}' in units.yaml"
            yield source.mistake((*at, "parish"), problem, hint(place.parish, parishes, "parishes"))
        elif parishes[place.parish].unit != place.unit:
            problem = f"parish '{place.parish}' is in '{parishes[place.parish].unit}', the place in '{place.unit}'"
            yield source.mistake((*at, "parish"), problem, "check the place's unit and parish")


def _elsewhere(parts: Parts, units: dict[str, FileUnit]) -> Iterator[Mistake]:
    outlines, parties = parts.get(OUTLINES, OutlinesFile), parts.get("parties.yaml", PartiesFile)
    if outlines:
        source = parts.sources[OUTLINES]
        for index, feature in enumerate(outlines.features):
            yield from _unit(source, ("features", index), feature.properties.unit, units)
    if parties:
        source = parts.sources["parties.yaml"]
        for index, party in enumerate(parties.parties):
            at = ("parties", index)
            yield from _unit(source, (*at, "signatory", "unit"), party.signatory.unit, units)
            yield from _unit(source, (*at, "current_party", "unit"), party.current_party.unit, units)

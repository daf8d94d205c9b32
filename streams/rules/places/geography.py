"""The policy's geography compiled for look-up: codes, names, outlines, and which covered area each unit lies in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemas.base import Country
from schemas.place import AdminCode, CodeScheme, Point, ResolvedPlace
from schemas.policy.models import CasedNames, GazetteerPlace, Geography, Names, Outline, Parish, Unit
from streams.rules.memo import Memo
from streams.rules.places.names import NameBook
from streams.rules.places.shapes import Shape, Shapes, metres


@dataclass(frozen=True, slots=True)
class Spot:
    """One answer to where something is.

    ``area`` is the covered area it lies in, None if in none. ``exact`` is false where today's municipality is
    known but not whether the spot lies in the part an agreement covers. ``at`` is the gazetteer's position.
    """

    country: Country
    unit: str
    former: str | None = None
    parish: str | None = None
    place: str | None = None
    area: str | None = None
    exact: bool = True
    at: Point | None = field(default=None, compare=False)
    shared_with: str | None = None


class GeographyIndex:
    """Look-ups over one geography. ``areas`` maps a unit, of today or former, to the covered area it is."""

    def __init__(self, geography: Geography, areas: Mapping[str, str]) -> None:
        self.units = {unit.id: unit for unit in geography.units}
        self.parishes = {parish.id: parish for parish in geography.parishes}
        self.places = {place.id: place for place in geography.places}
        self.shapes = Shapes(geography)
        self.resolved: Memo[ResolvedPlace] = Memo()
        self._outlined: Memo[Spot] = Memo()
        self._areas = dict(areas) | {
            outline.unit: outline.id for outline in geography.outlines if outline.kind == "covered" and outline.unit
        }
        self._partly_covered = {
            unit.successor for unit in geography.units if unit.former and unit.successor and unit.id in self._areas
        }
        self.units_with_parishes = {parish.unit for parish in geography.parishes}
        self.unit_book = NameBook((self.unit(unit), names_of_unit(unit)) for unit in geography.units)
        self.parish_book = NameBook((self.parish(parish), names_of_parish(parish)) for parish in geography.parishes)
        self.place_book = NameBook((self.place(place), names_of_place(place)) for place in geography.places)
        self._codes = dict(self._coded(geography))

    def _coded(self, geography: Geography) -> Iterator[tuple[tuple[CodeScheme, str], Spot]]:
        for unit in sorted(geography.units, key=lambda unit: not unit.former):
            yield from ((plain(code), self.unit(unit)) for code in unit.codes)
        for parish in geography.parishes:
            yield from ((plain(code), self.parish(parish)) for code in parish.codes)

    def by_code(self, code: AdminCode) -> Spot | None:
        """The unit or parish of an administrative code, withdrawn ones included."""
        return self._codes.get(plain(code))

    def unit(self, unit: Unit) -> Spot:
        """The spot that a unit of today or a former one is."""
        if unit.former:
            today = unit.successor or unit.id
            return Spot(unit.country, today, former=unit.id, area=self._areas.get(unit.id))
        area = self._areas.get(unit.id)
        return Spot(unit.country, unit.id, area=area, exact=area is not None or unit.id not in self._partly_covered)

    def parish(self, parish: Parish) -> Spot:
        """The spot that a parish is."""
        area = self._areas.get(parish.former_unit or "") or self._areas.get(parish.unit)
        exact = area is not None or parish.former_unit is not None or parish.unit not in self._partly_covered
        return Spot(parish.country, parish.unit, parish.former_unit, parish.id, area=area, exact=exact)

    def place(self, place: GazetteerPlace) -> Spot:
        """The spot that a named place is; without a parish its position decides which part it lies in."""
        parish = self.parishes.get(place.parish or "")
        base = self._unit_of(place) if parish is None else self.parish(parish)
        if not base.exact and (where := metres(place.point)) is not None:
            base = self.refined(base, self.shapes.at(where))
        return replace(base, place=place.id, at=place.point, shared_with=place.shared_with)

    def _unit_of(self, place: GazetteerPlace) -> Spot:
        unit = self.units.get(place.unit)
        return Spot("LV", place.unit) if unit is None else self.unit(unit)

    def outlined(self, outline: Outline) -> Spot:
        """The spot that an outline of a unit is."""
        return self._outlined.recall(outline.id, lambda: self._outline(outline))

    def _outline(self, outline: Outline) -> Spot:
        unit = self.units.get(outline.unit or "")
        if unit is None:
            return Spot(outline.country, outline.unit or outline.id)
        spot = self.unit(unit)
        return spot if spot.area else replace(spot, exact=True)  # covered outlines were asked first

    def approximate(self, spot: Spot) -> bool:
        """Whether the outline of a spot's unit, the former one where there is one, is only approximate."""
        outlines = self.shapes.of_unit(spot.former or spot.unit) or self.shapes.of_unit(spot.unit)
        return any(shape.outline.approximate for shape in outlines)

    def refined(self, spot: Spot, at: Iterable[Shape]) -> Spot:
        """``spot`` told apart by the outlines a position lies in: the covered part, or surely not."""
        for shape in at:
            if shape.outline.kind == "country":
                continue
            found = self.outlined(shape.outline)
            if found.unit == spot.unit:
                return replace(spot, former=spot.former or found.former, area=found.area, exact=True)
        return spot


def plain(code: AdminCode) -> tuple[CodeScheme, str]:
    """Scheme and code, with Eurostat's Latvian LAU spelling (LV0025000) turned into ATVK's (0025000)."""
    scheme, text = code.scheme, code.code
    if scheme is CodeScheme.ISO3166_2:
        return scheme, text
    if text.startswith("LV") or len(text) >= 7:
        return CodeScheme.ATVK, text.removeprefix("LV")
    return scheme, text


def _names(names: Names) -> tuple[str, ...]:
    return names.lv, names.lt, names.en


def _forms(forms: CasedNames | None) -> tuple[str, ...]:
    if forms is None:
        return ()
    both = (forms.lv, forms.lt)
    return (*(form for each in both for form in (each.nom, each.gen, each.loc)), forms.en)


def names_of_unit(unit: Unit) -> tuple[str, ...]:
    """Every name a unit goes by: official, in each language, in the cases the policy has, and others."""
    return (*_names(unit.names), *_forms(unit.forms), *unit.aliases)


def names_of_parish(parish: Parish) -> tuple[str, ...]:
    """Every name a parish goes by, in full and in short."""
    display = parish.display
    shown = (display.lv, display.lt, display.lv_short, display.lt_short)
    return (*_names(parish.names), *shown, *parish.aliases)


def names_of_place(place: GazetteerPlace) -> tuple[str, ...]:
    """Every name a place goes by."""
    return (*_names(place.names), *_forms(place.forms), *place.aliases)

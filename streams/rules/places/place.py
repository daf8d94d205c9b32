"""Finds a reported place: administrative code first, then names, then geometry, then the border band.

What is surer decides and what is more exact refines it; nothing that was given is dropped in silence: what
does not fit becomes a note, and a direct contradiction a fault that says how to mend it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.base import LINE_MAX
from schemas.place import CodeScheme, Place, PlaceCertainty, ResolvedPlace
from schemas.privacy import mask
from streams.rules.places.describe import COUNTRIES, EXPLANATION_MAX, clip, label, place_name, where
from streams.rules.places.geography import GeographyIndex, Spot
from streams.rules.places.names import NameBook, says_parish, says_unit
from streams.rules.places.place_fault import PlaceFault, PlaceReason
from streams.rules.places.position import Somewhere, find_position, refine_by_position
from streams.rules.places.spots import kilometres, merged, narrow
from streams.rules.trusted import amended


@dataclass(frozen=True, slots=True)
class Located:
    """A resolved place with every spot it may be or reach, the likeliest first, and notes on what did not fit."""

    place: ResolvedPlace
    spots: tuple[Spot, ...]
    notes: tuple[str, ...]
    contradicted: bool


def resolve(place: Place, geography_index: GeographyIndex) -> ResolvedPlace | PlaceFault:
    """The unit, parish and covered areas of ``place``, or why they cannot be told. Never raises."""
    found = locate(place, geography_index)
    return found if isinstance(found, PlaceFault) else found.place


def locate(place: Place, geo: GeographyIndex) -> Located | PlaceFault:
    """Like ``resolve``, with the other spots that must be considered and with notes."""
    search = _Search(place, geo)
    for step in (search.by_code, search.by_municipality, search.by_parish, search.by_name, search.by_position):
        fault = step()
        if fault is not None:
            return fault
    return search.result()


@dataclass(slots=True)
class _Search:
    """The evidence gathered so far: ``scope`` is the best single spot, ``others`` what must be told as well."""

    given: Place
    geo: GeographyIndex
    scope: Spot | None = None
    others: tuple[Spot, ...] = ()
    certainty: PlaceCertainty = PlaceCertainty.NAME
    position: Somewhere | None = None
    written: str | None = None
    notes: list[str] = field(default_factory=list)
    contradicted: bool = False

    def by_code(self) -> PlaceFault | None:
        code = self.given.code
        if code is None:
            return None
        spot = self.geo.by_code(code)
        said = f"the code {code.scheme.value} {code.code}"
        if spot is None:
            if code.scheme is CodeScheme.ISO3166_2 and code.code[:3] not in ("LV-", "LT-"):
                mend = "send it to the services of that country; this system covers the Latvian-Lithuanian border"
                return PlaceFault(PlaceReason.OUTSIDE, f"{said} is neither in Latvia nor in Lithuania", mend)
            self.notes.append(f"{said} is not known")
            return None
        if self.given.country not in (None, spot.country):
            detail = (
                f"country says {self._country()}, but {said} is {where(self.geo, spot)} in {COUNTRIES[spot.country]}"
            )
            return PlaceFault(PlaceReason.CONTRADICTS, detail, "correct the country or the code")
        self.scope, self.certainty = spot, PlaceCertainty.CODE
        return None

    def by_municipality(self) -> PlaceFault | None:
        text = self.given.municipality
        if text is None:
            return None
        found = self._find(text, (self.geo.unit_book, self.geo.parish_book))
        if not found:
            self.notes.append(f"no municipality is known as '{_shown(text)}'")
            return None
        return self._take(text, found, "municipality")

    def by_parish(self) -> PlaceFault | None:
        text = self.given.parish
        if text is None:
            return None
        found = self._find(text, (self.geo.parish_book,))
        if not found:
            self.notes.append(f"no parish is known as '{_shown(text)}'")
            return None
        return self._take(text, found, "parish")

    def by_name(self) -> PlaceFault | None:
        text = self.given.name
        if text is None:
            return None
        found = self._named(text)
        inside = narrow(self.scope, self._in_country(found))
        if self.scope is not None or not found:
            if inside:
                self._settle(text, inside)
                return None
            self.written = _shown(text)
            within = f" in {where(self.geo, self.scope)}" if self.scope else ""
            self.notes.append(f"no place{within} is known as '{self.written}'; the name is kept as written")
            return None
        if not inside:
            return self._other_country(text, found)
        nearest = self._nearest(inside)
        if nearest is not None:
            inside = (nearest,)
        if len({spot.unit for spot in inside}) > 1:
            if self.given.point or self.given.polygon:
                self.written = _shown(text)
                self.notes.append(f"'{self.written}' names several places; the position decides")
                return None
            return self._ambiguous(text, inside)
        self._settle(text, inside)
        return None

    def _settle(self, text: str, spots: tuple[Spot, ...]) -> None:
        nearest = self._nearest(spots)
        self._choose(spots if nearest is None else (nearest,))
        is_a_name = not (says_parish(text) or says_unit(text))
        self.written = _shown(text) if is_a_name else None

    def by_position(self) -> PlaceFault | None:
        given = self.given
        if given.point is None and given.polygon is None:
            return None if self.scope else self._nowhere()
        if self.scope is None:
            found = find_position(given, self.geo)
            if isinstance(found, PlaceFault):
                return found
            self.scope, self.others = found.spots[0], found.spots[1:]
            self.certainty = PlaceCertainty.SIDE_UNCERTAIN if found.side_uncertain else PlaceCertainty.GEOMETRY
        else:
            found = refine_by_position(given, self.scope, self.geo)
            self.scope, self.others = found.spots[0], found.spots[1:]
            self.contradicted |= found.contradicts
        self.position = found
        self.notes += found.notes
        return None

    def result(self) -> Located | PlaceFault:
        scope = self.scope
        if scope is None:
            return self._nowhere()
        more = (*self._across(scope), *self.others)
        spots = tuple(dict.fromkeys((scope, *more))) if more else (scope,)
        point = self.position.point if self.position else None
        if self.notes or self.written:
            resolved = self._resolved(spots)
        else:
            resolved = self.geo.resolved.recall((spots, self.certainty), lambda: self._resolved(spots))
        if point is not None:
            resolved = amended(resolved, point=point)
        return Located(resolved, spots, tuple(self.notes), self.contradicted)

    def _resolved(self, spots: tuple[Spot, ...]) -> ResolvedPlace:
        scope = spots[0]
        return ResolvedPlace(
            country=scope.country,
            unit=scope.unit,
            former_unit=scope.former,
            parish=scope.parish,
            place=scope.place,
            name=place_name(self.geo, scope.place) if scope.place else self.written,
            areas=tuple(dict.fromkeys(spot.area for spot in spots if spot.area)),
            certainty=self.certainty,
            explanation=clip(self._explained(spots), EXPLANATION_MAX),
        )

    def _take(self, text: str, found: tuple[Spot, ...], what: str) -> PlaceFault | None:
        """Narrow the scope to the spots that ``text`` names, or say why that cannot be."""
        here = self._in_country(found)
        if not here and self.scope is None:
            return self._other_country(text, found)
        inside = narrow(self.scope, here)
        if inside:
            nearest = self._nearest(inside)
            if len({spot.unit for spot in inside}) > 1 and nearest is None:
                fault = self._ambiguous(text, inside)
                self.notes.append(fault.detail)
                return None if self._more_follows(what) else fault
            self._choose(inside if nearest is None else (nearest,))
            return None
        scope = self.scope
        assert scope is not None, "an empty narrowing without a scope is the other country"  # noqa: S101 - for mypy
        elsewhere = where(self.geo, (here or found)[0])
        if self.certainty is PlaceCertainty.CODE or scope.unit not in self.geo.units_with_parishes:
            self.contradicted |= self.certainty is PlaceCertainty.CODE
            self.notes.append(f"the {what} '{_shown(text)}' is {elsewhere}, not in {where(self.geo, scope)}")
            return None
        detail = f"the {what} '{_shown(text)}' is in {elsewhere}, not in {where(self.geo, scope)}"
        return PlaceFault(PlaceReason.CONTRADICTS, detail, f"correct the municipality or the {what}")

    def _more_follows(self, what: str) -> bool:
        later = (self.given.parish, self.given.name) if what == "municipality" else (self.given.name,)
        return any(later) or self.given.point is not None or self.given.polygon is not None

    def _named(self, text: str) -> tuple[Spot, ...]:
        """What ``text`` names: of a name that does not say what it is of, everything that is called so."""
        places, parishes, units = self.geo.place_book, self.geo.parish_book, self.geo.unit_book
        if says_parish(text):
            return self._find(text, (parishes, places, units))
        if says_unit(text):
            return self._find(text, (units, places, parishes))
        found = self._find(text, (places, parishes, units))
        if self.scope is None and found:
            also = (spot for book in (parishes, units) for spot in _today(book.exact(text)))
            mine = {spot.unit for spot in found}
            found = (*found, *(spot for spot in dict.fromkeys(also) if spot.unit not in mine))
        return found

    def _find(self, text: str, books: tuple[NameBook[Spot], ...]) -> tuple[Spot, ...]:
        """What ``text`` names in the first of ``books`` that knows it, or else what is one letter away in any."""
        for book in books:
            found = _today(book.exact(text))
            if found and (self.scope is None or narrow(self.scope, found) or len(books) < 3):
                self._note_rivals(text, found, books)
                return found
        near = [narrow(self.scope, self._in_country(_today(book.near(text)))) for book in books]
        first = next((spots for spots in near if spots), ())
        every = tuple(dict.fromkeys(spot for spots in near for spot in spots))
        if len({spot.unit for spot in every}) > 1:
            return every
        if first:
            self.notes.append(f"'{_shown(text)}' was read as a slip: {label(self.geo, first[0])}")
        return first

    def _note_rivals(self, text: str, found: tuple[Spot, ...], books: tuple[NameBook[Spot], ...]) -> None:
        """Say which other municipalities' names are one letter away: a slip may have made this name of that one."""
        if self.scope is not None:
            return
        mine = {spot.unit for spot in found}
        near = (spot for book in books for spot in self._in_country(_today(book.near(text))))
        rivals = {spot.unit: spot for spot in near if spot.unit not in mine}
        if rivals:
            names = " and ".join(label(self.geo, spot) for spot in rivals.values())
            self.notes.append(f"'{_shown(text)}' is one letter away from another name: {names}")

    def _in_country(self, found: tuple[Spot, ...]) -> tuple[Spot, ...]:
        return tuple(spot for spot in found if self.given.country in (None, spot.country))

    def _nearest(self, spots: tuple[Spot, ...]) -> Spot | None:
        """The spot nearest to the reported point among several places of one name, if any is near at all."""
        if len(spots) < 2 or self.given.point is None:
            return None
        near = [
            (distance, i) for i, spot in enumerate(spots) if (distance := kilometres(spot.at, self.given.point)) < 25
        ]
        return spots[min(near)[1]] if near else None

    def _choose(self, spots: tuple[Spot, ...]) -> None:
        """Take what all ``spots`` (of one municipality) have in common."""
        first = spots[0]
        if len(spots) == 1:
            self.scope = merged(self.scope, first)
            return
        names = ", ".join(dict.fromkeys(label(self.geo, spot) for spot in spots))
        self.notes.append(f"the name fits several places: {names}")
        same_part = len({(spot.former, spot.area) for spot in spots}) == 1
        if self.scope is None or (same_part and self.scope.former is None):
            unit = self.geo.units.get(first.unit)
            whole = self.geo.unit(unit) if unit else first
            self.scope = (
                Spot(first.country, first.unit, first.former, area=first.area, exact=first.exact)
                if same_part
                else whole
            )

    def _across(self, scope: Spot) -> Iterable[Spot]:
        unit = self.geo.units.get(scope.shared_with or "")
        return (self.geo.unit(unit),) if unit is not None else ()

    def _explained(self, spots: tuple[Spot, ...]) -> str:
        sentence = label(self.geo, spots[0])
        if self.certainty is PlaceCertainty.SIDE_UNCERTAIN:
            metres = self.geo.shapes.border_band_m
            sides = " or ".join(dict.fromkeys(where(self.geo, spot) for spot in spots))
            sentence = f"nearer than {metres} m to the border as drawn, so either side is possible: {sides}"
        elif self.certainty is PlaceCertainty.GEOMETRY and self.geo.approximate(spots[0]):
            sentence += " (by an approximate outline)"
        if len(spots) > 1 and self.certainty is not PlaceCertainty.SIDE_UNCERTAIN:
            sentence += "; also in " + ", ".join(dict.fromkeys(where(self.geo, spot) for spot in spots[1:]))
        return "; ".join((sentence, *self.notes))

    def _country(self) -> str:
        return COUNTRIES[self.given.country] if self.given.country else "nothing"

    def _other_country(self, text: str, found: tuple[Spot, ...]) -> PlaceFault:
        there = label(self.geo, found[0])
        detail = f"country says {self._country()}, but '{_shown(text)}' is in {COUNTRIES[found[0].country]}: {there}"
        return PlaceFault(PlaceReason.CONTRADICTS, detail, "correct the country or the name")

    def _ambiguous(self, text: str, spots: tuple[Spot, ...]) -> PlaceFault:
        names = " or ".join(dict.fromkeys(label(self.geo, spot) for spot in spots))
        detail = f"'{_shown(text)}' can be {names}"
        return PlaceFault(PlaceReason.UNKNOWN, clip(detail, 500), "add the municipality, the parish or a point", spots)

    def _nowhere(self) -> PlaceFault:
        detail = "; ".join(self.notes) or "nothing that was given says where it is"
        return PlaceFault(PlaceReason.UNKNOWN, clip(detail, 500), "add the municipality or its code, or a point")


def _shown(text: str) -> str:
    return clip(mask(text).text, LINE_MAX)  # a mask can be longer than the house number under it


def _today(found: tuple[Spot, ...]) -> tuple[Spot, ...]:
    """Today's units before former ones of the same name."""
    today = tuple(spot for spot in found if not (spot.former and spot.parish is None and spot.place is None))
    return today or found

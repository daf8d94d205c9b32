"""Where something is, told step by step: a place as the router finds it, turned into lines and JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from console.place_query import Query
from schemas.place import PlaceCertainty, Point
from schemas.policy.models import Outline
from streams.rules.places.describe import COUNTRIES, label, parish_name, place_name, unit_name, where
from streams.rules.places.geography import GeographyIndex, Spot
from streams.rules.places.place import Located, locate
from streams.rules.places.place_fault import PlaceFault
from streams.rules.places.shapes import metres
from streams.rules.places.spots import kilometres
from streams.rules.places.suggest import suggestions
from streams.rules.routing.index import PolicyIndex

AMBIGUOUS, UNKNOWN = "ambiguous", "unknown"


@dataclass(frozen=True)
class Step:
    """One step of the search: ``mark`` is ✓ where it found something, · where it had nothing to go by, ! or ✗."""

    name: str
    mark: str
    detail: str


@dataclass(frozen=True)
class Answer:
    """Everything that is known of what was asked. ``hits`` are the spots, likeliest first; empty: no such place."""

    query: str
    certainty: str
    why: str
    steps: tuple[Step, ...]
    hits: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    mend: str = ""
    nearest: str = ""
    outlines: str = "approximate"
    border_m: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer as plain data; what is not known is left out."""
        plain = {
            "query": self.query,
            "certainty": self.certainty,
            "why": self.why,
            "border_m": self.border_m,
            "outlines": self.outlines,
            "hits": list(self.hits),
            "steps": [{"step": step.name, "mark": step.mark, "detail": step.detail} for step in self.steps],
            "nearest_place": self.nearest,
            "notes": list(self.notes),
            "suggestions": list(self.suggestions),
            "mend": self.mend,
        }
        return {key: value for key, value in plain.items() if value not in (None, "", [])}


def answer(query: Query, index: PolicyIndex) -> Answer:
    """Ask the rules that the router asks, and say how they came to it."""
    found = locate(query.place, index.geo)
    if isinstance(found, PlaceFault):
        return _not_one(query, found, index)
    geo, first = index.geo, found.spots[0]
    at = query.place.point or first.at
    certainty, why = _certainty(found, geo)
    return Answer(
        query=query.text,
        certainty=certainty,
        why=why,
        steps=tuple(_steps(query, first, geo, found)),
        hits=tuple(_hit(spot, index) for spot in found.spots),
        notes=found.notes,
        nearest=_nearest(query.place.point, geo) if query.place.point else "",
        outlines=_quality(_outlines_at(at, geo)),
        border_m=_border_m(at, geo),
    )


def _not_one(query: Query, fault: PlaceFault, index: PolicyIndex) -> Answer:
    geo, name = index.geo, query.place.name
    return Answer(
        query=query.text,
        certainty=AMBIGUOUS if fault.among else UNKNOWN,
        why=fault.detail,
        steps=tuple(_steps(query, None, geo, fault)),
        hits=tuple(_hit(spot, index) for spot in fault.among),
        suggestions=suggestions(name, geo) if name and not fault.among else _swapped(query.place.point, geo),
        mend=fault.mend,
        border_m=_border_m(query.place.point, geo),
    )


def _swapped(point: Point | None, geo: GeographyIndex) -> tuple[str, ...]:
    """The same two numbers the other way round, where they make sense so."""
    if point is None or abs(point.lon) > 90:
        return ()
    other = Point(lat=point.lon, lon=point.lat)
    at = metres(other)
    return (f"{other.lat},{other.lon} (latitude comes first)",) if at is not None and geo.shapes.at(at) else ()


def _certainty(found: Located, geo: GeographyIndex) -> tuple[str, str]:
    """The level (see docs/places.md) and what it rests on."""
    first, notes = found.spots[0], " ".join(found.notes)
    match found.place.certainty:
        case PlaceCertainty.CODE:
            level, why = "exact", "an administrative code says it"
        case PlaceCertainty.SIDE_UNCERTAIN:
            return "side_uncertain", f"nearer than {geo.shapes.border_band_m} m to the border: both sides are told so"
        case PlaceCertainty.GEOMETRY:
            level, why = "outlined", "only outlines say it"
        case _ if "was read as" in notes:
            level, why = "read", "the name differs from a known one by a letter"
        case _ if "one letter away" in notes:
            level, why = "doubtful", "the name is known, and a letter away from another municipality's"
        case _:
            level, why = "named", "the gazetteer knows the name"
    if not first.exact:
        return f"{level}_part_unknown", f"{why}; whether the part that an agreement covers is meant stays open"
    return level, why


def _steps(query: Query, first: Spot | None, geo: GeographyIndex, found: Located | PlaceFault) -> Iterator[Step]:
    place = query.place
    outcome = "not known" if first is None else where(geo, first)
    if place.code is None:
        yield Step("code", "·", "none given")
    else:
        yield Step("code", "✗" if first is None else "✓", f"{place.code.scheme.value} {place.code.code}: {outcome}")
    if place.name is None:
        yield Step("name", "·", "none given")
    elif first is None:
        several = isinstance(found, PlaceFault) and found.among
        yield Step("name", "!" if several else "✗", f"'{place.name}' {'names several places' if several else outcome}")
    else:
        named = f"{place_name(geo, first.place)}, {outcome}" if first.place else outcome
        yield Step("name", "!" if isinstance(found, Located) and found.notes else "✓", f"'{place.name}': {named}")
    at = place.point or (first.at if first is not None else None)
    yield _geometry(at, place.point is not None, geo)
    yield _band(at, place.point is not None, geo)


def _geometry(at: Point | None, given: bool, geo: GeographyIndex) -> Step:
    if at is None:
        return Step("geometry", "·", "no position is known")
    whose = "the point" if given else "the gazetteer's position (about)"
    outlines = _outlines_at(at, geo)
    if not outlines:
        return Step("geometry", "✗", f"{whose} {at.lat:.4f}, {at.lon:.4f} is in no outline")
    names = ", ".join(_outline(one, geo) for one in outlines)
    return Step("geometry", "✓", f"{whose} {at.lat:.4f}, {at.lon:.4f} is in the outline of {names}")


def _band(at: Point | None, given: bool, geo: GeographyIndex) -> Step:
    distance, band = _border_m(at, geo), geo.shapes.border_band_m
    if distance is None:
        return Step("border band", "·", "no position, so no distance from the border")
    far = f"{distance / 1000:.1f} km from the state border as drawn here"
    if distance > band:
        return Step("border band", "✓", f"{far}, outside of the band of {band} m")
    settled = "outlines cannot tell the side" if given else "but the name, not the position, says the side"
    return Step("border band", "!" if given else "✓", f"{far}, inside the band of {band} m: {settled}")


def _nearest(point: Point, geo: GeographyIndex) -> str:
    """The gazetteer place nearest to a point, with its parish: outlines of parishes are not known."""
    away = [(kilometres(place.point, point), place.id) for place in geo.places.values()]
    if not away:
        return ""
    distance, nearest = min(away)
    return f"about {distance:.0f} km from {label(geo, geo.place(geo.places[nearest]))}"


def _outlines_at(at: Point | None, geo: GeographyIndex) -> list[Outline]:
    position = metres(at) if at is not None else None
    return [] if position is None else [shape.outline for shape in geo.shapes.at(position)]


def _outline(outline: Outline, geo: GeographyIndex) -> str:
    name = COUNTRIES[outline.country] if outline.unit is None else unit_name(geo, outline.unit)
    return f"{name} ({'approximate' if outline.approximate else 'official'})"


def _quality(outlines: list[Outline]) -> str:
    units = [one for one in outlines if one.kind != "country"]
    return "official" if units and not any(one.approximate for one in units) else "approximate"


def _border_m(at: Point | None, geo: GeographyIndex) -> int | None:
    position = metres(at) if at is not None else None
    distance = geo.shapes.border_m(position) if position is not None else None
    return None if distance is None else round(distance)


def _hit(spot: Spot, index: PolicyIndex) -> dict[str, Any]:
    geo = index.geo
    place = geo.places.get(spot.place or "")
    covered = index.covered_by(spot.area)
    hit = {
        "place": place_name(geo, spot.place) if spot.place else None,
        "kind": place.kind if place else None,
        "country": spot.country,
        "municipality": _unit(spot.unit, geo),
        "former_unit": _unit(spot.former, geo) if spot.former else None,
        "parish": parish_name(geo, spot.parish) if spot.parish else None,
        "shared_with": unit_name(geo, spot.shared_with) if spot.shared_with else None,
        "covered_area": spot.area,
        "agreements": [one.id for party in covered for one in index.agreements_of(party.id)],
        "successor_of": [] if spot.area else [party.covered_area for party in index.successors_in(spot.unit)],
        "point": {"lat": spot.at.lat, "lon": spot.at.lon} if spot.at else None,
        "part_known": spot.exact,
    }
    return {key: value for key, value in hit.items() if value not in (None, [])}


def _unit(unit: str, geo: GeographyIndex) -> dict[str, Any]:
    known = geo.units.get(unit)
    codes = [f"{code.scheme.value} {code.code}" for code in known.codes] if known else []
    return {"id": unit, "name": unit_name(geo, unit), "codes": codes}

"""Sentences about places, in plain English with the names as their own country writes them."""

from schemas.base import Country
from streams.rules.places.geography import GeographyIndex, Spot

COUNTRIES: dict[Country, str] = {"LV": "Latvia", "LT": "Lithuania"}

DETAIL_MAX = 600
EXPLANATION_MAX = 400


def clip(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, cut at a word and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return head.rsplit(" ", 1)[0][: limit - 1] + "…"


def unit_name(geo: GeographyIndex, unit: str) -> str:
    """The official name of a unit in its own language, or its id where the policy does not know it."""
    known = geo.units.get(unit)
    return unit if known is None else (known.names.lv if known.country == "LV" else known.names.lt)


def parish_name(geo: GeographyIndex, parish: str) -> str:
    """The full name of a parish in its own language."""
    known = geo.parishes.get(parish)
    return parish if known is None else (known.display.lv if known.country == "LV" else known.display.lt)


def place_name(geo: GeographyIndex, place: str) -> str:
    """The name of a gazetteer place in the language of its country."""
    known = geo.places.get(place)
    if known is None:
        return place
    unit = geo.units.get(known.unit)
    return known.names.lt if unit is not None and unit.country == "LT" else known.names.lv


def where(geo: GeographyIndex, spot: Spot) -> str:
    """Where a spot lies, from the smallest unit outwards: "Skaistkalnes pagasts, former Vecumnieku novads,
    today Bauskas novads"."""
    parts = [parish_name(geo, spot.parish)] if spot.parish else []
    today = unit_name(geo, spot.unit)
    if spot.former:
        parts += [f"former {unit_name(geo, spot.former)}", f"today {today}"]
    else:
        parts.append(today)
    return ", ".join(parts)


def label(geo: GeographyIndex, spot: Spot) -> str:
    """A spot in words: "Skaistkalne is in Skaistkalnes pagasts, …" or where it lies."""
    found = where(geo, spot)
    return f"{place_name(geo, spot.place)} is in {found}" if spot.place else found

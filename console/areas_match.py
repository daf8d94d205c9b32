"""Which municipality each official outline is: by what the user says, by a code, by a name in any language."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from console.areas_read import Official
from schemas.place import AdminCode, CodeScheme
from schemas.policy.models import Parish
from streams.rules.places.geography import GeographyIndex, Spot
from streams.rules.places.names import says_parish
from streams.rules.places.suggest import suggestions

CODE_KEYS = ("code", "kods", "kodas", "atvk", "lau", "iso", "ref", "id", "sav_kodas")


@dataclass
class Matched:
    """Official ground by unit (of today or former), and what was made of every feature."""

    units: dict[str, BaseGeometry] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def match(features: Iterable[Official], geo: GeographyIndex, told: dict[str, str]) -> Matched:
    """Every feature's unit. Parishes are joined to the unit whose parishes are all there."""
    result = Matched()
    parishes: dict[str, BaseGeometry] = {}
    left = dict(told)
    for feature in features:
        spot = _told(feature, left, geo, result) or _by_code(feature, geo) or _by_name(feature, geo, result)
        if spot is None:
            result.unknown.append(_unknown(feature, geo))
        elif spot.parish:
            _take(parishes, spot.parish, feature, result, f"the parish {spot.parish}")
        else:
            unit = spot.former or spot.unit
            _take(result.units, unit, feature, result, unit)
    result.problems += [f"--match {key}={unit}: no feature has that id, number or name" for key, unit in left.items()]
    _join_parishes(parishes, geo, result)
    return result


def _take(into: dict[str, BaseGeometry], key: str, feature: Official, result: Matched, what: str) -> None:
    if key in into:
        problem = f"{feature.title} and {result.titles[key]} are both {what}: leave one out, or use --match ID=UNIT"
        result.problems.append(problem)
    into[key] = feature.area
    result.titles[key] = feature.title


def _told(feature: Official, left: dict[str, str], geo: GeographyIndex, result: Matched) -> Spot | None:
    keys = {feature.id, str(feature.number), *(str(value) for value in feature.properties.values())}
    for key in [key for key in left if key in keys]:
        unit = geo.units.get(left.pop(key))
        if unit is not None:
            return geo.unit(unit)
        result.problems.append(f"--match {key}=…: there is no such unit in units.yaml")
    return None


def _by_code(feature: Official, geo: GeographyIndex) -> Spot | None:
    for key, value in feature.properties.items():
        text = str(value).strip().upper()
        if text and any(part in key.lower() for part in CODE_KEYS):
            for code in _codes(key.lower(), text):
                if spot := geo.by_code(code):
                    return spot
    return None


def _codes(key: str, text: str) -> Iterator[AdminCode]:
    if text.startswith(("LV-", "LT-")) and len(text) <= 12:
        yield AdminCode(scheme=CodeScheme.ISO3166_2, code=text)
    elif text.startswith("LV") and text[2:].isdecimal() and len(text) == 9:
        yield AdminCode(scheme=CodeScheme.LAU, code=text)
    elif text.isdecimal() and "atvk" in key and len(text) <= 7:
        yield AdminCode(scheme=CodeScheme.ATVK, code=text.zfill(7))  # spreadsheets drop the leading nought
    elif text.isdecimal() and len(text) == 7:
        yield AdminCode(scheme=CodeScheme.ATVK, code=text)
    elif text.isdecimal() and "lau" in key and len(text) <= 2:
        yield AdminCode(scheme=CodeScheme.LAU, code=text)


def _by_name(feature: Official, geo: GeographyIndex, result: Matched) -> Spot | None:
    for value in feature.properties.values():
        if not isinstance(value, str) or not any(char.isalpha() for char in value):
            continue
        parish = says_parish(value)
        found = (geo.parish_book if parish else geo.unit_book).exact(value)
        found = tuple(spot for spot in found if parish or not (spot.former and len(found) > 1)) or found
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            names = ", ".join(spot.former or spot.unit for spot in found)
            result.problems.append(f"{feature.title}: '{value}' can be {names}: say which with --match")
            return found[0]
    return None


def _unknown(feature: Official, geo: GeographyIndex) -> str:
    words = [value for value in feature.properties.values() if isinstance(value, str)]
    alike = suggestions(words[0], geo)[:1] if words else ()
    return feature.title + (f", perhaps {alike[0]}" if alike else "")


def _join_parishes(parishes: dict[str, BaseGeometry], geo: GeographyIndex, result: Matched) -> None:
    """Join parishes to their former unit (to their municipality in Lithuania) where none is missing."""
    groups: dict[str, list[Parish]] = {}
    for parish in geo.parishes.values():
        groups.setdefault(parish.former_unit or parish.unit, []).append(parish)
    for unit, members in groups.items():
        there = [parish.id for parish in members if parish.id in parishes]
        missing = [parish.id for parish in members if parish.id not in parishes]
        if not there or unit in result.units:
            continue
        if missing:
            result.notes.append(f"{unit}: parishes are missing ({', '.join(missing)}), so they make no outline")
            continue
        result.units[unit] = shapely.union_all([parishes[one] for one in there], grid_size=0.1)
        result.titles[unit] = f"{len(there)} parishes"

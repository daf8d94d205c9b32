"""How often the place function is right about a point, against outlines that are not part of the project.

``python -m tests.rules.accuracy`` prints it; ``PLACES_SEED`` sets the seed of the random points.

A point is *far* from the border when it is farther from it than the policy's border band is wide. What counts:

* the right country: the answer's country, or "side uncertain" for a point that is not far from the line;
* an area's recall: of the points in it, those of which it is the answer or, at the border, one of the two;
* an area's precision: of the points of which it is the (first) answer, those in it;
* IoU: ground in both outlines over ground in either.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely import LineString, Polygon
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from schemas.place import Place, PlaceCertainty, Point
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from streams.rules.places.geography import GeographyIndex
from streams.rules.places.place import Located, locate
from streams.rules.places.shapes import area
from streams.rules.routing.index import PolicyIndex

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT.parent / "shared" / "reference" / "municipalities-wof.geojson"
POLICY = PROJECT / "deploy" / "policy"

COVERED = ("vecumnieki", "akniste", "tervete", "birzai", "rokiskis", "joniskis")
POINTS = 5_000
BELT_M = 25_000
FRAME_M = 400_000
_METRES = Transformer.from_crs("EPSG:4326", "EPSG:3059", always_xy=True)


@dataclass(frozen=True)
class Truth:
    """The reference in metres: areas, the border, the ground the points are from, and Latvia's side of the border."""

    areas: dict[str, BaseGeometry]
    border: BaseGeometry
    belt: BaseGeometry
    latvia: BaseGeometry


@dataclass
class Report:
    """What came out, counted."""

    seed: int
    points: int
    right_country: int = 0
    uncertain: int = 0
    uncertain_far: int = 0
    inside: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    iou: dict[str, float] = field(default_factory=dict)

    def country_share(self) -> float:
        """The share of points in the right country."""
        return self.right_country / self.points

    def recall(self, area_id: str) -> float:
        """The share of an area's points that it is an answer of."""
        return self.found[area_id] / self.inside[area_id]

    def precision(self, area_id: str) -> float:
        """The share of points answered with an area that lie in it."""
        return self.hit[area_id] / self.answered[area_id]

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield (
            f"seed {self.seed}, {self.points} points: right country {self.country_share():.4f}, side uncertain "
            f"{self.uncertain}, of them far from the border {self.uncertain_far}"
        )
        for one in COVERED:
            numbers = f"recall {self.recall(one):.3f} precision {self.precision(one):.3f} IoU {self.iou[one]:.3f}"
            yield f"{one:11} {numbers} ({self.inside[one]} points)"


def read_truth(path: Path = REFERENCE) -> Truth:
    """The reference file in metres. Its border is taken along the six areas."""
    features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    areas = {f["properties"]["id"].removesuffix("2021"): _metric(shape(f["geometry"])) for f in features}
    border = areas.pop("border-lv-lt")
    assert isinstance(border, LineString)
    line = [*border.coords] if border.coords[0][0] < border.coords[-1][0] else [*border.coords][::-1]
    north = max(y for _, y in line) + FRAME_M
    latvia = shapely.make_valid(Polygon([(line[0][0], north), *line, (line[-1][0], north)]))
    along = [border.project(shapely.Point(xy)) for one in COVERED for xy in _near(areas[one], border)]
    belt = substring(border, min(along), max(along)).buffer(BELT_M)
    for prepared in (latvia, belt, border, *areas.values()):
        shapely.prepare(prepared)
    return Truth(areas, border, belt, latvia)


def _near(one: BaseGeometry, border: BaseGeometry) -> Iterator[tuple[float, float]]:
    for part in shapely.get_parts(border.intersection(one.buffer(500))):
        yield from part.coords


def _metric(geometry: BaseGeometry) -> BaseGeometry:
    moved: BaseGeometry = shapely.transform(geometry, lambda c: np.column_stack(_METRES.transform(*c.T)))
    return moved


def random_points(truth: Truth, seed: int, count: int = POINTS) -> Iterator[shapely.Point]:
    """``count`` points spread evenly over the belt."""
    random = np.random.default_rng(seed)
    west, south, east, north = truth.belt.bounds
    left = count
    while left:
        point = shapely.Point(random.uniform(west, east), random.uniform(south, north))
        if truth.belt.contains(point):
            left -= 1
            yield point


def measure(policy: Policy, truth: Truth, seed: int, count: int = POINTS) -> Report:
    """Ask the product's place function about ``count`` random points."""
    geo: GeographyIndex = PolicyIndex(policy).geo
    report = Report(seed, count)
    for at in random_points(truth, seed, count):
        lon, lat = _METRES.transform(at.x, at.y, direction="INVERSE")
        _judge(locate(Place(point=Point(lat=lat, lon=lon)), geo), at, truth, report, policy.geography.border_band_m)
    for outline in policy.geography.outlines:
        if outline.id in COVERED:
            ours, real = area(outline), truth.areas[outline.id]
            report.iou[outline.id] = ours.intersection(real).area / ours.union(real).area
    return report


def _judge(answer: object, at: shapely.Point, truth: Truth, report: Report, far_m: float) -> None:
    real = next((one for one in COVERED if truth.areas[one].contains(at)), None)
    if real:
        report.inside[real] += 1
    if not isinstance(answer, Located):
        return
    country = "LV" if truth.latvia.contains(at) else "LT"
    unsure = answer.place.certainty is PlaceCertainty.SIDE_UNCERTAIN
    far = truth.border.distance(at) > far_m
    report.uncertain += unsure
    report.uncertain_far += unsure and far
    report.right_country += not far if unsure else answer.place.country == country
    if real in answer.place.areas:
        report.found[str(real)] += 1
    if first := answer.spots[0].area:
        report.answered[first] += 1
        report.hit[first] += first == real


def seed_of_today() -> int:
    """``PLACES_SEED``, or one that is always the same."""
    return int(os.environ.get("PLACES_SEED", "1"))


def main() -> None:
    """Print the accuracy of the shipped policy, or of the policy directory that is named."""
    if not REFERENCE.exists():
        sys.exit(f"there are no outlines to measure against at {REFERENCE}")
    policy = load_policy(Path(sys.argv[1]) if len(sys.argv) > 1 else POLICY)
    print(*measure(policy, read_truth(), seed_of_today()).lines(), sep="\n")


if __name__ == "__main__":
    main()

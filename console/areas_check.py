"""Official outlines against each other: where they overlap, and where they leave ground to nobody."""

from itertools import combinations

import shapely
from shapely.geometry.base import BaseGeometry

from console.areas_read import shown

SLIVER_M2 = 10_000
"""Overlaps and gaps up to a hectare come from rounding: they are closed without a word."""

SHUT_IN = 0.8
MOSTLY = 0.02
REACH_M = 500
"""Ground between two outlines that come this near to each other is a gap, not a third municipality's."""


def overlaps(areas: dict[str, BaseGeometry]) -> list[str]:
    """Pairs that claim the same ground, with how much and where."""
    found = []
    for one, other in combinations(areas, 2):
        if areas[one].intersects(areas[other]):
            both = areas[one].intersection(areas[other])
            if both.area > SLIVER_M2:
                found.append(f"{one} and {other} overlap: {_size(both)}; correct the files, or leave one of them out")
    return found


def contradictions(
    areas: dict[str, BaseGeometry], settled: dict[str, BaseGeometry], related: set[tuple[str, str]]
) -> list[str]:
    """New outlines that take a good part of what earlier official ones have: one of the two is wrong."""
    found = []
    for key, ground in areas.items():
        for other, one in settled.items():
            if other not in areas and (key, other) not in related and (other, key) not in related:
                both = ground.intersection(one)
                if both.area > MOSTLY * min(ground.area, one.area):
                    problem = f"{key} overlaps {other}, which is official already: {_size(both)}"
                    found.append(f"{problem}; import both from one source")
    return found


def gaps(areas: dict[str, BaseGeometry]) -> list[str]:
    """Ground within one outline, or between two, that is nobody's, with how much and where."""
    everything = shapely.union_all(list(areas.values()))
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(everything)])
    closed = everything.buffer(REACH_M).buffer(-REACH_M).union(filled)
    found = []
    for part in shapely.get_parts(closed.difference(everything)):
        if part.area <= SLIVER_M2 or not _shut_in(part, everything):
            continue
        near = sorted(name for name, area in areas.items() if area.dwithin(part, 1.0))
        where = f"inside {near[0]}" if len(near) == 1 else f"between {' and '.join(near)}"
        found.append(f"a gap {where}: {_size(part)}")
    return found


def _shut_in(part: BaseGeometry, everything: BaseGeometry) -> bool:
    """Whether ``part`` has outlines nearly all around: a bay or the corner where two outlines meet has not."""
    edge = part.boundary
    return bool(edge.intersection(everything.buffer(1.0)).length > SHUT_IN * edge.length)


def _size(ground: BaseGeometry) -> str:
    inner = ground.representative_point()
    return f"{ground.area / 1e6:.2f} km² at {shown(inner.x, inner.y)}"

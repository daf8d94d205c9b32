"""Divide a country's ground among its units, for ``areas_build``: by what is drawn, what lies where, and how large.

Three facts about each unit are weighed against each other, since none is exact: the outline that a generalised map
draws for it or for the county it lies in, the places that are known to lie in it, and its official size. Each cell of
a grid goes to the unit that claims it best::

    claim = metres outside of the drawn outline (inside: less than zero) + pull x metres to the unit's nearest place

less an allowance, one number per unit, which is raised or lowered until the unit has its official size. Where two
units share a county, only their places and sizes part them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

CELL_M = 250
GAP_M = 4_000  # ground farther than this from every drawn outline is nobody's
ROUNDS = 200
Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a unit: ``drawn`` in metres, its places, and its official size where that is to be kept.

    ``pull`` is what a metre to its places counts against a metre to its drawn outline.
    """

    unit: str
    drawn: BaseGeometry
    places: tuple[Point, ...]
    pull: float
    size_km2: float | None = None


def divide(ground: BaseGeometry, near: BaseGeometry, claims: Sequence[Claim]) -> dict[str, BaseGeometry]:
    """The part of ``ground`` within ``near`` that each unit gets; parts do not overlap and leave no gap."""
    drawn = shapely.union_all([claim.drawn for claim in claims]).buffer(GAP_M)
    field = ground.intersection(near).intersection(drawn)
    centres = _centres(field)
    claimed = np.column_stack([_claimed(claim, centres) for claim in claims])
    shapely.prepare(field)
    counted = np.asarray(shapely.contains_xy(field, centres))
    owner = _settle(claimed, counted, claims)
    return _gathered(
        {
            claim.unit: _outline(centres[owner == number]).intersection(field)
            for number, claim in enumerate(claims)
            if (owner == number).any()
        }
    )


def _gathered(parts: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Each unit in one piece: what is cut off from the rest of its unit goes to the neighbour it touches most."""
    whole: dict[str, BaseGeometry] = {}
    loose: list[BaseGeometry] = []
    for unit, part in parts.items():
        pieces = sorted(shapely.get_parts(part), key=lambda piece: piece.area)
        whole[unit] = pieces[-1]
        loose += pieces[:-1]
    for piece in loose:
        reach = piece.buffer(1)
        touched = {unit: part.intersection(reach).area for unit, part in whole.items()}
        best = max(touched, key=lambda unit: touched[unit])
        if touched[best] > 0:
            whole[best] = whole[best].union(piece)
    return whole


def _centres(field: BaseGeometry) -> Numbers:
    """The centres of all cells that may touch ``field``."""
    west, south, east, north = (np.round(bound / CELL_M) * CELL_M for bound in field.bounds)
    xs, ys = np.arange(west - CELL_M, east + CELL_M, CELL_M), np.arange(south - CELL_M, north + CELL_M, CELL_M)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    wide = field.buffer(CELL_M)
    shapely.prepare(wide)
    return grid[shapely.contains_xy(wide, grid)]


def _claimed(claim: Claim, centres: Numbers) -> Numbers:
    points = np.asarray(shapely.points(centres))
    shapely.prepare(claim.drawn)
    outside = shapely.distance(claim.drawn, points)
    depth = shapely.distance(claim.drawn.boundary, points) * (outside == 0)
    pulled = shapely.distance(MultiPoint(claim.places), points) if claim.places else np.zeros(len(points))
    claimed: Numbers = outside - depth + claim.pull * pulled
    return claimed


def _settle(claimed: Numbers, counted: npt.NDArray[np.bool_], claims: Sequence[Claim]) -> Labels:
    """The owner of each cell, after allowances have brought units of known size to it."""
    sizes = np.array([np.nan if claim.size_km2 is None else claim.size_km2 * 1e6 for claim in claims])
    allowance = np.zeros(len(claims))
    best, left = allowance, np.inf  # in metres of claim
    for _ in range(ROUNDS):
        owner = np.argmin(claimed - allowance, axis=1)
        lacking = np.nan_to_num(sizes - np.bincount(owner[counted], minlength=len(claims)) * CELL_M**2)
        if np.abs(lacking).sum() < left:
            best, left = allowance, np.abs(lacking).sum()
        allowance = allowance + lacking / (8 * np.sqrt(np.nan_to_num(sizes, nan=1.0)))
    settled: Labels = np.argmin(claimed - best, axis=1)
    return settled


def _outline(centres: Numbers) -> BaseGeometry:
    half = CELL_M / 2
    xs, ys = centres.T
    cells: BaseGeometry = shapely.union_all(shapely.box(xs - half, ys - half, xs + half, ys + half))
    return cells

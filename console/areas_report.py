"""What an import of official outlines would change, for people."""

from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry

from console.areas_fit import Fitted
from console.areas_match import Matched
from schemas.policy.models import Geography, Outline
from streams.rules.places.shapes import area, metres

UNLIKE = 0.5
"""Less in common with today's outline than this (IoU) is another municipality, not a better outline."""

MAX_LISTED = 20
_WATERS = ("lake", "river")


def unlike(geography: Geography, matched: Matched) -> list[str]:
    """Outlines that have so little in common with today's that they must be of something else."""
    found = []
    for outline in geography.outlines:
        new = matched.units.get(outline.id)
        if new is not None and (iou := _iou(area(outline), new)) < UNLIKE and outline.kind != "neighbour":
            title = matched.titles[outline.id]
            found.append(
                f"{title} was taken for {outline.id}, but has little in common with its outline of today "
                f"(IoU {iou:.2f}): is it another one? say which with --match ID=UNIT"
            )
    return found


def report(geography: Geography, matched: Matched, fitted: Fitted, source: str) -> Iterator[str]:
    """Each new outline against today's, places that change hands, what was not recognised, what stays approximate."""
    today = {outline.id: outline for outline in geography.outlines}
    yield f"source: {source}; simplified by at most {fitted.tolerance_m:.0f} m"
    for key in sorted(fitted.fresh):
        yield _compared(key, matched.titles.get(key, ""), today[key], fitted.areas[key])
    yield from (f"! {note}" for note in matched.notes)
    known = sorted(set(matched.units) - set(today))
    if known:
        yield f"· {len(known)} municipalities are known but not drawn by this policy: {_listed(known)}"
    if matched.unknown:
        yield f"! {len(matched.unknown)} features were not recognised and are left out: {_listed(matched.unknown)}"
    moved = list(_moved(geography, today, fitted))
    yield f"{len(moved)} places of the gazetteer change municipality" + (":" if moved else "")
    yield from (f"    {line}" for line in moved[:MAX_LISTED])
    if len(moved) > MAX_LISTED:
        yield f"    and {len(moved) - MAX_LISTED} more"
    left = [key for key, one in today.items() if one.kind in ("covered", "successor") and key not in fitted.official]
    yield f"still approximate: {', '.join(left)}" if left else "all covered areas and their successors are official"
    yield "the border is drawn between official outlines where both sides have one, and stays approximate elsewhere"


def _compared(key: str, title: str, outline: Outline, new: BaseGeometry) -> str:
    old = area(outline)
    changed = old.symmetric_difference(new).area / old.area
    sizes = f"{new.area / 1e6:.0f} km² (was {old.area / 1e6:.0f})"
    return f"✓ {key:<18} {title}: {sizes}, {changed:.1%} changed, IoU {_iou(old, new):.3f}"


def _iou(one: BaseGeometry, other: BaseGeometry) -> float:
    return float(one.intersection(other).area / one.union(other).area)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _moved(geography: Geography, today: dict[str, Outline], fitted: Fitted) -> Iterator[str]:
    """Places whose position falls into another outline than before."""
    order = [one.id for kind in ("covered", "successor", "neighbour") for one in today.values() if one.kind == kind]
    old = {key: area(today[key]) for key in order}
    for new in fitted.areas.values():
        shapely.prepare(new)
    for place in geography.places:
        at = metres(place.point)
        if at is None or place.kind in _WATERS:
            continue
        before = next((key for key in order if old[key].covers(at)), "none")
        after = next((key for key in order if fitted.areas[key].covers(at)), "none")
        if before != after:
            own = "" if after in (place.unit, "none") else f"; the gazetteer says {place.unit}"
            yield f"{place.id}: {before} → {after}{own}"

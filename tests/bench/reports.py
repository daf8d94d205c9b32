"""Events to measure with: drawn from a seed, all valid, all leading to somebody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

import shapely

from schemas.event import EmergencyEvent, FreeText
from schemas.policy.models import Outline, Policy
from schemas.vocabulary import NeedKind

FIRES = ("peat_fire", "forest_fire", "structure_fire", "grass_fire")

Reports = Iterator[EmergencyEvent]


def report(number: int, party: str, place: dict[str, Any], **more: Any) -> EmergencyEvent:
    """A severe live report by ``party``; ``more`` are further fields."""
    now = datetime.now(UTC)
    body = {
        "event_id": f"ev-bench-{number}-{now.timestamp():.6f}",
        "incident_id": f"in-bench-{number}-{now.timestamp():.6f}",
        "kind": "report",
        "status": "Actual",
        "origin": "live",
        "reporting_party": party,
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "psap_notified": {"notified": True},
        "reported_at": now,
        "recorded_at": now,
        "expires_at": now + timedelta(hours=6),
        "place": place,
        **more,
    }
    return EmergencyEvent.model_validate(body)


def by_code(policy: Policy) -> Reports:
    """Requests for help, each in a covered area given by an administrative code only; for ever."""
    units = {unit.id: unit for unit in policy.geography.units}
    ways = [
        (party.id, {"code": code.model_dump()})
        for party in policy.parties
        for code in units[party.signatory.unit].codes
    ]
    return _fires((party, place) for party, place in cycle(ways))


def by_point(policy: Policy, seed: int = 4) -> Reports:
    """Requests for help, each at a point of its own in a covered area and nothing else said of where; for ever."""
    random = Random(seed)
    outlines = {outline.id: outline for outline in policy.geography.outlines}
    areas = [(party.id, _area(outlines[party.covered_area])) for party in policy.parties]
    return _fires((party, _point_in(area, random)) for party, area in cycle(areas))


def with_text(reports: Reports) -> Reports:
    """``reports``, each with a sentence of free text, which is searched for personal data."""
    for number, event in enumerate(reports):
        text = FreeText(text=f"Deg mežmalā, vējš no dienvidiem, {number % 900} m no ceļa.", language="lv")
        yield event.model_copy(update={"text": text})


def one_to_tell(policy: Policy) -> Reports:
    """Missing people, in turn from every party: each wakes one duty desk, by one SMS and one e-mail; for ever."""
    units = {unit.id: unit for unit in policy.geography.units}
    ways = [(party.id, {"code": units[party.signatory.unit].codes[0].model_dump()}) for party in policy.parties]
    for number, (party, place) in enumerate(cycle(ways)):
        yield report(number, party, place, event_type="missing_person", casualties={"missing": 1})


def _fires(where: Iterator[tuple[str, dict[str, Any]]]) -> Reports:
    for number, (party, place) in enumerate(where):
        need = {"kind": NeedKind.FIRE_TANKER, "count": 1 + number % 3}
        yield report(number, party, place, event_type=FIRES[number % len(FIRES)], needs=(need,))


def _area(outline: Outline) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in outline.polygons])


def _point_in(area: shapely.MultiPolygon, random: Random) -> dict[str, Any]:
    west, south, east, north = area.bounds
    while True:
        lon, lat = random.uniform(west, east), random.uniform(south, north)
        if area.contains(shapely.Point(lon, lat)):
            return {"point": {"lat": round(lat, 5), "lon": round(lon, 5)}}

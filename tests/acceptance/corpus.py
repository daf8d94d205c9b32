"""Turns facts of real incidents into events, and says by hand-made rules which party must be told of each.

The rules stand here, not in the policy: who is on the other side of each agreement, and from which severity a
kind of incident is worth telling. They are written from the agreements, not by asking the router.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "incidents.jsonl"

PARTY_OF = {
    "Rokiškio rajono savivaldybė": "rokiskis",
    "Biržų rajono savivaldybė": "birzai",
    "Joniškio rajono savivaldybė": "joniskis",
    "Bauskas novads": "vecumnieki",
    "Jēkabpils novads": "akniste",
    "Dobeles novads": "tervete",
}
PARTNER_OF = {
    "rokiskis": "akniste",
    "akniste": "rokiskis",
    "birzai": "vecumnieki",
    "vecumnieki": "birzai",
    "joniskis": "tervete",
    "tervete": "joniskis",
}
NEIGHBOUR_OF = {"LV": "vecumnieki", "LT": "birzai"}
"""Who reports what happened in a municipality that is no party: the news reaches the wrong desk."""

EVENT_TYPE_OF = {
    "structure_fire": "structure_fire",
    "road_accident": "road_accident",
    "storm": "extreme_weather",
    "animal_disease": "animal_disease",
    "grass_fire": "grass_fire",
    "flood": "flood",
    "other": "other",
    "hazmat": "hazmat",
    "missing_person": "missing_person",
    "theft": "theft",
    "disorder": "public_disorder",
    "water_pollution": "water_pollution",
    "drowning": "water_rescue",
    "border": "border_crossing",
    "vehicle_fire": "vehicle_fire",
    "peat_fire": "peat_fire",
    "ice_rescue": "ice_rescue",
    "power_outage": "power_outage",
    "poaching": "illegal_fishing",
    "forest_fire": "forest_fire",
}

RANK = {"minor": 1, "moderate": 2, "severe": 3, "extreme": 4}
TOLD_FROM = {
    **dict.fromkeys(("structure_fire", "grass_fire", "vehicle_fire", "peat_fire", "forest_fire"), 1),
    **dict.fromkeys(("animal_disease", "poaching", "missing_person", "theft", "disorder", "border"), 1),
    **dict.fromkeys(("storm", "flood", "hazmat", "water_pollution", "drowning", "ice_rescue"), 2),
    **dict.fromkeys(("road_accident", "power_outage"), 2),
    "other": 3,
}
"""The lowest severity at which a partner hears of a kind of incident, nothing having been asked for."""


@dataclass(frozen=True)
class Incident:
    """One real incident as an event to report, and the party that must be told (None: nobody)."""

    number: str
    event: dict[str, Any]
    must_be_told: str | None


def load() -> list[Incident]:
    """Every incident of the corpus."""
    return [_incident(json.loads(line)) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def _incident(row: dict[str, Any]) -> Incident:
    party = PARTY_OF.get(row["municipality"])
    event = {
        "party": party or NEIGHBOUR_OF[row["country"]],
        "event_type": EVENT_TYPE_OF[row["kind"]],
        "place": _place(row),
        "severity": row["severity_hint"].capitalize(),
        "text": {"text": row["facts"], "language": "en"},
    }
    told = party is not None and RANK[row["severity_hint"]] >= TOLD_FROM[row["kind"]]
    return Incident(row["id"], event, PARTNER_OF[party] if told and party else None)


def _place(row: dict[str, Any]) -> dict[str, Any]:
    place: dict[str, Any] = {"country": row["country"], "municipality": row["municipality"], "name": row["place"]}
    if row["parish"]:
        place["parish"] = row["parish"]
    if row["approx_lat"] is not None:
        place["point"] = {"lat": row["approx_lat"], "lon": row["approx_lon"]}
    return place

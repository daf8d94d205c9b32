"""A small policy with square municipalities: the border runs along 56.3° north, Latvia above it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.base import Country
from schemas.decision import SharedField
from schemas.event import EmergencyEvent
from schemas.place import AdminCode, CodeScheme, Point
from schemas.policy.models import (
    Agreement,
    CasedNames,
    Clause,
    Competence,
    CompetenceOf,
    Forms,
    GazetteerPlace,
    Geography,
    Ladder,
    LadderStep,
    Limits,
    Member,
    Names,
    Outline,
    Parish,
    ParishNames,
    Party,
    Policy,
    RoleInfo,
    Service,
    Signatory,
    Staff,
    Successor,
    Unit,
)
from schemas.vocabulary import EVENT_TYPES, Action, Channel, EventType, Lane, Severity

NOW = datetime(2026, 6, 5, 18, 40, tzinfo=UTC)
POLICE = tuple(kind for kind, info in EVENT_TYPES.items() if info.police)
CIVIL = tuple(kind for kind, info in EVENT_TYPES.items() if not info.police and kind is not EventType.OTHER)


def names(lv: str, lt: str | None = None) -> Names:
    return Names(lv=lv, lt=lt or lv, en=lv)


def cased(name: str) -> CasedNames:
    forms = Forms(nom=name, gen=name, loc=name)
    return CasedNames(lv=forms, lt=forms, en=name)


def iso(code: str) -> AdminCode:
    return AdminCode(scheme=CodeScheme.ISO3166_2, code=code)


def unit(id_: str, country: Country, name: str, *codes: AdminCode, successor: str | None = None) -> Unit:
    return Unit(
        id=id_, country=country, names=names(name), codes=codes, former=successor is not None, successor=successor
    )


UNITS = (
    unit("bauska", "LV", "Bauskas novads", iso("LV-016"), AdminCode(scheme=CodeScheme.ATVK, code="0025000")),
    unit("bauska_2009", "LV", "Bauskas novads", successor="bauska"),
    unit("vecumnieki", "LV", "Vecumnieku novads", iso("LV-105"), successor="bauska"),
    unit("jekabpils", "LV", "Jēkabpils novads", iso("LV-042")),
    unit("akniste", "LV", "Aknīstes novads", iso("LV-004"), successor="jekabpils"),
    unit("viesite", "LV", "Viesītes novads", successor="jekabpils"),
    unit("aizkraukle", "LV", "Aizkraukles novads", iso("LV-002")),
    unit("birzai", "LT", "Biržų rajono savivaldybė", iso("LT-06"), AdminCode(scheme=CodeScheme.LAU, code="36")),
    unit("rokiskis", "LT", "Rokiškio rajono savivaldybė", iso("LT-40")),
    unit("pasvalys", "LT", "Pasvalio rajono savivaldybė", iso("LT-32")),
)


def parish(id_: str, lv: str, full: str, unit_: str, former: str | None, country: Country = "LV") -> Parish:
    short = full.replace("pagasts", "pag.").replace("seniūnija", "sen.")
    return Parish(
        id=id_,
        country=country,
        kind="pagasts" if country == "LV" else "seniunija",
        names=names(lv),
        display=ParishNames(lv=full, lt=full, lv_short=short, lt_short=short),
        unit=unit_,
        former_unit=former,
        codes=(AdminCode(scheme=CodeScheme.ATVK, code="0025350"),) if id_ == "skaistkalne_pag" else (),
    )


PARISHES = (
    parish("skaistkalne_pag", "Skaistkalne", "Skaistkalnes pagasts", "bauska", "vecumnieki"),
    parish("brunava_pag", "Brunava", "Brunavas pagasts", "bauska", "bauska_2009"),
    parish("rite_pag", "Rite", "Rites pagasts", "jekabpils", "viesite"),
    parish("garsene_pag", "Gārsene", "Gārsenes pagasts", "jekabpils", "akniste"),
    parish("papilys_sen", "Papilys", "Papilio seniūnija", "birzai", None, "LT"),
)


def place(id_: str, name: str, unit_: str, parish_: str | None, lat: float, lon: float, **more: Any) -> GazetteerPlace:
    point = Point(lat=lat, lon=lon)
    return GazetteerPlace(id=id_, kind="village", names=names(name), unit=unit_, parish=parish_, point=point, **more)


PLACES = (
    place("skaistkalne", "Skaistkalne", "bauska", "skaistkalne_pag", 56.38, 24.64),
    place("brunava", "Brunava", "bauska", "brunava_pag", 56.36, 24.2),
    place("ilzu_ezers", "Ilzu ezers", "jekabpils", "rite_pag", 56.3, 25.4, shared_with="rokiskis"),
    place("onuskis", "Onuškis", "rokiskis", None, 56.13, 25.53),
    place("papilys", "Papilys", "birzai", "papilys_sen", 56.16, 25.02),
    place("priedes_lv", "Priedes", "bauska", "skaistkalne_pag", 56.45, 24.7),
    place("priedes_lt", "Priedes", "rokiskis", None, 56.0, 25.6),
    place("vecmuiza", "Vecmuiža", "bauska", None, 56.6, 24.6),
)


def box(
    west: float, south: float, east: float, north: float
) -> tuple[tuple[tuple[tuple[float, float], ...], ...], ...]:
    return ((((west, south), (east, south), (east, north), (west, north), (west, south)),),)


OUTLINES = (
    Outline(id="LV", unit=None, country="LV", kind="country", polygons=box(21, 56.3, 28, 58)),
    Outline(id="LT", unit=None, country="LT", kind="country", polygons=box(21, 54, 27, 56.3)),
    Outline(id="bauska", unit="bauska", country="LV", kind="successor", polygons=box(24.0, 56.3, 25.0, 56.7)),
    Outline(id="vecumnieki", unit="vecumnieki", country="LV", kind="covered", polygons=box(24.4, 56.3, 25.0, 56.7)),
    Outline(id="aizkraukle", unit="aizkraukle", country="LV", kind="neighbour", polygons=box(25.0, 56.3, 25.2, 56.7)),
    Outline(id="jekabpils", unit="jekabpils", country="LV", kind="successor", polygons=box(25.2, 56.3, 26.2, 56.8)),
    Outline(id="akniste", unit="akniste", country="LV", kind="covered", polygons=box(25.6, 56.3, 26.0, 56.6)),
    Outline(id="birzai", unit="birzai", country="LT", kind="covered", polygons=box(24.4, 55.9, 25.1, 56.3)),
    Outline(id="rokiskis", unit="rokiskis", country="LT", kind="covered", polygons=box(25.1, 55.9, 26.0, 56.3)),
    Outline(id="pasvalys", unit="pasvalys", country="LT", kind="neighbour", polygons=box(24.0, 55.9, 24.4, 56.3)),
)

GEOGRAPHY = Geography(
    units=UNITS,
    parishes=PARISHES,
    places=PLACES,
    outlines=OUTLINES,
    border=((23.0, 56.3), (27.0, 56.3)),
    border_band_m=1000,
)


def party(id_: str, country: Country, name: str, today: str) -> Party:
    return Party(
        id=id_,
        country=country,
        language="lv" if country == "LV" else "lt",
        time_zone="Europe/Riga" if country == "LV" else "Europe/Vilnius",
        short=cased(name),
        signatory=Signatory(name=cased(name), unit=id_),
        current_party=Successor(name=cased(name), unit=today),
        covered_area=id_,
        offices={"duty_desk": "+37163900000", "fire_chief": "+37163900001"},
    )


PARTIES = (
    party("vecumnieki", "LV", "Bauska", "bauska"),
    party("birzai", "LT", "Biržai", "birzai"),
    party("akniste", "LV", "Jēkabpils", "jekabpils"),
    party("rokiskis", "LT", "Rokiškis", "rokiskis"),
)

ALL_FIELDS = tuple(SharedField)
NOTICE = (SharedField.SEVERITY, SharedField.PARISH, SharedField.CALLBACK)


def agreement(left: str, right: str, successor_area: str = "warn", police_action: Action = Action.REFER) -> Agreement:
    both = (left, right)
    common: dict[str, Any] = {"askers": both, "ladder": "fire", "lane": Lane.URGENT}
    return Agreement.model_validate(
        {
            "id": f"{left}-{right}",
            "title": names(f"{left}-{right}"),
            "parties": both,
            "signed": date(2021, 6, 1),
            "successor_area": successor_area,
            "data_exchange": {"all": ALL_FIELDS, "notice": NOTICE},
            "follow_up_share": "notice",
            "clauses": (
                Clause(id="police", action=police_action, event_types=POLICE, share="all", **common),
                Clause(
                    id="help",
                    action=Action.HELP,
                    event_types=CIVIL,
                    needs="required",
                    share="all",
                    reply_within=900,
                    **common,
                ),
                Clause(
                    id="inform",
                    action=Action.INFORM,
                    event_types=CIVIL,
                    min_severity=Severity.MODERATE,
                    share="notice",
                    **common,
                ),
            ),
        }
    )


def _staff(party_id: str) -> dict[str, Staff]:
    both = (Channel.SMS, Channel.EMAIL)
    desk = Staff(
        live=(Member(contact=f"{party_id}-desk", channels=both),),
        exercise=(Member(contact=f"{party_id}-desk-x", channels=both),),
    )
    chief = Staff(
        live=(
            Member(contact=f"{party_id}-chief", channels=(Channel.SMS,)),
            Member(contact=f"{party_id}-desk", channels=both),
        ),
        exercise=(Member(contact=f"{party_id}-chief-x", channels=(Channel.EMAIL,)),),
    )
    return {"duty_desk": desk, "fire_chief": chief}


LADDER = Ladder(
    id="fire",
    steps=(
        LadderStep(
            roles=("duty_desk", "fire_chief"),
            channels=(Channel.SMS, Channel.EMAIL),
            send_within=120,
            answer_within=300,
        ),
        LadderStep(roles=("volunteers",), channels=(Channel.SMS,), send_within=120),
    ),
)


def policy(**changes: Any) -> Policy:
    """The policy, with some of its parts replaced."""
    one = Competence(LV=CompetenceOf(lead="vugd"), LT=CompetenceOf(lead="pagd"))
    parts: dict[str, Any] = {
        "limits": Limits(repeat_window=86400, clock_skew=300),
        "parties": PARTIES,
        "agreements": (agreement("vecumnieki", "birzai"), agreement("akniste", "rokiskis")),
        "services": (
            Service(id="vugd", country="LV", name="VUGD", names=names("VUGD")),
            Service(id="pagd", country="LT", name="PAGD", names=names("PAGD")),
        ),
        "competence": dict.fromkeys(EventType, one),
        "roles": (
            RoleInfo(id="duty_desk", names=names("duty desk")),
            RoleInfo(id="fire_chief", names=names("fire chief")),
        ),
        "staff": {each.id: _staff(each.id) for each in PARTIES},
        "ladders": (LADDER,),
        "geography": GEOGRAPHY,
        "texts": {},
    }
    return Policy(**(parts | changes))


def event(**changes: Any) -> EmergencyEvent:
    """A severe peat fire in Skaistkalne that Vecumnieki's successor reports, with changes."""
    fields: dict[str, Any] = {
        "event_id": "ev-1",
        "incident_id": "in-1",
        "kind": "report",
        "status": "Actual",
        "origin": "live",
        "reporting_party": "vecumnieki",
        "event_type": "peat_fire",
        "severity": "Severe",
        "place": {"name": "Skaistkalne"},
        "psap_notified": {"notified": True},
        "reported_at": NOW,
        "expires_at": NOW + timedelta(hours=6),
        "recorded_at": NOW + timedelta(seconds=2),
    }
    return EmergencyEvent.model_validate(fields | changes)

"""A small policy around the real words, and notifications about events in it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from schemas.base import Lang
from schemas.decision import SharedFacts
from schemas.event import Need
from schemas.notification import Notification
from schemas.place import PlaceCertainty, Point, ResolvedPlace
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
    Names,
    Parish,
    ParishNames,
    Party,
    Policy,
    RoleInfo,
    Service,
    Signatory,
    Successor,
    Unit,
)
from schemas.policy.texts import Texts
from schemas.vocabulary import Action, Channel, EventType, Lane, NeedKind, Origin, Severity, Status, Template

TEXTS = Path(__file__).parents[2] / "deploy" / "policy" / "texts"
LANGUAGES: tuple[Lang, ...] = ("lv", "lt", "en")
AT = datetime(2026, 7, 5, 18, 40, tzinfo=UTC)
"""21.40 on the clocks of both countries."""

SKAISTKALNE = ResolvedPlace(
    country="LV",
    unit="bauska",
    parish="skaistkalne_pag",
    point=Point(lat=56.3801, lon=24.6402),
    certainty=PlaceCertainty.CODE,
    explanation="parish code",
)


def source(language: Lang) -> dict[str, Any]:
    """The words of ``language`` as their file has them."""
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load((TEXTS / f"{language}.yaml").read_text("utf-8"))
    return loaded


def _names(lv: str, lt: str, en: str) -> Names:
    return Names(lv=lv, lt=lt, en=en)


def _cased(lv: str, lt: str, en: str) -> CasedNames:
    return CasedNames(lv=Forms(nom=lv, gen=lv, loc=lv), lt=Forms(nom=lt, gen=lt, loc=lt), en=en)


def _party(party: str, country: str, unit: str, name: CasedNames, short: CasedNames, offices: dict[str, str]) -> Party:
    return Party.model_validate(
        {
            "id": party,
            "country": country,
            "language": country.lower(),
            "time_zone": "Europe/Riga" if country == "LV" else "Europe/Vilnius",
            "short": short,
            "signatory": Signatory(name=name, unit=unit),
            "current_party": Successor(name=name, unit=unit),
            "covered_area": unit,
            "offices": offices,
        }
    )


def _geography() -> Geography:
    return Geography(
        units=(
            Unit(
                id="bauska", country="LV", names=_names("Bauskas novads", "Bauskės savivaldybė", "Bauska Municipality")
            ),
            Unit(
                id="birzai",
                country="LT",
                names=_names("Biržu rajona pašvaldība", "Biržų rajono savivaldybė", "Biržai District Municipality"),
            ),
        ),
        parishes=(
            Parish(
                id="skaistkalne_pag",
                country="LV",
                kind="pagasts",
                names=_names("Skaistkalne", "Skaistkalnė", "Skaistkalne"),
                display=ParishNames(
                    lv="Skaistkalnes pagasts",
                    lt="Skaistkalnės valsčius",
                    lv_short="Skaistkalnes pag.",
                    lt_short="Skaistkalnės vls.",
                ),
                unit="bauska",
            ),
            Parish(
                id="radviliskis_sen",
                country="LT",
                kind="seniunija",
                names=_names("Nemunēļa Radvilišķi", "Nemunėlio Radviliškis", "Nemunėlio Radviliškis"),
                display=ParishNames(
                    lv="Nemunēļa Radvilišķu seņūnija",
                    lt="Nemunėlio Radviliškio seniūnija",
                    lv_short="Nemunēļa Radvilišķu seņ.",
                    lt_short="Nemunėlio Radviliškio sen.",
                ),
                unit="birzai",
            ),
        ),
        places=(
            GazetteerPlace(
                id="skaistkalne",
                kind="village",
                names=_names("Skaistkalne", "Skaistkalnė", "Skaistkalne"),
                unit="bauska",
                parish="skaistkalne_pag",
                point=Point(lat=56.382, lon=24.646),
            ),
            GazetteerPlace(
                id="eikesi",
                kind="village",
                names=_names("Eikši", "Eikšiai", "Eikši"),
                unit="bauska",
                parish="skaistkalne_pag",
                point=Point(lat=56.4, lon=24.6),
            ),
        ),
        outlines=(),
        border=(),
        border_band_m=500,
    )


def _agreement() -> Agreement:
    clause = Clause(
        id="help",
        askers=("vecumnieki", "birzai"),
        action=Action.HELP,
        event_types=tuple(EventType),
        share="all",
        ladder="first",
        lane=Lane.URGENT,
    )
    return Agreement(
        id="birzai-vecumnieki",
        title=_names(
            "Biržu un Vecumnieku vienošanās", "Biržų ir Vecumniekų susitarimas", "Biržai–Vecumnieki agreement"
        ),
        parties=("birzai", "vecumnieki"),
        signed=date(2021, 6, 1),
        successor_area="warn",
        data_exchange={"all": ()},
        follow_up_share="all",
        clauses=(clause,),
    )


def small_policy() -> Policy:
    """Two parties, two parishes, two places, and the real words of all three languages."""
    bauska = _cased("Bauskas novads", "Bauskės savivaldybė", "Bauska Municipality")
    birzai = _cased("Biržu rajona pašvaldība", "Biržų rajono savivaldybė", "Biržai District Municipality")
    bauska_short, birzai_short = _cased("Bauska", "Bauskė", "Bauska"), _cased("Birži", "Biržai", "Biržai")
    competence = Competence(LV=CompetenceOf(lead="vp", assists=("vugd",)), LT=CompetenceOf(lead="pagd"))
    return Policy(
        limits=Limits.model_validate({"repeat_window": "1 d", "clock_skew": "5 min"}),
        parties=(
            _party(
                "vecumnieki",
                "LV",
                "bauska",
                bauska,
                bauska_short,
                {"duty_desk": "+37163900000", "fire": "+37163900002"},
            ),
            _party("birzai", "LT", "birzai", birzai, birzai_short, {"duty_desk": "+37045000000"}),
        ),
        agreements=(_agreement(),),
        services=(
            Service(
                id="vp", country="LV", name="VP", names=_names("Valsts policija", "Latvijos policija", "State Police")
            ),
            Service(id="vugd", country="LV", name="VUGD", names=_names("VUGD", "VUGD", "VUGD")),
            Service(id="pagd", country="LT", name="PAGD", names=_names("PAGD", "PAGD", "PAGD")),
        ),
        competence=dict.fromkeys(EventType, competence),
        roles=(RoleInfo(id="fire_chief", names=_names("ugunsdzēsēju vadītājs", "ugniagesių vadovas", "fire chief")),),
        staff={},
        ladders=(
            Ladder(
                id="first",
                steps=(
                    LadderStep.model_validate(
                        {
                            "roles": ("fire_chief",),
                            "channels": ("sms",),
                            "send_within": "2 min",
                            "answer_within": "10 min",
                        }
                    ),
                ),
            ),
        ),
        geography=_geography(),
        texts={language: Texts.model_validate(source(language)) for language in LANGUAGES},
    )


def facts(**given: Any) -> SharedFacts:
    """The forest fire of the model texts, with ``given`` changed."""
    fire: dict[str, Any] = {
        "event_type": EventType.FOREST_FIRE,
        "severity": Severity.SEVERE,
        "occurred_at": AT,
        "needs": (Need(kind=NeedKind.FIRE_TANKER, count=1),),
        "callback_role": "duty_desk",
        "place": SKAISTKALNE,
    }
    return SharedFacts.model_validate(fire | given)


def notification(**given: Any) -> Notification:
    """A request for help from Vecumnieki to Biržai, with ``given`` changed; ``about`` are facts to change."""
    about: dict[str, Any] = given.pop("about", {})
    request: dict[str, Any] = {
        "notification_id": "nt-1",
        "attempt": 1,
        "incident_id": "in-1",
        "event_id": "ev-1",
        "revision": 1,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "policy_version": "0" * 64,
        "agreement": "birzai-vecumnieki",
        "clause": "help",
        "asking_party": "vecumnieki",
        "party": "birzai",
        "language": "lt",
        "role": "fire_chief",
        "contact_id": "birzai-chief",
        "channel": Channel.SMS,
        "lane": Lane.URGENT,
        "step": 0,
        "template": Template.HELP,
        "action": Action.HELP,
        "code": "7F2K",
        "facts": facts(**about),
        "reply_within_s": 600,
        "decided_at": AT + timedelta(minutes=5),
        "expires_at": AT + timedelta(hours=6),
    }
    return Notification.model_validate(request | given)


POLICY = small_policy()

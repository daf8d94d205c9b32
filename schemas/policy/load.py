"""Loads a policy directory, or names every mistake in it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from schemas.policy.areas_file import BorderFile, OutlinesFile
from schemas.policy.checks import check
from schemas.policy.files import (
    LANGUAGES,
    CompetenceFile,
    LaddersFile,
    PartiesFile,
    RolesFile,
    RostersFile,
    SettingsFile,
    UpkeepFile,
)
from schemas.policy.geography_file import PlacesFile, UnitsFile
from schemas.policy.mistakes import Mistake, PolicyMistakes, errors_of
from schemas.policy.models import Geography, Policy
from schemas.policy.parts import BORDER, OUTLINES, RATES, ROSTERS, UPKEEP, Parts, read_parts
from schemas.policy.rates import Rates
from schemas.policy.texts import Texts

__all__ = ["LoadedPolicy", "Mistake", "PolicyMistakes", "load_policy", "read_policy"]


@dataclass(frozen=True)
class LoadedPolicy:
    """What came of reading a policy directory: the policy if it can be used, and every mistake and warning."""

    policy: Policy | None
    mistakes: tuple[Mistake, ...]


def load_policy(directory: Path) -> Policy:
    """The policy of ``directory``. Warnings are passed over; ``read_policy`` gives them.

    Raises:
        PolicyMistakes: it cannot be used; all mistakes with file and line.
    """
    loaded = read_policy(directory)
    if loaded.policy is None:
        raise PolicyMistakes(errors_of(loaded.mistakes))
    return loaded.policy


def read_policy(directory: Path) -> LoadedPolicy:
    """Read and check ``directory``; never raises for what is in it."""
    if not directory.is_dir():
        mistake = Mistake(str(directory), 0, "", "there is no such directory", "name a policy directory")
        return LoadedPolicy(None, (mistake,))
    parts = read_parts(directory)
    mistakes = tuple(sorted({*parts.mistakes, *check(parts)}))
    if errors_of(mistakes):
        return LoadedPolicy(None, mistakes)
    try:
        return LoadedPolicy(_assembled(parts), mistakes)
    except ValidationError as error:
        # The files fit one by one and the checks found nothing: what is left is a rule of the whole policy.
        whole = Mistake(str(directory), 0, "", str(error.errors()[0]["msg"]), "correct the named part")
        return LoadedPolicy(None, (*mistakes, whole))


def _assembled(parts: Parts) -> Policy:
    """One policy from files of which none had an error."""
    settings = parts.need("policy.yaml", SettingsFile)
    competence = parts.need("competence.yaml", CompetenceFile)
    roles = parts.need("roles.yaml", RolesFile)
    upkeep = parts.get(UPKEEP, UpkeepFile) or UpkeepFile()
    rosters = parts.get(ROSTERS, RostersFile)
    return Policy(
        limits=settings.limits,
        parties=parts.need("parties.yaml", PartiesFile).parties,
        agreements=tuple(parts.agreements().values()),
        services=competence.services,
        competence=competence.competence,
        roles=roles.roles,
        staff=roles.staff,
        rosters=rosters.rosters if rosters else {},
        ladders=parts.need("ladders.yaml", LaddersFile).ladders,
        geography=_geography(parts, settings.border_band_m),
        retention=settings.retention,
        rates=parts.get(RATES, Rates) or Rates(),
        texts={language: parts.need(f"texts/{language}.yaml", Texts) for language in LANGUAGES},
        canary=upkeep.canary,
        contact_checks=upkeep.contact_checks,
        change=settings.change,
    )


def _geography(parts: Parts, border_band_m: int) -> Geography:
    file = parts.need("units.yaml", UnitsFile)
    countries = {unit.id: unit.country for unit in file.units}
    return Geography(
        units=tuple(unit.unit() for unit in file.units),
        parishes=tuple(parish.parish() for parish in file.parishes),
        places=tuple(place.place(countries[place.unit]) for place in parts.need("places.yaml", PlacesFile).places),
        outlines=tuple(feature.outline() for feature in parts.need(OUTLINES, OutlinesFile).features),
        border=parts.need(BORDER, BorderFile).features[0].geometry.coordinates,
        border_band_m=border_band_m,
    )

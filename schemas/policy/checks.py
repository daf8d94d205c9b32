"""What single files cannot know: references between them, duplicate ids, things that could never work.

Each check reads the parts it needs and says nothing where one of those did not fit, so that one broken file
hides no mistake of another.
"""

from collections.abc import Callable, Iterable, Iterator

from schemas.policy.areas_file import OutlinesFile
from schemas.policy.clause_checks import check_agreements, check_clauses, check_police_types
from schemas.policy.duplicates import duplicates
from schemas.policy.files import CompetenceFile, LaddersFile, PartiesFile, RolesFile
from schemas.policy.geography_checks import check_geography
from schemas.policy.mistakes import Mistake
from schemas.policy.parts import OUTLINES, Parts
from schemas.policy.rate_checks import check_rates
from schemas.policy.roster_checks import check_rosters
from schemas.policy.shape import hint
from schemas.policy.source import Loc
from schemas.policy.staff_checks import check_ladders, check_reachable, check_staff
from schemas.policy.texts import Texts
from schemas.policy.upkeep_checks import check_upkeep
from schemas.vocabulary import EventType

DUTY_DESK = "duty_desk"
"""The office every party must have: the number a partner is told to call back when an event names none."""


def check(parts: Parts) -> tuple[Mistake, ...]:
    """Every mistake that shows only between files."""
    return tuple(mistake for one in CHECKS for mistake in one(parts))


def check_parties(parts: Parts) -> Iterator[Mistake]:
    """Party ids stand once, each has a duty desk line, and its units and its covered area exist."""
    file = parts.get("parties.yaml", PartiesFile)
    if file is None:
        return
    source = parts.sources["parties.yaml"]
    yield from duplicates(source, "parties", (party.id for party in file.parties))
    outlines = parts.get(OUTLINES, OutlinesFile)
    roles = parts.get("roles.yaml", RolesFile)
    known = {role.id for role in roles.roles} if roles else set()
    given = [feature.properties for feature in outlines.features] if outlines else []
    areas = {outline.id for outline in given if outline.kind == "covered"}
    for index, party in enumerate(file.parties):
        at = ("parties", index)
        if DUTY_DESK not in party.offices:
            problem = f"party '{party.id}' has no duty_desk line under offices, so nobody could call it back"
            yield source.mistake((*at, "offices"), problem, "add duty_desk: '+371…' or '+370…'")
        for office in party.offices if roles else ():
            if office not in known:
                problem = f"the office '{office}' is no role of roles.yaml"
                yield source.mistake((*at, "offices", office), problem, hint(office, known, "roles"))
        if outlines and party.covered_area not in areas:
            problem = f"the covered area '{party.covered_area}' has no outline of kind covered in {OUTLINES}"
            yield source.mistake((*at, "covered_area"), problem, hint(party.covered_area, areas, "outlines there"))
        zone = "Europe/Riga" if party.country == "LV" else "Europe/Vilnius"
        if party.time_zone != zone:
            problem = f"party '{party.id}' lies in {party.country}, but its time zone is {party.time_zone}"
            yield source.mistake((*at, "time_zone"), problem, f"write {zone}", warning=True)


def check_competence(parts: Parts) -> Iterator[Mistake]:
    """Service ids stand once, every event type has competence, and it names services of the right country."""
    file = parts.get("competence.yaml", CompetenceFile)
    if file is None:
        return
    source = parts.sources["competence.yaml"]
    yield from duplicates(source, "services", (service.id for service in file.services))
    for kind in EventType:
        if kind not in file.competence:
            problem = f"nobody is competent for the event type '{kind.value}'"
            yield source.mistake(("competence",), problem, f"add {kind.value}: with LV and LT")
    countries = {service.id: service.country for service in file.services}
    for kind, both in file.competence.items():
        for country, side in (("LV", both.LV), ("LT", both.LT)):
            at = ("competence", kind.value, country)
            named: list[tuple[Loc, str]] = [((*at, "lead"), side.lead)]
            named += [((*at, "assists", index), assist) for index, assist in enumerate(side.assists)]
            for loc, service in named:
                if service not in countries:
                    problem = f"there is no service '{service}'"
                    yield source.mistake(loc, problem, hint(service, countries, "services"))
                elif countries[service] != country:
                    problem = f"service '{service}' belongs to {countries[service]}, not to {country}"
                    yield source.mistake(loc, problem, f"name a service of {country}")


def check_roles_and_ladders_once(parts: Parts) -> Iterator[Mistake]:
    """Ids of roles and ladders stand once."""
    roles, ladders = parts.get("roles.yaml", RolesFile), parts.get("ladders.yaml", LaddersFile)
    if roles:
        yield from duplicates(parts.sources["roles.yaml"], "roles", (role.id for role in roles.roles))
    if ladders:
        yield from duplicates(parts.sources["ladders.yaml"], "ladders", (ladder.id for ladder in ladders.ladders))


_SECTIONS = ("answers", "service", "replies")
"""Sections of a file of texts that only policies published in earlier days may lack."""


def check_texts(parts: Parts) -> Iterator[Mistake]:
    """A file of texts is in the language its name says, and has every section."""
    for name, model in parts.models.items():
        for section in _SECTIONS if isinstance(model, Texts) else ():
            if getattr(model, section) is None:
                problem = f"the section '{section}' is missing, so such texts could not be written"
                yield parts.sources[name].mistake((), problem, f"add {section}: as deploy/policy/{name} has it")
        if isinstance(model, Texts) and name != f"texts/{model.language}.yaml":
            problem = f"{name} says it is in language '{model.language}'"
            yield parts.sources[name].mistake(("language",), problem, "correct the language or the file's name")


CHECKS: tuple[Callable[[Parts], Iterable[Mistake]], ...] = (
    check_parties,
    check_competence,
    check_roles_and_ladders_once,
    check_texts,
    check_agreements,
    check_clauses,
    check_police_types,
    check_staff,
    check_rosters,
    check_ladders,
    check_reachable,
    check_upkeep,
    check_rates,
    check_geography,
)
"""Every check, in the order of a reader's interest."""

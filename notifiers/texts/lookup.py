"""What a notification's ids stand for in the policy: parties, offices, services, places in the reader's words."""

from dataclasses import dataclass

from notifiers.texts.wording import Unrenderable, fill, one_line
from schemas.base import Country, Lang
from schemas.decision import SharedFacts
from schemas.notification import Notification
from schemas.place import PlaceCertainty, Point, ResolvedPlace
from schemas.policy.models import Agreement, CasedNames, GazetteerPlace, Parish, Party, Policy, Unit
from schemas.policy.texts import Texts

DUTY_DESK = "duty_desk"
"""The office that answers where an event names none, or one the party does not list."""


@dataclass(frozen=True)
class PlaceWords:
    """A place in the reader's language.

    ``name`` is the named place (``reported``: as the reporter wrote it, not found in the gazetteer), ``area``
    the parish or else the municipality, ``area_short`` the same for an SMS; ``name_in_area`` says that the
    area's name already says the name. ``coordinates`` are "lat,lon" with four decimals, ``approximate`` where
    they are the named place's own and not the event's. ``local`` is how people there call it, where that
    differs.
    """

    name: str | None
    reported: bool
    area: str
    area_short: str
    name_in_area: bool
    municipality: str
    mark: str
    coordinates: str | None
    approximate: bool
    side_uncertain: bool
    local: str | None


def party_of(policy: Policy, party_id: str) -> Party:
    """The party with that id.

    Raises:
        Unrenderable: the policy has no such party.
    """
    party = next((party for party in policy.parties if party.id == party_id), None)
    if party is None:
        raise Unrenderable(f"the policy has no party {party_id}")
    return party


def agreement_of(policy: Policy, agreement_id: str) -> Agreement:
    """The agreement with that id.

    Raises:
        Unrenderable: the policy has no such agreement.
    """
    agreement = next((agreement for agreement in policy.agreements if agreement.id == agreement_id), None)
    if agreement is None:
        raise Unrenderable(f"the policy has no agreement {agreement_id}")
    return agreement


def callback_number(notification: Notification, policy: Policy) -> str:
    """The asking party's office line to call back: the event's role, else the duty desk, else its first.

    Raises:
        Unrenderable: the party lists no office at all.
    """
    return office_number(party_of(policy, notification.asking_party), notification.facts.callback_role)


def office_number(party: Party, role: str | None) -> str:
    """The office line of ``role`` at ``party``, else its duty desk's, else its first.

    Raises:
        Unrenderable: the party lists no office at all.
    """
    for office in (role, DUTY_DESK, *party.offices):
        if office in party.offices:
            return party.offices[office]
    raise Unrenderable(f"party {party.id} lists no office to call back")


def nominative(names: CasedNames, language: Lang) -> str:
    """The name in ``language``, in the nominative."""
    if language == "en":
        return names.en
    return names.lv.nom if language == "lv" else names.lt.nom


def service_name(policy: Policy, service_id: str, language: Lang) -> str:
    """A service's name in ``language``.

    Raises:
        Unrenderable: the policy has no such service.
    """
    service = next((service for service in policy.services if service.id == service_id), None)
    if service is None:
        raise Unrenderable(f"the policy has no service {service_id}")
    return service.names.of(language)


def incident_country(notification: Notification, policy: Policy) -> Country:
    """The country the event is in; without a place, the asking party's."""
    place = notification.facts.place
    return place.country if place else party_of(policy, notification.asking_party).country


def lead_service(notification: Notification, policy: Policy, language: Lang) -> str:
    """Name of the service that leads in the country of the event.

    Raises:
        Unrenderable: the policy has no such service.
    """
    facts = notification.facts
    country = incident_country(notification, policy)
    return service_name(policy, facts.lead_service or policy.competence[facts.event_type].of(country).lead, language)


def role_name(policy: Policy, role_id: str, language: Lang) -> str:
    """A role's name in ``language``.

    Raises:
        Unrenderable: the policy has no such role.
    """
    role = next((role for role in policy.roles if role.id == role_id), None)
    if role is None:
        raise Unrenderable(f"the policy has no role {role_id}")
    return role.names.of(language)


def roles_of(policy: Policy, party_id: str, contact_id: str) -> tuple[str, ...]:
    """The roles that ``contact_id`` holds at ``party_id``, in the policy's order of roles."""
    staff = policy.staff.get(party_id, {})
    return tuple(
        role.id
        for role in policy.roles
        if role.id in staff
        and any(member.contact == contact_id for member in (*staff[role.id].live, *staff[role.id].exercise))
    )


def place_words(facts: SharedFacts, policy: Policy, texts: Texts) -> PlaceWords | None:
    """The place of ``facts`` in the reader's words; None where none was shared.

    Raises:
        Unrenderable: the policy lacks the municipality, parish or place it names.
    """
    place = facts.place
    if place is None:
        return None
    language = texts.language
    unit = _unit(policy, place.unit)
    parish = _parish(policy, place.parish) if place.parish else None
    known = _gazetteer(policy, place.place) if place.place else None
    name = known.names.of(language) if known else place.name
    point = place.point or (known.point if known else None)
    uncertain = place.certainty is PlaceCertainty.SIDE_UNCERTAIN
    return PlaceWords(
        name=one_line(name) if name else None,
        reported=known is None,
        area=_parish_name(parish, texts, short=False) if parish else unit.names.of(language),
        area_short=_parish_name(parish, texts, short=True) if parish else unit.names.of(language),
        name_in_area=name is not None and _says(parish, unit, place, known),
        municipality=unit.names.of(language),
        mark="LV/LT" if uncertain else place.country,
        coordinates=coordinates(point) if point else None,
        approximate=bool(known and point == known.point),
        side_uncertain=uncertain,
        local=_local_name(place, known, parish, unit, language),
    )


def coordinates(point: Point) -> str:
    """Two decimal numbers as a phone's map takes them: "56.3801,24.6402"."""
    return f"{point.lat:.4f},{point.lon:.4f}"


def _says(parish: Parish | None, unit: Unit, place: ResolvedPlace, known: GazetteerPlace | None) -> bool:
    """Whether parish or municipality bear the place's own name, so that saying both repeats it."""
    area = parish.names if parish else unit.names
    pairs = [(area.lv, known.names.lv), (area.lt, known.names.lt)] if known else []
    pairs += [(of_area, place.name) for of_area in (area.lv, area.lt) if place.name and not known]
    return any(of_area.casefold() == name.casefold() for of_area, name in pairs)


def _local_name(
    place: ResolvedPlace, known: GazetteerPlace | None, parish: Parish | None, unit: Unit, language: Lang
) -> str | None:
    """Name and area as written where the event is, where the reader's language writes them otherwise."""
    own: Lang = "lv" if place.country == "LV" else "lt"
    if own == language:
        return None
    names = [known.names.of(own)] if known else []
    if parish:
        names.append(parish.display.lv if own == "lv" else parish.display.lt)
    names.append(unit.names.of(own))
    return ", ".join(dict.fromkeys(names))


def _parish_name(parish: Parish, texts: Texts, *, short: bool) -> str:
    display = parish.display
    if texts.language == "lv":
        return display.lv_short if short else display.lv
    if texts.language == "lt":
        return display.lt_short if short else display.lt
    return fill(texts.parishes[parish.kind], name=parish.names.of(texts.language))


def _unit(policy: Policy, unit_id: str) -> Unit:
    unit = next((unit for unit in policy.geography.units if unit.id == unit_id), None)
    if unit is None:
        raise Unrenderable(f"the policy has no municipality {unit_id}")
    return unit


def _parish(policy: Policy, parish_id: str) -> Parish:
    parish = next((parish for parish in policy.geography.parishes if parish.id == parish_id), None)
    if parish is None:
        raise Unrenderable(f"the policy has no parish {parish_id}")
    return parish


def _gazetteer(policy: Policy, place_id: str) -> GazetteerPlace:
    found = next((found for found in policy.geography.places if found.id == place_id), None)
    if found is None:
        raise Unrenderable(f"the policy has no place {place_id}")
    return found

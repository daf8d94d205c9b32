"""Short names of incidents, for lines in which many of them meet. Pure."""

from collections import Counter
from collections.abc import Iterable

from console.logs.logged import Logged
from schemas.incident import IncidentState
from schemas.notification import Notification

SHORTEST = 6
"""Characters of an incident's id that name it where no text with its reply code was ordered."""


def incident_of(one: Logged) -> str | None:
    """The incident a record is of; of one that cannot be decoded, its key."""
    if one.record is None:
        return one.key.decode(errors="replace") if one.key else None
    named: str | None = getattr(one.record, "incident_id", None)
    return named


def short_names(records: Iterable[Logged]) -> dict[str, str]:
    """A name for each incident: the reply code that people have in their texts; else the end of its id.

    A code that two incidents of the time had one after the other names neither of them.
    """
    incidents: set[str] = set()
    codes: dict[str, str] = {}
    for one in records:
        incident = incident_of(one)
        if incident is None:
            continue
        incidents.add(incident)
        if isinstance(one.record, Notification | IncidentState) and one.record.code is not None:
            codes[incident] = one.record.code
    used = Counter(codes.values())
    names = {incident: code for incident, code in codes.items() if used[code] == 1}
    return names | _ends(incidents - names.keys(), taken=set(names.values()))


def _ends(incidents: set[str], taken: set[str]) -> dict[str, str]:
    length, longest = SHORTEST, max(map(len, incidents), default=0)
    while length < longest:
        ends = {incident: incident[-length:] for incident in incidents}
        if len(set(ends.values())) == len(ends) and not taken & set(ends.values()):
            return ends
        length += 1
    return {incident: incident for incident in incidents}

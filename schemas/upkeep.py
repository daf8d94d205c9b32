"""Service events, as every door makes them: checks of contacts and canaries. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas import ids
from schemas.event import EmergencyEvent, PsapNotified, Service
from schemas.policy.models import Policy
from schemas.vocabulary import EventKind, Origin, ServiceKind, Status

SENDER: Final = "upkeep"
"""Stands for the sender in the ids of these events: the same key gives the same event, whoever makes it."""

CHECK_LIFETIME: Final = timedelta(days=3)
"""How long a contact may take to answer a check."""

CANARY_LIFETIME: Final = timedelta(minutes=10)
"""A canary that has not come through by then never will; nobody looks at it again."""

EXERCISE_ID: Final = "contacts"
"""The exercise of events about contacts that take part in exercises only: an event of such origin must name one."""

MAX_TRIES: Final = 2000
"""Names tried for a canary's incident; all of them miss one of 24 partitions once in 10^37 times."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A contact that holds roles at a party, the first party of the policy where it is several."""

    contact: str
    party: str
    origin: Origin
    roles: tuple[str, ...]


def holders_of(policy: Policy, *, party: str | None = None, role: str | None = None) -> tuple[Holder, ...]:
    """Everybody who holds a role, in the policy's order; of one ``party`` or ``role`` only where that is given."""
    found: dict[str, Holder] = {}
    for name, by_role in policy.staff.items():
        if party not in (None, name):
            continue
        for held, staff in by_role.items():
            for origin, members in ((Origin.LIVE, staff.live), (Origin.EXERCISE, staff.exercise)):
                for member in members if role in (None, held) else ():
                    known = found.get(member.contact, Holder(member.contact, name, origin, ()))
                    roles = tuple(dict.fromkeys((*known.roles, held)))
                    found[member.contact] = Holder(known.contact, known.party, known.origin, roles)
    return tuple(found.values())


def check_event(holder: Holder, period: str, now: datetime) -> EmergencyEvent:
    """The event that sends ``holder`` a text to answer. ``period`` names the time it counts for: a repeat is the same
    event."""
    key = f"check:{holder.contact}:{period}"
    drill = holder.origin is Origin.EXERCISE
    return EmergencyEvent(
        event_id=ids.event_id(SENDER, key),
        incident_id=ids.incident_id(SENDER, key),
        kind=EventKind.REPORT,
        status=Status.SYSTEM,
        origin=holder.origin,
        exerciseid=EXERCISE_ID if drill else None,
        reporting_party=holder.party,
        psap_notified=PsapNotified(notified=False),
        reported_at=now,
        expires_at=now + CHECK_LIFETIME,
        service=Service(kind=ServiceKind.CHECK, contact_id=holder.contact),
    )


def canary_event(
    party: str, partition: int, slot: int, now: datetime, *, partition_of: Callable[[str], int]
) -> EmergencyEvent:
    """The canary of ``partition`` for one ``slot`` of time; a repeat is the same event.

    ``partition_of`` gives the partition of an incident id: names are tried until one falls on the wanted one.

    Raises:
        LookupError: none of ``MAX_TRIES`` names does: ``partition`` is none of those ``partition_of`` gives.
    """
    names = (ids.canary_id(partition, slot, attempt) for attempt in range(MAX_TRIES))
    incident = next((name for name in names if partition_of(name) == partition), None)
    if incident is None:
        raise LookupError(f"no incident id falls on partition {partition}")
    return EmergencyEvent(
        event_id=ids.event_id(SENDER, incident),
        incident_id=incident,
        kind=EventKind.REPORT,
        status=Status.SYSTEM,
        origin=Origin.LIVE,
        reporting_party=party,
        psap_notified=PsapNotified(notified=False),
        reported_at=now,
        expires_at=now + CANARY_LIFETIME,
        service=Service(kind=ServiceKind.CANARY),
    )

"""Whom to ask for a sign of life now: the policy's contact checks, in office hours and a few at a time. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.policy.models import Party, Policy
from schemas.upkeep import Holder, holders_of
from schemas.vocabulary import Origin
from streams.rules.duty.public_holidays import holiday_name

FROM_HOUR: Final = 10
UNTIL_HOUR: Final = 16
"""Local hours between which people are asked, Monday to Friday but for the public holidays of their country: nobody is
woken to say that all is well."""

AT_ONCE: Final = 10
"""Contacts asked in one round; the next round follows a minute later."""


def due_checks(
    policy: Policy, asked: Mapping[str, datetime], silent: frozenset[str], now: datetime
) -> tuple[Holder, ...]:
    """The contacts to ask at ``now``: those whose last check is older than the policy says, longest ago first.

    ``asked`` is when each contact was asked last, by hand or by this; ``silent`` asked for no texts. Contacts for
    exercises are asked by hand only.
    """
    if policy.contact_checks is None:
        return ()
    every = timedelta(seconds=policy.contact_checks.every)
    parties = {party.id: party for party in policy.parties}
    due = [
        holder
        for holder in holders_of(policy)
        if holder.origin is Origin.LIVE
        and holder.contact not in silent
        and (holder.contact not in asked or now - asked[holder.contact] >= every)
        and _in_office_hours(parties[holder.party], now)
    ]
    never = datetime.min.replace(tzinfo=now.tzinfo)
    return tuple(sorted(due, key=lambda holder: asked.get(holder.contact, never)))[:AT_ONCE]


def _in_office_hours(party: Party, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(party.time_zone))
    if local.weekday() >= 5 or not FROM_HOUR <= local.hour < UNTIL_HOUR:
        return False
    return holiday_name(party.country, local.date()) is None

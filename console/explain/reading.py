"""Finding one incident on a log, by its id, the id of one of its events or its reply code, and only its records."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from console.logs.logged import Logged
from console.logs.source import LogSource, read_all
from runtime.kafka import partition_for
from schemas.control import DutySwap, PublishedPolicy
from schemas.decision import Decision
from schemas.event import MAX_LIFETIME, EmergencyEvent
from schemas.ids import partition_of_code
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.policy.versions import is_version_of
from schemas.topics import CO_PARTITIONED, CONTROL, EVENTS, INCIDENTS, NOTIFY, POLICY, REJECTED
from streams.rules.incidents.due import FORGET_AFTER

BEFORE = timedelta(days=1)
"""So long before its first event something that belongs to an incident (a report refused at the door) is looked for."""

AFTER = FORGET_AFTER + timedelta(days=1)
"""So long after the last of its events was over nothing is written about an incident any more: it is forgotten then."""

_FLOW = tuple(topic for topic in CO_PARTITIONED if topic not in (EVENTS, INCIDENTS, REJECTED))
_RANK = {"events": 0, "decisions": 1, "events.rejected": 2, "receipts": 4}
_CODE_LENGTH = 4


@dataclass(frozen=True)
class Found:
    """One incident as it stands on a log, oldest record first; snapshots are left out.

    ``policies`` are those its records cite, by version, ``swaps`` every swap of duty that the log knows, with when
    each was written. ``log`` names what was read.
    """

    incident: str
    records: tuple[Logged, ...]
    policies: dict[str, Policy] = field(default_factory=dict)
    swaps: tuple[tuple[datetime, DutySwap], ...] = ()
    log: str = ""

    def policy(self, version: str) -> Policy | None:
        """The policy of that version, if the log has it."""
        return self.policies.get(version)

    def swaps_at(self, at: datetime) -> tuple[DutySwap, ...]:
        """The swaps that had been written by ``at``, the newest word on each, without those revoked by then."""
        newest = {swap.swap_id: swap for written, swap in self.swaps if written <= at}
        return tuple(swap for swap in newest.values() if not swap.revoked)


async def find(source: LogSource, wanted: str) -> Found | None:
    """The incident that ``wanted`` names (its id, the id of one of its events, or its reply code); None: not known.

    Raises:
        TooMuchToRead, KafkaError, OSError: see ``LogSource.stream``.
    """
    records = await read_incident(source, wanted)
    if not records:
        return None
    cited = {one.record.policy_version for one in records if isinstance(one.record, Decision | Notification)}
    policies, swaps = await asyncio.gather(read_policies(source, cited), read_swaps(source))
    incident = str(incident_of(records[-1]))
    return Found(incident, tuple(records), policies, swaps, source.name)


async def read_incident(source: LogSource, wanted: str) -> list[Logged]:
    """Every record of the incident, oldest first, snapshots left out; empty when nothing is known of it."""
    records = await _by_id(source, wanted)
    if not records:
        incident = await _by_code(source, wanted.upper()) or await _by_event(source, wanted)
        records = await _by_id(source, incident) if incident else []
    return records


async def _by_id(source: LogSource, incident: str) -> list[Logged]:
    """Read its events first: they tell from when to when anything about it can have been written."""
    here, key = frozenset({partition_for(incident, source.partitions)}), frozenset({incident.encode()})
    events = await read_all(source, [EVENTS], partitions=here, keys=key)
    since, until = _window(events)
    flow, refused = await asyncio.gather(
        read_all(source, _FLOW, since=since, until=until, partitions=here, keys=key),
        read_all(source, [REJECTED], since=since - BEFORE if since else None, until=until),
    )
    own = [one for one in (*events, *flow, *refused) if _names(one, incident)]
    return sorted(own, key=lambda one: (one.appended_at, _RANK.get(one.topic, 3), one.partition, one.offset))


def _window(events: list[Logged]) -> tuple[datetime | None, datetime | None]:
    if not events:
        return None, None
    over = max(_over(one) for one in events)
    return events[0].appended_at - timedelta(seconds=1), over + AFTER


def _over(one: Logged) -> datetime:
    event = one.record
    expires = event.expires_at if isinstance(event, EmergencyEvent) else one.appended_at
    return min(max(one.appended_at, expires), one.appended_at + MAX_LIFETIME)


def _names(one: Logged, incident: str) -> bool:
    """Whether it is of this incident. What cannot be decoded stands under its key."""
    return incident_of(one) == incident or (one.record is None and one.key == incident.encode())


def incident_of(one: Logged) -> str | None:
    """The incident that a record is of."""
    named: str | None = getattr(one.record, "incident_id", None)
    return named if named or not one.key or one.record is not None else one.key.decode(errors="replace")


async def _by_code(source: LogSource, code: str) -> str | None:
    """The newest incident whose texts bore that reply code, which names their partition."""
    if len(code) != _CODE_LENGTH or (partition := partition_of_code(code)) is None:
        return None
    if partition >= source.partitions:
        return None
    orders = await read_all(source, NOTIFY.values(), partitions=frozenset({partition}))
    found = [one.record for one in orders if isinstance(one.record, Notification) and one.record.code == code]
    return found[-1].incident_id if found else None


async def _by_event(source: LogSource, event: str) -> str | None:
    async for batch in source.stream([EVENTS, REJECTED]):
        for one in batch:
            if getattr(one.record, "event_id", None) == event and (named := incident_of(one)):
                return named
    return None


async def read_policies(source: LogSource, versions: Iterable[str]) -> dict[str, Policy]:
    """The policies of those versions, as far as the log has them. Others are not even decoded, where it can be helped:
    what an earlier release published stands under the hash that release gave it."""
    wanted = set(versions)
    found = _published(await read_all(source, [POLICY], keys=frozenset(one.encode() for one in wanted)))
    if wanted - set(found):
        found |= _published(await read_all(source, [POLICY]))
    return {version: policy for version, policy in found.items() if version in wanted}


def _published(records: Iterable[Logged]) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    for one in records:
        record = one.record
        if isinstance(record, PublishedPolicy) and is_version_of(record.policy_version, record.policy):
            found[record.policy_version] = found[record.policy.version] = record.policy
    return found


async def read_swaps(source: LogSource) -> tuple[tuple[datetime, DutySwap], ...]:
    """Every swap of duty on the log, oldest first. Of one that was changed a compacted topic has the last word only."""
    control = await read_all(source, [CONTROL])
    return tuple((one.appended_at, one.record) for one in control if isinstance(one.record, DutySwap))


def utc_now() -> datetime:
    """Now, in UTC: the one place of this room that looks at a clock."""
    return datetime.now(UTC)

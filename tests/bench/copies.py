"""Many evenings out of one: the recorded evening's records again and again, each time as other incidents."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.logs.logged import Logged, logged
from schemas.event import Rejection
from schemas.ids import notification_id
from schemas.incident import Cursor, IncidentState
from schemas.notification import Notification
from schemas.topics import DECISIONS, EVENTS, INCIDENTS, RESPONSES, TOPICS, Topic
from tests.audit.evening import evening

_IDS = re.compile(rb"(?:in|ev|re|nt)-[0-9a-z]{8,40}")
APART = timedelta(seconds=37)
"""Between two evenings."""


@dataclass(frozen=True)
class Raw:
    """A record as it stands on a topic, not decoded."""

    topic: Topic
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None

    def logged(self) -> Logged:
        """Decoded."""
        return logged(self.topic, self.partition, self.offset, self.at, self.key, self.value)


class Copies:
    """A log of ``count`` evenings; a ``LogSource`` that makes its records as they are read.

    ``thin``: of each incident only events, decisions, answers and the newest snapshot.
    """

    def __init__(self, count: int, *, thin: bool = False) -> None:
        self.count, self.partitions, self.name = count, 12, f"{count} evenings"
        self._evening = [one for one in evening() if not thin or _is_thin(one)]
        self._evening = _newest_snapshots(self._evening) if thin else self._evening
        self._spans: dict[tuple[str, int], int] = {}
        for one in self._evening:
            place = one.topic, one.partition
            self._spans[place] = max(self._spans.get(place, 0), one.offset + 1)
        self._derived = dict(_derived(one.record) for one in self._evening if isinstance(one.record, Notification))

    def raw(self) -> Iterator[Raw]:
        """Every record, evening after evening; policies and switches once, cursors in the last."""
        for number in range(self.count):
            renamed: dict[bytes, bytes] = {}
            for one in self._evening:
                shared = TOPICS[one.topic].partitions is not None
                early_cursor = isinstance(one.record, Cursor) and number < self.count - 1
                if not early_cursor and not (shared and number):
                    yield self._copy(one, number, renamed)

    def _copy(self, one: Logged, number: int, renamed: dict[bytes, bytes]) -> Raw:
        if isinstance(one.record, Cursor):
            one = self._moved(one, one.record)
        elif isinstance(one.record, Rejection) and one.record.offset is not None:
            span = self._spans[str(one.record.topic), int(one.record.partition or 0)]
            moved = one.record.model_copy(update={"offset": one.record.offset + number * span})
            one = replace(one, value=moved.model_dump_json(exclude_none=True).encode(), record=moved)

        def name(found: re.Match[bytes]) -> bytes:
            known = renamed.get(found[0])
            if known is None:
                known = renamed[found[0]] = self._renamed(found[0], number, renamed)
            return known

        shift = number * self._spans[one.topic, one.partition]
        return Raw(
            TOPICS[one.topic],
            one.partition,
            one.offset + shift,
            one.appended_at + number * APART,
            _IDS.sub(name, one.key) if one.key else one.key,
            _IDS.sub(name, one.value) if one.value else one.value,
        )

    def _renamed(self, name: bytes, number: int, renamed: dict[bytes, bytes]) -> bytes:
        """Another id of the same kind; a notification's follows from its event, as everywhere."""
        planned = self._derived.get(name.decode())
        if planned is not None:
            event, *rest = planned
            new = renamed.setdefault(event.encode(), _other(event.encode(), number))
            return notification_id(new.decode(), int(rest[0]), rest[1], rest[2]).encode()
        return _other(name, number)

    def _moved(self, one: Logged, cursor: Cursor) -> Logged:
        shifts = {topic: (self.count - 1) * self._spans.get((topic, one.partition), 0) for topic in cursor.offsets}
        offsets = {topic: read + shifts[topic] if read else 0 for topic, read in cursor.offsets.items()}
        moved = cursor.model_copy(update={"offsets": offsets})
        return replace(one, value=moved.model_dump_json(exclude_none=True).encode(), record=moved)

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """See ``LogSource.stream``; time and place are not limited."""
        wanted, batch = {topic.name for topic in topics}, list[Logged]()
        for one in self.raw():
            if one.topic.name in wanted:
                batch.append(one.logged())
            if len(batch) >= 500:
                yield batch
                batch = []
        yield batch


def _other(name: bytes, number: int) -> bytes:
    if not number:
        return name
    digest = hashlib.sha256(name + str(number).encode()).hexdigest()[: len(name) - 3]
    return name[:3] + digest.encode()


def _derived(order: Notification) -> tuple[str, tuple[str, str, str, str]]:
    parts = order.event_id, str(order.step), order.contact_id, order.channel.value
    plain = notification_id(order.event_id, order.step, order.contact_id, order.channel.value)
    return (order.notification_id, parts) if plain == order.notification_id else ("", parts)


def _is_thin(one: Logged) -> bool:
    if one.topic == INCIDENTS.name:
        return isinstance(one.record, IncidentState)
    return one.topic in (EVENTS.name, DECISIONS.name, RESPONSES.name) or TOPICS[one.topic].partitions is not None


def _newest_snapshots(records: list[Logged]) -> list[Logged]:
    newest = {one.key: one for one in records if one.topic == INCIDENTS.name}
    return [one for one in records if one.topic != INCIDENTS.name or newest[one.key] is one]

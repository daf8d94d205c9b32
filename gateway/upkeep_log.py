"""What the log says about upkeep, followed as it is written: canaries and checks, and what became of canaries."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

from aiokafka import ConsumerRecord, TopicPartition

from gateway.canaries import Canaries
from runtime.following import Following
from runtime.kafka import appended_at, make_consumer, silent_for_s
from runtime.log import logger
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import Undecodable, decode
from schemas.event import EmergencyEvent
from schemas.ids import CANARY_PREFIX
from schemas.notification import Receipt
from schemas.topics import EVENTS, RECEIPTS, Topic
from schemas.vocabulary import ServiceKind

CHECKS_SINCE = timedelta(days=31)
"""How far back checks of contacts matter: no policy can ask less often than every 30 days."""

CANARIES_SINCE = timedelta(hours=1)

_POLL_MS = 500
_SYSTEM, _CANARY = b'"System"', f'"{CANARY_PREFIX}'.encode()


class UpkeepLog:
    """Follows ``events`` and ``receipts``: ``canaries`` are the canaries' fates, ``asked`` when each contact was asked.

    Records about anything else, nearly all of them, are passed over without being decoded.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.canaries = Canaries(settings.partitions)
        self.asked: dict[str, datetime] = {}
        self.lag: dict[str, int] = {EVENTS.name: 0, RECEIPTS.name: 0}
        self.handled = 0
        self._settings, self._clock = settings, clock
        self._consumer = make_consumer(settings)
        self._following = Following()
        self._started_ms = time.time() * 1000

    async def __aenter__(self) -> Self:
        """Read to the present ends of the topics, then follow them in the background."""
        try:
            await self._consumer.start()
            await self._catch_up()
        except BaseException:
            await self._consumer.stop()  # where entering fails, nobody leaves
            raise
        self._following.begin(self._follow(), "upkeep-log")
        return self

    async def _catch_up(self) -> None:
        places = {
            TopicPartition(topic.name, number): since
            for topic, since in ((EVENTS, CHECKS_SINCE), (RECEIPTS, CANARIES_SINCE))
            for number in range(self._settings.partitions)
        }
        self._consumer.assign(list(places))
        ends = await self._consumer.end_offsets(list(places))
        now = self._clock()
        moments = {place: int((now - since).timestamp() * 1000) for place, since in places.items()}
        found = await self._consumer.offsets_for_times(moments)
        for place in places:
            self._consumer.seek(place, found[place].offset if found.get(place) else ends[place])
        for topic in (EVENTS, RECEIPTS):  # in this order: a receipt says nothing while its canary is unknown
            mine = {place: end for place, end in ends.items() if place.topic == topic.name}
            while await self._behind(mine):
                await self._read(*mine)

    async def __aexit__(self, *_: object) -> None:
        await self._following.end()
        await self._consumer.stop()

    @property
    def failed(self) -> BaseException | None:
        """The error that ended following, if any; its process must end then."""
        return self._following.failed

    def heard_s_ago(self) -> float:
        """Seconds since the broker last answered."""
        return silent_for_s(self._consumer, self._consumer.assignment(), self._started_ms)

    async def _behind(self, ends: dict[TopicPartition, int]) -> bool:
        positions = {place: await self._consumer.position(place) for place in ends}
        return any(positions[place] < end for place, end in ends.items())

    async def _follow(self) -> None:
        while True:
            await self._read()

    async def _read(self, *places: TopicPartition) -> None:
        batches = (await self._consumer.getmany(*places, timeout_ms=_POLL_MS)).values()
        records = [record for batch in batches for record in batch]
        for record in sorted(records, key=lambda one: (one.timestamp, one.topic)):
            self._apply(record)
        self.lag = {EVENTS.name: 0, RECEIPTS.name: 0}
        for place in self._consumer.assignment():
            end = self._consumer.last_stable_offset(place) or 0
            self.lag[place.topic] += max(0, end - await self._consumer.position(place))

    def _apply(self, record: "ConsumerRecord[Any, Any]") -> None:
        self.handled += 1
        value = record.value or b""
        if record.topic == EVENTS.name and _SYSTEM in value:
            self._event(record)
        elif record.topic == RECEIPTS.name and _CANARY in value:
            said = self._decoded(RECEIPTS, record)
            if isinstance(said, Receipt):
                self.canaries.receipt(said, appended_at(record))

    def _event(self, record: "ConsumerRecord[Any, Any]") -> None:
        event, at = self._decoded(EVENTS, record), appended_at(record)
        if not isinstance(event, EmergencyEvent) or event.service is None or event.replayid is not None:
            return
        if event.service.kind is ServiceKind.CANARY:
            self.canaries.sent(event.incident_id, record.partition, at)
        elif event.service.kind is ServiceKind.CHECK:
            self.asked[str(event.service.contact_id)] = at

    def _decoded(self, topic: Topic, record: "ConsumerRecord[Any, Any]") -> Record | None:
        try:
            return decode(topic, record.value)
        except Undecodable as fault:
            logger().warning("upkeep_passes_over", topic=topic.name, offset=record.offset, reason=fault.reason.value)
            return None

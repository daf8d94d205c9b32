"""Steady events into a running system, and every record that stands on its topics since, by append time."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from itertools import cycle

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from console.submit import write_event
from runtime.kafka import make_consumer, make_producer
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, EVENTS, NOTIFY, RECEIPTS
from schemas.vocabulary import Channel, Lane
from streams.rules.routing.route import route
from tests.acceptance.system import System
from tests.bench.reports import Reports, report

WATCHED = (EVENTS, DECISIONS, *NOTIFY.values(), RECEIPTS)
PATIENCE_S = 60.0
_KINDS = {"missing_person": Lane.URGENT, "illegal_fishing": Lane.ROUTINE}


class Traffic:
    """Writes events at a pace until ``end``; ``appended`` tells when Kafka took the records of each topic."""

    def __init__(self, system: System, reports: Reports, a_second: float) -> None:
        self._system, self._reports, self._a_second = system, reports, a_second
        self._appended: dict[str, list[float]] = defaultdict(list)
        self._writing: list[asyncio.Task[None]] = []
        self._ended = asyncio.Event()
        self.began = datetime.now(UTC)

    @property
    def count(self) -> int:
        """How many events have been begun."""
        return len(self._writing)

    def appended(self, *topics: str) -> list[float]:
        """Append times of ``topics`` (none named: of all) since the beginning, seconds since the epoch."""
        return [at for topic in topics or tuple(self._appended) for at in self._appended[topic]]

    async def end(self) -> None:
        """Write no more, and see that everything begun has been taken.

        Raises:
            TimeoutError: Kafka did not take it.
        """
        self._ended.set()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self._writing)

    async def write(self, producer: AIOKafkaProducer) -> None:
        """Write until ``end``."""
        loop = asyncio.get_running_loop()
        first_s = loop.time()
        for place, event in enumerate(self._reports):
            await asyncio.sleep(first_s + place / self._a_second - loop.time())
            if self._ended.is_set():
                return
            taking = until_taken(producer, event, self._system.settings.partitions)
            self._writing.append(asyncio.create_task(taking))

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Note what is appended until cancelled."""
        while True:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                self._appended[place.topic] += [record.timestamp / 1000 for record in records]


async def until_taken(producer: AIOKafkaProducer, event: EmergencyEvent, partitions: int) -> None:
    """Write ``event``, however often it takes while the broker is gone: a second copy changes nothing."""
    while True:
        try:
            return await write_event(producer, event, partitions)
        except KafkaError:
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def traffic(system: System, policy: Policy, a_second: float) -> AsyncIterator[Traffic]:
    """Events by turns urgent and routine, each to one duty desk by SMS and by e-mail, as long as this is open."""
    settings = system.settings
    places = [
        TopicPartition(topic.name, number)
        for topic in WATCHED
        for number in range(topic.partition_count(settings.partitions))
    ]
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is gone is what is looked for here
    flow = Traffic(system, by_both_lanes(policy), a_second)
    async with make_producer(settings) as producer, make_consumer(settings, fetch_wait_ms=50) as consumer:
        consumer.assign(places)
        await consumer.seek_to_end()
        tasks = [asyncio.create_task(flow.read(consumer)), asyncio.create_task(flow.write(producer))]
        try:
            yield flow
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def by_both_lanes(policy: Policy) -> Reports:
    """Events that wake one duty desk by one SMS and one e-mail, the lanes in turn; for ever."""
    units = {unit.id: unit for unit in policy.geography.units}
    codes = {party.id: units[party.signatory.unit].codes[0].model_dump() for party in policy.parties}
    ways = [(party, kind) for party in codes for kind in _KINDS if _tells_one(policy, party, kind, codes[party])]
    if {kind for _, kind in ways} != set(_KINDS):
        raise ValueError(f"the policy has no event for each lane that wakes one duty desk by both channels: {ways}")
    by_lane = [cycle([party for party, of in ways if of == kind]) for kind in _KINDS]
    for number, (kind, parties) in enumerate(cycle(list(zip(_KINDS, by_lane, strict=True)))):
        yield _event(number, next(parties), kind, codes)


def _tells_one(policy: Policy, party: str, kind: str, code: object) -> bool:
    decision = route(_event(0, party, kind, {party: code}), policy)
    told = [(one.lane, recipient) for one in decision.routes for recipient in one.recipients]
    return len(told) == 1 and told[0][0] is _KINDS[kind] and set(told[0][1].channels) == set(Channel)


def _event(number: int, party: str, kind: str, codes: Mapping[str, object]) -> EmergencyEvent:
    return report(number, party, {"code": codes[party]}, event_type=kind)

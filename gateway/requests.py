"""Which requests are open, and for whom: a view of the ``incidents`` snapshots, read through their end when asked."""

import asyncio
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.log import LogAway
from runtime.following import Following
from runtime.kafka import assign_paused, make_consumer, silent_for_s
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.incident import CURSOR_KEY, IncidentState
from schemas.topics import INCIDENTS

MAX_INCIDENTS = 50_000
"""So many incidents are known at once; the one that changed longest ago makes room."""

OF_ONE_CONTACT = 200
"""So many incidents of one contact are looked at for a reply, those that changed last."""

FETCH_WAIT_MS = 50
_POLL_MS = 200
_LOOK_S = 0.002
_LEVEL, _RAW = 1, -zlib.MAX_WBITS


class _SlotOutline(BaseModel):
    contact_id: str


class _Outline(BaseModel):
    """What a snapshot is found by; the rest is read when a reply needs it."""

    model_config = ConfigDict(extra="ignore")

    record: Literal["incident_state"]
    code: str | None = None
    slots: tuple[_SlotOutline, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    serial: int
    partition: int
    code: str | None
    contacts: frozenset[str]
    packed: bytes


class Requests:
    """Incidents by contact and by code. Snapshots are kept packed, some hundred bytes each."""

    def __init__(self, max_incidents: int = MAX_INCIDENTS) -> None:
        self._max = max_incidents
        self._serial = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._of_contact: dict[str, set[str]] = {}
        self._of_code: dict[str, set[str]] = {}
        self._dictionary: bytes | None = None

    def __len__(self) -> int:
        return len(self._known)

    def apply(self, partition: int, incident: str, snapshot: bytes | None) -> None:
        """Take over the newest snapshot of ``incident``; None is its end."""
        self._forget(incident)
        self._serial += 1
        if snapshot is None:
            return
        try:
            outline = _Outline.model_validate_json(snapshot)
        except ValidationError as fault:
            logger().error("snapshot_unreadable", incident=incident, problem=str(fault.errors()[0]["msg"])[:200])
            return
        contacts = frozenset(slot.contact_id for slot in outline.slots)
        self._known[incident] = _Known(self._serial, partition, outline.code, contacts, self._pack(snapshot))
        for contact in contacts:
            self._of_contact.setdefault(contact, set()).add(incident)
        if outline.code is not None:
            self._of_code.setdefault(outline.code, set()).add(incident)
        while len(self._known) > self._max:
            self._forget(next(iter(self._known)))

    def of_contact(self, contact: str) -> tuple[IncidentState, ...]:
        """The incidents about which ``contact`` was to be told, the one that changed last first."""
        mine = self._of_contact.get(contact, set())
        newest = sorted(mine, key=lambda incident: self._known[incident].serial, reverse=True)
        return self._states(newest[:OF_ONE_CONTACT])

    def of_code(self, code: str) -> tuple[IncidentState, ...]:
        """The incidents that have, or had, the reply code."""
        return self._states(sorted(self._of_code.get(code, ())))

    def partition_of(self, incident: str) -> int | None:
        """The partition on which ``incident`` stands, or None if it is not known."""
        known = self._known.get(incident)
        return known.partition if known else None

    def _states(self, incidents: list[str]) -> tuple[IncidentState, ...]:
        states = (self._unpacked(self._known[incident].packed) for incident in incidents)
        return tuple(state for state in states if state is not None)

    def _forget(self, incident: str) -> None:
        known = self._known.pop(incident, None)
        if known is None:
            return
        for contact in known.contacts:
            _take_out(self._of_contact, contact, incident)
        if known.code is not None:
            _take_out(self._of_code, known.code, incident)

    def _pack(self, snapshot: bytes) -> bytes:
        if self._dictionary is None:
            self._dictionary = snapshot  # which most others resemble
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, zdict=self._dictionary)
        return packer.compress(snapshot) + packer.flush()

    def _unpacked(self, packed: bytes) -> IncidentState | None:
        snapshot = zlib.decompressobj(_RAW, zdict=self._dictionary or b"").decompress(packed)
        try:
            state = decode(INCIDENTS, snapshot)
        except Undecodable as fault:
            logger().error("snapshot_unreadable", problem=fault.detail[:200])
            return None
        return state if isinstance(state, IncidentState) else None


def _take_out(index: dict[str, set[str]], key: str, incident: str) -> None:
    held = index[key]
    held.discard(incident)
    if not held:
        del index[key]


class RequestsFollower:
    """Keeps ``requests`` up to date with all partitions of ``incidents``.

    Ends are asked for over a connection of their own: on the one that fetches, a question would stand behind the long
    poll before it (half of ``FETCH_WAIT_MS`` in the mean, which was most of the way of a reply).
    """

    def __init__(self, settings: Settings) -> None:
        self.requests = Requests()
        self._consumer: AIOKafkaConsumer = make_consumer(settings, fetch_wait_ms=FETCH_WAIT_MS)
        self._asker: AIOKafkaConsumer = make_consumer(settings)
        self._partitions = [TopicPartition(INCIDENTS.name, number) for number in range(settings.partitions)]
        self._following = Following()
        self._started_ms = time.time() * 1000
        self.applied = 0

    async def __aenter__(self) -> Self:
        """Begin to read; ``read_through`` says when the present end is reached."""
        try:
            await self._asker.start()
            assign_paused(self._asker, self._partitions)
            await self._consumer.start()
            self._consumer.assign(self._partitions)
            await self._consumer.seek_to_beginning(*self._partitions)
        except BaseException:  # where entering fails, nobody leaves
            await self._close()
            raise
        self._following.begin(self._follow(), "incidents-follower")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._following.end()
        await self._close()

    async def _close(self) -> None:
        await self._consumer.stop()
        await self._asker.stop()

    @property
    def failed(self) -> BaseException | None:
        """The error that ended following, if any; its process must end then."""
        return self._following.failed

    async def lag(self) -> int:
        """Records written and not yet read, as far as the last fetch told."""
        behind = 0
        for partition in self._partitions:
            position = await self._consumer.position(partition)
            behind += max(0, (self._consumer.highwater(partition) or position) - position)
        return behind

    def heard_s_ago(self) -> float:
        """Seconds since the broker last answered; a quiet topic is asked several times a second."""
        return silent_for_s(self._consumer, self._partitions, self._started_ms)

    async def read_through(self, within_s: float) -> None:
        """Return when all that stands on ``incidents`` now has been read.

        Raises:
            LogAway: it could not be in time; nothing may be called unknown.
        """
        try:
            async with asyncio.timeout(within_s):
                ends = await self._asker.end_offsets(self._partitions)
                for partition, end in ends.items():
                    # A position moves in the same step of the loop in which its records are applied.
                    while await self._consumer.position(partition) < end:
                        if self.failed is not None:
                            raise LogAway("incidents are not read any more")
                        await asyncio.sleep(_LOOK_S)
        except (KafkaError, TimeoutError) as error:
            raise LogAway(f"reading {INCIDENTS.name}: {type(error).__name__}") from error

    async def _follow(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            for partition, records in batches.items():
                for record in records:
                    self._apply(partition.partition, record)

    def _apply(self, partition: int, record: "ConsumerRecord[Any, Any]") -> None:
        incident = (record.key or b"").decode(errors="replace")
        if incident != CURSOR_KEY:
            self.requests.apply(partition, incident, record.value)
        self.applied += 1

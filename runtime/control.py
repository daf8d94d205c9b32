"""Follows the ``control`` topic: stop switches, contacts that asked for silence, and swaps of duty."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from aiokafka import TopicPartition

from runtime.following import Following
from runtime.kafka import assign_paused, make_consumer, read_range
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.control import ContactStop, DutySwap, StopSwitch
from schemas.topics import CONTROL

FETCH_WAIT_MS = 100
"""A stop switch must be obeyed within a second; it is read within this time of being written."""

_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True)
class Control:
    """What stands on ``control``, the newest record of each key: switches that are on, contacts that want no texts,
    swaps that were not revoked (also those that are over)."""

    switches: dict[str, StopSwitch] = field(default_factory=dict)
    stopped_contacts: frozenset[str] = frozenset()
    swaps: tuple[DutySwap, ...] = ()

    def stopped(self, *parties: str) -> StopSwitch | None:
        """The switch that forbids sending: the one for everybody, or that of one of ``parties``."""
        return next((switch for switch in self.switches.values() if switch.party in (None, *parties)), None)


class ControlFollower:
    """Knows the newest record of every key as they are written; ``current`` is what holds now."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = make_consumer(settings, fetch_wait_ms=FETCH_WAIT_MS)
        self._partition = TopicPartition(CONTROL.name, 0)
        self._newest: dict[str, StopSwitch | ContactStop | DutySwap] = {}
        self._current = Control()
        self._following = Following()

    async def __aenter__(self) -> Self:
        """Read the topic to its present end, then follow it in the background."""
        try:
            await self._consumer.start()
            await self._catch_up()
        except BaseException:  # whoever asks in vain must not be left with an open client
            await self._consumer.stop()
            raise
        self._following.begin(self._follow(), "control-follower")
        return self

    async def _catch_up(self) -> None:
        assign_paused(self._consumer, [self._partition])
        ends = await self._consumer.end_offsets([self._partition])
        begins = await self._consumer.beginning_offsets([self._partition])
        for record in await read_range(self._consumer, begins, ends):
            self._apply(record.key, record.value)
        self._take_stock()

    async def __aexit__(self, *_: object) -> None:
        await self._following.end()
        await self._consumer.stop()

    @property
    def current(self) -> Control:
        """What holds now; a new value after each change, never changed itself."""
        return self._current

    async def confirm(self) -> None:
        """Return once ``current`` holds everything that stood on the topic when this was called.

        Raises:
            KafkaError: the broker cannot be asked, or following has failed.
        """
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        while await self._consumer.position(self._partition) < end:
            if self.failed is not None:
                raise self.failed
            await asyncio.sleep(_LOOK_AGAIN_S)

    @property
    def failed(self) -> BaseException | None:
        """The error that ended following, if any; its process must end then."""
        return self._following.failed

    async def _follow(self) -> None:
        async for record in self._consumer:
            self._apply(record.key, record.value)
            self._take_stock()

    def _apply(self, key: bytes | None, value: bytes | None) -> None:
        name = (key or b"").decode(errors="replace")
        if value is None:
            self._newest.pop(name, None)
            return
        try:
            record = decode(CONTROL, value)
        except Undecodable as fault:
            logger().error("control_record_undecodable", reason=fault.reason.value, detail=fault.detail[:300])
            return
        if isinstance(record, StopSwitch | ContactStop | DutySwap):
            self._newest[record.key] = record

    def _take_stock(self) -> None:
        records = self._newest.values()
        switches = {one.key: one for one in records if isinstance(one, StopSwitch) and one.stopped}
        silent = frozenset(one.contact_id for one in records if isinstance(one, ContactStop) and one.stopped)
        swaps = tuple(one for one in records if isinstance(one, DutySwap) and not one.revoked)
        self._current = Control(switches, silent, swaps)

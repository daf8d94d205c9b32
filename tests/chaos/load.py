"""What is put in: steady reports, each with coordinates of its own that stand in every text it leads to.

Who must be told of each kind is written down here by hand from the agreements, not asked of the router, and so are
words that the texts must hold: the judge knows nothing from the system.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from console.submit import write_event
from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.event import EmergencyEvent
from schemas.intake import accept
from schemas.vocabulary import Channel
from tests.chaos.books import Owed

TRY_S = 5.0
"""How long one try to write an event may take before it is tried again with the same ids, as a reporter would."""

WRITTEN_WITHIN_S = 180.0
AT_ONCE = 500
LIFETIME = timedelta(minutes=30)
"""Less than the hour by which clocks are put wrong: by such a clock every event would be late."""

_STOP_WITHIN_S = 2.0
_LATITUDES, _LONGITUDES = 400, 600


class NotWritten(Exception):
    """The broker took an event in no try within ``WRITTEN_WITHIN_S``."""


@dataclass(frozen=True)
class Told:
    """One contact that a kind of report is owed to, by which channels, and words that its texts must hold."""

    contact: str
    channels: tuple[Channel, ...]
    words: tuple[str, ...]
    mail_words: tuple[str, ...] = ()
    """Words of the mail where they differ: a contact may read texts without diacritics, but never mails."""


@dataclass(frozen=True)
class Kind:
    """One kind of report: what is reported from where, and who must be told. ``corner`` is lat, lon of its grid."""

    name: str
    party: str
    event_type: str
    severity: str
    corner: tuple[float, float]
    told: tuple[Told, ...]
    tankers: int = 0
    """So many fire tankers are asked for."""


_BOTH, _MAIL = (Channel.SMS, Channel.EMAIL), (Channel.EMAIL,)
NEAR_VECUMNIEKI, NEAR_BIRZAI = (56.56, 24.48), (56.18, 24.72)
_LT_SEVERE = ("Miško gaisras", "Pavojingumas: didelis")
_LV_SEVERE = ("Meža ugunsgrēks", "Bīstamība: augsta")

URGENT_TO_LT = Kind(
    "urgent-to-lt", "vecumnieki", "forest_fire", "Severe", NEAR_VECUMNIEKI,
    (Told("birzai-duty", _BOTH, _LT_SEVERE), Told("birzai-chief", _BOTH, _LT_SEVERE)),
)  # fmt: skip
URGENT_TO_LV = Kind(
    "urgent-to-lv", "birzai", "forest_fire", "Severe", NEAR_BIRZAI,
    (
        Told("vecumnieki-duty", _BOTH, _LV_SEVERE),
        Told("vecumnieki-chief", _BOTH, ("Meza ugunsgreks", "Bistamiba: augsta"), _LV_SEVERE),
    ),
)  # fmt: skip
ROUTINE_TO_LT = Kind(
    "routine-to-lt", "vecumnieki", "flood", "Moderate", NEAR_VECUMNIEKI,
    (Told("birzai-duty", _BOTH, ("Potvynis", "Pavojingumas: vidutinis")),),
)  # fmt: skip
ROUTINE_TO_LV = Kind(
    "routine-to-lv", "birzai", "flood", "Moderate", NEAR_BIRZAI,
    (Told("vecumnieki-duty", _BOTH, ("Plūdi", "Bīstamība: vidēja")),),
)  # fmt: skip
MAIL_ONLY = Kind(
    "mail-only", "vecumnieki", "grass_fire", "Minor", NEAR_VECUMNIEKI,
    (Told("birzai-duty", _MAIL, ("Žolės gaisras", "Pavojingumas: mažas")),),
)  # fmt: skip

UPDATE_WORDS = {
    "birzai-duty": ("NAUJA INFORMACIJA", "Pasikeitė: vieta"),
    "birzai-chief": ("NAUJA INFORMACIJA", "Pasikeitė: vieta"),
    "vecumnieki-duty": ("JAUNA INFORMĀCIJA", "Izmaiņas: vieta"),
    "vecumnieki-chief": ("JAUNA INFORM", "vieta"),
}
"""What the text of an update that moved the place must hold, besides the words of its kind."""

KINDS = (URGENT_TO_LT, URGENT_TO_LV, ROUTINE_TO_LT, ROUTINE_TO_LV, MAIL_ONLY)
"""Both directions, both lanes, both channels. None asks for help, so that no ladder adds anybody later:
``answers`` holds those that do."""


@dataclass(frozen=True)
class Reported:
    """One event as put in. ``marker`` stands in all its texts; times are seconds since the epoch on our clock.

    ``tried_at_s`` is when it was first handed to the broker, ``written_at_s`` when the broker had said that it has it.
    """

    kind: Kind
    event: EmergencyEvent
    marker: str
    tried_at_s: float
    written_at_s: float
    update: bool = False

    def owed(self) -> Iterator[Owed]:
        """Every text and mail that this event must lead to."""
        for told in self.kind.told:
            for channel in told.channels:
                words = told.mail_words if channel is Channel.EMAIL and told.mail_words else told.words
                if self.update:
                    words += UPDATE_WORDS[told.contact]
                yield Owed(self.marker, told.contact, channel, words, self.tried_at_s)


class Markers:
    """Positions by number, each once: 240,000 of them around a kind's corner, well inside its municipality."""

    def __init__(self, first: int = 0) -> None:
        self._next = first

    def take(self, corner: tuple[float, float]) -> tuple[float, float]:
        """The next position, in degrees with four decimals, as texts show them."""
        number, self._next = self._next, self._next + 1
        if number >= _LATITUDES * _LONGITUDES:
            raise ValueError(f"there are {_LATITUDES * _LONGITUDES} markers only")
        down, right = divmod(number, _LONGITUDES)
        return round(corner[0] + down / 10_000, 4), round(corner[1] + right / 10_000, 4)


class Load:
    """Writes events to ``events`` through what the doors do, and remembers them. Use it with ``async with``.

    ``name`` goes into every event's id: two loads of one name on one system would repeat each other's events.
    """

    def __init__(
        self, settings: Settings, name: str, *, markers: Markers | None = None, to_update: list[Reported] | None = None
    ) -> None:
        """``to_update`` are earlier events all of whose texts have arrived; each is updated at most once."""
        self._settings, self._name = settings, name
        self._to_update = to_update if to_update is not None else []
        self._markers = markers or Markers()
        self._count = 0
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._dropped: set[asyncio.Task[None]] = set()
        self.reported: list[Reported] = []
        self.answered: list[Owed] = []
        """What asking sides are owed by now because somebody answered."""
        self.retries = 0
        """How often a write was tried again because the broker had not answered."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            self._drop(self._producer)
        await asyncio.gather(*self._dropped)

    def owed(self) -> list[Owed]:
        """Every text and mail that what was written and answered so far must lead to."""
        return [*(owed for reported in self.reported for owed in reported.owed()), *self.answered]

    def make(self, kind: Kind, of: Reported | None = None) -> tuple[EmergencyEvent, str]:
        """A new event of ``kind`` and its marker, not written yet: a report, or an update ``of`` an earlier one."""
        lat, lon = self._markers.take(kind.corner)
        self._count += 1
        body: dict[str, object] = {
            "kind": "update" if of else "report", "status": "Actual", "origin": "live", "reporting_party": kind.party,
            "event_type": kind.event_type, "severity": kind.severity, "urgency": "Immediate", "certainty": "Observed",
            "psap_notified": {"notified": True}, "place": {"point": {"lat": lat, "lon": lon}},
            "expires_at": (datetime.now(UTC) + LIFETIME).isoformat(),
        }  # fmt: skip
        if kind.tankers:
            body["needs"] = [{"kind": "fire_tanker", "count": kind.tankers}]
        if of is not None:
            body["incident_id"] = of.event.incident_id
        key = f"{self._name}-{self._count}"
        event = accept(json.dumps(body).encode(), now=datetime.now(UTC), fresh=lambda: key, key=key).event
        return event, f"{lat:.4f},{lon:.4f}"

    async def report(self, kind: Kind, of: Reported | None = None) -> Reported:
        """Make an event, or an update ``of`` one, write it until the broker says that it has it, and remember it.

        Raises:
            NotWritten: it did not within ``WRITTEN_WITHIN_S`` seconds.
        """
        event, marker = self.make(kind, of)
        tried_at_s = time.time()
        await self._write(event)
        reported = Reported(kind, event, marker, tried_at_s, time.time(), update=of is not None)
        self.reported.append(reported)
        return reported

    async def report_again(self, reported: Reported) -> None:
        """Write an event again under the same ids, as a reporter does that is not sure: it owes nothing new."""
        await self._write(reported.event)

    async def steady(
        self,
        per_s: float,
        stop: asyncio.Event,
        *,
        kinds: Sequence[Kind] = KINDS,
        repeated: float = 0.0,
        updates: float = 0.0,
        dice: random.Random | None = None,
    ) -> None:
        """Report ``per_s`` events a second, whatever the broker does, until ``stop``; then until all are written.

        With ``dice``, a share ``repeated`` of them is written twice, a share ``updates`` are updates of earlier
        events, and the kind is chosen; without, the kinds come in turn.
        """
        interval_s, due_s, turn = 1 / per_s, time.monotonic(), 0
        async with asyncio.TaskGroup() as writing:
            while not stop.is_set():
                kind = dice.choice(kinds) if dice else kinds[turn % len(kinds)]
                twice = dice.random() < repeated if dice else False
                of = self._earlier(kinds) if dice and dice.random() < updates else None
                writing.create_task(self._one(of.kind if of else kind, twice, of))
                turn, due_s = turn + 1, due_s + interval_s
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, due_s - time.monotonic())):
                        await stop.wait()

    async def burst(self, kinds: Iterable[Kind], *, at_once: int = AT_ONCE) -> list[Reported]:
        """Report one event of each of ``kinds`` as fast as the broker takes them, ``at_once`` under way."""
        room = asyncio.Semaphore(at_once)

        async def one(kind: Kind) -> Reported:
            async with room:
                return await self.report(kind)

        async with asyncio.TaskGroup() as writing:
            tasks = [writing.create_task(one(kind)) for kind in kinds]
        return [task.result() for task in tasks]

    def _earlier(self, kinds: Sequence[Kind]) -> Reported | None:
        """An earlier event of one of ``kinds`` that was not updated yet."""
        found = next((one for one in self._to_update if one.kind in kinds), None)
        if found is not None:
            self._to_update.remove(found)
        return found

    async def _one(self, kind: Kind, twice: bool, of: Reported | None) -> None:
        reported = await self.report(kind, of)
        if twice:
            await self.report_again(reported)

    async def _write(self, event: EmergencyEvent) -> None:
        deadline = time.monotonic() + WRITTEN_WITHIN_S
        while True:
            producer = None
            try:
                async with asyncio.timeout(TRY_S):
                    producer = await self._open()
                    return await write_event(producer, event, self._settings.partitions)
            except (KafkaError, OSError, TimeoutError) as problem:
                if time.monotonic() > deadline:
                    raise NotWritten(f"{event.event_id}: {problem!r}") from problem
                self.retries += 1
                if producer is not None:
                    self._drop(producer)
                await asyncio.sleep(0.2)

    async def _open(self) -> AIOKafkaProducer:
        """The producer of all writes; after a failure a new one, since what an old one still holds is not known."""
        async with self._opening:
            if self._producer is None:
                producer = make_producer(self._settings)
                try:
                    await producer.start()
                except BaseException:
                    await _stopped(producer)
                    raise
                self._producer = producer
            return self._producer

    def _drop(self, producer: AIOKafkaProducer) -> None:
        if self._producer is not producer:
            return
        self._producer = None
        task = asyncio.create_task(_stopped(producer))
        self._dropped.add(task)
        task.add_done_callback(self._dropped.discard)


async def _stopped(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_STOP_WITHIN_S):
            await producer.stop()

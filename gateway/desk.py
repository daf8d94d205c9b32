"""What is done with an inbound text, in this order: understood, resolved, put on the log, and only then answered."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.courtesy import Courtesy, Occasion
from gateway.inbound import (
    InboundText,
    Meaning,
    Mind,
    NotMeant,
    Reading,
    holders_of,
    response_of,
    settled,
)
from gateway.log import Log
from gateway.recent import Did, Once
from gateway.requests import RequestsFollower
from gateway.stops import Stops
from runtime import metrics
from runtime.log import logger
from schemas.ids import partition_of_code
from schemas.notification import Response
from schemas.policy.directory import Contact, Directory
from schemas.topics import RESPONSES
from schemas.vocabulary import ReplyKind, ReplyProblem

READ_WITHIN_S = 10.0
AT_ONCE = 1000
REMEMBERED = 200_000
_LOCKS = 64


class Desk:
    """Takes inbound texts, each once, those of one number one after the other."""

    def __init__(
        self,
        log: Log,
        follower: RequestsFollower,
        directory: Callable[[], Directory],
        mind: Mind,
        stops: Stops,
        courtesy: Courtesy,
        partitions: int,
    ) -> None:
        self._log, self._follower, self._directory, self._mind = log, follower, directory, mind
        self._stops, self._courtesy, self._partitions = stops, courtesy, partitions
        self.once: Once[tuple[str, str]] = Once(remembered=REMEMBERED, at_once=AT_ONCE)
        self._turns = [asyncio.Lock() for _ in range(_LOCKS)]

    async def take(self, text: InboundText, within_s: float) -> Did:
        """Have ``text`` on the log; returns when it is there, now or from before.

        Raises:
            LogAway: it is not within ``within_s``; it may still come onto it, and must be brought again.
        """
        return await self.once.do((text.provider, text.ref), lambda: self._work(text), within_s=within_s)

    async def _work(self, text: InboundText) -> None:
        async with self._turns[zlib.crc32(text.sender.encode()) % _LOCKS]:
            contacts = holders_of(text.number, self._directory())
            reading = self._mind.understand(text.body, text.at)
            if reading.command is not None:
                await self._obey(text, reading, contacts)
            else:
                await self._answer(text, reading, contacts)

    async def _obey(self, text: InboundText, reading: Reading, contacts: dict[str, Contact]) -> None:
        """STOP or START: the wish first, then the record of the text, which marks it as done."""
        if reading.command is None:
            return
        await self._stops.heed(text, reading.command, contacts)
        for name in contacts:
            await self._keep(response_of(text, reading, name, None))
        if not contacts:
            await self._keep(response_of(text, reading, None, NotMeant(ReplyProblem.UNKNOWN_NUMBER)))
            return  # whoever wants no texts gets none
        name, contact = next(iter(contacts.items()))
        kind = ReplyKind.STOPPED if reading.command == "stop" else ReplyKind.STARTED
        self._courtesy.offer(text, Occasion(kind, contact_id=name, contact=contact))

    async def _answer(self, text: InboundText, reading: Reading, contacts: dict[str, Contact]) -> None:
        if contacts:
            await self._follower.read_through(READ_WITHIN_S)  # only then may anything be called unknown
        meaning = self._meaning(reading, contacts)
        only = next(iter(contacts)) if len(contacts) == 1 else None
        response = response_of(text, reading, only, meaning)
        await self._keep(response)
        if response.problem is not None:
            name = response.contact_id or next(iter(contacts), None)
            contact = contacts.get(name) if name else None
            codes = meaning.codes if isinstance(meaning, NotMeant) else ()
            self._courtesy.offer(text, Occasion(ReplyKind(response.problem.value), codes, name, contact))

    def _meaning(self, reading: Reading, contacts: dict[str, Contact]) -> Meaning:
        requests, now = self._follower.requests, datetime.now(UTC)
        coded = requests.of_code(reading.code) if reading.code else ()
        meanings: dict[str, Meaning] = {}
        for name in contacts:
            own = requests.of_contact(name)
            named = {state.incident_id for state in own}
            states = (*own, *(state for state in coded if state.incident_id not in named))
            meanings[name] = self._mind.resolve(reading, name, states, now)
        return settled(meanings)

    async def _keep(self, response: Response) -> None:
        await self._log.write(
            RESPONSES,
            response,
            partition=self._partition(response),
            key=response.incident_id,
            cause=response.provider_ref,
        )
        metrics.REPLIES.labels(str(response.problem or response.command or response.answer)).inc()
        logger().info(
            "reply_" + (response.problem.value if response.problem else response.command or "taken"),
            incident=response.incident_id,
            contact=response.contact_id,
            answer=response.answer,
            ref=response.provider_ref,
        )

    def _partition(self, response: Response) -> int:
        """Where its incident stands; for a text about none, where its code points to, else the first."""
        known = self._follower.requests.partition_of(response.incident_id) if response.incident_id else None
        if known is not None:
            return known
        named = partition_of_code(response.code or "")
        return named if named is not None and named < self._partitions else 0

"""What is done with an inbound text, in this order: understood, resolved, put on the log, and only then answered."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from typing import Literal

from gateway.courtesy import Courtesy, Occasion
from gateway.inbound import InboundText
from gateway.log import Log
from gateway.people import holders_of
from gateway.reading import Reader
from gateway.recent import Did, Once
from gateway.requests import RequestsFollower
from gateway.stops import Stops
from runtime import metrics
from runtime.log import logger
from schemas import ids
from schemas.notification import Response
from schemas.policy.directory import Contact, Directory
from schemas.topics import RESPONSES
from schemas.vocabulary import ReplyKind, ReplyProblem
from streams.rules.replies.record import Arrival, make_response, of_request
from streams.rules.replies.resolve import Sender, Unresolved, is_open
from streams.rules.replies.understand import Understood

READ_WITHIN_S = 10.0
AT_ONCE = 1000
REMEMBERED = 200_000
CHANNEL = "sms"
_LOCKS = 64


class Desk:
    """Takes inbound texts, each once, those of one number one after the other."""

    def __init__(
        self,
        log: Log,
        follower: RequestsFollower,
        directory: Callable[[], Directory],
        reader: Reader,
        stops: Stops,
        courtesy: Courtesy,
        partitions: int,
    ) -> None:
        self._log, self._follower, self._directory, self._reader = log, follower, directory, reader
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
            understood = self._reader.understand(text.body, text.at)
            if understood.command is not None:
                await self._obey(text, understood, understood.command, contacts)
            else:
                await self._answer(text, understood, contacts)

    async def _obey(
        self, text: InboundText, said: Understood, command: Literal["stop", "start"], contacts: Mapping[str, Contact]
    ) -> None:
        """STOP or START: the wish first, then word of it to each request that waits for this contact, then the record
        of the text, which marks it as done."""
        await self._stops.heed(text, command, contacts)
        if contacts:
            await self._follower.read_through(READ_WITHIN_S)
        for name, contact in contacts.items():
            wish = make_response(_arrival(text, name), said, None, self._reader.sender(name, contact))
            for state in self._follower.requests.of_contact(name):
                if is_open(state, self._log.clock.now()):
                    await self._keep(of_request(wish, state))
            await self._keep(wish)
        if not contacts:
            await self._keep(make_response(_arrival(text), said, Unresolved(ReplyProblem.UNKNOWN_NUMBER)))
            return  # whoever wants no texts gets none
        name, contact = next(iter(contacts.items()))
        kind = ReplyKind.STOPPED if command == "stop" else ReplyKind.STARTED
        self._courtesy.offer(text, Occasion(kind, (), name, contact))

    async def _answer(self, text: InboundText, said: Understood, contacts: Mapping[str, Contact]) -> None:
        if contacts:
            await self._follower.read_through(READ_WITHIN_S)  # only then may anything be called unknown
        meaning, sender = self._reader.meaning(said, contacts, self._follower.requests, self._log.clock.now())
        await self._keep(make_response(_arrival(text), said, meaning, sender))
        if isinstance(meaning, Unresolved):
            occasion = _occasion(said, meaning, sender, contacts)
            if occasion is not None:
                self._courtesy.offer(text, occasion)

    async def _keep(self, response: Response) -> None:
        partition, key = self._partition(response), response.incident_id
        await self._log.write(RESPONSES, response, partition=partition, key=key, cause=response.provider_ref)
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
        named = ids.partition_of_code(response.code or "")
        return named if named is not None and named < self._partitions else 0


def _arrival(text: InboundText, contact: str | None = None) -> Arrival:
    """How ``text`` came in; a STOP is kept once for each ``contact``."""
    name = ids.response_id(text.provider, text.ref, contact)
    return Arrival(name, CHANNEL, text.body, text.at, text.provider, text.ref)


def _occasion(
    said: Understood, problem: Unresolved, sender: Sender | None, contacts: Mapping[str, Contact]
) -> Occasion | None:
    """What the sender of a reply that answers nothing may be written; None where there is nothing helpful to say."""
    kind, codes = ReplyKind(problem.problem.value), problem.codes
    match problem.problem:
        case ReplyProblem.UNKNOWN_CODE:
            codes = (said.code,) if said.code else ()
        case ReplyProblem.NOT_UNDERSTOOD if not codes:
            return None
        case ReplyProblem.NOT_UNDERSTOOD if len(codes) > 1:
            kind = ReplyKind.WHICH_REQUEST
    name = sender.contact_id if sender else None
    return Occasion(kind, codes, name, contacts.get(name) if name else None)

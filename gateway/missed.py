"""Texts that came in while nobody answered the provider: fetched from its list, at start and every minute."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from gateway.inbound import InboundText
from gateway.log import LogAway
from gateway.recent import Did
from gateway.twilio_texts import ListingFailed, Received
from runtime import metrics
from runtime.log import logger
from runtime.process import nap

OVERLAP = timedelta(minutes=10)
"""Each reading goes back so far before the one before it: a text may appear in the list late."""

AT_MOST = timedelta(days=7)

ListTexts = Callable[[str, datetime], Awaitable[Received]]
Take = Callable[[InboundText], Awaitable[Did]]
Learn = Callable[[Sequence[InboundText]], Awaitable[None]]


async def _nothing_to_learn(_: Sequence[InboundText]) -> None:
    return None


class Missed:
    """Reads the list of each of our numbers and hands on every text of it; those known already are known there."""

    def __init__(
        self,
        listed: ListTexts,
        take: Take,
        numbers: Sequence[str],
        since: datetime,
        learn: Learn = _nothing_to_learn,
    ) -> None:
        """``learn`` is handed each list before its texts are: another gateway may have taken some of them."""
        self._learn = learn
        self._listed, self._take, self._numbers = listed, take, tuple(dict.fromkeys(numbers))
        self._since = dict.fromkeys(self._numbers, since)

    async def run(self, stop: asyncio.Event, poll_s: float) -> None:
        """Look every ``poll_s`` until ``stop``."""
        while not stop.is_set():
            await nap(stop, poll_s)
            if not stop.is_set():
                await self.look()

    async def look(self) -> int:
        """Look once at every number; returns how many texts only the list brought. Never raises for the provider."""
        found = 0
        for number in self._numbers:
            began = datetime.now(UTC)
            try:
                found += await self._look_at(number, max(self._since[number], began - AT_MOST))
            except (ListingFailed, LogAway) as problem:
                metrics.LISTINGS.labels("failed").inc()
                logger().warning("listing_failed", problem=str(problem))
                continue  # the next look goes back as far as this one
            metrics.LISTINGS.labels("read").inc()
            self._since[number] = began - OVERLAP
        return found

    async def _look_at(self, number: str, since: datetime) -> int:
        received = await self._listed(number, since)
        if not received.complete:
            logger().error("listing_incomplete", texts=len(received.texts), mend="older texts of this time are unread")
        found = 0
        await self._learn(received.texts)
        for text in received.texts:
            if await self._take(text) is Did.NOW:
                found += 1
                metrics.REPLIES_FETCHED.inc()
        if found:
            logger().warning("texts_were_missed", texts=found)
        return found

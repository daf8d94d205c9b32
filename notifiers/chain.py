"""The providers of one channel in order, each with its breaker: who is handed the next text.

The first provider that is up is taken. A provider that is down is passed over, but for one notification a second that
finds out whether it is back; when it is, it takes over again. Where all are down, whoever is back first goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from notifiers.message import Message, Provider
from notifiers.outcome import NotSent, Reconciled, Unknown
from notifiers.pace import Pace, Stopping, TurnedAway
from notifiers.tries import BACKOFF_S
from runtime import metrics
from schemas.vocabulary import Channel, ReceiptReason

ASK_TIMES = 3


@dataclass(frozen=True)
class Link:
    """One provider with its pace in this lane."""

    provider: Provider
    pace: Pace

    @property
    def name(self) -> str:
        """The provider's name, as receipts have it."""
        return self.provider.name

    @property
    def up(self) -> bool:
        """Whether the provider's breaker is closed."""
        return self.pace.down_s is None


@dataclass(frozen=True)
class Wishes:
    """By whom a notification should rather not go.

    ``avoid`` took it before and it never arrived, or nobody knows; ``failed`` just failed it. Neither forbids
    anything when nobody else is there.
    """

    avoid: AbstractSet[str] = frozenset()
    failed: AbstractSet[str] = frozenset()


class Chain:
    """The providers of one channel and lane, first choice first."""

    def __init__(self, channel: Channel, links: Sequence[Link]) -> None:
        """``links`` are at least one, with names of their own."""
        self.channel, self._links = channel, tuple(links)
        self._by_name = {link.name: link for link in self._links}
        self._news, self._stopped = asyncio.Event(), False
        for link in self._links:
            link.pace.on_change = self._changed
            metrics.PROVIDER_UP.labels(channel.value, link.name).set(1)

    @property
    def standing(self) -> str:
        """Every provider and whether it is up, in order, for people: ``twilio up, smpp down for 12 s``."""
        return ", ".join(f"{link.name} {_standing(link)}" for link in self._links)

    def link(self, name: str) -> Link | None:
        """The link of the provider ``name``; None when it is not in use here."""
        return self._by_name.get(name)

    def call_timeout_s(self, name: str | None) -> float:
        """How long a call under a claim that names ``name`` can take; of whichever takes longest where it is open."""
        link = self._by_name.get(name or "")
        return link.provider.call_timeout_s if link else max(link.provider.call_timeout_s for link in self._links)

    def open(self, wishes: Wishes) -> bool:
        """Whether somebody lets a notification with ``wishes`` in at once."""
        link = self._pick(wishes)
        return link is not None and link.pace.open

    def another(self, wishes: Wishes) -> bool:
        """Whether a provider is up that is neither to be avoided nor has failed."""
        return any(link.up for link in self._links if link.name not in wishes.avoid | wishes.failed)

    @asynccontextmanager
    async def turn(self, wishes: Wishes) -> AsyncIterator[Link]:
        """Wait for a provider's turn, and hold it.

        Raises:
            Stopping: the process is asked to stop.
        """
        link = await self._enter(wishes)
        try:
            yield link
        finally:
            await link.pace.__aexit__(None, None, None)

    def stop(self) -> None:
        """Turn away who waits and who comes."""
        self._stopped = True
        for link in self._links:
            link.pace.stop()
        self._announce()

    async def reconcile(
        self, name: str | None, message: Message, since: datetime, known_refs: frozenset[str]
    ) -> Reconciled:
        """Ask who may have been handed ``message`` under a claim that names ``name``; everybody where it is None."""
        if name is not None and name not in self._by_name:
            return Unknown(ReceiptReason.CLAIM_LAPSED, f"{name} is not in use here any more and cannot be asked")
        asked = self._links if name is None else (self._by_name[name],)
        answers = [await _ask(link.provider, message, since, known_refs) for link in asked]
        unclear = [answer for answer in answers if isinstance(answer, Unknown)]
        taken = [answer for answer in answers if not isinstance(answer, (NotSent, Unknown))]
        return next((answer for answer in (*taken, *unclear)), NotSent())

    async def _enter(self, wishes: Wishes) -> Link:
        while not self._stopped:
            link, news = self._pick(wishes), self._news
            if link is None:
                await self._wait(news)
                continue
            try:
                await link.pace.__aenter__()
            except TurnedAway:
                continue
            return link
        raise Stopping

    def _pick(self, wishes: Wishes) -> Link | None:
        """Whose turn to wait for; None where all are down and none is due for a probe."""
        if len(self._links) == 1:
            return self._links[0]
        liked = [link for link in self._links if link.name not in wishes.avoid]
        untried = [link for link in liked if link.name not in wishes.failed]
        for link in untried:
            if link.up or link.pace.open:
                return link
        for group in (liked, self._links):
            up = next((link for link in group if link.up), None) or next((one for one in group if one.pace.open), None)
            if up is not None:
                return up
        return None

    async def _wait(self, news: asyncio.Event) -> None:
        """Until something changed, or the next probe is due."""
        try:
            async with asyncio.timeout(min(link.pace.probe_in_s for link in self._links)):
                await news.wait()
        except TimeoutError:
            return

    def _changed(self) -> None:
        """A provider went down, came back or was probed: who waits for one that is down may look again."""
        for link in self._links:
            metrics.PROVIDER_UP.labels(self.channel.value, link.name).set(1 if link.up else 0)
            if not link.up and len(self._links) > 1:
                link.pace.turn_away()
        self._announce()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _ask(provider: Provider, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
    """Reconcile with one provider, a few times where asking itself fails."""
    for wait_s in BACKOFF_S[: ASK_TIMES - 1]:
        answer = await provider.reconcile(message, since, known_refs)
        if not isinstance(answer, Unknown) or not provider.can_be_asked:
            return answer
        await asyncio.sleep(wait_s)
    return await provider.reconcile(message, since, known_refs)


def _standing(link: Link) -> str:
    down_s = link.pace.down_s
    return "up" if down_s is None else f"down for {down_s:.0f} s"

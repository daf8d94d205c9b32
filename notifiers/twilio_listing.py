"""What was sent to a number lately: the provider's list, read back page by page as far as somebody needs it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PAGE_SIZE = 1000
"""The provider's largest page."""

PAGES_AT_MOST = 20
"""Nobody can read so many texts in a minute; it only bounds what a storm can make us read."""

ASKED_AT_ONCE = 20
ASKED_TOGETHER_S = 0.2
"""Questions about the same number wait so long for one another: after a kill there are hundreds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the list, with what is needed to tell whether it is the one looked for."""

    sid: str
    body: str
    status: str
    direction: str
    error_code: Any
    date_created: datetime | None


@dataclass(frozen=True)
class Listing:
    """Messages to one number, newest first. ``complete``: it reaches back as far as was asked for."""

    entries: tuple[Entry, ...]
    complete: bool


@dataclass
class _Question:
    since: datetime
    answer: asyncio.Task[Listing] = field(init=False)


class Listings:
    """Asks for the messages to a number; those who ask about the same number together share an answer."""

    def __init__(self, client: Any, *, page_within_s: float) -> None:
        """``client`` is the SDK's; a page that takes longer than ``page_within_s`` fails."""
        self._client, self._page_within_s = client, page_within_s
        self._at_once = asyncio.Semaphore(ASKED_AT_ONCE)
        self._open: dict[str, _Question] = {}

    async def since(self, to: str, since: datetime) -> Listing:
        """The messages to ``to`` created at ``since`` or later (and some before), asked for after this call began.

        Raises:
            TwilioException, aiohttp.ClientError, TimeoutError, …: whatever the SDK raises where asking fails.
        """
        question = self._open.get(to)
        if question is None:
            question = self._open[to] = _Question(since)
            question.answer = asyncio.create_task(self._ask(to, question))
        question.since = min(question.since, since)
        return await asyncio.shield(question.answer)

    async def _ask(self, to: str, question: _Question) -> Listing:
        await asyncio.sleep(ASKED_TOGETHER_S)
        async with self._at_once:
            del self._open[to]  # who comes from here on asks anew
            entries: list[Entry] = []
            async for page in self._pages(to):
                entries += page
                if not page or _before(page[-1], question.since):
                    return Listing(tuple(entries), complete=True)
                if len(entries) >= PAGES_AT_MOST * PAGE_SIZE:
                    return Listing(tuple(entries), complete=False)
            return Listing(tuple(entries), complete=True)

    async def _pages(self, to: str) -> AsyncIterator[list[Entry]]:
        async with asyncio.timeout(self._page_within_s):
            # By recipient only: the list's date filter is on date_sent, which a queued message does not have.
            page = await self._client.messages.page_async(to=to, page_size=PAGE_SIZE)
        while page is not None:
            yield [_entry(one) for one in page]
            async with asyncio.timeout(self._page_within_s):
                page = await page.next_page_async()


def _entry(one: Any) -> Entry:
    return Entry(one.sid, one.body, one.status, one.direction, one.error_code, one.date_created)


def _before(entry: Entry, since: datetime) -> bool:
    return entry.date_created is not None and entry.date_created < since

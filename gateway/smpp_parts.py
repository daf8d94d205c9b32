"""Replies that come in several parts: put together, and kept for good before any part is answered for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.smpp_text import Part

WAIT_S = 5.0
"""How long the answer for a part waits for the others: a provider may hand over one at a time and wait for each."""

COMPLETE_WITHIN_S = 120.0
"""After so long a text is taken as far as it came: half a yes is worth more than none."""

MAX_TEXTS = 500
OnWhole = Callable[[bytes], Awaitable[None]]


class Key(NamedTuple):
    """What makes parts belong together, and the data coding they share."""

    sender: str
    to: str
    reference: int
    total: int
    coding: int


@dataclass
class _Text:
    """The parts so far, and the outcome that those who brought them wait for."""

    parts: dict[int, bytes]
    began_s: float
    kept: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Assembly:
    """Texts of which parts are missing, at most ``MAX_TEXTS``; the oldest make room."""

    def __init__(self, *, wait_s: float = WAIT_S, complete_within_s: float = COMPLETE_WITHIN_S) -> None:
        self._wait_s, self._complete_within_s = wait_s, complete_within_s
        self._texts: OrderedDict[Key, _Text] = OrderedDict()

    async def add(self, key: Key, part: Part, raw: bytes, keep: OnWhole) -> bool:
        """Add a part; True once the whole text is kept, False when the others did not come soon enough to wait for.

        ``keep`` is called by whoever brings the last part; its failure is everybody's, so that all parts come again.
        """
        text = self._texts.get(key)
        if text is None or text.kept.done():
            text = self._texts[key] = _Text({}, time.monotonic())
            while len(self._texts) > MAX_TEXTS:
                self._texts.popitem(last=False)
        text.parts[part.number] = raw
        if len(text.parts) < part.total:
            done, _ = await asyncio.wait({text.kept}, timeout=self._wait_s)
            if done:
                text.kept.result()
            return bool(done)
        self._texts.pop(key, None)
        await self._keep(text, b"".join(text.parts[number] for number in sorted(text.parts)), keep)
        return True

    def overdue(self) -> list[tuple[Key, list[bytes | None]]]:
        """Texts whose missing parts (None) will not come any more; each is returned once."""
        late = [key for key, text in self._texts.items() if time.monotonic() - text.began_s > self._complete_within_s]
        return [(key, _in_order(self._texts.pop(key).parts, key.total)) for key in late]

    async def _keep(self, text: _Text, whole: bytes, keep: OnWhole) -> None:
        try:
            await keep(whole)
        except BaseException as error:
            if not text.kept.done():
                text.kept.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
                text.kept.exception()
            raise
        if not text.kept.done():
            text.kept.set_result(None)


def _in_order(parts: dict[int, bytes], total: int) -> list[bytes | None]:
    return [parts.get(number) for number in range(1, total + 1)]

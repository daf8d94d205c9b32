"""The phones of the world: what arrived on them, what they sent, and whom they told to stop."""

import asyncio
from collections import defaultdict

from deploy.local.sandbox.ledger import stamp
from deploy.local.sandbox.messages import Message
from deploy.local.sandbox.models import PhoneText

# https://help.twilio.com/articles/223134027: the whole text is the keyword, in any case.
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "UNSTOP"})


class Phones:
    """Texts per phone, newest last; a phone remembers what the provider redacts or deletes."""

    def __init__(self) -> None:
        self._texts: defaultdict[str, list[PhoneText]] = defaultdict(list)
        self._stopped: set[tuple[str, str]] = set()
        self._news: dict[str, asyncio.Event] = {}

    def clear(self) -> None:
        """Empty every phone and forget every STOP."""
        self._texts.clear()
        self._stopped.clear()

    def numbers(self) -> list[str]:
        """Every phone that has a text."""
        return sorted(self._texts)

    def texts(self, number: str, after: int = 0) -> list[PhoneText]:
        """The texts of a phone from index `after` on."""
        return self._texts[number][after:] if number in self._texts else []

    def add(self, number: str, direction: str, message: Message, epoch_s: float) -> None:
        """A text arrives on (`in`), or leaves (`out`), a phone."""
        thread = self._texts[number]
        text = PhoneText(
            index=len(thread),
            at=stamp(epoch_s),
            direction=direction,
            peer=message.sender if direction == "in" else message.to,
            body=message.body,
            segments=message.segments,
            sid=message.sid,
        )
        thread.append(text)
        if direction == "out":
            self._heed_keyword(number, text.peer, text.body)
        news = self._news.pop(number, None)
        if news is not None:
            news.set()

    def has_stopped(self, number: str, sender: str) -> bool:
        """Whether the phone told this sender to stop."""
        return (number, sender) in self._stopped

    async def wait(self, number: str, after: int, timeout_s: float) -> list[PhoneText]:
        """The texts of a phone from index `after` on, waiting for one; empty when none came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.texts(number, after):
                    await self._news.setdefault(number, asyncio.Event()).wait()
        except TimeoutError:
            pass
        return self.texts(number, after)

    def _heed_keyword(self, number: str, peer: str, body: str) -> None:
        word = body.strip().upper()
        if word in _STOP:
            self._stopped.add((number, peer))
        elif word in _START:
            self._stopped.discard((number, peer))

"""Courtesy replies by SMPP: to whoever wrote by it, from the number they wrote to."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from gateway.courtesy import NotTaken
from runtime.settings import SmppSettings
from runtime.smpp_session import Answer, Broken, NotBound, SmppSession
from runtime.smpp_submit import Text, messages_of, sender_of

VALID_FOR = timedelta(minutes=10)
"""A reply that has not left the provider's queue by then is not worth having."""


def numbers_of(settings: SmppSettings) -> tuple[str, ...]:
    """The senders that can be answered, and so written to: numbers, no names."""
    senders = dict.fromkeys((settings.from_urgent, settings.from_routine))
    return tuple(one for one in senders if one.removeprefix("+").isdigit())


class SmppReplies:
    """Hands replies over by the receiving session where that is a transceiver; a receiver may not send, so that a
    session is bound for the reply and ended behind it, one at a time. No report is asked for."""

    def __init__(self, settings: SmppSettings, receiving: Callable[[], SmppSession | None]) -> None:
        self._settings, self._receiving = settings, receiving
        self._turn = asyncio.Lock()

    async def send(self, to: str, sender: str, body: str) -> None:
        """Hand one text over, once.

        Raises:
            NotTaken: it was refused, or nobody knows; it is not tried again.
        """
        settings = self._settings
        reference = random.randrange(1 << 16)  # noqa: S311 - it tells parts of texts apart
        text = Text(to, sender_of(settings, sender), body, reference, VALID_FOR, report=False)
        try:
            async with asyncio.timeout(settings.timeout_s), self._session() as session:
                for message in messages_of(settings, text):
                    answer: Answer = await (await session.submit(message))
                    if answer.status:
                        raise NotTaken(f"status {answer.status:#x}")
        except (NotBound, Broken, TimeoutError) as fault:
            raise NotTaken(f"{type(fault).__name__}: {fault}"[:200]) from fault

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[SmppSession]:
        receiving = self._receiving() if self._settings.receiver_bind == "transceiver" else None
        if receiving is not None:
            yield receiving
            return
        async with self._turn:
            session = SmppSession(self._settings, "transmitter")
            running = asyncio.create_task(session.run(), name="smpp-reply")
            try:
                yield session
            finally:
                with contextlib.suppress(asyncio.CancelledError):
                    await session.close()
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

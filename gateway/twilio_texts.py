"""Twilio's API as the gateway needs it: sending a short reply, and listing what came in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from gateway.courtesy import NotTaken
from gateway.inbound import TWILIO, InboundText
from runtime.quoting import bounded
from runtime.settings import TwilioSettings
from runtime.twilio_http import BoundedTwilioHttp

CONNECT_S = 3.0
REPLY_VALID_S = 600
"""A reply that has not left the provider's queue by then is not worth having."""

PAGE_SIZE = 500
PAGES_AT_MOST = 20

# The last two are what the SDK makes of a 2xx whose JSON is not of the provider's shape.
_FAILURES = (TwilioException, aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError, TypeError)


class ListingFailed(Exception):
    """The provider could not be asked what came in; the text says why, without numbers."""


@dataclass(frozen=True)
class Received:
    """Texts to one of our numbers, the oldest first. ``complete``: it reaches back as far as was asked for."""

    texts: tuple[InboundText, ...]
    complete: bool


class TwilioTexts:
    """Sends and lists texts of one account."""

    def __init__(self, settings: TwilioSettings) -> None:
        """Must be made inside a running event loop."""
        self._settings, self._timeout_s = settings, settings.timeout_s
        self._http = BoundedTwilioHttp(
            settings.base_url, connect_s=min(CONNECT_S, settings.timeout_s), total_s=settings.timeout_s
        )

    @cached_property
    def _client(self) -> Any:
        """The SDK's client, made when it is first needed: it cannot be made without an account."""
        token = self._settings.auth_token.get_secret_value()
        return Client(self._settings.account_sid, token, http_client=self._http, environment={})

    async def send(self, to: str, sender: str, body: str) -> None:
        """Hand one text over, once.

        Raises:
            NotTaken: it was refused, or nobody knows; it is not tried again.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._client.messages.create_async(
                    to=to, from_=sender, body=body, smart_encoded=False, validity_period=REPLY_VALID_S
                )
        except _FAILURES as error:
            raise NotTaken(_why(error)) from error

    async def received(self, to: str, since: datetime) -> Received:
        """What came in to ``to`` at ``since`` or later, and perhaps some before.

        Raises:
            ListingFailed: the provider did not answer, or not as it should.
        """
        found: list[InboundText] = []
        try:
            pages = 0
            async for page in self._pages(to, since):
                pages += 1
                found += [text for one in page if (text := _text_of(one)) is not None]
                if pages >= PAGES_AT_MOST:
                    return Received(tuple(reversed(found)), complete=False)
        except _FAILURES as error:
            raise ListingFailed(_why(error)) from error
        return Received(tuple(reversed(found)), complete=True)

    async def close(self) -> None:
        """Close the connection pool."""
        await self._http.close()

    async def _pages(self, to: str, since: datetime) -> AsyncIterator[list[Any]]:
        whole_second = since.astimezone(UTC).replace(microsecond=0)
        async with asyncio.timeout(self._timeout_s):
            page = await self._client.messages.page_async(to=to, date_sent_after=whole_second, page_size=PAGE_SIZE)
        while page is not None:
            yield list(page)
            async with asyncio.timeout(self._timeout_s):
                page = await page.next_page_async()


def _text_of(one: Any) -> InboundText | None:
    if one.direction != "inbound" or not one.sid or not one.from_:
        return None
    at = one.date_sent or one.date_created or datetime.now(UTC)
    return InboundText(TWILIO, str(one.sid), str(one.from_), str(one.to or ""), str(one.body or ""), at)


def _why(error: Exception) -> str:
    if isinstance(error, TwilioRestException):
        return f"HTTP {error.status}, code {error.code}: {bounded(str(error.msg))}"
    return bounded(type(error).__name__)

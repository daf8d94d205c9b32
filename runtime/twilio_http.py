"""The Twilio SDK's asynchronous HTTP client, bounded in time, silent about bodies, and able to use another host."""

import base64
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

_CONNECTIONS = 200
_KEEP_ALIVE_S = 10.0

RETRY_AFTER: ContextVar[str | None] = ContextVar("retry_after", default=None)
"""``Retry-After`` of the last answer in this task: the SDK's exceptions do not carry headers."""


class BoundedTwilioHttp(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Sends the SDK's requests, to ``base_url``'s scheme and host when given; ``total_s`` bounds each of them.

    The base class logs requests with numbers and texts, so its request method is replaced and not wrapped.
    """

    def __init__(self, base_url: str | None, *, connect_s: float, total_s: float) -> None:
        # The direct base's own constructor would open a session without these bounds.
        AsyncHttpClient.__init__(self, None, True, None)
        self._base = urlsplit(base_url) if base_url else None
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=total_s, connect=connect_s, sock_connect=connect_s),
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S),
        )

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Any:
        """One request; ``timeout`` of the SDK is not used, the session's bounds hold.

        Raises:
            aiohttp.ClientError, TimeoutError: as aiohttp does.
        """
        async with self.session.request(
            method.upper(),
            self._rewritten(url),
            params=params,
            data=data,
            headers={**(headers or {}), **_authorization(auth)},
            allow_redirects=allow_redirects,
        ) as answer:
            RETRY_AFTER.set(answer.headers.get("Retry-After"))
            return Response(answer.status, await answer.text(), answer.headers)

    def _rewritten(self, url: str) -> str:
        if self._base is None:
            return url
        return urlunsplit(urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc))


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}

"""The door itself: two addresses, each request bounded in size and time, nothing believed without its signature."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Generator

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from gateway.addresses import INBOUND_PATH, STATUS_PATH
from gateway.log import LogAway
from gateway.signature import Form, NotAForm, Seal, form_of
from runtime import metrics
from runtime.log import logger
from runtime.settings import GatewaySettings
from runtime.status_callback import About, about_of

HEADERS_WITHIN_S = 10.0
KEEP_ALIVE_S = 30.0
STOP_WITHIN_S = 5.0
MAX_HEADER_BYTES = 16 * 1024

Report = Callable[[About, Form], Awaitable[str]]
"""Puts a report on the log; returns what came of it, a metric's label. Raises LogAway."""

Inbound = Callable[[Form], Awaitable[str]]
"""Puts an inbound text on the log; the same."""


class Refused(Exception):
    """A request that is answered with ``status`` and not looked at further; ``result`` is the metric's label."""

    def __init__(self, status: int, result: str) -> None:
        super().__init__(result)
        self.status, self.result = status, result


class Door:
    """Answers providers. What a request says goes to ``report`` or ``inbound`` once its signature holds."""

    def __init__(self, settings: GatewaySettings, seal: Seal, report: Report, inbound: Inbound) -> None:
        self._settings, self._seal, self._report, self._inbound = settings, seal, report, inbound

    def app(self) -> Starlette:
        """The two addresses; anything else is 404, another method 405."""
        return Starlette(
            routes=[
                Route(STATUS_PATH, self._status, methods=["POST"]),
                Route(INBOUND_PATH, self._text, methods=["POST"]),
            ],
            exception_handlers={HTTPException: _plainly},
        )

    async def _status(self, request: Request) -> Response:
        async def take(form: Form) -> str:
            try:
                about = about_of(request.query_params)
            except ValidationError as fault:
                raise Refused(400, "malformed") from fault
            return await self._report(about, form)

        return await self._answer("status", request, take)

    async def _text(self, request: Request) -> Response:
        return await self._answer("inbound", request, self._inbound)

    async def _answer(self, kind: str, request: Request, take: Callable[[Form], Awaitable[str]]) -> Response:
        """The path of every request: read it, check it, put it on the log, say so."""
        began_s = time.monotonic()
        try:
            result, status = await take(await self._genuine(request)), 200
        except Refused as refusal:
            result, status = refusal.result, refusal.status
        except ClientDisconnect:
            result, status = "gone", 400
        except LogAway as away:
            logger().warning("callback_put_off", kind=kind, problem=str(away))
            result, status = "unavailable", 503
        metrics.CALLBACKS.labels(kind, result).inc()
        metrics.CALLBACK_SECONDS.labels(kind).observe(time.monotonic() - began_s)
        return _said(status)

    async def _genuine(self, request: Request) -> Form:
        """The form of a request that the provider signed.

        Raises:
            Refused: too large, too slow, no form, or not signed.
        """
        body = await self._body(request)
        try:
            form = form_of(body)
        except NotAForm as fault:
            raise Refused(400, "malformed") from fault
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
        if not self._seal.holds(path, query, form, request.headers.get("x-twilio-signature")):
            raise Refused(403, "bad_signature")
        return form

    async def _body(self, request: Request) -> bytes:
        """The body, of at most ``max_body_bytes``, whether its length was announced or not."""
        most = self._settings.max_body_bytes
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced[:12]) > most:
            raise Refused(413, "too_large")
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.answer_within_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise Refused(413, "too_large")
        except TimeoutError as late:
            raise Refused(408, "too_slow") from late
        return bytes(body)


def _said(status: int) -> Response:
    """An empty answer. Of an inbound text any other body could be sent to the phone as a reply."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    if status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not read
    if status == 200:
        return Response("<Response/>", status, headers, media_type="text/xml")
    return Response("", status, headers)


async def _plainly(_: Request, error: Exception) -> Response:
    return Response("", error.status_code if isinstance(error, HTTPException) else 500)


_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 for so many clients at once, each of whom must finish a request's headers in time.

    uvicorn itself bounds only the wait between requests, and where its bound of connections is passed it turns
    everybody away, not only those who came too late.
    """

    connections_at_most = 500
    _headers_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connects, and is expected to say what it wants."""
        super().connection_made(transport)
        if len(self.connections) > self.connections_at_most:
            metrics.CALLBACKS.labels("connection", "too_many").inc()
            transport.write(_FULL)
            transport.close()
            return
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Bytes of a client; the clock runs from the first until the headers are whole."""
        before: RequestResponseCycle | None = self.cycle  # None until the first request, whatever uvicorn declares
        if self._headers_due is None and (before is None or before.response_complete):
            self._expect_headers()
        super().data_received(data)
        if self.cycle is not before:
            self._headers_came()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._headers_came()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._headers_due = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _headers_came(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None


class _Server(uvicorn.Server):
    """A server inside a process that has its own way with signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the process."""
        yield


def listen(settings: GatewaySettings) -> socket.socket:
    """A listening socket for ``serve``; port 0 takes a free one.

    Raises:
        OSError: somebody else listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((settings.host, settings.port))
        bound.listen(settings.connections)
    except OSError:
        bound.close()
        raise
    return bound


async def serve(app: Starlette, bound: socket.socket, settings: GatewaySettings, stop: asyncio.Event) -> None:
    """Serve ``app`` at ``bound`` until ``stop``; requests under way are answered first, for ``STOP_WITHIN_S``."""
    protocol = type("Protocol", (BoundedProtocol,), {"connections_at_most": settings.connections})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(KEEP_ALIVE_S),
        timeout_graceful_shutdown=int(STOP_WITHIN_S),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="http")
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving

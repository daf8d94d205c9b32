"""The Messages API over HTTP: authentication, faults, and the five operations."""

import asyncio
import base64
import hmac
import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from deploy.local.sandbox.allowance import Allowance
from deploy.local.sandbox.carrier import Carrier
from deploy.local.sandbox.errors import ApiError, api_error, check_create, http_error
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.listing import list_page, parse_query
from deploy.local.sandbox.messages import API_VERSION, Message, MessageStore
from deploy.local.sandbox.models import Fault, FaultKind, Operation

_REFUSING = {FaultKind.THROTTLE, FaultKind.HTTP_ERROR}
_UNANSWERED = {FaultKind.REFUSE, FaultKind.HANG_BEFORE}
_TOO_FAST_RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    payload: dict[str, object] | None
    sid: str | None = None
    code: int | None = None
    retry_after_s: int | None = None


class TwilioApi:
    """The handlers. Everything between reading a request and deciding its reply happens without awaiting, so a
    client that goes away never leaves a message half accepted."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        senders: frozenset[str],
        store: MessageStore,
        carrier: Carrier,
        faults: FaultBoard[Fault],
        ledger: Ledger,
    ) -> None:
        self._account_sid = account_sid
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._authorization = f"Basic {credentials}".encode()
        self._senders = senders
        self._store = store
        self._carrier = carrier
        self._faults = faults
        self._ledger = ledger
        self._allowance = Allowance()

    def routes(self) -> list[web.RouteDef]:
        """The addresses served."""
        many = f"/{API_VERSION}/Accounts/{{account}}/Messages.json"
        one = f"/{API_VERSION}/Accounts/{{account}}/Messages/{{sid}}.json"
        return [
            web.post(many, self._create),
            web.get(many, self._list, allow_head=False),
            web.get(one, self._fetch, allow_head=False),
            web.post(one, self._update),
            web.delete(one, self._delete),
            web.route("*", f"/{API_VERSION}/{{tail:.*}}", self._unknown),
        ]

    async def _create(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.CREATE)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.LIST)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.FETCH)

    async def _update(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.UPDATE)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.DELETE)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Operation.ANY)

    async def _serve(self, request: web.Request, operation: Operation) -> web.StreamResponse:
        raw = await request.read()
        form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        to = form.get("To") or request.query.get("To")
        fault = self._faults.take(lambda f: f.operation in {Operation.ANY, operation} and f.to in {None, to})
        if fault is not None and fault.kind in _UNANSWERED:
            self._note(request, form, None, fault)
            return await self._leave_unanswered(request, fault)
        if fault is not None and fault.kind in _REFUSING:
            error = http_error(429 if fault.kind is FaultKind.THROTTLE else fault.status)
            reply = _refused(error, retry_after_s=fault.retry_after_s if fault.kind is FaultKind.THROTTLE else None)
        else:
            reply = self._answer(request, operation, form)
        self._note(request, form, reply, fault)
        return await self._send(request, reply, fault)

    def _answer(self, request: web.Request, operation: Operation, form: Mapping[str, str]) -> _Reply:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        account = request.match_info.get("account")
        if not hmac.compare_digest(given, self._authorization) or account not in {None, self._account_sid}:
            return _refused(api_error(20003))
        if operation is Operation.CREATE:
            return self._do_create(form)
        if operation is Operation.LIST:
            return self._do_list(request)
        message = self._store.get(request.match_info.get("sid", ""))
        if message is None:
            return _refused(api_error(20404, request.path[:200]))
        if operation is Operation.FETCH:
            return _Reply(200, message.resource(self._account_sid), message.sid)
        if operation is Operation.UPDATE:
            return self._do_update(message, form)
        return self._do_delete(message)

    def _do_create(self, form: Mapping[str, str]) -> _Reply:
        if not self._allowance.take(time.monotonic(), self._carrier.settings.takes_per_s):
            return _refused(http_error(429), retry_after_s=_TOO_FAST_RETRY_AFTER_S)
        wanted = check_create(form, self._senders)
        message = wanted if isinstance(wanted, ApiError) else self._carrier.accept(wanted)
        if isinstance(message, ApiError):
            return _refused(message)
        return _Reply(201, message.resource(self._account_sid), message.sid)

    def _do_list(self, request: web.Request) -> _Reply:
        query = parse_query(request.query)
        if isinstance(query, ApiError):
            return _refused(query)
        visible_until = time.time() - self._carrier.settings.list_delay_s
        return _Reply(200, list_page(self._store, query, self._account_sid, visible_until))

    def _do_update(self, message: Message, form: Mapping[str, str]) -> _Reply:
        if "Status" in form:
            if form["Status"] != "canceled":
                return _refused(api_error(20001, "Status"))
            if not self._carrier.cancel(message):
                return _refused(api_error(20009, message.status))
        if "Body" in form:
            if form["Body"]:
                return _refused(api_error(20001, "Body can only be emptied"))
            if message.status in {"queued", "sending"}:
                return _refused(api_error(20009, message.status))
            message.body, message.updated_at = "", time.time()
            self._ledger.append(message.updated_at, "redacted", sid=message.sid, at_s=message.updated_at)
        return _Reply(200, message.resource(self._account_sid), message.sid)

    def _do_delete(self, message: Message) -> _Reply:
        if message.status in {"queued", "sending"}:
            return _refused(api_error(20009, message.status))
        self._store.delete(message)
        self._ledger.append(time.time(), "deleted", sid=message.sid)
        return _Reply(204, None, message.sid)

    def _note(self, request: web.Request, form: Mapping[str, str], reply: _Reply | None, fault: Fault | None) -> None:
        self._ledger.append(
            time.time(),
            "request",
            method=request.method,
            path=request.path_qs[:500],
            to=form.get("To", "")[:40],
            status=None if reply is None else reply.status,
            code=None if reply is None else reply.code,
            sid=None if reply is None else reply.sid,
            fault=None if fault is None else fault.kind.value,
        )

    async def _send(self, request: web.Request, reply: _Reply, fault: Fault | None) -> web.StreamResponse:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if reply.status == 401 else {}
        if reply.retry_after_s is not None:
            headers["Retry-After"] = str(reply.retry_after_s)
        if reply.payload is None:
            response = web.Response(status=reply.status)
        else:
            body = json.dumps(reply.payload).encode()
            response = web.Response(body=body, status=reply.status, headers=headers, content_type="application/json")
        if fault is None:
            return response
        match fault.kind:
            case FaultKind.HANG_AFTER:
                return await self._leave_unanswered(request, fault)
            case FaultKind.RESET:
                return await _reset_midway(request, response)
            case FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
        return response

    async def _leave_unanswered(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind is not FaultKind.REFUSE:
            await self._faults.hold(fault.delay_s)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


async def _reset_midway(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the head of the answer and half of its body, then a TCP reset."""
    body = response.body if isinstance(response.body, bytes) else b""
    partial = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    partial.content_length = len(body)
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    await asyncio.sleep(0.02)  # what is written must have left before the reset throws it away
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return partial


def _refused(error: ApiError, *, retry_after_s: int | None = None) -> _Reply:
    return _Reply(error.status, error.payload(), code=error.code, retry_after_s=retry_after_s)

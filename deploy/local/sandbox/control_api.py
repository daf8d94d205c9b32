"""The control endpoints under /sandbox: what a provider does not have, and a test needs."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from deploy.local.sandbox.callbacks import CallbackSender
from deploy.local.sandbox.carrier import Carrier
from deploy.local.sandbox.errors import ApiError
from deploy.local.sandbox.faults import FaultBoard, TooManyFaultsError
from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.messages import MessageStore
from deploy.local.sandbox.models import Fault, MailFault, NumberTrouble, Reply, Settings, SmppFault
from deploy.local.sandbox.phones import Phones
from deploy.local.sandbox.smsc import SmscServer
from deploy.local.sandbox.smtp_inbox import MailStore

MAX_WAIT_S = 60.0
MAX_LEDGER_PAGE = 5000

M = TypeVar("M", bound=BaseModel)
W = TypeVar("W", Fault, NumberTrouble, MailFault, SmppFault)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the sandbox is made of."""

    account_sid: str
    first_settings: Settings
    store: MessageStore
    phones: Phones
    carrier: Carrier
    callbacks: CallbackSender
    faults: FaultBoard[Fault]
    troubles: FaultBoard[NumberTrouble]
    mail_faults: FaultBoard[MailFault]
    mails: MailStore
    smpp_faults: FaultBoard[SmppFault]
    smsc: SmscServer
    ledger: Ledger


class ControlApi:
    """The handlers of the control endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[web.RouteDef]:
        """The addresses served."""
        parts = self._parts
        return [
            web.get("/sandbox/health", self._health),
            web.post("/sandbox/reset", self._reset),
            web.get("/sandbox/settings", self._settings),
            web.post("/sandbox/settings", self._change_settings),
            *_board_routes("/sandbox/faults", parts.faults, Fault),
            *_board_routes("/sandbox/numbers", parts.troubles, NumberTrouble),
            *_board_routes("/sandbox/mail-faults", parts.mail_faults, MailFault),
            *_board_routes("/sandbox/smpp-faults", parts.smpp_faults, SmppFault),
            web.post("/sandbox/smpp-drop", self._drop_smpp),
            web.get("/sandbox/phones", self._phones),
            web.get("/sandbox/phones/{number}", self._phone),
            web.post("/sandbox/phones/{number}/texts", self._reply),
            web.get("/sandbox/ledger", self._ledger),
            web.get("/sandbox/mails", self._mails),
            web.get("/sandbox/mails/{number:\\d+}", self._mail),
        ]

    async def _health(self, request: web.Request) -> web.Response:
        del request
        parts = self._parts
        full = parts.carrier.full or parts.mails.full
        return _json({"messages": len(parts.store), "mails": len(parts.mails.mails()), "full": full})

    async def _reset(self, request: web.Request) -> web.Response:
        """Forget messages, phones, mails and faults; the ledger begins a new chapter."""
        del request
        parts = self._parts
        parts.carrier.stop()
        for board in (parts.faults, parts.troubles, parts.mail_faults, parts.smpp_faults):
            board.clear()
        parts.callbacks.clear()
        parts.smsc.clear()
        parts.store.clear()
        parts.phones.clear()
        parts.mails.clear()
        parts.ledger.reset(time.time())
        parts.carrier.change(parts.first_settings)
        return _json({})

    async def _drop_smpp(self, request: web.Request) -> web.Response:
        del request
        self._parts.smsc.drop()
        return _json({})

    async def _settings(self, request: web.Request) -> web.Response:
        del request
        return _json(self._parts.carrier.settings.model_dump())

    async def _change_settings(self, request: web.Request) -> web.Response:
        """Change what is named, leave the rest."""
        given = await _object(request)
        carrier = self._parts.carrier
        carrier.change(_parse(Settings, carrier.settings.model_dump() | given))
        return _json(carrier.settings.model_dump())

    async def _phones(self, request: web.Request) -> web.Response:
        del request
        phones = self._parts.phones
        return _json({"phones": {number: _dump(phones.texts(number)) for number in phones.numbers()}})

    async def _phone(self, request: web.Request) -> web.Response:
        """The texts of one phone from index `after` on; with `wait_s` the answer waits for one."""
        after = _number(request, "after", 0)
        wait_s = min(_number(request, "wait_s", 0), MAX_WAIT_S)
        texts = await self._parts.phones.wait(request.match_info["number"], int(after), wait_s)
        return _json({"texts": _dump(texts)})

    async def _reply(self, request: web.Request) -> web.Response:
        reply = _parse(Reply, await _object(request))
        message = self._parts.carrier.receive(request.match_info["number"], reply.to, reply.body)
        if isinstance(message, ApiError):
            return _json(message.payload(), message.status)
        return _json(message.resource(self._parts.account_sid), 201)

    async def _ledger(self, request: web.Request) -> web.Response:
        limit = min(int(_number(request, "limit", 1000)), MAX_LEDGER_PAGE)
        after = int(_number(request, "after", 0))
        entries, place, more = self._parts.ledger.page(kind=request.query.get("kind"), after=after, limit=limit)
        return _json({"entries": entries, "next_after": place, "more": more})

    async def _mails(self, request: web.Request) -> web.Response:
        del request
        return _json({"mails": _dump(self._parts.mails.mails())})

    async def _mail(self, request: web.Request) -> web.Response:
        raw = self._parts.mails.raw(int(request.match_info["number"]))
        if raw is None:
            raise _bad(404, "no such mail")
        return web.Response(body=raw, content_type="message/rfc822")


def _board_routes(path: str, board: FaultBoard[W], word: type[W]) -> list[web.RouteDef]:
    async def current(request: web.Request) -> web.Response:
        del request
        return _json({"faults": [fault.model_dump() | {"left": left} for fault, left in board.current()]})

    async def add(request: web.Request) -> web.Response:
        try:
            board.add(_parse(word, await _object(request)))
        except TooManyFaultsError as error:
            raise _bad(409, str(error)) from error
        return _json({}, 201)

    async def clear(request: web.Request) -> web.Response:
        del request
        board.clear()
        return _json({})

    return [web.get(path, current), web.post(path, add), web.delete(path, clear)]


def _dump(words: Iterable[BaseModel]) -> list[dict[str, object]]:
    return [word.model_dump() for word in words]


def _json(payload: dict[str, object], status: int = 200) -> web.Response:
    body = json.dumps(payload, ensure_ascii=False, default=str).encode()
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def _bad(status: int, reason: str) -> web.HTTPException:
    kind = {404: web.HTTPNotFound, 409: web.HTTPConflict}.get(status, web.HTTPUnprocessableEntity)
    return kind(text=json.dumps({"error": reason}), content_type="application/json")


async def _object(request: web.Request) -> dict[str, object]:
    try:
        given = json.loads(await request.read())
    except ValueError as error:
        raise _bad(422, "the body is not JSON") from error
    if not isinstance(given, dict):
        raise _bad(422, "the body is not a JSON object")
    return given


def _parse(word: type[M], given: dict[str, object]) -> M:
    try:
        return word.model_validate(given)
    except ValidationError as error:
        raise _bad(422, str(error)) from error


def _number(request: web.Request, name: str, default: float) -> float:
    try:
        value = float(request.query.get(name, default))
    except ValueError as error:
        raise _bad(422, f"{name} is not a number") from error
    if not 0 <= value < float("inf"):
        raise _bad(422, f"{name} must not be negative")
    return value

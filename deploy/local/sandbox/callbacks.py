"""Signed requests to the product: status callbacks and the inbound webhook."""

import asyncio
import contextlib
import time
import zlib
from dataclasses import dataclass

import aiohttp
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.messages import API_VERSION, Message

_LANES = 16
_QUEUE = 4000
_ATTEMPTS = 3
_TIMEOUT_S = 5.0
_BACKOFF_S = 0.2


@dataclass(frozen=True, slots=True)
class Callback:
    """One request to make: the form `fields`, about message `sid`."""

    sid: str
    url: str
    fields: dict[str, str]


def status_form(account_sid: str, message: Message) -> dict[str, str]:
    """The fields of a status callback."""
    form = _common_form(account_sid, message) | {"MessageStatus": message.status}
    if message.error_code is not None:
        form["ErrorCode"] = str(message.error_code)
    return form


def inbound_form(account_sid: str, message: Message) -> dict[str, str]:
    """The fields of a call to the inbound webhook."""
    return _common_form(account_sid, message) | {
        "SmsMessageSid": message.sid,
        "Body": message.body,
        "NumMedia": "0",
        "NumSegments": str(message.segments),
    }


def _common_form(account_sid: str, message: Message) -> dict[str, str]:
    return {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "From": message.sender,
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }


class CallbackSender:
    """Posts callbacks; those of one message go out in order, each tried up to three times.

    A lane that is full drops the callback, as a provider's callback may never come; the ledger says so.
    """

    def __init__(self, auth_token: str, ledger: Ledger) -> None:
        self._validator = RequestValidator(auth_token)
        self._ledger = ledger
        self._lanes: list[asyncio.Queue[Callback]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the session and the lanes."""
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        self._session = session
        self._lanes = [asyncio.Queue(_QUEUE) for _ in range(_LANES)]
        self._tasks = [asyncio.create_task(self._work(session, lane)) for lane in self._lanes]

    async def stop(self) -> None:
        """Give up what is not yet posted."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    def submit(self, callback: Callback) -> None:
        """Queue a callback."""
        lane = self._lanes[zlib.crc32(callback.sid.encode()) % _LANES]
        try:
            lane.put_nowait(callback)
        except asyncio.QueueFull:
            self._note(callback, "dropped", 0)

    def clear(self) -> None:
        """Drop what is queued."""
        for lane in self._lanes:
            while not lane.empty():
                lane.get_nowait()

    async def _work(self, session: aiohttp.ClientSession, lane: asyncio.Queue[Callback]) -> None:
        while True:
            callback = await lane.get()
            outcome, attempt = "", 0
            for attempt in range(1, _ATTEMPTS + 1):
                outcome, final = await self._post(session, callback)
                if final or attempt == _ATTEMPTS:
                    break
                await asyncio.sleep(_BACKOFF_S * 2**attempt)
            self._note(callback, outcome, attempt)

    async def _post(self, session: aiohttp.ClientSession, callback: Callback) -> tuple[str, bool]:
        signature = self._validator.compute_signature(callback.url, callback.fields)
        headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1"}
        try:
            async with session.post(
                callback.url, data=callback.fields, headers=headers, allow_redirects=False
            ) as answer:
                return str(answer.status), answer.status < 500 and answer.status != 429
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__, False

    def _note(self, callback: Callback, outcome: str, attempts: int) -> None:
        status = callback.fields.get("MessageStatus") or callback.fields.get("SmsStatus")
        self._ledger.append(
            time.time(),
            "callback",
            sid=callback.sid,
            status=status,
            url=callback.url,
            outcome=outcome,
            attempts=attempts,
        )

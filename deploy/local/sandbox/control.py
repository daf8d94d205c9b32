"""The client of the control endpoints, for tests, demonstrations and the console."""

import json
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from deploy.local.sandbox.models import (
    MAX_HANG_S,
    Fault,
    Mail,
    MailFault,
    NumberTrouble,
    PhoneText,
    Reply,
    Settings,
    SmppFault,
)

_POLL_S = 20.0


class SandboxError(Exception):
    """The sandbox refused a control request; the text says why."""


class SandboxControl:
    """Talks to a running sandbox at `base_url`, such as `http://127.0.0.1:8025`. Use it with `async with`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=MAX_HANG_S))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection pool."""
        if self._session is not None:
            await self._session.close()

    async def health(self) -> dict[str, Any]:
        """How many messages and mails there are, and whether the sandbox is full."""
        return await self._call("GET", "/sandbox/health")

    async def reset(self) -> None:
        """Forget messages, phones, mails, faults and troubles; go back to the first settings."""
        await self._call("POST", "/sandbox/reset")

    async def settings(self) -> Settings:
        """How the provider behaves now."""
        return Settings.model_validate(await self._call("GET", "/sandbox/settings"))

    async def change_settings(self, **changes: float | bool | str | None) -> Settings:
        """Change the named settings (`rate_segments_per_s`, `paused`, `list_delay_s`, ...), leave the rest."""
        return Settings.model_validate(await self._call("POST", "/sandbox/settings", changes))

    async def add_fault(self, fault: Fault) -> None:
        """Let requests to the SMS provider go wrong."""
        await self._call("POST", "/sandbox/faults", fault.model_dump(mode="json"))

    async def clear_faults(self) -> None:
        """Let requests to the SMS provider go right again; what hangs is let go."""
        await self._call("DELETE", "/sandbox/faults")

    async def add_trouble(self, trouble: NumberTrouble) -> None:
        """Let texts to one number fail."""
        await self._call("POST", "/sandbox/numbers", trouble.model_dump(mode="json"))

    async def clear_troubles(self) -> None:
        """Let texts to every number arrive again."""
        await self._call("DELETE", "/sandbox/numbers")

    async def add_mail_fault(self, fault: MailFault) -> None:
        """Let the mail server go wrong."""
        await self._call("POST", "/sandbox/mail-faults", fault.model_dump(mode="json"))

    async def clear_mail_faults(self) -> None:
        """Let the mail server go right again."""
        await self._call("DELETE", "/sandbox/mail-faults")

    async def add_smpp_fault(self, fault: SmppFault) -> None:
        """Let the SMPP server go wrong."""
        await self._call("POST", "/sandbox/smpp-faults", fault.model_dump(mode="json"))

    async def clear_smpp_faults(self) -> None:
        """Let the SMPP server go right again."""
        await self._call("DELETE", "/sandbox/smpp-faults")

    async def drop_smpp(self) -> None:
        """End every SMPP session at once, without a word."""
        await self._call("POST", "/sandbox/smpp-drop")

    async def phones(self) -> dict[str, list[PhoneText]]:
        """The texts on every phone, newest last."""
        answer = await self._call("GET", "/sandbox/phones")
        return {number: _texts(texts) for number, texts in answer["phones"].items()}

    async def texts(self, number: str, *, after: int = 0, wait_s: float = 0) -> list[PhoneText]:
        """The texts on one phone from index `after` on; with `wait_s` (at most 60) waits for one."""
        path = f"/sandbox/phones/{quote(number)}?after={after}&wait_s={wait_s}"
        return _texts((await self._call("GET", path))["texts"])

    async def wait_for_sms(self, number: str, timeout_s: float, *, after: int = 0, containing: str = "") -> PhoneText:
        """The first text that arrived on a phone, from index `after` on, that contains `containing`.

        `TimeoutError` names what was there instead.
        """
        deadline = time.monotonic() + timeout_s
        seen: list[PhoneText] = []
        while True:
            wait_s = max(0.0, min(_POLL_S, deadline - time.monotonic()))
            fresh = await self.texts(number, after=after + len(seen), wait_s=wait_s)
            seen += fresh
            for text in fresh:
                if text.direction == "in" and containing in text.body:
                    return text
            if time.monotonic() >= deadline:
                bodies = [text.body for text in seen]
                raise TimeoutError(f"no such text on {number} in {timeout_s} s; there: {bodies}")

    async def reply(self, number: str, to: str, body: str) -> str:
        """Let the phone `number` send a text to `to`; the answer is the message's sid."""
        path = f"/sandbox/phones/{quote(number)}/texts"
        answer = await self._call("POST", path, Reply(to=to, body=body).model_dump())
        return str(answer["sid"])

    async def ledger(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Every entry since the last reset, oldest first, or those of one kind: `request`, `accepted`, `status`,
        `inbound`, `callback`, `redacted`, `deleted`, `mail`, `mail_refused`, `smpp`, `smpp_delivered`."""
        entries: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            query = f"?after={after}&limit=5000" + (f"&kind={quote(kind)}" if kind else "")
            answer = await self._call("GET", f"/sandbox/ledger{query}")
            entries += answer["entries"]
            after, more = answer["next_after"], answer["more"]
        return entries

    async def mails(self) -> list[Mail]:
        """Every mail, newest last."""
        return [Mail.model_validate(mail) for mail in (await self._call("GET", "/sandbox/mails"))["mails"]]

    async def mail(self, number: int) -> bytes:
        """One mail as it came."""
        return await self._raw("GET", f"/sandbox/mails/{number}", None)

    async def _call(self, method: str, path: str, payload: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self._raw(method, path, payload))
        return answer

    async def _raw(self, method: str, path: str, payload: object) -> bytes:
        if self._session is None:
            raise SandboxError("the control client is not open: use it with 'async with'")
        url = URL(self.base_url + path, encoded=True)
        async with self._session.request(method, url, json=payload) as answer:
            body = await answer.read()
            if answer.status >= 400:
                raise SandboxError(f"{method} {path}: {answer.status} {body.decode('utf-8', 'replace')}")
            return body


def _texts(texts: list[dict[str, Any]]) -> list[PhoneText]:
    return [PhoneText.model_validate(text) for text in texts]

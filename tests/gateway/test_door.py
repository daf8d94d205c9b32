"""The door at the wire: what is let in, what is refused, and that nobody can hold it open."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

from gateway import web
from gateway.addresses import INBOUND_PATH, STATUS_PATH
from gateway.log import LogAway
from gateway.signature import Form, Seal
from runtime.settings import GatewaySettings
from runtime.status_callback import About

TOKEN = "a-token"
ABOUT = "incident=in-1&event=ev-1&notification=nt-1&attempt=2&contact=ruta&channel=sms&partition=1"
FORM = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"}


@dataclass
class Clerk:
    """Stands where the log would: keeps what was let in, or says that the log is away."""

    away: bool = False
    slow_s: float = 0.0
    reports: list[tuple[About, Form]] = field(default_factory=list)
    texts: list[Form] = field(default_factory=list)

    async def report(self, about: About, form: Form) -> str:
        """Take a report."""
        await self._work()
        self.reports.append((about, form))
        return "written"

    async def text(self, form: Form) -> str:
        """Take a text."""
        await self._work()
        self.texts.append(form)
        return "written"

    async def _work(self) -> None:
        await asyncio.sleep(self.slow_s)
        if self.away:
            raise LogAway("the log is away")


@dataclass
class Caller:
    """A client of the door that can sign as the provider does."""

    url: str
    session: aiohttp.ClientSession

    async def post(self, path: str, form: dict[str, str], *, signature: str | None = None) -> aiohttp.ClientResponse:
        """Post ``form``, signed by the account unless ``signature`` says otherwise ('' is none)."""
        made = RequestValidator(TOKEN).compute_signature(self.url + path, form) if signature is None else signature
        headers = {"X-Twilio-Signature": made} if made else {}
        async with self.session.post(URL(self.url + path, encoded=True), data=form, headers=headers) as answer:
            await answer.read()
            return answer


@asynccontextmanager
async def door(clerk: Clerk, **changes: Any) -> AsyncIterator[Caller]:
    """An open door in front of ``clerk``."""
    settings = GatewaySettings(port=0, **changes)
    bound = web.listen(settings)
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    stop = asyncio.Event()
    app = web.Door(settings, Seal(TOKEN, url), clerk.report, clerk.text).app()
    serving = asyncio.create_task(web.serve(app, bound, settings, stop))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        try:
            yield Caller(url, session)
        finally:
            stop.set()
            async with asyncio.timeout(10):
                await serving


def counted(kind: str, result: str) -> float:
    """How many requests came to ``result``."""
    return REGISTRY.get_sample_value("borderlands_gateway_callbacks_total", {"kind": kind, "result": result}) or 0.0


async def test_a_signed_report_is_let_in_with_what_it_is_about() -> None:
    """The address says what a report is about; the answer is 200 and nothing that could be sent as a text."""
    clerk = Clerk()
    async with door(clerk) as caller:
        answer = await caller.post(f"{STATUS_PATH}?{ABOUT}", FORM)
    assert answer.status == 200
    about, form = clerk.reports[0]
    assert (about.incident, about.attempt, about.partition) == ("in-1", 2, 1)
    assert form["MessageStatus"] == "delivered"


async def test_an_inbound_text_is_answered_with_no_words() -> None:
    """Plain words in the answer would be sent to the phone."""
    clerk = Clerk()
    async with door(clerk) as caller:
        signature = RequestValidator(TOKEN).compute_signature(caller.url + INBOUND_PATH, {"Body": "JĀ"})
        async with caller.session.post(
            caller.url + INBOUND_PATH, data={"Body": "JĀ"}, headers={"X-Twilio-Signature": signature}
        ) as answer:
            assert await answer.text() == "<Response/>"
            assert answer.content_type == "text/xml"
    assert clerk.texts[0]["Body"] == "JĀ"


@pytest.mark.parametrize("signature", ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
@pytest.mark.parametrize("path", [f"{STATUS_PATH}?{ABOUT}", INBOUND_PATH])
async def test_a_wrong_or_missing_signature_is_refused_and_counted(path: str, signature: str) -> None:
    """403, and nobody behind the door hears of it."""
    clerk = Clerk()
    kind = "status" if "status" in path else "inbound"
    before = counted(kind, "bad_signature")
    async with door(clerk) as caller:
        assert (await caller.post(path, FORM, signature=signature)).status == 403
    assert counted(kind, "bad_signature") == before + 1
    assert not clerk.reports
    assert not clerk.texts


@pytest.mark.parametrize(
    "query",
    [
        "",
        ABOUT.replace("attempt=2", "attempt=0"),
        ABOUT.replace("attempt=2", "attempt=two"),
        ABOUT.replace("in-1", "in%2F..%2F1"),
        ABOUT.replace("in-1", "x" * 65),
        ABOUT.replace("channel=sms", "channel=fax"),
        ABOUT.replace("partition=1", "partition=-1"),
        ABOUT.replace("partition=1", "partition=24"),
    ],
)
async def test_a_report_about_nothing_we_know_of_is_malformed(query: str) -> None:
    """Even signed, an address that is not one of ours leads nowhere."""
    clerk = Clerk()
    async with door(clerk) as caller:
        assert (await caller.post(f"{STATUS_PATH}?{query}" if query else STATUS_PATH, FORM)).status == 400
    assert not clerk.reports


async def test_a_log_that_is_away_asks_for_a_repeat() -> None:
    """503 makes the provider call again; then it is let in."""
    clerk = Clerk(away=True)
    async with door(clerk) as caller:
        answer = await caller.post(INBOUND_PATH, FORM)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        clerk.away = False
        assert (await caller.post(INBOUND_PATH, FORM)).status == 200


async def test_other_addresses_and_methods_lead_nowhere() -> None:
    """There are two doors, and both take POST."""
    async with door(Clerk()) as caller:
        assert (await caller.post("/", FORM)).status == 404
        async with caller.session.get(caller.url + INBOUND_PATH) as answer:
            assert answer.status == 405


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_without_measure_is_refused(announced: bool) -> None:
    """413, by the announced length or by what really comes."""

    async def flood() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"a" * 1024

    clerk = Clerk()
    async with door(clerk, max_body_bytes=2048) as caller:
        body: Any = b"a" * 4096 if announced else flood()
        async with caller.session.post(caller.url + INBOUND_PATH, data=body) as answer:
            assert answer.status == 413
    assert not clerk.texts


async def test_a_body_that_never_ends_is_given_up() -> None:
    """Whoever sends half a request hears 408 and is let go."""
    async with door(Clerk(), answer_within_s=0.3) as caller:
        host, _, port = caller.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /twilio/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nBody=")
        async with asyncio.timeout(5):
            said = await reader.read(4096)
            while chunk := await reader.read(4096):
                said += chunk
        assert b"408" in said.split(b"\r\n", 1)[0]
        writer.close()


@pytest.mark.parametrize("half", [b"", b"POST /twilio/inbound HT", b"POST /twilio/inbound HTTP/1.1\r\nHost: x\r\n"])
async def test_headers_that_never_end_are_given_up(half: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that asks for nothing is closed, also after an earlier request on it."""
    monkeypatch.setattr(web, "HEADERS_WITHIN_S", 0.3)
    async with door(Clerk()) as caller:
        host, _, port = caller.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        if half:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"404" in await reader.readuntil(b"\r\n\r\n")
        writer.write(half)
        async with asyncio.timeout(5):
            assert await reader.read(4096) == b""
        writer.close()


async def test_so_many_connections_and_no_more() -> None:
    """Those who were there first are served; what comes above the bound is let go at once, and may come again."""
    clerk = Clerk(slow_s=0.5)
    async with door(clerk, connections=3) as caller:
        asked = (caller.post(INBOUND_PATH, FORM) for _ in range(8))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        served = [one for one in answers if isinstance(one, aiohttp.ClientResponse) and one.status == 200]
        assert len(served) == len(clerk.texts) == 3
        assert (await caller.post(INBOUND_PATH, FORM)).status == 200


async def test_a_request_under_way_is_answered_before_the_door_closes() -> None:
    """A clean stop loses nothing that was let in."""
    clerk = Clerk(slow_s=0.3)
    async with door(clerk) as caller:
        asking = asyncio.create_task(caller.post(INBOUND_PATH, FORM))
        await asyncio.sleep(0.1)
    assert (await asking).status == 200


def test_a_port_that_is_taken_is_said_at_once() -> None:
    """Two gateways do not share a door."""
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(OSError, match="in use"):
        web.listen(GatewaySettings(port=holder.getsockname()[1]))

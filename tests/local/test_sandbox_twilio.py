"""The emulated SMS provider, driven by the provider's own SDK and held to the provider's own description."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import smsutil
from aiohttp import web
from openapi_schema_validator import OAS30Validator
from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
)
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from yarl import URL

from deploy.local.sandbox import (
    Fault,
    FaultKind,
    NumberStatus,
    NumberTrouble,
    Operation,
    RunningSandbox,
    SandboxControl,
    SandboxError,
    Settings,
    running_sandbox,
)
from deploy.local.sandbox.segments import measure

OURS = "+37167000001"
JANIS = "+37126000001"
RUTA = "+37061000001"
LATVIAN = "Ūdens līmenis ceļas: Aknīstē šķērsojiet upi tikai pa tiltu, ģimenes ņem bērnus līdzi, žēl. č"
LITHUANIAN = "Gaisras Obeliuose: ąčęėįšųūž. Prašome atvykti į gaisrinę."

FAST = Settings(rate_segments_per_s=0, sending_s=0, delivery_s=0)

# The fields of a message and their types, as the provider describes them; None where null may stand.
FIELDS: dict[str, tuple[type, ...]] = {
    "account_sid": (str,),
    "api_version": (str,),
    "body": (str,),
    "date_created": (str,),
    "date_sent": (str, type(None)),
    "date_updated": (str,),
    "direction": (str,),
    "error_code": (int, type(None)),
    "error_message": (str, type(None)),
    "from": (str,),
    "messaging_service_sid": (str, type(None)),
    "num_media": (str,),
    "num_segments": (str,),
    "price": (str, type(None)),
    "price_unit": (str, type(None)),
    "sid": (str,),
    "status": (str,),
    "subresource_uris": (dict,),
    "to": (str,),
    "uri": (str,),
}
PAGE_FIELDS = {
    "end", "first_page_uri", "messages", "next_page_uri", "page", "page_size", "previous_page_uri", "start", "uri",
}  # fmt: skip

REFERENCE = Path(__file__).parents[2] / "../shared/reference/twilio-messages-openapi.json"


class LocalTwilioHttp(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The SDK's own HTTP client, sent to another scheme and host."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = URL(base_url)

    async def request(self, method: str, url: str, **arguments: Any) -> Any:
        """Pass the request on; `auth` becomes a header, since aiohttp 3.14 deprecates the way the SDK gives it."""
        there = URL(url).with_scheme(self._base.scheme).with_host(self._base.host or "")
        auth = arguments.pop("auth", None)
        if auth is not None:
            name, secret = auth
            token = aiohttp.encode_basic_auth(name, secret)
            arguments["headers"] = {**(arguments.get("headers") or {}), "Authorization": token}
        # The SDK's asynchronous client takes a time-out when it is made, and forgets it.
        arguments["timeout"] = arguments.get("timeout") or self.timeout
        return await super().request(method, str(there.with_port(self._base.port)), **arguments)


@asynccontextmanager
async def client_of(sandbox: RunningSandbox, *, token: str | None = None, timeout: float = 5) -> AsyncIterator[Client]:
    """An SDK client of a sandbox."""
    http = LocalTwilioHttp(sandbox.base_url, timeout)
    async with http:
        yield Client(sandbox.account_sid, token or sandbox.auth_token, http_client=http)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A sandbox that sends without delay."""
    async with running_sandbox(settings=FAST) as running:
        yield running


@pytest.fixture
async def client(sandbox: RunningSandbox) -> AsyncIterator[Client]:
    """An SDK client with the right credentials."""
    async with client_of(sandbox) as sdk:
        yield sdk


async def send(client: Client, body: str = "Tests", to: str = JANIS, **more: Any) -> Any:
    """Send one text from our number."""
    return await client.messages.create_async(to=to, from_=OURS, body=body, **more)


async def status_becomes(client: Client, sid: str, status: str) -> Any:
    """The message once it has reached `status`."""
    for _ in range(200):
        message = await client.messages(sid).fetch_async()
        if message.status == status:
            return message
        await asyncio.sleep(0.02)
    raise AssertionError(f"{sid} is {message.status}, not {status}")


async def entries(sandbox: RunningSandbox, kind: str, count: int) -> list[dict[str, Any]]:
    """The ledger's entries of one kind once there are `count`."""
    for _ in range(200):
        found = await sandbox.ledger(kind)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"fewer than {count} entries of kind {kind}")


def reference_schema() -> dict[str, Any]:
    """The provider's schema of a message, with its references; skips where the description is not at hand."""
    if not REFERENCE.is_file():
        pytest.skip("the provider's description is not on this machine")
    document = json.loads(REFERENCE.read_text())
    schema: dict[str, Any] = document["components"]["schemas"]["api.v2010.account.message"]
    return {**schema, "components": document["components"]}


class TestTheWayOfAText:
    async def test_a_text_goes_from_queued_to_the_phone(self, client: Client, sandbox: RunningSandbox) -> None:
        """The answer says queued, then the text is delivered and stands on the phone."""
        message = await send(client, LATVIAN)
        assert message.status == "queued"
        assert message.date_sent is None
        assert abs(message.date_created - datetime.now(UTC)) < timedelta(seconds=3)
        text = await sandbox.wait_for_sms(JANIS, 5)
        assert (text.body, text.peer, text.sid) == (LATVIAN, OURS, message.sid)
        delivered = await status_becomes(client, message.sid, "delivered")
        assert delivered.date_sent is not None

    @pytest.mark.parametrize("body", [LATVIAN, LITHUANIAN, "Ļaunums 👍", "a&b=c+d%41\n€"])
    async def test_bodies_arrive_unchanged(self, client: Client, sandbox: RunningSandbox, body: str) -> None:
        """No letter is lost in form encoding, JSON or the ledger."""
        message = await send(client, body)
        assert message.body == body
        assert (await sandbox.wait_for_sms(JANIS, 5)).body == body
        assert [entry["body"] for entry in await sandbox.ledger("accepted")] == [body]

    async def test_a_sender_sends_so_many_segments_a_second(self) -> None:
        """Each number has a queue of its own; another number does not wait for it."""
        settings = Settings(rate_segments_per_s=5, sending_s=0, delivery_s=0)
        async with running_sandbox(settings=settings) as sandbox, client_of(sandbox) as client:
            for number in range(4):
                await send(client, f"{number}")
            other = await client.messages.create_async(to=RUTA, from_="+37067000002", body="other")
            await status_becomes(client, other.sid, "delivered")
            assert len(await sandbox.texts(JANIS)) <= 2
            waiting = (await client.messages.list_async(to=JANIS))[0]
            assert (waiting.status, waiting.date_sent) == ("queued", None)
            await sandbox.wait_for_sms(JANIS, 5, containing="3")
            times = [datetime.fromisoformat(text.at) for text in await sandbox.texts(JANIS)]
            assert 0.55 < (times[-1] - times[0]).total_seconds() < 1.5

    async def test_a_text_that_waits_too_long_is_never_sent(self) -> None:
        """A validity period that ends in the queue is a failure 30036."""
        settings = Settings(paused=True, sending_s=0, delivery_s=0)
        async with running_sandbox(settings=settings) as sandbox, client_of(sandbox) as client:
            message = await send(client, validity_period=1)
            failed = await status_becomes(client, message.sid, "failed")
            assert failed.error_code == 30036
            await sandbox.change_settings(paused=False)
            later = await send(client, "later")
            await status_becomes(client, later.sid, "delivered")
            assert [text.body for text in await sandbox.texts(JANIS)] == ["later"]

    async def test_a_restart_forgets_nothing(self, tmp_path: Path) -> None:
        """A sandbox with the same home goes on from the ledger, and sends what was still queued."""
        slow = Settings(rate_segments_per_s=0, sending_s=0, delivery_s=0)
        async with running_sandbox(home=tmp_path, settings=slow) as sandbox, client_of(sandbox) as client:
            first = await send(client, LATVIAN)
            await status_becomes(client, first.sid, "delivered")
            await sandbox.reply(JANIS, OURS, "STOP")
            await sandbox.change_settings(paused=True)
            second = await send(client, LITHUANIAN, to=RUTA)
        with (tmp_path / "ledger.jsonl").open("ab") as ledger:
            ledger.write(b'{"n":99,"torn')
        async with running_sandbox(home=tmp_path, settings=slow) as sandbox, client_of(sandbox) as client:
            assert (await client.messages(first.sid).fetch_async()).status == "delivered"
            assert (await sandbox.wait_for_sms(RUTA, 5)).sid == second.sid
            assert [text.direction for text in await sandbox.texts(JANIS)] == ["in", "out"]
            with pytest.raises(TwilioRestException, match="unsubscribed"):
                await send(client)


class TestTheResource:
    async def test_it_has_the_fields_of_the_provider(self, sandbox: RunningSandbox, client: Client) -> None:
        """Created, fetched, listed or inbound, a message has every field with the right type, and no other."""
        await send(client, LATVIAN)
        await sandbox.add_trouble(NumberTrouble(number=RUTA, status=NumberStatus.UNDELIVERED))
        failed = await send(client, to=RUTA)
        await status_becomes(client, failed.sid, "undelivered")
        await sandbox.reply(JANIS, OURS, "JĀ")
        page = await raw(sandbox, "GET", "Messages.json")
        assert set(page) == PAGE_FIELDS
        messages = [*page["messages"], await raw(sandbox, "GET", f"Messages/{failed.sid}.json")]
        assert len(messages) == 4
        for message in messages:
            assert set(message) == set(FIELDS)
            wrong = {name for name, types in FIELDS.items() if not isinstance(message[name], types)}
            assert not wrong

    async def test_it_keeps_to_the_description_of_the_provider(self, sandbox: RunningSandbox, client: Client) -> None:
        """The provider's own schema accepts every message, and names no field that is missing."""
        schema = reference_schema()
        assert set(schema["properties"]) == set(FIELDS)
        await send(client, LATVIAN)
        await sandbox.reply(JANIS, OURS, "JĀ")
        validator = OAS30Validator(schema)
        for message in (await raw(sandbox, "GET", "Messages.json"))["messages"]:
            assert not [error.message for error in validator.iter_errors(message)]

    @pytest.mark.parametrize(
        "body",
        ["a" * 160, "a" * 161, "a" * 307, "€" * 80, "€" * 81, "[" * 153, "ā" * 70, "ā" * 71, "ā" * 135,
         "ā" * 66 + "👍" * 3, "a" * 152 + "€" + "b" * 152, LATVIAN, LITHUANIAN],
    )  # fmt: skip
    def test_segments_are_counted_as_the_air_counts_them(self, body: str) -> None:
        """GSM 03.38 or UCS-2, 160/153 or 70/67, and no torn character: the same as an independent counter."""
        assert measure(body).segments == len(smsutil.split(body).parts)

    async def test_a_body_can_be_redacted_and_a_message_deleted(self, sandbox: RunningSandbox, client: Client) -> None:
        """What the provider forgets, the phone and the ledger still know."""
        message = await send(client, LATVIAN)
        await status_becomes(client, message.sid, "delivered")
        assert (await client.messages(message.sid).update_async(body="")).body == ""
        assert await client.messages(message.sid).delete_async()
        with pytest.raises(TwilioRestException) as caught:
            await client.messages(message.sid).fetch_async()
        assert (caught.value.status, caught.value.code) == (404, 20404)
        assert await client.messages.list_async(to=JANIS) == []
        assert (await sandbox.texts(JANIS))[0].body == LATVIAN
        assert (await sandbox.ledger("accepted"))[0]["body"] == LATVIAN

    async def test_a_queued_message_can_be_cancelled(self, sandbox: RunningSandbox, client: Client) -> None:
        """A cancelled text never arrives; a delivered one cannot be cancelled."""
        await sandbox.change_settings(paused=True)
        message = await send(client)
        with pytest.raises(TwilioRestException, match="not in a state"):
            await client.messages(message.sid).delete_async()
        assert (await client.messages(message.sid).update_async(status="canceled")).status == "canceled"
        await sandbox.change_settings(paused=False)
        other = await send(client, "other")
        await status_becomes(client, other.sid, "delivered")
        assert [text.body for text in await sandbox.texts(JANIS)] == ["other"]
        with pytest.raises(TwilioRestException) as caught:
            await client.messages(other.sid).update_async(status="canceled")
        assert caught.value.status == 409


class TestTheListing:
    async def test_it_finds_by_recipient_and_sender(self, client: Client) -> None:
        """Filters narrow, the newest comes first."""
        for number in range(3):
            await send(client, f"{number}")
            await send(client, "other", to=RUTA)
        assert [m.body for m in await client.messages.list_async(to=JANIS)] == ["2", "1", "0"]
        assert len(await client.messages.list_async(from_=OURS)) == 6
        assert await client.messages.list_async(to=JANIS, from_=RUTA) == []

    async def test_it_comes_in_pages_that_new_messages_do_not_shift(self, client: Client) -> None:
        """A reader who follows next_page_uri sees each old message once."""
        for number in range(5):
            await send(client, f"{number}")
        page = await client.messages.page_async(to=JANIS, page_size=2)
        seen = [message.body for message in page]
        await send(client, "new")
        while (page := await page.next_page_async()) is not None:
            seen += [message.body for message in page]
        assert seen == ["4", "3", "2", "1", "0"]
        assert len(await client.messages.list_async(to=JANIS, page_size=2)) == 6

    async def test_it_filters_by_the_day_of_sending(self, sandbox: RunningSandbox, client: Client) -> None:
        """On, until and from a date; a queued message has no date and meets no date filter."""
        message = await send(client)
        sent = (await status_becomes(client, message.sid, "delivered")).date_sent
        await sandbox.change_settings(paused=True)
        await send(client, "queued")
        day, messages = timedelta(days=1), client.messages
        for found, filters in (
            (1, {"date_sent": sent}),
            (0, {"date_sent": sent - day}),
            (1, {"date_sent_after": sent - timedelta(seconds=2), "date_sent_before": sent + day}),
            (0, {"date_sent_after": sent + timedelta(seconds=2)}),
            (0, {"date_sent_before": sent - timedelta(seconds=2)}),
            (2, {}),
        ):
            assert len(await messages.list_async(to=JANIS, **filters)) == found, filters
        page = await raw(sandbox, "GET", f"Messages.json?DateSent%3E={sent:%Y-%m-%d}&DateSent%3C={sent:%Y-%m-%d}")
        assert len(page["messages"]) == 1
        # A listing that fails is a plain TwilioException in the SDK: no status, no code.
        with pytest.raises(TwilioException, match="20001"):
            await messages.list_async(date_sent="yesterday")

    async def test_it_can_lag_behind(self, sandbox: RunningSandbox, client: Client) -> None:
        """A new message may be fetched at once and listed only later."""
        await sandbox.change_settings(list_delay_s=0.4)
        message = await send(client)
        assert await client.messages.list_async(to=JANIS) == []
        assert (await client.messages(message.sid).fetch_async()).sid == message.sid
        await asyncio.sleep(0.45)
        assert len(await client.messages.list_async(to=JANIS)) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "request_"),
        [
            (21211, {"to": "112", "from_": OURS, "body": "x"}),
            (21211, {"to": "+371 26000001", "from_": OURS, "body": "x"}),
            (21212, {"to": JANIS, "from_": "+", "body": "x"}),
            (21603, {"to": JANIS, "body": "x"}),
            (21602, {"to": JANIS, "from_": OURS}),
            (21617, {"to": JANIS, "from_": OURS, "body": "x" * 1601}),
            (21266, {"to": JANIS, "from_": JANIS, "body": "x"}),
            (21609, {"to": JANIS, "from_": OURS, "body": "x", "status_callback": "nowhere"}),
            (90007, {"to": JANIS, "from_": OURS, "body": "x", "validity_period": 36_001}),
            (20001, {"to": JANIS, "from_": OURS, "body": "x", "media_url": ["http://127.0.0.1/x"]}),
        ],
    )
    async def test_a_wrong_request_is_refused(
        self, sandbox: RunningSandbox, client: Client, code: int, request_: dict[str, Any]
    ) -> None:
        """The SDK raises the provider's code, and the ledger knows the refused request."""
        with pytest.raises(TwilioRestException) as caught:
            await client.messages.create_async(**request_)
        assert (caught.value.status, caught.value.code) == (400, code)
        assert [entry["code"] for entry in await sandbox.ledger("request")] == [code]
        assert await sandbox.ledger("accepted") == []

    async def test_1600_characters_are_still_accepted(self, client: Client) -> None:
        """The limit is 1600, inclusive."""
        assert (await send(client, "ā" * 1600)).num_segments == "24"

    async def test_wrong_credentials_are_401(self, sandbox: RunningSandbox) -> None:
        """The error has the four fields of the provider's errors."""
        async with client_of(sandbox, token="wrong") as stranger:
            with pytest.raises(TwilioRestException) as caught:
                await send(stranger)
        assert (caught.value.status, caught.value.code) == (401, 20003)
        error = await raw(sandbox, "GET", "Messages.json", authorization="Basic eDp5")
        assert set(error) == {"code", "message", "more_info", "status"}
        assert error["more_info"] == "https://www.twilio.com/docs/errors/20003"

    async def test_a_foreign_sender_is_refused_where_the_senders_are_named(self) -> None:
        """An account sends from its own numbers only."""
        async with running_sandbox(senders=["+37167000009"]) as sandbox, client_of(sandbox) as client:
            with pytest.raises(TwilioRestException) as caught:
                await send(client)
            assert caught.value.code == 21606

    async def test_a_full_sandbox_says_so(self) -> None:
        """Memory is bounded; a reset makes room."""
        async with running_sandbox(settings=FAST, max_messages=1) as sandbox, client_of(sandbox) as client:
            await send(client)
            with pytest.raises(TwilioRestException, match="sandbox is full") as caught:
                await send(client)
            assert caught.value.status == 507
            await sandbox.reset()
            await send(client)
            assert len(await sandbox.ledger("accepted")) == 1


class TestNumbersInTrouble:
    async def test_a_number_refuses_or_fails_as_told(self, sandbox: RunningSandbox, client: Client) -> None:
        """Refused at the door, failed, undelivered, or without a report; other numbers are untouched."""
        for trouble in (
            NumberTrouble(number=JANIS, refuse_code=21614, times=1),
            NumberTrouble(number=JANIS, status=NumberStatus.FAILED, error_code=30006, times=1),
            NumberTrouble(number=JANIS, status=NumberStatus.UNDELIVERED, error_code=30005, times=1),
            NumberTrouble(number=JANIS, status=NumberStatus.SENT),
        ):
            await sandbox.add_trouble(trouble)
        with pytest.raises(TwilioRestException) as caught:
            await send(client)
        assert caught.value.code == 21614
        failed = await status_becomes(client, (await send(client)).sid, "failed")
        undelivered = await status_becomes(client, (await send(client)).sid, "undelivered")
        assert (failed.error_code, failed.date_sent) == (30006, None)
        assert (undelivered.error_code, undelivered.error_message) == (30005, "Unknown destination handset")
        assert undelivered.date_sent is not None
        mute = await status_becomes(client, (await send(client)).sid, "sent")
        await send(client, to=RUTA)
        await sandbox.wait_for_sms(RUTA, 5)
        assert (await client.messages(mute.sid).fetch_async()).status == "sent"
        assert await sandbox.texts(JANIS) == []

    async def test_a_phone_that_said_stop_gets_nothing_until_it_says_start(
        self, sandbox: RunningSandbox, client: Client
    ) -> None:
        """STOP counts for one sender, in any case, and START takes it back."""
        await sandbox.reply(JANIS, OURS, " Stop ")
        with pytest.raises(TwilioRestException) as caught:
            await send(client)
        assert caught.value.code == 21610
        await client.messages.create_async(to=JANIS, from_="+37167000002", body="another sender")
        await sandbox.reply(JANIS, OURS, "START")
        await send(client)


class TestFaults:
    @pytest.mark.parametrize(
        ("kind", "accepted"),
        [
            (FaultKind.REFUSE, 0),
            (FaultKind.HANG_BEFORE, 0),
            (FaultKind.HANG_AFTER, 1),
            (FaultKind.RESET, 1),
        ],
    )
    async def test_a_lost_answer_leaves_the_sender_in_doubt(
        self, sandbox: RunningSandbox, kind: FaultKind, accepted: int
    ) -> None:
        """Whether the message was accepted is seen only by listing."""
        await sandbox.add_fault(Fault(kind=kind, operation=Operation.CREATE, times=1))
        async with client_of(sandbox, timeout=0.3) as client:
            with pytest.raises((aiohttp.ClientError, TimeoutError)):
                await send(client)
            assert len(await client.messages.list_async(to=JANIS)) == accepted
            await send(client)
        requests = await sandbox.ledger("request")
        assert [entry["fault"] for entry in requests] == [kind.value, None, None]
        assert len(await sandbox.ledger("accepted")) == accepted + 1

    async def test_the_provider_throttles(self, sandbox: RunningSandbox, client: Client) -> None:
        """429 carries the provider's code and Retry-After."""
        await sandbox.add_fault(Fault(kind=FaultKind.THROTTLE, times=2, retry_after_s=7))
        with pytest.raises(TwilioRestException) as caught:
            await send(client)
        assert (caught.value.status, caught.value.code) == (429, 20429)
        async with aiohttp.ClientSession() as session, session.get(api(sandbox, "Messages.json")) as answer:
            assert answer.headers["Retry-After"] == "7"
        await send(client)

    async def test_it_takes_so_many_messages_a_second_and_throttles_the_rest(
        self, sandbox: RunningSandbox, client: Client
    ) -> None:
        """Beyond the limit of the account the answer is 429 with Retry-After, and nothing is accepted."""
        await sandbox.change_settings(takes_per_s=0.001)
        await send(client, "Viens.")
        with pytest.raises(TwilioRestException) as caught:
            await send(client, "Divi.")
        assert (caught.value.status, caught.value.code) == (429, 20429)
        assert [entry["body"] for entry in await sandbox.ledger("accepted")] == ["Viens."]
        await sandbox.change_settings(takes_per_s=0)
        await send(client, "Divi.")

    async def test_faults_stay_until_cleared(self, sandbox: RunningSandbox, client: Client) -> None:
        """A fault without a number of times lasts."""
        await sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, status=503))
        for _ in range(3):
            with pytest.raises(TwilioRestException) as caught:
                await send(client)
            assert (caught.value.status, caught.value.code) == (503, 20503)
        await sandbox.clear_faults()
        await send(client)

    async def test_a_fault_meets_only_its_recipient_and_operation(
        self, sandbox: RunningSandbox, client: Client
    ) -> None:
        """Sending to others and listing go on."""
        await sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE, to=JANIS))
        await send(client, to=RUTA)
        await client.messages.list_async(to=JANIS)
        with pytest.raises(TwilioRestException):
            await send(client)

    async def test_a_slow_answer_comes_late(self, sandbox: RunningSandbox, client: Client) -> None:
        """Latency is only latency."""
        await sandbox.add_fault(Fault(kind=FaultKind.SLOW, delay_s=0.3, times=1))
        before = asyncio.get_running_loop().time()
        await send(client)
        assert asyncio.get_running_loop().time() - before >= 0.3

    async def test_a_hang_ends_when_the_faults_are_cleared(self, sandbox: RunningSandbox) -> None:
        """Nobody waits for a hang that is over."""
        await sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER))
        async with client_of(sandbox, timeout=20) as client:
            hanging = asyncio.create_task(send(client))
            await entries(sandbox, "accepted", 1)
            await sandbox.clear_faults()
            with pytest.raises(aiohttp.ClientError):
                async with asyncio.timeout(2):
                    await hanging

    async def test_a_fault_that_makes_no_sense_is_refused(self, sandbox: RunningSandbox) -> None:
        """The control endpoints say what is wrong."""
        async with aiohttp.ClientSession() as session:
            address = f"{sandbox.base_url}/sandbox/faults"
            async with session.post(address, json={"kind": "gremlins"}) as answer:
                assert answer.status == 422
                assert "kind" in (await answer.json())["error"]
        with pytest.raises(SandboxError, match="no such mail"):
            await sandbox.mail(1)


class Webhook:
    """The product's side of callbacks: collects what comes and whether its signature is right."""

    def __init__(self, token: str) -> None:
        self.forms: list[dict[str, str]] = []
        self.valid: list[bool] = []
        self.answers: list[int] = []
        self._validator = RequestValidator(token)
        self._news = asyncio.Condition()

    async def received(self, count: int) -> None:
        """Wait until `count` callbacks have come, at most five seconds."""
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.forms) >= count)

    async def handle(self, request: web.Request) -> web.Response:
        """Take one callback; `answers` are given first, then 204."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers["X-Twilio-Signature"]
        self.valid.append(self._validator.validate(str(request.url), form, signature))
        async with self._news:
            self.forms.append(form)
            self._news.notify_all()
        return web.Response(status=self.answers.pop(0) if self.answers else 204)


@pytest.fixture
async def webhook(sandbox: RunningSandbox) -> AsyncIterator[tuple[Webhook, str]]:
    """A webhook and its address."""
    hook = Webhook(sandbox.auth_token)
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield hook, f"http://127.0.0.1:{runner.addresses[0][1]}/hook?lane=urgent"
    await runner.cleanup()


class TestCallbacks:
    async def test_every_change_of_status_is_reported_and_signed(
        self, client: Client, webhook: tuple[Webhook, str]
    ) -> None:
        """In order, with the provider's fields, verifiable by the provider's own validator."""
        hook, address = webhook
        message = await send(client, status_callback=address)
        await hook.received(3)
        assert [form["MessageStatus"] for form in hook.forms] == ["sending", "sent", "delivered"]
        assert {form["MessageSid"] for form in hook.forms} == {message.sid}
        assert hook.valid == [True, True, True]

    async def test_a_failing_webhook_is_tried_again_and_then_left(
        self, sandbox: RunningSandbox, client: Client, webhook: tuple[Webhook, str]
    ) -> None:
        """Retries are bounded, and the ledger tells how it ended."""
        hook, address = webhook
        hook.answers = [500] * 3
        await sandbox.add_trouble(NumberTrouble(number=JANIS, status=NumberStatus.FAILED, error_code=30003))
        await send(client, status_callback=address)
        await hook.received(4)
        assert [form["MessageStatus"] for form in hook.forms] == ["sending"] * 3 + ["failed"]
        assert hook.forms[-1]["ErrorCode"] == "30003"
        callbacks = await entries(sandbox, "callback", 2)
        assert [(entry["outcome"], entry["attempts"]) for entry in callbacks] == [("500", 3), ("204", 1)]

    async def test_a_reply_reaches_the_inbound_webhook_and_the_listing(
        self, sandbox: RunningSandbox, client: Client, webhook: tuple[Webhook, str]
    ) -> None:
        """A phone that replies makes an inbound message, with its letters, signed."""
        hook, address = webhook
        await sandbox.change_settings(inbound_webhook=address)
        sid = await sandbox.reply(RUTA, OURS, "TAIP, žinoma ąčęėįšųūž")
        await hook.received(1)
        assert hook.valid == [True]
        assert hook.forms[0]["Body"] == "TAIP, žinoma ąčęėįšųūž"
        assert (hook.forms[0]["From"], hook.forms[0]["To"], hook.forms[0]["MessageSid"]) == (RUTA, OURS, sid)
        [message] = await client.messages.list_async(to=OURS)
        assert (message.sid, message.direction, message.status) == (sid, "inbound", "received")

    async def test_a_dead_webhook_does_not_stop_the_texts(self, sandbox: RunningSandbox, client: Client) -> None:
        """Callbacks that nobody takes are noted as such."""
        await send(client, status_callback="http://127.0.0.1:9/hook")
        await sandbox.wait_for_sms(JANIS, 5)


class TestTheControlClient:
    async def test_waiting_for_a_text_tells_what_was_there_instead(
        self, sandbox: RunningSandbox, client: Client
    ) -> None:
        """A failed expectation explains itself."""
        await send(client, "Nekas nenotika")
        await sandbox.wait_for_sms(JANIS, 5)
        with pytest.raises(TimeoutError, match="Nekas nenotika"):
            await sandbox.wait_for_sms(JANIS, 0.1, containing="Plūdi")

    async def test_it_works_from_another_place(self, sandbox: RunningSandbox, client: Client) -> None:
        """The control client needs the address only, and reset clears what was."""
        await send(client)
        async with SandboxControl(sandbox.base_url) as control:
            assert (await control.wait_for_sms(JANIS, 5)).body == "Tests"
            assert set(await control.phones()) == {JANIS}
            await control.reset()
            assert await control.phones() == {}
            assert await control.ledger() == []
            assert (await control.health())["messages"] == 0
        assert await client.messages.list_async() == []


def api(sandbox: RunningSandbox, path: str) -> URL:
    """The address of a resource of the account."""
    return URL(f"{sandbox.base_url}/2010-04-01/Accounts/{sandbox.account_sid}/{path}", encoded=True)


async def raw(sandbox: RunningSandbox, method: str, path: str, *, authorization: str = "") -> dict[str, Any]:
    """The JSON of a request without the SDK in between."""
    header = authorization or aiohttp.encode_basic_auth(sandbox.account_sid, sandbox.auth_token)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, api(sandbox, path), headers={"Authorization": header}) as answer,
    ):
        payload: dict[str, Any] = await answer.json()
        return payload

"""Which failures end a notification for good: only what concerns this recipient or this text."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from notifiers.email_smtp import SmtpEmail
from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Reconciled, Refused, Retry, Unknown
from notifiers.sms_twilio import TwilioSms
from notifiers.twilio_errors import failure_of, outcome_of
from runtime.settings import SmtpSettings, TwilioSettings
from schemas.vocabulary import Channel, ReceiptReason
from tests.notifiers.stage import ROUTINE, RUTA, URGENT, order

INVALID, STOPPED, CONTENT = (
    ReceiptReason.INVALID_ADDRESS,
    ReceiptReason.RECIPIENT_STOPPED,
    ReceiptReason.CONTENT_REFUSED,
)
AUTH, CONNECTION, LIMITED, ERROR = (
    ReceiptReason.AUTHENTICATION,
    ReceiptReason.CONNECTION,
    ReceiptReason.RATE_LIMITED,
    ReceiptReason.PROVIDER_ERROR,
)

REFUSING_CODES = [
    *((code, INVALID) for code in (21211, 21214, 21217, 21265, 21266, 21604, 21612, 21614, 21635)),
    *((code, INVALID) for code in (30004, 30005, 30006)),
    (21610, STOPPED),
    *((code, CONTENT) for code in (21602, 21617, 21619, 30007)),
]


def parts(outcome: Outcome | Reconciled) -> tuple[type[object], ReceiptReason | None]:
    """Kind and reason of an outcome."""
    return type(outcome), None if isinstance(outcome, NotSent) else outcome.reason


@pytest.mark.parametrize(("code", "reason"), REFUSING_CODES)
def test_a_named_code_about_recipient_or_text_refuses_for_good(code: int, reason: ReceiptReason) -> None:
    """The answer to the call and the error of a delivery mean the same, and nobody's number is in the detail."""
    outcome = outcome_of(400, code, "To +37061200001 is wrong", None)
    assert parts(outcome) == parts(failure_of("failed", code)) == (Refused, reason)
    assert "61200001" not in getattr(outcome, "detail", "")


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (301, None, Retry, CONNECTION),
        (302, None, Retry, CONNECTION),
        (307, 21211, Retry, CONNECTION),
        (400, None, Retry, ERROR),
        (400, 99999, Retry, ERROR),
        (400, 20001, Retry, ERROR),
        (400, 21605, Retry, ERROR),
        (400, 21408, Retry, AUTH),
        (400, 21606, Retry, AUTH),
        (400, 21611, Retry, LIMITED),
        (400, 30002, Retry, AUTH),
        (400, 63038, Retry, LIMITED),
        (401, 20003, Retry, AUTH),
        (401, None, Retry, AUTH),
        (403, None, Retry, AUTH),
        (404, 20404, Retry, ERROR),
        (404, None, Retry, ERROR),
        (405, None, Retry, ERROR),
        (407, None, Retry, AUTH),
        (408, None, Retry, CONNECTION),
        (409, 20409, Retry, ERROR),
        (413, None, Retry, ERROR),
        (418, None, Retry, ERROR),
        (421, None, Retry, CONNECTION),
        (425, None, Retry, CONNECTION),
        (429, 20429, Retry, LIMITED),
        (429, None, Retry, LIMITED),
        (451, None, Retry, ERROR),
        (500, 20500, Unknown, ERROR),
        (500, 21211, Unknown, ERROR),
        (502, None, Unknown, ERROR),
        (503, 20503, Retry, ERROR),
        (504, None, Unknown, ERROR),
    ],
)
def test_any_other_answer_ends_nothing(
    status: int, code: int | None, kind: type[object], reason: ReceiptReason
) -> None:
    """Our account, our network, and whatever is not known leave the alert alive."""
    assert parts(outcome_of(status, code, "", 3.0)) == (kind, reason)


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_provider_asks_for_is_kept(status: int) -> None:
    """Retry-After of a busy provider reaches whoever tries again."""
    outcome = outcome_of(status, None, "", 3.0)
    assert isinstance(outcome, Retry)
    assert outcome.after_s == 3.0


@pytest.mark.parametrize(
    ("code", "reason"), [(30001, LIMITED), (30002, AUTH), (30003, ERROR), (30008, ERROR), (None, ERROR)]
)
def test_a_text_found_as_failed_is_sent_again_unless_it_was_refused(code: int | None, reason: ReceiptReason) -> None:
    """A full queue, a suspended account or a phone that was off is no refusal."""
    assert parts(failure_of("undelivered", code)) == (Retry, reason)


@asynccontextmanager
async def provider_answering(status: int, body: str, content_type: str) -> AsyncIterator[TwilioSms]:
    """The SMS channel against a server that gives this one answer to everything."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(
            status=status, text=body, content_type=content_type, headers={"Location": "http://127.0.0.1:9/portal"}
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    settings = TwilioSettings(
        account_sid="AC" + "0" * 32,
        auth_token="token",
        base_url=f"http://{host}:{port}",
        from_urgent=URGENT,
        from_routine=ROUTINE,
    )
    provider = TwilioSms(settings, reconcile_pause_s=0.01)
    try:
        yield provider
    finally:
        await provider.close()
        await runner.cleanup()


PORTAL = "<html><title>Log in to the network</title> error 21211</html>"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "kind", "reason"),
    [
        (200, PORTAL, "text/html", Unknown, CONNECTION),
        (200, "", "text/html", Unknown, CONNECTION),
        (200, "{}", "application/json", Unknown, CONNECTION),
        (200, "[]", "application/json", Unknown, CONNECTION),
        (200, "null", "application/json", Unknown, CONNECTION),
        (200, '"ok"', "application/json", Unknown, CONNECTION),
        (302, PORTAL, "text/html", Retry, CONNECTION),
        (400, PORTAL, "text/html", Retry, ERROR),
        (400, '{"code": "21211", "message": "no"}', "application/json", Retry, ERROR),
        (400, '{"code": null, "message": "no"}', "application/json", Retry, ERROR),
        (400, '{"error": "no"}', "application/json", Retry, ERROR),
        (400, "[21211]", "application/json", Retry, ERROR),
        (403, PORTAL, "text/html", Retry, AUTH),
        (404, PORTAL, "text/html", Retry, ERROR),
        (407, PORTAL, "text/html", Retry, AUTH),
        (502, PORTAL, "text/html", Unknown, ERROR),
        (400, '{"type":"x","title":"x","status":"x","code":21211}', "application/json", Unknown, CONNECTION),
        (400, '{"type":"x","title":"x","status":400,"code":21211}', "application/json", Refused, INVALID),
        (400, '{"code": 21211, "message": "no", "status": 400}', "application/json", Refused, INVALID),
    ],
)
async def test_only_the_providers_own_error_refuses(
    status: int, body: str, content_type: str, kind: type[object], reason: ReceiptReason
) -> None:
    """A captive portal, a proxy or an answer of another shape is neither a refusal nor a text that was sent."""
    async with provider_answering(status, body, content_type) as provider:
        outcome = await provider.send(Message(order("a" * 64), RUTA, "Tests"), datetime.now(UTC))
    assert parts(outcome) == (kind, reason)


@pytest.mark.parametrize(
    ("status", "body"), [(200, PORTAL), (200, "[]"), (200, "null"), (302, PORTAL), (404, PORTAL), (400, "{}")]
)
async def test_asking_something_else_than_the_provider_leaves_it_unknown(status: int, body: str) -> None:
    """A page of a portal does not say that a text was not taken."""
    async with provider_answering(status, body, "text/html") as provider:
        since = datetime.now(UTC) - timedelta(minutes=1)
        answer = await provider.reconcile(Message(order("a" * 64), RUTA, "Tests"), since, frozenset())
    assert isinstance(answer, Unknown)


async def _serve(stage: str, said: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One SMTP session that says yes to everything and ``said`` at ``stage``; ``end`` is after the content."""

    def reply(at: str, usual: str) -> None:
        writer.write(((said if at == stage else usual) + "\r\n").encode())

    reply("connect", "220 mail.example.org")
    while line := await reader.readline():
        verb = line[:4].decode().strip().lower()
        reply(verb, {"data": "354 go on", "quit": "221 bye"}.get(verb, "250 fine"))
        if verb == "quit":
            break
        if verb == "data" and stage != "data":
            await reader.readuntil(b"\r\n.\r\n")
            reply("end", "250 2.0.0 taken")


@asynccontextmanager
async def mail_server(stage: str, said: str) -> AsyncIterator[SmtpEmail]:
    """The e-mail channel against a server of one session, which is over when this ends."""
    over = asyncio.Event()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(stage, said, reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            over.set()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield SmtpEmail(SmtpSettings(host=host, port=port, security="none", sender="alerts@example.org"))
        async with asyncio.timeout(5):
            await over.wait()


@pytest.mark.parametrize(
    ("stage", "said", "kind", "reason"),
    [
        ("connect", "554 5.7.1 Client host blocked", Retry, AUTH),
        ("connect", "554 No SMTP service here", Retry, ERROR),
        ("connect", "421 Too busy", Retry, ERROR),
        ("mail", "530 Authentication required", Retry, AUTH),
        ("mail", "535 Bad credentials", Retry, AUTH),
        ("mail", "550 5.7.1 Not allowed to send as this sender", Retry, AUTH),
        ("mail", "550 5.1.8 Sender domain does not exist", Retry, ERROR),
        ("mail", "553 Sender refused", Retry, ERROR),
        ("mail", "552 5.3.4 Message too big", Retry, ERROR),
        ("mail", "451 4.3.0 Later", Retry, ERROR),
        ("rcpt", "550 5.1.1 No such user", Refused, INVALID),
        ("rcpt", "550 5.1.1 User unknown in relay recipient table", Refused, INVALID),
        ("rcpt", "550 5.1.10 Recipient not found", Refused, INVALID),
        ("rcpt", "551 5.1.6 The mailbox has moved", Refused, INVALID),
        ("rcpt", "553 5.1.3 Bad address", Refused, INVALID),
        ("rcpt", "550 5.1.0 Address rejected", Refused, INVALID),
        ("rcpt", "550 Unrouteable address", Refused, INVALID),
        ("rcpt", "551 User not local", Refused, INVALID),
        ("rcpt", "550 relay not permitted", Retry, ERROR),
        ("rcpt", "550 Blocked by an RBL", Retry, ERROR),
        ("rcpt", "550 5.1.0 Sender rejected", Retry, ERROR),
        ("rcpt", "550 5.1.7 Sender address rejected", Retry, ERROR),
        ("rcpt", "550 5.1.8 Sender address rejected: domain not found", Retry, ERROR),
        ("rcpt", "550 5.7.1 Relaying denied", Retry, AUTH),
        ("rcpt", "554 5.7.1 Service unavailable; client host blocked", Retry, AUTH),
        ("rcpt", "554 Client host rejected", Retry, ERROR),
        ("rcpt", "530 5.7.0 Must authenticate first", Retry, AUTH),
        ("rcpt", "552 5.2.2 Mailbox full", Retry, ERROR),
        ("rcpt", "550 5.2.2 Mailbox full", Retry, ERROR),
        ("rcpt", "552 Mailbox full", Retry, ERROR),
        ("rcpt", "450 4.1.1 Try later", Retry, ERROR),
        ("rcpt", "503 Bad sequence", Retry, ERROR),
        ("data", "503 5.5.1 No valid recipients", Retry, ERROR),
        ("end", "550 5.6.0 Bad content", Refused, CONTENT),
        ("end", "554 5.6.3 Conversion needed", Refused, CONTENT),
        ("end", "554 5.7.1 Looks like spam", Refused, CONTENT),
        ("end", "554 5.7.1 Client host blocked", Retry, AUTH),
        ("end", "550 5.7.26 Unauthenticated mail", Retry, AUTH),
        ("end", "550 5.1.1 No such user", Refused, INVALID),
        ("end", "550 No", Retry, ERROR),
        ("end", "554 Transaction failed", Retry, ERROR),
        ("end", "552 5.2.2 Mailbox full", Retry, ERROR),
        ("end", "451 4.6.0 Later", Retry, ERROR),
    ],
)
async def test_a_mail_server_refuses_for_good_only_a_mailbox_or_a_text(
    stage: str, said: str, kind: type[object], reason: ReceiptReason
) -> None:
    """Our login, our sender, our address on the network and a full mailbox are worth another try."""
    mail = Message(order("a" * 64, channel=Channel.EMAIL), "ruta@example.org", "Tests", subject="Tests")
    async with mail_server(stage, said) as channel:
        outcome = await channel.send(mail, datetime.now(UTC))
    assert parts(outcome) == (kind, reason)

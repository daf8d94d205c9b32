"""Putting the sandbox together and running it, inside a test or as a process."""

import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from deploy.local.sandbox.callbacks import CallbackSender
from deploy.local.sandbox.carrier import Carrier
from deploy.local.sandbox.control import SandboxControl
from deploy.local.sandbox.control_api import ControlApi, Parts
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.messages import MessageStore
from deploy.local.sandbox.models import Fault, MailFault, NumberTrouble, Settings, SmppFault
from deploy.local.sandbox.phones import Phones
from deploy.local.sandbox.restore import restore
from deploy.local.sandbox.smsc import DEMO_PASSWORD, DEMO_SYSTEM_ID, SmscServer
from deploy.local.sandbox.smtp_inbox import MailStore, SmtpInbox
from deploy.local.sandbox.twilio_api import TwilioApi

DEMO_ACCOUNT_SID = "AC" + "5a" * 16
DEMO_AUTH_TOKEN = "sandbox-token"  # noqa: S105 # opens nothing but the sandbox on this machine
MAX_MESSAGES = 200_000
MAX_MAILS = 50_000

_SHUTDOWN_S = 0.5


class RunningSandbox(SandboxControl):
    """A sandbox of this process: the control client, and what a sender needs to reach it."""

    def __init__(
        self, base_url: str, smtp_port: int, smpp_port: int, account_sid: str, auth_token: str, home: Path
    ) -> None:
        super().__init__(base_url)
        self.smtp_port = smtp_port
        self.smpp_port, self.smpp_system_id, self.smpp_password = smpp_port, DEMO_SYSTEM_ID, DEMO_PASSWORD
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.home = home


@asynccontextmanager
async def running_sandbox(
    *,
    home: Path | None = None,
    http_port: int = 0,
    smtp_port: int = 0,
    smpp_port: int = 0,
    account_sid: str = DEMO_ACCOUNT_SID,
    auth_token: str = DEMO_AUTH_TOKEN,
    senders: Iterable[str] = (),
    smpp_senders: Iterable[str] = (),
    settings: Settings | None = None,
    max_messages: int = MAX_MESSAGES,
) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox on 127.0.0.1 in this event loop; port 0 is any free one.

    `home` keeps the ledger and the mails, and a later sandbox with the same home goes on from there; without it
    they are gone at the end. `senders` are the numbers of the account; empty: any.
    """
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", account_sid):
        raise ValueError("an account sid is AC and 32 hexadecimal digits")
    async with AsyncExitStack() as stack:
        if home is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
        parts = _assemble(home, account_sid, auth_token, settings or Settings(), max_messages, frozenset(smpp_senders))
        stack.callback(parts.ledger.close)
        restore(parts.ledger, parts.store, parts.phones, parts.mails)
        stack.push_async_callback(parts.callbacks.stop)
        await parts.callbacks.start()
        stack.callback(parts.carrier.stop)
        parts.carrier.resume()
        api = TwilioApi(
            account_sid, auth_token, frozenset(senders), parts.store, parts.carrier, parts.faults, parts.ledger
        )
        base_url = await _serve_http(stack, [*api.routes(), *ControlApi(parts).routes()], http_port)
        inbox = SmtpInbox(parts.mails, parts.mail_faults)
        stack.push_async_callback(inbox.stop)
        port = await inbox.start(smtp_port)
        stack.push_async_callback(parts.smsc.stop)
        smpp = await parts.smsc.start(smpp_port)
        handle = RunningSandbox(base_url, port, smpp, account_sid, auth_token, home)
        await stack.enter_async_context(handle)
        for board in (parts.faults, parts.mail_faults, parts.smpp_faults):
            stack.callback(board.clear)
        yield handle


def _assemble(
    home: Path,
    account_sid: str,
    auth_token: str,
    settings: Settings,
    max_messages: int,
    smpp_senders: frozenset[str],
) -> Parts:
    ledger = Ledger(home / "ledger.jsonl")
    store, phones = MessageStore(max_messages), Phones()
    troubles: FaultBoard[NumberTrouble] = FaultBoard()
    smpp_faults: FaultBoard[SmppFault] = FaultBoard()
    callbacks = CallbackSender(auth_token, ledger)
    carrier = Carrier(account_sid, store, phones, troubles, callbacks, ledger, settings)
    carrier.smsc = smsc = SmscServer(carrier, smpp_faults, ledger, smpp_senders)
    return Parts(
        account_sid=account_sid,
        first_settings=settings,
        store=store,
        phones=phones,
        carrier=carrier,
        callbacks=callbacks,
        faults=FaultBoard[Fault](),
        troubles=troubles,
        mail_faults=FaultBoard[MailFault](),
        mails=MailStore(home / "mails", ledger, MAX_MAILS),
        smpp_faults=smpp_faults,
        smsc=smsc,
        ledger=ledger,
    )


async def _serve_http(stack: AsyncExitStack, routes: list[web.RouteDef], port: int) -> str:
    app = web.Application(client_max_size=1024**2)
    app.add_routes(routes)
    # A request whose client went away is given up, so a hang ends with its client.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"

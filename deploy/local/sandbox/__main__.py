"""`python -m deploy.local.sandbox`: the sandbox as a process, until SIGTERM or SIGINT."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.local.sandbox.models import Settings
from deploy.local.sandbox.running import DEMO_ACCOUNT_SID, DEMO_AUTH_TOKEN, MAX_MESSAGES, running_sandbox


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.sandbox", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="keeps the ledger and the mails")
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--smpp-port", type=int, default=2775)
    parser.add_argument("--smpp-sender", action="append", default=[], help="a number whose replies go by SMPP")
    parser.add_argument("--account-sid", default=DEMO_ACCOUNT_SID)
    parser.add_argument(
        "--auth-token",
        default=os.environ.get("SANDBOX_AUTH_TOKEN", DEMO_AUTH_TOKEN),
        help="the environment variable SANDBOX_AUTH_TOKEN does as well",
    )
    parser.add_argument("--sender", action="append", default=[], help="a number of the account; none: any")
    parser.add_argument("--inbound-webhook", metavar="URL")
    parser.add_argument("--rate-segments-per-s", type=float, default=10.0, help="per sender; 0: unlimited")
    parser.add_argument("--list-delay-s", type=float, default=0.0)
    parser.add_argument("--max-messages", type=int, default=MAX_MESSAGES)
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    settings = Settings(
        rate_segments_per_s=arguments.rate_segments_per_s,
        list_delay_s=arguments.list_delay_s,
        inbound_webhook=arguments.inbound_webhook,
    )
    async with running_sandbox(
        home=arguments.home,
        http_port=arguments.http_port,
        smtp_port=arguments.smtp_port,
        smpp_port=arguments.smpp_port,
        account_sid=arguments.account_sid,
        auth_token=arguments.auth_token,
        senders=arguments.sender,
        smpp_senders=arguments.smpp_sender,
        settings=settings,
        max_messages=arguments.max_messages,
    ) as sandbox:
        print(
            f"sandbox ready: http {sandbox.base_url} smtp 127.0.0.1:{sandbox.smtp_port}"
            f" smpp 127.0.0.1:{sandbox.smpp_port} home {sandbox.home}",
            flush=True,
        )
        await stopped.wait()


def main() -> None:
    """Run the sandbox."""
    arguments = _arguments()
    if sys.platform == "win32":
        asyncio.run(_run(arguments))
    else:
        import uvloop

        uvloop.run(_run(arguments))


if __name__ == "__main__":
    main()

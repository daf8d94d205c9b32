"""``python -m notifiers sms|email [--lane urgent] [--lane routine]``: a notifier process."""

import argparse
import asyncio
from collections.abc import Sequence

from notifiers.service import serve_notifier
from runtime.health import Health
from runtime.process import run
from runtime.settings import Settings
from schemas.vocabulary import Channel, Lane


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one channel's notifier; without ``--lane``, both lanes. Exits as ``runtime.process.run`` says."""
    parser = argparse.ArgumentParser(prog="python -m notifiers", description="Send the notifications of one channel.")
    parser.add_argument("channel", choices=[channel.value for channel in Channel])
    parser.add_argument("--lane", action="append", choices=[lane.value for lane in Lane], help="default: both")
    options = parser.parse_args(arguments)
    channel = Channel(options.channel)
    lanes = [Lane(lane) for lane in dict.fromkeys(options.lane or [lane.value for lane in Lane])]

    async def body(settings: Settings, health: Health, stop: asyncio.Event) -> None:
        await serve_notifier(settings, health, stop, channel=channel, lanes=lanes)

    suffix = f"-{lanes[0].value}" if len(lanes) == 1 else ""
    run(f"notifier-{channel.value}{suffix}", body)


if __name__ == "__main__":
    main()

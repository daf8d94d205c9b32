"""``python -m streams.dispatcher``: the dispatcher process."""

import asyncio
from datetime import UTC, datetime

from runtime.health import Health
from runtime.process import run
from runtime.settings import Settings
from streams.dispatcher.service import serve_dispatcher


def _now() -> datetime:
    return datetime.now(tz=UTC)


async def _serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    await serve_dispatcher(settings, health, stop, _now)


if __name__ == "__main__":
    run("dispatcher", _serve)

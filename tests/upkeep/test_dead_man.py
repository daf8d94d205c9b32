"""The dead man's switch calls an outside monitor, never more than it may, and never waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from gateway.dead_man import DeadMan
from runtime.metrics import DEAD_MAN_CALLS
from runtime.settings import SettingsMistake, load_settings


class Monitor:
    """An outside monitor: counts calls, and answers as it is told."""

    def __init__(self) -> None:
        self.calls = 0
        self.status = 200
        self.silent = False
        self.url = ""

    async def answer(self, _: web.Request) -> web.Response:
        """Take one call."""
        self.calls += 1
        if self.silent:
            await asyncio.sleep(30)
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def monitor() -> AsyncIterator[Monitor]:
    """A monitor that listens."""
    made = Monitor()
    app = web.Application()
    app.router.add_get("/ping/secret", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ping/secret"
    try:
        yield made
    finally:
        await runner.cleanup()


def _counted(outcome: str) -> float:
    return float(DEAD_MAN_CALLS.labels(outcome)._value.get())


async def _until(outcome: str, count: float) -> None:
    async with asyncio.timeout(10):
        while _counted(outcome) < count:  # noqa: ASYNC110 - a counter, as its readers see it
            await asyncio.sleep(0.01)


async def test_a_call_says_that_all_is_well_and_the_next_must_wait() -> None:
    """However often life is reported, the monitor is called once in its time."""
    before = _counted("ok")
    async with monitor() as outside:
        dead_man = DeadMan(outside.url, every_s=60)
        for _ in range(20):
            dead_man.alive()
            await asyncio.sleep(0)
        await _until("ok", before + 1)
        dead_man.alive()
        await dead_man.close()
        assert outside.calls == 1


@pytest.mark.parametrize(("status", "outcome"), [(500, "status_5xx"), (404, "status_4xx"), (302, "status_3xx")])
async def test_an_answer_that_is_no_yes_is_counted_as_one(status: int, outcome: str) -> None:
    """A monitor that refuses, or sends elsewhere, is no outside watch; the log says so without the address."""
    before = _counted(outcome)
    async with monitor() as outside:
        outside.status = status
        dead_man = DeadMan(outside.url)
        with capture_logs() as logs:
            dead_man.alive()
            await _until(outcome, before + 1)
            await dead_man.close()
        assert outside.calls == 1
        assert any(line["event"] == "dead_man_call_failed" for line in logs)
        assert "secret" not in str(logs)


async def test_a_silent_monitor_holds_nobody_up() -> None:
    """The call ends after its time-out; meanwhile no second one is begun, and the caller never waits."""
    before = _counted("timeout")
    async with monitor() as outside:
        outside.silent = True
        dead_man = DeadMan(outside.url, every_s=0, within_s=0.3)
        dead_man.alive()
        dead_man.alive()
        await _until("timeout", before + 1)
        assert outside.calls == 1
        dead_man.alive()
        await _until("timeout", before + 2)
        await dead_man.close()


async def test_a_monitor_that_is_not_there_is_a_failed_call() -> None:
    """A refused connection is counted, and the next call comes in its time."""
    async with monitor() as outside:
        url = outside.url
    before = _counted("connection")
    dead_man = DeadMan(url)
    dead_man.alive()
    await _until("connection", before + 1)
    await dead_man.close()


@pytest.mark.parametrize("text", ["hc-ping.example/abc", "ftp://x/y", "https:///abc"])
def test_what_is_no_web_address_is_a_mistake(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, its value is not: it is a secret."""
    monkeypatch.setenv("BORDERLANDS_UPKEEP__DEAD_MAN_URL", text)
    with pytest.raises(SettingsMistake, match="BORDERLANDS_UPKEEP__DEAD_MAN_URL") as mistake:
        load_settings()
    assert text not in str(mistake.value)


def test_an_empty_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty secret file, as Compose may mount it, means that there is no outside monitor."""
    monkeypatch.setenv("BORDERLANDS_UPKEEP__DEAD_MAN_URL", "")
    assert load_settings().upkeep.dead_man_url is None
    monkeypatch.setenv("BORDERLANDS_UPKEEP__DEAD_MAN_URL", "https://monitor.example/abc")
    settings = load_settings()
    assert settings.upkeep.dead_man_url is not None
    assert "abc" not in repr(settings)

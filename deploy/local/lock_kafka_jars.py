"""Maintainers: write `kafka_jars.lock` anew, after raising a version in `ROOTS`.

    python -m deploy.local.lock_kafka_jars

Resolves the runtime closure of each root with jgo, fetches every jar, and writes coordinates, SHA-256 and sizes.
Each root is resolved by itself and the first one wins: resolved together, jgo lets the dependency management
of the second override the first (it then pairs kafka 4.3.1 with kafka-clients 3.9.1).
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

from deploy.local.kafka_jars import LOCK, LockedJar, fetch_with_jgo, sha256_of

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",  # Kafka logs through slf4j 1.7 and depends on no backend
)

_HEADER = """\
# The jars of the embedded Kafka, in class path order: group:artifact:version, SHA-256, size in bytes.
# Written by `python -m deploy.local.lock_kafka_jars`, read by deploy/local/kafka_jars.py.
"""


def resolve(cache: Path) -> list[str]:
    """Coordinates of the runtime closure of all roots, roots first."""
    context = MavenContext(repo_cache=cache, timeout=30)
    chosen: dict[tuple[str, str], str] = {}
    for root in ROOTS:
        inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
        for dependency in [*inputs, *transitive]:
            if dependency.type != "jar" or dependency.classifier:
                raise ValueError(f"{dependency}: only plain jars can be locked")
            chosen.setdefault((dependency.groupId, dependency.artifactId), dependency.version)
    return [f"{group}:{artifact}:{version}" for (group, artifact), version in chosen.items()]


def lock(coordinate: str, scratch: Path) -> LockedJar:
    """Fetch one jar and note what it is."""
    unknown = LockedJar(coordinate, sha256="", size=0)
    path = fetch_with_jgo(unknown, scratch / unknown.filename, lambda _count: None)
    return LockedJar(coordinate, sha256_of(path), path.stat().st_size)


def main() -> int:
    """Entry point."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(8) as pool:
        coordinates = resolve(Path(scratch) / "poms")
        jars = list(pool.map(lambda coordinate: lock(coordinate, Path(scratch)), coordinates))
    lines = [f"{jar.coordinate} {jar.sha256} {jar.size}\n" for jar in jars]
    LOCK.write_text(_HEADER + "".join(lines), encoding="utf-8")
    print(f"{LOCK.name}: {len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

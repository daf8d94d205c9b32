"""``borderlands restore``: an exported file back into an empty cluster, without telling anybody anything again."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.bring_up import NOT_TO_BE_HAD
from console.connect import connection, running_system
from console.keep.export import verified
from console.keep.restoring import CannotRestore, Restore
from console.logs.archive import Archive
from console.logs.manifest import LogDamaged
from console.output import Exit, fail, out
from deploy.local.kafka import EmbeddedKafka
from runtime.instance import InstanceLock
from runtime.settings import Settings
from runtime.topics import TopicsDiffer
from schemas.control import RestoredLog


def restore_log(
    file: Annotated[Path, typer.Argument(help="A file written by `borderlands export`.")],
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start the Kafka of --home for this, for a later `borderlands up`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was restored as JSON.")] = False,
) -> None:
    """Write an exported file into an empty cluster. Nothing that is restored can reach anybody.

    Exit code 1: the cluster is not empty, or the file is none that can be restored.
    """
    manifest = verified(file)
    archive = Archive(file)
    settings = connection(home)
    try:
        if embedded:
            if running_system(home) is not None:
                fail(f"a system runs in {home}: stop it first", Exit.DIFFERENT)
            settings = settings.model_copy(update={"partitions": manifest.partitions})
            mark = _with_kafka_of(home, settings, archive)
        else:
            mark = asyncio.run(Restore(settings, archive).run())
    except CannotRestore as reason:
        fail(str(reason), Exit.DIFFERENT)
    except TopicsDiffer as differ:
        fail(str(differ), Exit.CONFIGURATION)
    except LogDamaged as problem:
        fail(str(problem), Exit.DATA)
    except (KafkaError, OSError, *NOT_TO_BE_HAD) as problem:
        fail(
            f"Kafka cannot be written to: {problem}",
            Exit.UNAVAILABLE,
            mend="run the same command again: a restore that was cut off is finished",
        )
    _show(mark, as_json=as_json)


def _with_kafka_of(home: Path, settings: Settings, archive: Archive) -> RestoredLog:
    """Restore into the embedded Kafka of ``home``, which runs only meanwhile."""
    with InstanceLock(home, "up"):
        broker = EmbeddedKafka(home / "kafka")
        try:
            bootstrap = broker.start(progress=None)
            return asyncio.run(Restore(settings.model_copy(update={"bootstrap": bootstrap}), archive).run())
        finally:
            broker.stop()


def _show(mark: RestoredLog, *, as_json: bool) -> None:
    if as_json:
        out.print(mark.model_dump_json(), markup=False)
        return
    out.print(f"✓ restored {mark.records} records as {mark.restore_id}; none of them can reach anybody", markup=False)
    if mark.open_count:
        more = f" and {mark.open_count - len(mark.open_incidents)} more" if mark.open_count > 100 else ""
        out.print(
            f"! {mark.open_count} incidents were open when the file was written, and nobody is asked about them any "
            f"more. Telephone: {', '.join(mark.open_incidents)}{more}",
            markup=False,
        )

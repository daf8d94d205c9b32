"""``borderlands export``: the topics as one file, to keep elsewhere, to look into, to restore, or to share."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.keep.writing import Wanted, export
from console.logs.archive import Archive
from console.logs.manifest import LogDamaged, Manifest
from console.output import Exit, err, fail, out

_DATE_FORMATS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]


def export_log(
    file: Annotated[Path, typer.Argument(help="The file to write, for example 2026-10.jsonl.gz.")],
    since: Annotated[datetime | None, typer.Option("--from", formats=_DATE_FORMATS, help="UTC; default: all.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DATE_FORMATS, help="UTC; default: now.")] = None,
    incident: Annotated[str | None, typer.Option(help="Only what belongs to this incident.")] = None,
    redact: Annotated[bool, typer.Option("--redact", help="For sharing: no texts, contacts, positions.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Write nothing: prove every hash of FILE.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest (without blocks) as JSON.")] = False,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
) -> None:
    """Write the topics, or a range of them, to one compressed file of JSON Lines with a manifest.

    Exit code 65: with --verify, the file is damaged.
    """
    if verify:
        _show(verified(file), file, "✓ every hash holds:", as_json=as_json)
        return
    wanted = Wanted(
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        incident=incident,
        redact=redact,
    )
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        fail(f"--from {wanted.since:%Y-%m-%d %H:%M} is not before --to {wanted.until:%Y-%m-%d %H:%M}", Exit.USAGE)
    if file.exists():
        fail(f"{file} exists", Exit.USAGE, mend="name another file; an export is never written over")
    if not file.absolute().parent.is_dir():
        fail(f"{file.parent} is no directory", Exit.NO_INPUT)
    if incident is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", incident):
        fail(f"{incident!r} is no incident id", Exit.USAGE)
    try:
        manifest = asyncio.run(export(connection(home), wanted, file))
    except KafkaError as problem:
        fail(f"Kafka cannot be read: {problem}", Exit.UNAVAILABLE)
    except OSError as problem:
        fail(f"{file} could not be written: {problem}", Exit.FAILED)
    _show(manifest, file, "✓ wrote", as_json=as_json)
    if incident is not None and not any(one.records for one in manifest.extents if one.topic != "policy"):
        err.print(f"nothing is known of {incident} in this range", markup=False)


def verified(file: Path) -> Manifest:
    """The manifest of ``file``, after every block was proved; ends the command where one is damaged."""
    try:
        archive = Archive(file)
        for block in archive.manifest.blocks:
            for _ in archive.read(block):
                pass
    except LogDamaged as problem:
        fail(str(problem), Exit.DATA)
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror or problem}", Exit.NO_INPUT)
    return archive.manifest


def _show(manifest: Manifest, file: Path, done: str, *, as_json: bool) -> None:
    if as_json:
        out.print(manifest.model_dump_json(exclude={"blocks"}), markup=False)
        return
    since = f"{manifest.since:%Y-%m-%d %H:%M}" if manifest.since else "the beginning"
    until = manifest.until or manifest.exported_at
    what = f", incident {manifest.incident} only" if manifest.incident else ""
    out.print(f"{done} {file}: {manifest.records} records, {since} to {until:%Y-%m-%d %H:%M} UTC{what}", markup=False)
    counts: dict[str, int] = {}
    for extent in manifest.extents:
        counts[extent.topic] = counts.get(extent.topic, 0) + extent.records
    out.print("  " + ", ".join(f"{topic} {count}" for topic, count in counts.items() if count), markup=False)
    if manifest.redacted:
        out.print("  redacted: without free text, notes and exact positions; contacts have pseudonyms")
    if manifest.open_incidents:
        out.print(f"  open when it was written: {', '.join(manifest.open_incidents)}", markup=False)

"""``borderlands policy directory``: the private directory of people is checked, and put in the place of the other."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from console.connect import connection
from console.logs.choose import LogOption
from console.output import Exit, JsonOption, fail, out, print_json
from console.policy.shared import HomeOption, find_or_fail, topic_of
from schemas.policy.directory_file import check_directory, read_directory
from schemas.policy.mistakes import Mistake, errors_of
from schemas.policy.models import Policy

app = typer.Typer(help="The private directory of people.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="The directory file, as it is to be.")]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", help="Compare with this policy: a directory or a version. Default: active.")
]


@app.command("check")
def check(
    file: FileArgument,
    policy: PolicyOption = None,
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name every mistake in a directory with file and line, and whom the active policy names that it does not hold.

    Exit code 65: mistakes. No name, number or mailbox is printed that is not wrong itself.
    """
    rules = find_or_fail(policy or "active", topic_of(home, log))
    contacts, mistakes = _checked(file, rules.policy, rules.directory)
    if as_json:
        told = {"file": str(file), "policy": rules.version, "mistakes": [asdict(mistake) for mistake in mistakes]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    _end_on_mistakes(file, mistakes, said=as_json)
    if not as_json:
        warned = len(mistakes)
        out.print(f"✓ {file} fits {rules.name}: {contacts} contacts, {warned} warnings", markup=False)


@app.command("install")
def install(
    file: FileArgument,
    target: Annotated[
        Path | None, typer.Option("--to", help="File to replace; default: the one the system uses.")
    ] = None,
    policy: PolicyOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Check a directory and put it in the place of the one in use, at one stroke: no process sees half of it.

    The processes take it up within some seconds, without a restart; `borderlands status` says where one does not.
    Exit code 65: mistakes, and nothing was replaced.
    """
    rules = find_or_fail(policy or "active", topic_of(home))
    contacts, mistakes = _checked(file, rules.policy, rules.directory)
    _end_on_mistakes(file, mistakes, said=False)
    place = target or connection(home).directory
    if place.exists() and place.samefile(file):
        fail(f"{file} is the file in use", Exit.USAGE, mend="edit a copy of it, and install that")
    try:
        replace_file(file, place)
    except OSError as error:
        fail(f"cannot replace {place}: {error.strerror}", Exit.FAILED, mend="nothing was replaced")
    if as_json:
        print_json({"directory": str(place), "contacts": contacts})
        return
    out.print(f"✓ {place} holds {contacts} contacts now; the processes take it up within some seconds", markup=False)


def replace_file(file: Path, place: Path) -> None:
    """Put a copy of ``file`` at ``place`` at one stroke, with the mode ``place`` had (else readable by its owner only).

    Raises:
        OSError: it cannot be written; ``place`` is as it was.
    """
    place = place.resolve()  # a link keeps pointing where it points
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as written, file.open("rb") as source:
            shutil.copyfileobj(source, written)
            written.flush()
            os.fsync(written.fileno())
        if place.exists():
            shutil.copymode(place, fresh)
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _checked(file: Path, policy: Policy, folder: Path | None) -> tuple[int, tuple[Mistake, ...]]:
    """How many contacts, and what is wrong with them and between them and the policy."""
    if not file.is_file():
        fail(f"there is no file {file}", Exit.NO_INPUT)
    read = read_directory(file)
    if read.directory is None:
        return 0, read.mistakes
    return len(read.directory.contacts), (*read.mistakes, *check_directory(policy, read.directory, folder))


def _end_on_mistakes(file: Path, mistakes: tuple[Mistake, ...], *, said: bool) -> None:
    for mistake in () if said else mistakes:
        out.print(str(mistake), markup=False)
    errors = len(errors_of(mistakes))
    if errors:
        fail(f"{errors} mistake{'s' * (errors != 1)} in {file}", Exit.DATA)

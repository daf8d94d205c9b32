"""What the commands of ``borderlands policy`` have in common: options, reading the topic, notes, refusals."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from console.files import shipped_policy
from console.logs.choose import source_of
from console.logs.logged import TooMuchToRead
from console.output import Exit, err, fail, out, print_json
from console.policy.history import History, read_history
from console.policy.people import Person, who
from console.policy.refs import Found, NoSuchPolicy, find
from schemas.base import Line
from schemas.control import PolicyChange
from schemas.privacy import mask

NOTE_MAX = 500
NOTE_TELLS = "say in a sentence why: it stands in the log for years"

T = TypeVar("T")

HomeOption = Annotated[Path, typer.Option(help="Home of the system.")]
NoteOption = Annotated[str | None, typer.Option(help="Why, for the log; asked for at a terminal.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Your name, where several people share an account.")]


def reach(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work`` on the log; where that cannot be reached, the command ends."""
    try:
        return asyncio.run(work)
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be reached: {problem}", Exit.UNAVAILABLE, mend="start the system, or name its --home")


def topic_of(home: Path, log: Path | None = None) -> Callable[[], History]:
    """The history of the topic, read once and only when it is asked for."""
    return cache(lambda: reach(read_history(source_of(home, log))))


def find_or_fail(ref: str, history: Callable[[], History]) -> Found:
    """The policy that ``ref`` means; where there is none, the command ends."""
    try:
        return find(ref, history)
    except NoSuchPolicy as problem:
        fail(str(problem), Exit.DATA if problem.bad_data else Exit.NO_INPUT, mend=problem.mend)


def default_ref() -> str:
    """The policy directory that is meant where none is named."""
    shipped = shipped_policy()
    return os.path.relpath(shipped) if shipped.is_relative_to(Path.cwd()) else str(shipped)


def note_of(given: str | None) -> str:
    """The note, asked for at a terminal where none was given; personal data in it are masked, and that is said."""
    if given is None and sys.stdin.isatty():
        given = typer.prompt("Why", err=True)
    text = " ".join((given or "").split())
    if not text or len(text) > NOTE_MAX:
        fail(f"a note has 1 to {NOTE_MAX} characters, not {len(text)}", Exit.USAGE, mend=f"--note: {NOTE_TELLS}")
    masked = mask(text).text
    if masked != text:
        err.print(f"! personal data were masked, the log keeps: {masked}", markup=False)
    return masked


def person_of(stated: str | None) -> Person:
    """Who is at this terminal, by the name that was stated if one was."""
    if stated is None:
        return who(None)
    try:
        return who(TypeAdapter(Line).validate_python(" ".join(stated.split())))
    except ValidationError as error:
        fail(f"--by: {error.errors()[0]['msg']}", Exit.USAGE)


def tell_step(step: PolicyChange, said: str, *, as_json: bool) -> None:
    """Say that ``step`` stands on the topic: ``said`` for people, else the step itself."""
    if as_json:
        print_json({"written": True, "policy_version": step.policy_version, "step": step.model_dump(mode="json")})
    else:
        out.print(f"✓ {said}: {step.policy_version}", markup=False)


def refuse(problem: str, mend: str) -> NoReturn:
    """End the command: a rule of the active policy forbids it."""
    fail(f"nothing was changed: {problem}", Exit.DATA, mend=mend)

"""Tables of replies: what was typed, and what it must be understood as."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter

from schemas.event import Need
from schemas.policy.source import read_source
from schemas.vocabulary import Answer, NeedKind
from streams.rules.replies.lexicon import Lexicon, lexicon_of
from streams.rules.replies.understand import Understood, understand
from tests.contract.records import shipped_policy

ZONE = ZoneInfo("Europe/Riga")
NOW = datetime(2026, 6, 5, 21, 20, tzinfo=ZONE)
YES = (Answer.ACCEPT, Answer.PARTIAL)

HERE = Path(__file__).parent
Group = Literal["accept", "partial", "decline", "defer", "received", "none", "stop", "start"]
_FILE = TypeAdapter(dict[Group, list[list[str | dict[NeedKind, int] | int | None]]])


@dataclass(frozen=True)
class Typed:
    """One row: a reply and what it means."""

    text: str
    expected: Understood


class Row(BaseModel):
    """A row of the file by name."""

    text: str
    code: str | None = None
    amounts: dict[NeedKind, int] = {}
    eta_min: int | None = None


def rows(name: str) -> list[Typed]:
    """The rows of ``name``."""
    source = read_source(HERE / name, name)
    assert not source.mistakes, source.mistakes
    found = []
    for group, entries in _FILE.validate_python(source.data).items():
        answer = Answer(group) if group in set(Answer) else None
        command: Literal["stop", "start"] | None = group if group in ("stop", "start") else None
        for entry in entries:
            row = Row.model_validate(dict(zip(Row.model_fields, entry, strict=False)))
            needs = tuple(Need(kind=kind, count=count) for kind, count in row.amounts.items())
            found.append(Typed(row.text, Understood(row.code, answer, needs, row.eta_min, command)))
    return found


@cache
def lexicon() -> Lexicon:
    """The words of the shipped policy."""
    return lexicon_of(shipped_policy())


def read(text: str) -> Understood:
    """``text`` understood on the evening of the table."""
    return understand(text, lexicon(), now=NOW, zone=ZONE)


def same(got: Understood, expected: Understood) -> bool:
    """Whether everything that a row tells is understood; the order of amounts does not matter."""
    return (got.code, got.answer, got.eta_min, got.command) == (
        expected.code,
        expected.answer,
        expected.eta_min,
        expected.command,
    ) and set(got.amounts) == set(expected.amounts)


def told(one: Understood) -> str:
    """``one`` in a line."""
    amounts = {need.kind.value: need.count for need in one.amounts}
    return f"{one.code} {one.answer and one.answer.value} {amounts} {one.eta_min} {one.command or ''}".strip()

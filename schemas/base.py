"""What all records share: a strict base model and the bounded, checked types their fields use."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Lang = Literal["lv", "lt", "en"]
Country = Literal["LV", "LT"]

# Bidirectional controls, zero-width and interlinear marks: invisible to a reader, so never legitimate here.
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


class Model(BaseModel):
    """Frozen value that refuses unknown fields, so that a misspelt key is an error and not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Record(Model):
    """A Kafka record's body. ``record`` names its kind, ``version`` its shape; both survive lost headers."""

    version: Literal[1] = 1


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _visible(text: str, allowed: str) -> str:
    text = unicodedata.normalize("NFC", text)
    if text.isprintable():  # most texts: nothing in them is of an invisible kind
        return text
    for position, char in enumerate(text):
        if char not in allowed and unicodedata.category(char) in _INVISIBLE:
            name = unicodedata.name(char, "control character")
            raise ValueError(
                f"invisible character U+{ord(char):04X} ({name}) at position {position}; remove it and send again"
            )
    return text


def _visible_line(text: str) -> str:
    return _visible(text, "")


def _visible_text(text: str) -> str:
    return _visible(text.replace("\r\n", "\n"), "\n\t")


_is_slug = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*").fullmatch


def _slug(text: str) -> str:
    if not _is_slug(text):
        raise ValueError("may hold only letters A-Z, digits, '.', '_' and '-', and starts with a letter or digit")
    return text


UtcTime = Annotated[AwareDatetime, AfterValidator(_utc)]
"""An instant with an offset, kept in UTC."""

Id = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_slug)]
"""Identifier of an event, incident, party, contact, clause…: 1–64 plain characters."""

LINE_MAX, TEXT_MAX = 120, 2000

Line = Annotated[str, StringConstraints(min_length=1, max_length=LINE_MAX), AfterValidator(_visible_line)]
"""One line of visible text, NFC, at most 120 characters."""

LongText = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX), AfterValidator(_visible_text)]
"""Visible text, NFC, at most 2,000 characters; line breaks and tabs allowed."""

PolicyHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a policy's canonical JSON, in hex."""

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A telephone number in international form."""

"""One page of HTML with everything in it: readable on a screen, printable on A4, no script and nothing to load."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from console.report.brief import brief_of
from console.report.figures import MonthFigures
from console.report.sections import sections_of, tiles_of
from console.report.tables import Section
from console.report.words import Words

_TEMPLATE: Final = "page.html.jinja"


@dataclass(frozen=True)
class Subject:
    """What a page tells of: a month, the one before it where the log holds that, one agreement or all (None)."""

    month: MonthFigures
    before: MonthFigures | None
    agreement: str | None
    now: datetime


def page(subject: Subject, words: Words) -> str:
    """The page in the language of ``words``. The same subject gives the same bytes."""
    month = subject.month
    left_out = {why: words.number(month.left_out[why]) for why in ("system", "test", "replayed")}
    label = words.label
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            language=words.language,
            title=label("title"),
            month=words.month(month.month),
            scope=label("only", agreement=words.agreement(subject.agreement)) if subject.agreement else label("every"),
            made=label("made", day=words.day(subject.now)),
            labels={key: label(key) for key in ("summary", "badly", "look", "method")},
            brief=brief_of(month, subject.before, words, subject.now),
            tiles=tiles_of(month, subject.before, words),
            sections=[_safe(section) for section in sections_of(month, subject.before, words)],
            method=(words.told("method"), words.told("left_out", **left_out), words.told("privacy")),
        )
    )


def _safe(section: Section) -> dict[str, object]:
    """``section`` for the template: pictures are markup of our own, everything else is escaped."""
    parts = [
        {"title": part.title, "svg": Markup(part.svg)} if part.svg else  # noqa: S704 - drawn here, captions escaped
        {"title": part.title, "svg": "", "heads": part.heads, "rows": part.rows, "numbers": part.numbers,
         "note": part.note, "dense": part.dense}
        for part in section.parts
    ]  # fmt: skip
    return {"title": section.title, "style": section.style, "parts": parts}


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )

"""An incident that was found, for people and for programs. Pure."""

import json
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from console.search.entry import Entry
from console.search.match import Found
from console.search.names import outcome_shown

_SECTIONS = {"real": "", "exercise": " in exercises and tests", "system": " about the system itself"}
_MARKS = {"real": "", "exercise": "EXERCISE  ", "system": "SYSTEM  "}


def headline(kind: str, shown: int, total: int) -> str:
    """How many were found, and of which kind."""
    what = "incident" if total == 1 else "incidents"
    return f"{total} {what}{_SECTIONS[kind]}" + (f", {shown} shown (--limit)" if shown < total else "")


def lines(one: Found, zone: ZoneInfo, clock: Callable[[datetime, ZoneInfo], str]) -> list[str]:
    """When, where and what; who asked whom and how it ended; what somebody wrote."""
    entry, shown = Entry.model_validate_json(one.entry), json.loads(one.shown)
    at = entry.first_at.astimezone(zone)
    what = ", ".join(shown["what"]) or "what is not known"
    severity = f", {shown['severity'].lower()}" if shown["severity"] != "Unknown" else ""
    who = ", ".join(shown["asked_by"]) + (f" → {', '.join(shown['partners'])}" if shown["partners"] else "")
    told = [
        f"{_MARKS[one.kind]}{at:%Y-%m-%d} {clock(entry.first_at, zone)}  {one.incident}",
        f"    {what}{severity} · {shown['where'] or 'place not known'} · {who}",
        f"    {outcome_shown(shown['ended'])}" + (f" · code {entry.code}" if entry.code else ""),
    ]
    return [*told, *([f"    {one.snippet}"] if one.snippet else [])]


def as_json(one: Found) -> dict[str, object]:
    """The same for a program; ids as they stand on the log."""
    entry, shown = Entry.model_validate_json(one.entry), json.loads(one.shown)
    return {
        "incident": one.incident,
        "kind": one.kind,
        "first_at": entry.first_at.isoformat(),
        "last_at": entry.last_at.isoformat(),
        "status": entry.status.value,
        "types": entry.types,
        "severity": entry.severity.value,
        "where": shown["where"],
        "place_ids": entry.place_ids,
        "asked_by": entry.reporters,
        "partners": entry.partners,
        "agreements": entry.agreements,
        "languages": entry.languages,
        "answers": [given.model_dump(mode="json", exclude_none=True) for given in entry.answers],
        "ended": shown["ended"],
        "code": entry.code,
        "snippet": one.snippet,
    }

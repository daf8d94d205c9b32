"""How two policies differ, in the words of an administrator: pure, for the command and for whoever shows a change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from console.policy.words import brief, label, noun, value_words
from schemas.policy.models import Policy

Kind = Literal["added", "removed", "changed"]
_Subject = tuple[str, ...]

_MARKS: dict[Kind, str] = {"added": "+", "removed": "−", "changed": "~"}


@dataclass(frozen=True)
class Difference:
    """One difference. ``part`` is the part of the policy (``agreements``), ``subject`` what differs in it, from the
    whole to the single thing (``agreement birzai-vecumnieki``, ``clause help``, ``asks again after``).

    ``before`` and ``after`` are words for people; None where it was not there, or is there no more.
    """

    part: str
    subject: _Subject
    kind: Kind
    before: str | None = None
    after: str | None = None

    @property
    def line(self) -> str:
        """The difference on one line."""
        words = f"{_MARKS[self.kind]} {', '.join(self.subject)}"
        if self.kind == "changed":
            return f"{words}: {self.before} → {self.after}"
        told = self.after if self.kind == "added" else self.before
        return f"{words} {self.kind}{f': {told}' if told else ''}"

    def as_json(self) -> dict[str, Any]:
        """The difference for programs."""
        return {
            "part": self.part,
            "subject": list(self.subject),
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
        }


def differences(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Everything in which ``new`` differs from ``old``, by part in the order of the model; empty where nothing does."""
    if old.version == new.version:
        return ()
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    found: list[Difference] = []
    for part in type(old).model_fields:
        found += _Comparing(part).of((), part, before[part], after[part])
    return tuple(found)


@dataclass(frozen=True)
class _Comparing:
    """The comparison of one part of two policies."""

    part: str

    def of(self, subject: _Subject, key: str, old: Any, new: Any) -> Iterator[Difference]:
        """The differences of what stands under ``key`` of ``subject``."""
        if old == new:
            return
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self._mappings(subject, key, old, new)
        elif key in ("polygons", "border"):
            yield self._changed((*subject, label(key)), _points(old), _points(new))
        elif isinstance(old, Sequence) and isinstance(new, Sequence) and not isinstance(old, str):
            yield from self._sequences(subject, key, old, new)
        else:
            yield self._changed((*subject, label(key)), value_words(key, old), value_words(key, new))

    def _mappings(
        self, subject: _Subject, key: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Difference]:
        inner = subject if key == self.part and key not in _NAMED_PARTS else (*subject, label(key))
        named = _KEYED_MAPPINGS.get(key) if not subject or key in ("live", "exercise") else None
        for name in [*old, *(name for name in new if name not in old)]:
            here = (*subject, f"{named} {name}") if named else inner
            if name not in new or name not in old:
                yield self._there(here if named else (*inner, label(name)), name, old.get(name), new.get(name))
            elif named and isinstance(old[name], Mapping):
                for field in {**old[name], **new[name]}:
                    yield from self._field(here, field, old[name], new[name])
            else:
                yield from self.of(here, name, old[name], new[name])

    def _field(
        self, subject: _Subject, field: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Difference]:
        if field in old and field in new:
            yield from self.of(subject, field, old[field], new[field])
        else:
            yield self._there((*subject, label(field)), field, old.get(field), new.get(field))

    def _sequences(self, subject: _Subject, key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
        name_of = _NAMES.get(key)
        if name_of is None or not all(isinstance(item, Mapping) for item in (*old, *new)):
            yield self._changed((*subject, label(key)), value_words(key, old), value_words(key, new))
            return
        was, now = _by_name(old, name_of), _by_name(new, name_of)
        for name in [*was, *(name for name in now if name not in was)]:
            here = (*subject, f"{noun(key)} {name}")
            if name in was and name in now:
                for field in {**was[name], **now[name]}:
                    yield from self._field(here, field, was[name], now[name])
            else:
                yield self._there(here, key, was.get(name), now.get(name))
        kept, still = [name for name in was if name in now], [name for name in now if name in was]
        if kept != still:
            yield self._changed((*subject, f"order of {label(key)}"), ", ".join(kept), ", ".join(still))

    def _there(self, subject: _Subject, key: str, old: Any, new: Any) -> Difference:
        if new is not None or old is None:
            return Difference(self.part, subject, "added", after=brief(key, new))
        return Difference(self.part, subject, "removed", before=brief(key, old))

    def _changed(self, subject: _Subject, before: str, after: str) -> Difference:
        return Difference(self.part, subject, "changed", before, after)


def _by_name(items: Sequence[Any], name_of: Callable[[Any, int], str]) -> dict[str, Any]:
    """The items by name; what has the name of an earlier one is told apart by a number."""
    named: dict[str, Any] = {}
    for place, item in enumerate(items):
        name, count = name_of(item, place), 2
        while name in named:
            name, count = f"{name_of(item, place)} ({count})", count + 1
        named[name] = item
    return named


def _by_id(item: Any, _: int) -> str:
    return str(item["id"])


def _numbered(_: Any, place: int) -> str:
    return str(place + 1)


def _shift(item: Any, place: int) -> str:
    days = item.get("days")
    when = ", ".join(days) if days else f"every {item['every_days']} days" if item.get("every_days") else str(place + 1)
    return f"{when} {item['hours']}"


_NAMES: dict[str, Callable[[Any, int], str]] = {
    **dict.fromkeys(
        ("parties", "agreements", "clauses", "services", "roles", "ladders", "units", "parishes", "places", "outlines"),
        _by_id,
    ),
    "live": lambda item, _: str(item["contact"]),
    "exercise": lambda item, _: str(item["contact"]),
    "steps": _numbered,
    "shifts": _shift,
    "exceptions": lambda item, _: ", ".join(item["dates"]),
    "rates": lambda item, _: f"{item['channel']} {item['lane']}",
}
"""How the items of a list are known again. Other lists are compared as a whole."""

_KEYED_MAPPINGS = {
    "staff": "staff of",
    "rosters": "roster of",
    "competence": "competence for",
    "texts": "texts in",
}
"""Parts that are mappings by name, and how an entry of them is called."""

_NAMED_PARTS = ("limits", "canary", "contact_checks", "rates", "change")
"""Parts whose name belongs to the subject: their fields alone would not say what they are of."""


def _points(rings: Any) -> str:
    """An outline in words: how many points it is drawn with."""

    def count(item: Any) -> int:
        return 1 if item and isinstance(item[0], int | float) else sum(count(one) for one in item)

    return f"drawn with {count(rings)} points"

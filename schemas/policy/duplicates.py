"""Finds ids that stand twice in one list of a policy file."""

from collections.abc import Iterable, Iterator

from schemas.policy.mistakes import Mistake
from schemas.policy.source import Source


def duplicates(source: Source, where: str, ids: Iterable[str]) -> Iterator[Mistake]:
    """A mistake for every id of the list ``where`` that stood before."""
    seen: dict[str, int] = {}
    for index, one in enumerate(ids):
        if one in seen:
            line = source.line_of((where, seen[one]))
            problem = f"the id '{one}' stands twice in {where}: here and on line {line}"
            yield source.mistake((where, index, "id"), problem, "give each its own id")
        seen.setdefault(one, index)

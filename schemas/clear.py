"""Whether a JSON body says once, and only once, whom it may reach. Pure.

A parser keeps the last of two equal keys. ``{"replayid": "rp-1", …, "replayid": null}`` would so be a live record to
us and a replayed one to whoever reads it, or to another tool. What may reach a person must be readable in one way only.
"""

import json
from collections import Counter
from typing import Any, Final

MARK: Final = "replayid"

_BACKSLASH, _ESCAPE, _MARKED, _ORIGIN = 0x5C, b"\\u", b'"replayid"', b'"origin"'


class _Twice(ValueError):
    """A key stands twice in one object."""


def unclear(value: bytes, *, nested: bool = False) -> str | None:
    """Why ``value``, a JSON object, cannot be trusted to say whom it may reach; None where it can.

    ``nested``: records of this kind hold others, each with its origin. A body that names no mark, writes no letter as
    a number and names its origin once is judged by its bytes, since this is asked of every record; others are parsed.
    """
    escaped = _BACKSLASH in value and _ESCAPE in value
    if not escaped and _MARKED not in value and (nested or value.count(_ORIGIN) < 2):
        return None
    try:
        body = json.loads(value, object_pairs_hook=_each_once)
    except _Twice as twice:
        return str(twice)
    except (ValueError, RecursionError) as error:
        return f"not JSON in UTF-8: {error}"[:300]
    if isinstance(body, dict) and MARK in body and body[MARK] is None:
        return f"{MARK} is given without a value: it may mark a replay or deny one"
    return None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = [name[:60] for name, times in Counter(key for key, _ in pairs).items() if times > 1]
        raise _Twice(f"given twice in one object: {', '.join(twice[:10])}")
    return made

"""Whether a JSON body says once, and only once, whom it may reach. Pure.

A parser keeps the last of two equal keys. ``{"replayid": "rp-1", …, "replayid": null}`` would so be a live record to
us and a replayed one to whoever reads it, or to another tool. What may reach a person must be readable in one way only.
"""

import json
from collections import Counter
from typing import Any, Final

MARK: Final = "replayid"

_ESCAPE, _MARKED = b"\\u", b'"replayid"'
_ONCE: Final = (b'"origin"', b'"status"', b'"exerciseid"', b'"expires_at"')
"""Keys that decide who is reached. A record holds each once, but for a snapshot, which holds whole notifications."""


class _Twice(ValueError):
    """A key stands twice in one object."""


def unclear(value: bytes, *, nested: bool = False) -> str | None:
    """Why ``value``, a JSON object, cannot be trusted to say whom it may reach; None where it can.

    ``nested``: records of this kind hold others, so that equal keys in different objects are nothing odd. A body
    that marks no replay and has no escapes is judged by its bytes; only what is left is parsed.
    """
    suspect = _MARKED in value or _ESCAPE in value
    if not suspect and (nested or all(value.count(key) < 2 for key in _ONCE)):
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

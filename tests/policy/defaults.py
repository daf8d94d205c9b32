"""The default of every key of a policy, and of which model: what may never change.

A hash leaves out what stands at its default, so another default would change what policies of years mean and leave
their hashes as they are. ``python -m tests.policy.defaults`` adds new keys to the list; it changes none.
"""

import json
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from schemas.policy.models import Policy

GOLDEN = Path(__file__).with_name("defaults.json")
REQUIRED = "required"


def defaults() -> dict[str, str]:
    """``Model.key`` to its default as JSON, or ``required``, for every model a policy is made of."""
    found: dict[str, str] = {}
    for model in sorted(_models(Policy), key=lambda one: one.__name__):
        for name, field in model.model_fields.items():
            if field.default is PydanticUndefined and field.default_factory is None:
                told = REQUIRED
            else:
                default = field.get_default(call_default_factory=True, validated_data={})
                told = json.dumps(_plain(default), sort_keys=True)
            found[f"{model.__name__}.{name}"] = told
    return found


def golden() -> dict[str, str]:
    """The defaults as they were when each key came."""
    kept: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return kept


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [inner for field in one.model_fields.values() for inner in _inside(field.annotation)]
    return found


def _inside(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {inner for argument in get_args(annotation) for inner in _inside(argument)}


def main() -> int:
    """Add what is new to the list; exit code 1 where a default differs from it, which stays."""
    known = golden() if GOLDEN.exists() else {}
    now = defaults()
    GOLDEN.write_text(json.dumps(now | known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(any(now.get(key) != value for key, value in known.items()))


if __name__ == "__main__":
    sys.exit(main())

"""Records put together from values that are valid already, without checking them a second time.

``model_construct`` and ``model_copy`` do the same and take five times as long: half the time of ``route()``.
A property test holds that what is made here passes validation unchanged.
"""

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


@cache
def _fields_of(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


_set = object.__setattr__  # the models are frozen; this is how pydantic itself fills them


def trusted(model: type[M], values: dict[str, Any]) -> M:
    """A ``model`` holding ``values``: valid ones, for every field."""
    made = model.__new__(model)
    _set(made, "__dict__", values)
    _set(made, "__pydantic_fields_set__", _fields_of(model))
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


def amended(record: M, **changes: Any) -> M:
    """``record`` with some values replaced by other valid ones."""
    return trusted(type(record), record.__dict__ | changes)

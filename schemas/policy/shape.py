"""Fits plain data into a model and explains every misfit with its line and a way to mend it."""

import difflib
import re
import types
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.policy.mistakes import Mistake
from schemas.policy.source import Loc, Source

M = TypeVar("M", bound=BaseModel)


def fit(source: Source, model: type[M]) -> tuple[M | None, tuple[Mistake, ...]]:
    """``source`` as ``model``, or None and every mistake (those of the YAML first)."""
    if source.mistakes:
        return None, tuple(source.mistakes)
    try:
        return model.model_validate(source.data), ()
    except ValidationError as error:
        return None, explain(error, source, model)


def explain(error: ValidationError, source: Source, model: type[BaseModel]) -> tuple[Mistake, ...]:
    """One mistake per fault of ``error``; a key missing only because it is misspelt is named once."""
    faults = error.errors(include_url=False)
    mistakes: list[Mistake] = []
    guessed: set[Loc] = set()
    for fault in faults:
        if fault["type"] == "extra_forbidden":
            loc = _loc(fault)
            known = _keys_at(model, loc[:-1])
            guess = nearest(str(loc[-1]), known)
            if guess:
                guessed.add((*loc[:-1], guess))
            mend = f"did you mean '{guess}'?" if guess else f"known keys here: {', '.join(sorted(known))}"
            mistakes.append(source.mistake(loc, f"unknown key '{loc[-1]}'", mend))
    spoilt = {_loc(fault)[:depth] for fault in faults for depth in range(len(_loc(fault)))}
    mistakes += [_explained(fault, source) for fault in faults if _stands_alone(fault, guessed, spoilt)]
    return tuple(sorted(mistakes))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is most likely a misspelling of."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def hint(word: str, known: Iterable[str], otherwise: str) -> str:
    """``did you mean …`` where something is near, else the known words after ``otherwise``."""
    words = sorted(known)
    guess = nearest(word, words)
    return f"did you mean '{guess}'?" if guess else f"{otherwise}: {', '.join(words)[:400] or 'none'}"


def _stands_alone(fault: ErrorDetails, guessed: set[Loc], spoilt: set[Loc]) -> bool:
    if fault["type"] == "extra_forbidden":
        return False
    if fault["type"] == "too_short" and _loc(fault) in spoilt:
        return False  # pydantic counts the items that fit: the list is short only because of what is in it
    return not (fault["type"] == "missing" and _loc(fault) in guessed)


def _loc(fault: ErrorDetails) -> Loc:
    return tuple(part for part in fault["loc"] if part != "[key]")


def _explained(fault: ErrorDetails, source: Source) -> Mistake:
    loc = _loc(fault)
    given = fault["input"]
    match fault["type"]:
        case "missing" if isinstance(loc[-1], int):
            return source.mistake(loc, f"the list needs at least {loc[-1] + 1} items", "add what is missing")
        case "missing":
            return source.mistake(loc, f"the key '{loc[-1]}' is missing", f"add '{loc[-1]}:' here")
        case "enum" | "literal_error":
            words = re.findall(r"'([^']*)'", str(fault["ctx"]["expected"]))
            mend = hint(str(given), words, "known words")
            return source.mistake(loc, f"{_shown(given)} is not a word that stands here", mend)
        case "string_type" if isinstance(given, int | float):
            return source.mistake(loc, f"{_shown(given)} was read as a number", f"put it in quotes: '{given}'")
        case "value_error":
            problem, _, mend = fault["msg"].removeprefix("Value error, ").partition("; ")
            return source.mistake(loc, f"{_shown(given)}: {problem}", mend or "correct it")
        case "model_type" | "dict_type" | "tuple_type":
            wanted = "a list" if fault["type"] == "tuple_type" else "keys with values"
            return source.mistake(loc, f"{_shown(given)} stands where {wanted} belongs", f"write {wanted}")
        case "too_short":
            return source.mistake(loc, "the list is too short", fault["msg"])
        case "string_pattern_mismatch" if loc and "offices" in loc:
            mend = "write it as +371… or +370…, digits only"
            return source.mistake(loc, f"{_shown(given)} is not a telephone number in international form", mend)
        case _:
            return source.mistake(loc, f"{_shown(given)} does not fit", fault["msg"])


def _shown(given: object) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, dict | list | tuple):
        return "this"
    return f"'{str(given)[:60]}'"


def _keys_at(model: type[BaseModel], loc: Loc) -> set[str]:
    """The keys a mapping at ``loc`` of ``model`` may have."""
    found: list[Any] = [model]
    for part in loc:
        found = [inner for annotation in found for inner in _inside(annotation, part)]
    return {
        field.alias or name
        for annotation in found
        for option in _options(annotation)
        if isinstance(option, type) and issubclass(option, BaseModel)
        for name, field in option.model_fields.items()
    }


def _inside(annotation: Any, part: str | int) -> list[Any]:
    found: list[Any] = []
    for option in _options(annotation):
        origin, args = get_origin(option), get_args(option)
        if isinstance(option, type) and not args and issubclass(option, BaseModel):
            fields = (field for name, field in option.model_fields.items() if part in (name, field.alias))
            found += [field.annotation for field in fields]
        elif origin is dict:
            found.append(args[1])
        elif origin in (tuple, list) and args:
            found.append(args[0])
    return found


def _options(annotation: Any) -> list[Any]:
    """The types an annotation allows: unions opened, ``Annotated`` stripped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _options(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for option in get_args(annotation) for inner in _options(option)]
    return [annotation]

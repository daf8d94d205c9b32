"""JSON Schemas of the policy files, so that an editor completes keys and marks mistakes while they are typed.

``python -m schemas.policy.editor_schemas [DIRECTORY]`` writes them; the first line of every policy file names its own.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.base import Model
from schemas.policy.cases import CasesFile
from schemas.policy.directory import Directory
from schemas.policy.durations import seconds
from schemas.policy.files import (
    CompetenceFile,
    LaddersFile,
    PartiesFile,
    RolesFile,
    RostersFile,
    SettingsFile,
    UpkeepFile,
)
from schemas.policy.geography_file import PlacesFile, UnitsFile
from schemas.policy.models import Agreement
from schemas.policy.rates import Rates
from schemas.policy.retention import days
from schemas.policy.rosters import read_dates, read_days, read_hours
from schemas.policy.texts import Texts

DIRECTORY: Final = Path(__file__).parents[2] / "deploy" / "policy" / "schema"

SHAPES: Final[dict[str, type[Model]]] = {
    "policy": SettingsFile,
    "parties": PartiesFile,
    "agreement": Agreement,
    "cases": CasesFile,
    "competence": CompetenceFile,
    "roles": RolesFile,
    "rosters": RostersFile,
    "ladders": LaddersFile,
    "upkeep": UpkeepFile,
    "rates": Rates,
    "units": UnitsFile,
    "places": PlacesFile,
    "texts": Texts,
    "directory": Directory,
}
"""Schema name to the model whose YAML form it describes."""


_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_DAYS = {"type": "string", "pattern": rf"^({_DAY}(-{_DAY})?|daily|holidays)([, ]+({_DAY}(-{_DAY})?|daily|holidays))*$"}
_DATES = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?$"}
_WRITTEN: Final[dict[object, JsonSchemaValue]] = {
    read_days: {"anyOf": [_DAYS, {"type": "array", "items": _DAYS, "minItems": 1}], "examples": ["mon-fri", "sat-sun"]},
    read_dates: {"anyOf": [_DATES, {"type": "array", "items": _DATES, "minItems": 1}], "examples": ["2026-12-24"]},
    days: {"type": "string", "pattern": r"^[0-9]{1,5} ?(d|y)$", "examples": ["180 d", "3 y"]},
    read_hours: {
        "type": "string",
        "pattern": r"^([01]\d|2[0-3]):[0-5]\d ?[-–] ?(([01]\d|2[0-3]):[0-5]\d|24:00)$",
        "examples": ["08:00-20:00", "22:00-06:00"],
    },
}
"""What may be written where a function turns it into what is kept."""


class _AsWritten(GenerateJsonSchema):
    """Describes what may be written in the file, not what it becomes: '5 min', a number in national form."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        function = schema["function"]["function"]
        if function is seconds:
            return {"type": "string", "pattern": r"^[0-9]{1,6} ?(s|min|h|d)$", "examples": ["90 s", "10 min", "2 h"]}
        if function in _WRITTEN:
            return _WRITTEN[function]
        if getattr(function, "__name__", "") == "_mobile":
            return {"type": ["string", "null"], "examples": ["+371 2…", "+370 6…"]}
        return super().function_before_schema(schema)


def editor_schemas() -> dict[str, dict[str, Any]]:
    """File name to JSON Schema."""
    return {
        f"{name}.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(mode="validation", schema_generator=_AsWritten),
        }
        for name, model in SHAPES.items()
    }


def rendered(schema: dict[str, Any]) -> str:
    """One schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(directory: Path) -> None:
    """Write every schema into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, schema in editor_schemas().items():
        (directory / name).write_text(rendered(schema), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY)

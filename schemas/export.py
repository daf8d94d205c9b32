"""``python -m schemas.export``: write the JSON Schema of every record to ``schemas/json``."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from schemas.incident import IncidentState
from schemas.snapshot import WrittenState
from schemas.topics import TOPICS

TARGET = Path(__file__).parent / "json"

_AS_WRITTEN: dict[type[BaseModel], type[BaseModel]] = {IncidentState: WrittenState}
"""Records whose form on the log is another than the one they are read into."""


def schemas() -> Iterator[tuple[str, str]]:
    """File name and JSON text of every record's schema."""
    models = {model for topic in TOPICS.values() for model in topic.records}
    for model in sorted(models, key=lambda one: one.__name__):
        name = str(model.model_fields["record"].default)
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:safe-borderlands:{name}:v1",
            **_AS_WRITTEN.get(model, model).model_json_schema(mode="validation"),
        }
        yield f"{name}.schema.json", json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write all schemas, and remove those of records that are no more."""
    TARGET.mkdir(exist_ok=True)
    wanted = dict(schemas())
    for stale in {path.name for path in TARGET.glob("*.json")} - set(wanted):
        (TARGET / stale).unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

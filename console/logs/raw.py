"""One record of a log in its own bytes, and the line of JSON that holds it in an exported file."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import ConsumerRecord

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as Kafka holds it. ``timestamp_ms`` is when Kafka appended it (Unix time)."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def raw_of(record: "ConsumerRecord[Any, Any]") -> RawRecord:
    """What a consumer was given."""
    headers = tuple((name, value) for name, value in record.headers)
    return RawRecord(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, headers)


def at(timestamp_ms: int) -> datetime:
    """The moment of a Kafka timestamp, in UTC."""
    return datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)


def line_of(record: RawRecord) -> bytes:
    """``record`` as one line of JSON without its line feed; ``record_of`` gives it back byte for byte."""
    body = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": _text(record.key),
        "value": _text(record.value),
        "headers": [[name, _text(value)] for name, value in record.headers],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def record_of(line: bytes) -> RawRecord:
    """The record of a line.

    Raises:
        ValueError, KeyError, TypeError: it is no such line.
    """
    body = json.loads(line)
    return RawRecord(
        str(body["topic"]),
        int(body["partition"]),
        int(body["offset"]),
        int(body["timestamp_ms"]),
        _bytes(body["key"]),
        _bytes(body["value"]),
        tuple((str(name), _bytes(value)) for name, value in body["headers"]),
    )


def _text(value: bytes | None) -> str | dict[str, str] | None:
    """Bytes as text where they are UTF-8, else in base64: JSON knows no others, and none may be changed."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode("ascii")}


def _bytes(text: object) -> bytes | None:
    match text:
        case None:
            return None
        case str():
            return text.encode()
        case Mapping():
            return base64.b64decode(text["base64"], validate=True)
        case _:
            raise TypeError(f"{text!r:.60} is neither text nor base64")

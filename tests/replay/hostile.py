"""Live-looking records that say they are replayed, in every way that can be thought of, made from real ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from console.logs.logged import Logged
from schemas.codec import Headers

Body = dict[str, Any]

MARK = "rp-1"
_IDS = ("incident_id", "event_id", "notification_id", "response_id", "order_id", "claim_id")


@dataclass(frozen=True)
class Forged:
    """One record to write: where, what, with which headers, and whether it can be read at all."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers
    readable: bool
    way: str


def renewed(body: Body, now: datetime) -> Body:
    """``body`` with its times moved to now, so that nothing is refused for being late."""
    fresh = dict(body)
    if "expires_at" in fresh:
        fresh["expires_at"] = (now + timedelta(hours=2)).isoformat()
    for name in ("reported_at", "recorded_at", "decided_at", "at"):
        if name in fresh:
            fresh[name] = now.isoformat()
    return fresh


def other(body: Body, number: int) -> Body:
    """``body`` under ids that nobody has seen, in a copy of its incident."""
    return {**body, **{name: f"{body[name][:40]}-r{number}" for name in _IDS if name in body}}


def marks(body: Body) -> Iterator[tuple[str, bytes, bool]]:
    """Way, value and whether it can be read: every way to say ``replayid`` about ``body``."""
    plain = json.dumps(body)[1:]
    yield "plain", json.dumps(body | {"replayid": MARK}).encode(), True
    yield "first", f'{{"replayid": "{MARK}", {plain}'.encode(), True
    yield "escaped", f'{{"replay\\u0069d": "{MARK}", {plain}'.encode(), True
    for way, value in (("empty", ""), ("blank", " "), ("null", None), ("false", False), ("zero", 0)):
        yield way, json.dumps(body | {"replayid": value}).encode(), False
    yield "other case", json.dumps(body | {"replayId": MARK}).encode(), False
    yield "then null", f'{{"replayid": "{MARK}", {plain[:-1]}, "replayid": null}}'.encode(), False
    yield "null, then", f'{{"replayid": null, {plain[:-1]}, "replayid": "{MARK}"}}'.encode(), False
    yield "escaped null", f'{{"replayid": "{MARK}", {plain[:-1]}, "replay\\u0069d": null}}'.encode(), False


def origins(body: Body) -> Iterator[tuple[str, bytes, bool]]:
    """The same for records that do not say, or say twice, whether they are real."""
    if "origin" not in body:
        return
    without = {name: value for name, value in body.items() if name != "origin"}
    plain = json.dumps(body)[1:]
    yield "no origin", json.dumps(without).encode(), False
    for value in ("", "real", None, "LIVE", "live "):
        yield f"origin {value!r}", json.dumps(without | {"origin": value}).encode(), False
    yield "two origins", f'{{"origin": "exercise", {plain}'.encode(), False


def headers(ways: int, incident: str) -> Headers:
    """None at all, or forged ones that say that it is live and new."""
    if ways % 3 == 0:
        return []
    said = datetime.now(UTC).isoformat().encode()
    forged: Headers = [
        ("ce_specversion", b"1.0"), ("ce_id", b"live-1"), ("ce_source", b"/safe-borderlands/gateway"),
        ("ce_time", said), ("ce_partitionkey", incident.encode()), ("content-type", b"application/json"),
    ]  # fmt: skip
    if ways % 3 == 1:
        return forged
    return [*forged, ("ce_replayid", b""), ("replayid", b"null"), ("ce_origin", b"live"), ("origin", b"live")]


def forged(real: Logged, now: datetime) -> Iterator[Forged]:
    """Everything to be tried with ``real``: its own ids and new ones, each way of marking it, each kind of header."""
    body: Body = renewed(json.loads(real.value or b"{}"), now)
    number = 0
    for source in (body, other(body, real.offset)):
        incident = str(source.get("incident_id") or "")
        for way, value, readable in (*marks(source), *origins(source)):
            number += 1
            yield Forged(real.topic, real.partition, incident.encode(), value, headers(number, incident), readable, way)

"""Events of the shipped policy's parties as a door would write them, and what spoils them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any


def report(event: str, incident: str | None = None, **changes: Any) -> dict[str, Any]:
    """A peat fire in Skaistkalne that the shipped policy routes to Biržai; ``changes`` of None leave a field out."""
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "record": "emergency_event",
        "version": 1,
        "event_id": event,
        "incident_id": incident or f"in-{event}",
        "kind": "report",
        "status": "Actual",
        "origin": "live",
        "reporting_party": "vecumnieki",
        "event_type": "peat_fire",
        "severity": "Severe",
        "place": {"parish": "Skaistkalne", "name": "Skaistkalne"},
        "needs": [{"kind": "fire_tanker", "count": 1}],
        "psap_notified": {"notified": True},
        "reported_at": now.isoformat(),
        "expires_at": (now + timedelta(hours=6)).isoformat(),
    }
    return {key: value for key, value in {**body, **changes}.items() if value is not None}


def times(reported: timedelta, lasting: timedelta = timedelta(hours=1)) -> dict[str, str]:
    """``reported_at`` so long after now (or before it), and ``expires_at`` after it."""
    moment = datetime.now(UTC) + reported
    return {"reported_at": moment.isoformat(), "expires_at": (moment + lasting).isoformat()}


def raw(body: object) -> bytes:
    """The bytes of ``body`` on the topic."""
    return json.dumps(body, ensure_ascii=False).encode()

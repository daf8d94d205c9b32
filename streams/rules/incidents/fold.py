"""``fold``: an incident's state is what its decisions, receipts and responses make of it. Pure."""

from collections.abc import Container
from datetime import datetime

from schemas.decision import Decision
from schemas.incident import IncidentState
from schemas.notification import Receipt, ResendOrder, Response
from streams.rules.incidents.climbs import looked_at
from streams.rules.incidents.decided import apply_decision, unknown_incident
from streams.rules.incidents.effects import Folded
from streams.rules.incidents.parking import answer, park, receive
from streams.rules.incidents.resend import send_again


def fold(
    state: IncidentState | None,
    record: Decision | Receipt | Response | ResendOrder,
    *,
    partition: int,
    codes_in_use: Container[str],
    now: datetime,
) -> Folded:
    """Apply one record to its incident. Applying a record again changes nothing and asks for nothing.

    ``now`` is the instant Kafka appended the record, ``codes_in_use`` the reply codes of this partition's other
    incidents. A record with ``replayid`` changes nothing.

    Raises:
        NoCodeLeft: the partition has no reply code for a new incident.
    """
    folded = _applied(state, record, partition, codes_in_use, now)
    if folded.state is None or folded.state is state:
        return folded
    return Folded(looked_at(folded.state, now), folded.effects)


def _applied(
    state: IncidentState | None,
    record: Decision | Receipt | Response | ResendOrder,
    partition: int,
    codes_in_use: Container[str],
    now: datetime,
) -> Folded:
    match record:
        case Decision():
            return apply_decision(state, record, partition=partition, codes_in_use=codes_in_use, now=now)
        case Receipt():
            if state is None and (record.replayid is not None or record.notification_id is None):
                return Folded(None)
            folded = receive(state or unknown_incident(record.incident_id, now), record, now)
            return Folded(state, folded.effects) if not _worth_keeping(state, folded) else folded
        case Response():
            return _respond(state, record, now)
        case ResendOrder():
            return send_again(state, record, now)


def _worth_keeping(before: IncidentState | None, folded: Folded) -> bool:
    """An end for an incident we know nothing of leaves no state behind."""
    return before is not None or bool(folded.state and folded.state.parked)


def _respond(state: IncidentState | None, response: Response, now: datetime) -> Folded:
    if response.replayid is not None or (state is None and response.incident_id is None):
        return Folded(state)
    if state is None or state.opened_at is None:
        return park(state or unknown_incident(str(response.incident_id), now), response, now)
    return Folded(answer(state, response, now))

"""What of an incident's snapshot the audit compares with the other topics."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from schemas.ids import is_canary
from schemas.incident import Ending, IncidentState, Slot
from schemas.notification import Response
from schemas.vocabulary import Delivery
from streams.rules.incidents.due import next_due


class SlotSeen(NamedTuple):
    """The notification in hand of one contact, and how the dispatcher believes that it stands."""

    number: str
    attempt: int
    contact: str
    delivery: Delivery
    claim: str
    since: datetime


class ClimbSeen(NamedTuple):
    """How far up its ladder a request is: ``over`` are the steps whose people were asked and did not help."""

    who: str
    over: tuple[int, ...]
    ended: Ending | None
    ended_at: datetime | None
    next_at: datetime | None


class Snapshot(NamedTuple):
    """The newest snapshot of an incident. ``due_at`` is when the dispatcher has to look at it again."""

    incident: str
    at: datetime
    opened: bool
    canary: bool
    quarantined: bool
    events: tuple[tuple[str, datetime], ...]
    answers: tuple[tuple[str, datetime], ...]
    slots: tuple[SlotSeen, ...]
    climbs: tuple[ClimbSeen, ...]
    due_at: datetime | None


def snapshot_of(state: IncidentState, at: datetime) -> Snapshot:
    """What the audit keeps of ``state``."""
    parked = [one for one in state.parked if isinstance(one, Response)]
    return Snapshot(
        state.incident_id,
        at,
        state.opened_at is not None,
        is_canary(state.incident_id),
        state.quarantined is not None,
        tuple((seen.event_id, seen.at) for seen in state.events),
        tuple((one.response_id, one.at) for one in (*state.answers, *parked)),
        tuple(_seen(slot) for slot in (*state.slots, *state.news)),
        tuple(_climbs(state)),
        next_due(state),
    )


def _seen(slot: Slot) -> SlotSeen:
    note = slot.current
    return SlotSeen(note.notification_id, note.attempt, slot.contact_id, slot.delivery, slot.claim_id or "", slot.since)


def _climbs(state: IncidentState) -> Iterator[ClimbSeen]:
    for duty in state.obligations:
        climb = duty.climb
        if climb is not None:
            asked = {one.rung for one in climb.asked}
            done = climb.rung + (climb.ended in (Ending.PARTLY, Ending.UNANSWERED))
            over = tuple(rung for rung in range(done) if rung in asked)
            yield ClimbSeen(f"{duty.partner} under {duty.agreement}", over, climb.ended, climb.ended_at, climb.next_at)

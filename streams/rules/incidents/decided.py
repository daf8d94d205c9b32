"""A decision applied to an incident: who gets an alert, an update, a cancel, and why somebody gets none."""

from collections.abc import Container
from datetime import datetime

from schemas.decision import Decision
from schemas.incident import IncidentState, SeenEvent, Slot
from schemas.vocabulary import Channel, DecisionOutcome, EventKind, ReceiptReason
from streams.rules.incidents.climbs import called_off, climbs_after, requests
from streams.rules.incidents.effects import Effect, Folded, emits, event_ended
from streams.rules.incidents.followup import CLOSING, follow_up
from streams.rules.incidents.opening import alerting_routes, free_code, lane_after, new_slots, obligations_after
from streams.rules.incidents.parking import unpark
from streams.rules.incidents.slots import ENDED_UNSENT, UNSETTLED, owe, spared

EVENTS_MAX = 500
"""Events of one incident; the last ``KEPT_FOR_CLOSING`` places are for cancels and all-clears only."""

KEPT_FOR_CLOSING = 10

SlotKey = tuple[str, Channel]

_CLOSING_KINDS = frozenset({EventKind.CANCEL, EventKind.ALL_CLEAR})


def unknown_incident(incident_id: str, now: datetime) -> IncidentState:
    """The state of an incident of which nothing is known yet."""
    return IncidentState(incident_id=incident_id, updated_at=now)


def apply_decision(
    known: IncidentState | None, decision: Decision, *, partition: int, codes_in_use: Container[str], now: datetime
) -> Folded:
    """Apply ``decision``; the first one of an event id counts, a later one changes nothing."""
    if decision.replayid is not None:
        # Not remembered either: a replayed copy must never shadow the event itself.
        return Folded(known, (event_ended(decision, ReceiptReason.REPLAYED, now, "a replayed record sends nothing"),))
    state = known or unknown_incident(decision.incident_id, now)
    if any(seen.event_id == decision.event_id for seen in state.events):
        return Folded(known)
    refusal = _refusal(state, decision)
    if refusal is not None:
        reason, detail = refusal
        if reason is ReceiptReason.QUARANTINED and len(state.events) >= _room(decision):
            return Folded(known, (event_ended(decision, reason, now, detail),))
        return Folded(_seen(state, decision, now), (event_ended(decision, reason, now, detail),))
    if decision.outcome is DecisionOutcome.REJECTED or not _is_order(decision):
        return Folded(_seen(state, decision, now), _no_order(state, decision, now))
    if decision.kind in _CLOSING_KINDS:
        folded = _close(_seen(state, decision, now, revision=state.revision + 1), decision, now)
    elif decision.kind is EventKind.UPDATE and state.opened_at is not None:
        folded = _update(state, decision, now)
    else:
        folded = _report(state, decision, partition, codes_in_use, now)
    return unpark(folded, now)


def _room(decision: Decision) -> int:
    return EVENTS_MAX if decision.kind in _CLOSING_KINDS else EVENTS_MAX - KEPT_FOR_CLOSING


def _is_order(decision: Decision) -> bool:
    """Cancels and all-clears go to those already told, whether or not a route was found for them.

    A request that reaches nobody at all now is one too: its ladder is climbed, and its asker told of the end.
    """
    if decision.outcome is DecisionOutcome.NO_ROUTE and decision.kind is EventKind.REPORT:
        return bool(requests(decision))
    return decision.outcome is not DecisionOutcome.NO_ROUTE or decision.kind in _CLOSING_KINDS


def _refusal(state: IncidentState, decision: Decision) -> tuple[ReceiptReason, str] | None:
    closing = decision.kind in _CLOSING_KINDS
    if len(state.events) >= _room(decision):
        return ReceiptReason.QUARANTINED, f"this incident has {len(state.events)} events; no more are taken"
    if state.quarantined is not None and not closing:
        return ReceiptReason.QUARANTINED, f"the incident is quarantined: {state.quarantined}"[:400]
    if decision.outcome is DecisionOutcome.REJECTED:
        return None
    if state.opened_at is None:
        if closing:
            return (
                ReceiptReason.UNKNOWN_INCIDENT,
                f"nobody was told of this incident; there is nothing to {_verb(decision)}",
            )
        return None
    identity = (decision.status, decision.origin, decision.exerciseid)
    if identity != (state.status, state.origin, state.exerciseid):
        return (
            ReceiptReason.STATUS_CONFLICT,
            "status, origin and exercise of an incident never change; use a new incident",
        )
    if decision.kind is not EventKind.REPORT and not _asks(state, decision.reporting_party):
        return ReceiptReason.NOT_AUTHORISED, f"{decision.reporting_party} did not ask in this incident"
    return _old_news(state, decision)


def _old_news(state: IncidentState, decision: Decision) -> tuple[ReceiptReason, str] | None:
    """An update that was overtaken by its own party's cancel must not wake anybody again."""
    over, reported = state.over_since.get(decision.reporting_party), decision.reported_at
    if decision.kind is not EventKind.UPDATE or over is None or reported is None or reported >= over:
        return None
    detail = (
        f"reported {reported:%Y-%m-%d %H:%M:%S} UTC, before {decision.reporting_party} reported at "
        f"{over:%Y-%m-%d %H:%M:%S} UTC that it is over; report it anew if it still goes on"
    )
    return ReceiptReason.NOTHING_OWED, detail


def _verb(decision: Decision) -> str:
    return "cancel" if decision.kind is EventKind.CANCEL else "clear"


def _asks(state: IncidentState, party: str) -> bool:
    return party == state.asking_party or any(slot.current.asking_party == party for slot in state.slots)


def _no_order(state: IncidentState, decision: Decision, now: datetime) -> tuple[Effect, ...]:
    if state.opened_at is None or decision.outcome is DecisionOutcome.REJECTED:
        return ()  # the decision itself says why, on a kept topic
    return (event_ended(decision, ReceiptReason.NOTHING_OWED, now, "no agreement lets this report reach anybody"),)


def _seen(state: IncidentState, decision: Decision, now: datetime, revision: int | None = None) -> IncidentState:
    number = state.revision if revision is None else revision
    event = SeenEvent(event_id=decision.event_id, kind=decision.kind, revision=number, at=now)
    return state.model_copy(update={"events": (*state.events, event), "revision": number, "updated_at": now})


def _report(
    state: IncidentState, decision: Decision, partition: int, codes_in_use: Container[str], now: datetime
) -> Folded:
    """Alert whom nobody told yet, update whom the report's routes reach again; re-opens a closed incident."""
    routes = alerting_routes(decision)
    opening = routes or requests(decision)
    if not opening and state.opened_at is None:
        if decision.kind is EventKind.UPDATE:
            reason, detail = (
                ReceiptReason.UNKNOWN_INCIDENT,
                "an update of an incident nobody was told of, with nobody to tell",
            )
        else:
            reason, detail = ReceiptReason.NOTHING_OWED, "the decision names nobody to tell"
        return Folded(_seen(state, decision, now), (event_ended(decision, reason, now, detail),))
    before = state.obligations
    state = _seen(state, decision, now, revision=state.revision + 1)
    state = state.model_copy(
        update={
            "status": decision.status,
            "origin": decision.origin,
            "exerciseid": decision.exerciseid,
            "code": state.code or free_code(partition, state.incident_id, codes_in_use),
            "asking_party": state.asking_party or (opening[0].asking_party if opening else None),
            "lane": lane_after(state, decision.routes),
            "opened_at": state.opened_at or now,
            "closed_by": None,
            "expires_at": decision.expires_at,
            "obligations": obligations_after(state.obligations, decision, open_new=True),
        }
    )
    again = {(route.agreement, route.partner) for route in decision.routes}
    told = {_key(slot) for slot in state.slots if (slot.current.agreement, slot.party) in again and not spared(slot)}
    folded = _tell(state, decision, told, now)
    fresh, alerts = new_slots(state, decision, routes, now)
    after = (folded.state or state).model_copy(update={"slots": (*(folded.state or state).slots, *fresh)})
    after = climbs_after(after, before, decision, alerted=True, now=now)
    return _explained(Folded(after, folded.effects + alerts), decision, now)


def _update(state: IncidentState, decision: Decision, now: datetime) -> Folded:
    """Tell those who were told by the same asker, and only them; re-opens a closed incident."""
    before = state.obligations
    state = _seen(state, decision, now, revision=state.revision + 1).model_copy(
        update={
            "lane": lane_after(state, decision.routes),
            "closed_by": None,
            "expires_at": decision.expires_at,
            "obligations": obligations_after(state.obligations, decision, open_new=False),
        }
    )
    told = {_key(slot) for slot in state.slots if not spared(slot)} & _told_by(state, decision)
    folded = _tell(state, decision, told, now)
    after = climbs_after(folded.state or state, before, decision, alerted=False, now=now)
    return _explained(Folded(after, folded.effects), decision, now)


def _close(state: IncidentState, decision: Decision, now: datetime) -> Folded:
    """Tell everybody the asker told that it is over; end what has not gone out."""
    owed = {_key(slot) for slot in state.slots if _may_think_it_goes_on(slot)}
    if decision.reporting_party == state.asking_party:
        state = state.model_copy(update={"closed_by": decision.kind})
    if decision.reported_at is not None:
        # A sender's clock may run ahead: an update that it reports after the cancel was recorded is never old news.
        reported = min(decision.reported_at, decision.recorded_at)
        over = max(reported, state.over_since.get(decision.reporting_party, reported))
        state = state.model_copy(update={"over_since": state.over_since | {decision.reporting_party: over}})
    state = called_off(state, decision.reporting_party, now)
    return _explained(_tell(state, decision, owed & _told_by(state, decision), now), decision, now)


def _may_think_it_goes_on(slot: Slot) -> bool:
    """Unless the last word to a contact, sent or waiting behind a claim, is that it is over."""
    last = slot.waiting or slot.current
    return last.template not in CLOSING or (slot.waiting is None and slot.delivery in ENDED_UNSENT)


def _key(slot: Slot) -> SlotKey:
    return slot.contact_id, slot.channel


def _told_by(state: IncidentState, decision: Decision) -> set[SlotKey]:
    return {_key(slot) for slot in state.slots if slot.current.asking_party == decision.reporting_party}


def _tell(state: IncidentState, decision: Decision, reached: set[SlotKey], now: datetime) -> Folded:
    duties = {(duty.agreement, duty.partner): duty for duty in state.obligations}
    slots: list[Slot] = []
    effects: list[Effect] = []
    for slot in state.slots:
        if _key(slot) not in reached:
            slots.append(slot)
            continue
        duty = duties[(slot.current.agreement, slot.party)]
        step = owe(slot, follow_up(slot, decision, duty, revision=state.revision, lane=state.lane), now)
        slots.append(step.slot)
        effects += step.effects
    return Folded(state.model_copy(update={"slots": tuple(slots)}), tuple(effects))


def _explained(folded: Folded, decision: Decision, now: datetime) -> Folded:
    """Where an order sends nothing at all, and nothing is left to wait for, the event ends with a reason.

    A cancel kept behind an alert that was just ended counts as nothing: most likely nobody claimed that alert.
    """
    state = folded.state
    waits = state is not None and any(
        slot.waiting is not None and slot.waiting.event_id == decision.event_id and slot.delivery in UNSETTLED
        for slot in state.slots
    )
    if emits(folded.effects) or waits:
        return folded
    end = event_ended(decision, ReceiptReason.NOTHING_OWED, now, "nobody who was told is left to tell")
    return Folded(state, (*folded.effects, end))

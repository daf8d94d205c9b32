"""From a decision's routes to what an incident owes: obligations to partners, slots of contacts, a reply code."""

from collections.abc import Container, Sequence
from datetime import datetime

from schemas import ids
from schemas.decision import Decision, Recipient, Route, SharedFacts
from schemas.incident import IncidentState, Obligation, Slot
from schemas.notification import Notification, ReplyCode
from schemas.vocabulary import Action, Certainty, Channel, Delivery, Lane, ReceiptReason, Severity, Template, Urgency
from streams.rules.incidents.effects import Effect, Folded, SlotStep, ended
from streams.rules.incidents.followup import ALERTS
from streams.rules.incidents.slots import owe, send, spared

SLOTS_MAX = 300
"""Contacts times channels of one incident; beyond it, every further one is named in a receipt."""

_CODE_TRIES = 10_000
_CARRIED_OVER = ("severity", "urgency", "certainty", "needs", "casualties", "hazards", "occurred_at", "text")
_NOT_SAID = (None, (), Severity.UNKNOWN, Urgency.UNKNOWN, Certainty.UNKNOWN)
_STRENGTH = {Action.REFER: 0, Action.INFORM: 1, Action.HELP: 2}


class NoCodeLeft(Exception):
    """Every reply code of this partition is taken by an open incident."""


def free_code(partition: int, incident: str, in_use: Container[str]) -> ReplyCode:
    """The first reply code of ``incident`` that no incident of ``partition`` uses.

    Raises:
        NoCodeLeft: there is none.
    """
    for attempt in range(_CODE_TRIES):
        code = ids.reply_code(partition, incident, attempt)
        if code not in in_use:
            return code
    raise NoCodeLeft(f"partition {partition}: no free reply code in {_CODE_TRIES} tries")


def alerting_routes(decision: Decision) -> tuple[Route, ...]:
    """The routes that may tell somebody new."""
    return tuple(route for route in decision.routes if route.clause and route.action and route.recipients)


def rung_of(route: Route, recipient: Recipient) -> int:
    """The rung of the route's ladder that ``recipient`` stands on. The router names one rung's people at a time."""
    return next((step.step for step in route.plan if recipient.role in step.roles), 0)


def lane_after(state: IncidentState, routes: tuple[Route, ...]) -> Lane:
    """The incident's lane: once urgent, always urgent."""
    urgent = state.lane is Lane.URGENT or any(route.lane is Lane.URGENT for route in routes)
    return Lane.URGENT if urgent else Lane.ROUTINE


def obligations_after(
    obligations: tuple[Obligation, ...], decision: Decision, *, open_new: bool
) -> tuple[Obligation, ...]:
    """The obligations with the facts each partner may now know; an action only ever grows (refer, inform, help)."""
    kept = {(duty.agreement, duty.partner): duty for duty in obligations}
    for route in decision.routes:
        key = (route.agreement, route.partner)
        before = kept.get(key)
        if before is not None:
            kept[key] = before.model_copy(update=_news(before, route, decision))
        elif open_new and route.action is not None and route.clause is not None:
            kept[key] = _obligation(route, route.action, decision)
    return tuple(kept.values())


def _news(before: Obligation, route: Route, decision: Decision) -> dict[str, object]:
    news: dict[str, object] = {"facts": _facts_after(before.facts, route), "policy_version": decision.policy_version}
    if route.action is not None and _STRENGTH[route.action] >= _STRENGTH[before.action]:
        news |= {"action": route.action, "clause": route.clause, "reply_within_s": route.reply_within_s}
    return news


def _facts_after(before: SharedFacts, route: Route) -> SharedFacts:
    """The facts of an update: what it leaves out stays as it was, what its clause withholds does not come back.

    A referral carries nothing over: what was shared before may be more than a police matter lets through.
    """
    if route.shared is None:
        return before
    if route.action is Action.REFER:
        return route.shared
    kept = {
        name: getattr(before, name)
        for name in _CARRIED_OVER
        if getattr(route.shared, name) in _NOT_SAID and name not in route.withheld
    }
    return route.shared.model_copy(update=kept)


def _obligation(route: Route, action: Action, decision: Decision) -> Obligation:
    return Obligation(
        agreement=route.agreement,
        clause=route.clause,
        action=action,
        partner=route.partner,
        language=route.language,
        asking_party=route.asking_party,
        reply_within_s=route.reply_within_s,
        facts=route.shared,
        policy_version=decision.policy_version,
    )


def new_slots(
    state: IncidentState, decision: Decision, routes: tuple[Route, ...], now: datetime
) -> tuple[tuple[Slot, ...], tuple[Effect, ...]]:
    """Slots and first alerts for every contact and channel that ``state`` has none for.

    A contact named twice (two roles, two agreements) is told once: the first mention counts.
    """
    taken = {(slot.contact_id, slot.channel) for slot in state.slots}
    slots: list[Slot] = []
    effects: list[Effect] = []
    for route in routes:
        for recipient in route.recipients:
            for channel in recipient.channels:
                if (recipient.contact_id, channel) in taken:
                    continue
                taken.add((recipient.contact_id, channel))
                alert = _alert(state, decision, route, recipient, channel)
                if len(state.slots) + len(slots) >= SLOTS_MAX:
                    effects.append(ended(alert, ReceiptReason.QUARANTINED, now))
                    continue
                step = _open_slot(alert, now)
                slots.append(step.slot)
                effects += step.effects
    return tuple(slots), tuple(effects)


def newest_event(state: IncidentState) -> str:
    """The event that made the incident's present revision."""
    return next(seen.event_id for seen in state.events if seen.revision == state.revision)


def further_alerts(
    state: IncidentState,
    duty: Obligation,
    recipients: Sequence[Recipient],
    rung: int,
    expires_at: datetime,
    now: datetime,
) -> Folded:
    """``state`` with alerts to ``recipients``, who are asked on rung number ``rung`` of ``duty``'s ladder.

    A contact that was told before is not told again by the same channel; one that was spared its alert gets it now.
    """
    places = {(slot.contact_id, slot.channel): place for place, slot in enumerate(state.slots)}
    slots, effects = list(state.slots), list[Effect]()
    for recipient in recipients:
        for channel in recipient.channels:
            alert = _alert_on(state, duty, recipient, channel, rung, expires_at, now)
            place = places.get((recipient.contact_id, channel))
            if place is None and len(slots) >= SLOTS_MAX:
                effects.append(ended(alert, ReceiptReason.QUARANTINED, now))
            elif place is None:
                step = _open_slot(alert, now)
                places[recipient.contact_id, channel] = len(slots)
                slots.append(step.slot)
                effects += step.effects
            elif spared(slots[place]):
                asked_anew = slots[place].model_copy(update={"answered": False})
                step = owe(asked_anew, _in_place_of(asked_anew.current, alert), now)
                slots[place] = step.slot
                effects += step.effects
    return Folded(state.model_copy(update={"slots": tuple(slots)}), tuple(effects))


def _in_place_of(old: Notification, alert: Notification) -> Notification:
    """``alert`` under the name that follows from the slot: a rung it was once spared on, and the newest event."""
    number = ids.notification_id(alert.event_id, old.step, alert.contact_id, alert.channel.value)
    attempt = old.attempt + 1 if old.notification_id == number else 1
    return alert.model_copy(update={"notification_id": number, "step": old.step, "attempt": attempt})


def _open_slot(alert: Notification, now: datetime) -> SlotStep:
    slot = Slot(
        party=alert.party,
        role=alert.role,
        contact_id=alert.contact_id,
        channel=alert.channel,
        current=alert,
        delivery=Delivery.PENDING,
        since=now,
    )
    return send(slot, alert, now)


def _alert(
    state: IncidentState, decision: Decision, route: Route, recipient: Recipient, channel: Channel
) -> Notification:
    step = rung_of(route, recipient)
    action = route.action or Action.INFORM
    if state.code is None:
        raise ValueError(f"incident {state.incident_id} has no reply code yet")
    service = decision.service
    return Notification(
        notification_id=ids.notification_id(decision.event_id, step, recipient.contact_id, channel.value),
        attempt=1,
        incident_id=state.incident_id,
        event_id=decision.event_id,
        revision=state.revision,
        status=decision.status,
        origin=decision.origin,
        exerciseid=decision.exerciseid,
        policy_version=decision.policy_version,
        agreement=route.agreement,
        clause=route.clause,
        asking_party=route.asking_party,
        party=route.partner,
        language=route.language,
        role=recipient.role,
        contact_id=recipient.contact_id,
        channel=channel,
        lane=state.lane,
        step=step,
        template=ALERTS[action] if service is None else Template(service.kind.value),
        action=action,
        code=state.code,
        facts=route.shared,
        reply_within_s=route.reply_within_s,
        subject=service.contact_id if service is not None else None,
        decided_at=decision.recorded_at,
        expires_at=decision.expires_at,
    )


def _alert_on(
    state: IncidentState,
    duty: Obligation,
    recipient: Recipient,
    channel: Channel,
    rung: int,
    expires_at: datetime,
    now: datetime,
) -> Notification:
    """The alert to somebody whom a later rung adds: what the partner may know by now, as a first text."""
    alert = text_about(state, duty, recipient, channel, party=duty.partner, step=rung, expires_at=expires_at, now=now)
    return alert.model_copy(update={"template": ALERTS[duty.action], "reply_within_s": duty.reply_within_s})


def text_about(
    state: IncidentState,
    duty: Obligation,
    recipient: Recipient,
    channel: Channel,
    *,
    party: str,
    step: int,
    expires_at: datetime,
    now: datetime,
    apart: str = "",
) -> Notification:
    """A first text to ``recipient`` of ``party`` with what ``duty`` shares by now; ``apart`` tells it from the event's
    own text to the same contact. Of template inform: whoever asks for it says which it is.

    Raises:
        ValueError: the incident was never opened.
    """
    if state.code is None or state.status is None or state.origin is None:
        raise ValueError(f"incident {state.incident_id} was never opened")
    event = newest_event(state)
    return Notification(
        notification_id=ids.notification_id(event + apart, step, recipient.contact_id, channel.value),
        attempt=1,
        incident_id=state.incident_id,
        event_id=event,
        revision=state.revision,
        status=state.status,
        origin=state.origin,
        exerciseid=state.exerciseid,
        policy_version=duty.policy_version,
        agreement=duty.agreement,
        clause=duty.clause,
        asking_party=duty.asking_party,
        party=party,
        language=duty.language,
        role=recipient.role,
        contact_id=recipient.contact_id,
        channel=channel,
        lane=state.lane,
        step=step,
        template=Template.INFORM,
        action=duty.action,
        code=state.code,
        facts=duty.facts,
        decided_at=now,
        expires_at=expires_at,
    )

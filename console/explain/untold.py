"""Who was not told, and the first thing that stopped it. Pure.

Everybody is accounted for who could have been: each party of the policy, each role of each ladder that was begun, each
contact that holds such a role, and each text that was ordered and did not go out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from console.explain.climbs import Standing, ended_words
from console.explain.messages import Message
from console.explain.reading import Found
from schemas.decision import Decision, Route, Verdict
from schemas.event import EmergencyEvent, Rejection
from schemas.incident import Ending
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.vocabulary import Delivery, EventKind, Judgement, Origin, ReceiptReason, Stage
from streams.rules.duty.crew import Duty, duty_at


class Stopped(StrEnum):
    """What stopped somebody from being told, from the router's stages to the telephone."""

    UNDECIDED = "undecided"
    VERDICT = "verdict"
    NO_AGREEMENT = "no_agreement"
    NOBODY_HOLDS = "nobody_holds"
    NO_CHANNEL = "no_channel"
    NOT_ON_DUTY = "not_on_duty"
    NOT_REACHED = "not_reached"
    NOT_YET = "not_yet"
    DISMISSED = "dismissed"
    HELD = "held"
    UNDER_WAY = "under_way"
    RECIPIENT_STOPPED = "recipient_stopped"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    ANSWERED = "answered"
    EXPIRED = "expired"
    FAILED = "failed"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Untold:
    """Somebody who was not told. ``stage`` is where it stopped, ``reason`` the bounded word of the record that says so,
    ``detail`` a sentence; ``at`` is when, where that is known."""

    party: str
    role: str | None
    contact: str | None
    stopped: Stopped
    stage: str
    reason: str
    detail: str
    at: datetime | None = None

    @property
    def line(self) -> str:
        """The same for people."""
        whom = " ".join(word for word in (self.party, self.role) if word)
        who = f"{whom} ({self.contact})" if self.contact else whom
        return f"✗ {who}: {self.detail} [{self.stage}: {self.reason}]"


def untold_of(found: Found, messages: tuple[Message, ...], standings: tuple[Standing, ...]) -> tuple[Untold, ...]:
    """Everybody who was not told, parties first."""
    decisions = [one.record for one in found.records if isinstance(one.record, Decision)]
    reports = [one for one in decisions if one.service is None]
    return (
        *_undecided(found, decisions),
        *(each for one in _first(reports) for each in _parties(one, found.policy(one.policy_version), reports)),
        *_people(found, reports, messages, standings),
        *(_text(message) for message in messages if not message.told),
    )


def _first(decisions: list[Decision]) -> list[Decision]:
    """The report that the incident began with: what stops a follow-up has stopped nobody from being told of it."""
    reports = [one for one in decisions if one.kind is EventKind.REPORT]
    return (reports or decisions)[:1]


def _undecided(found: Found, decisions: list[Decision]) -> Iterator[Untold]:
    decided = {one.event_id for one in decisions}
    refused = {one.record.event_id for one in found.records if isinstance(one.record, Rejection)}
    for one in found.records:
        event = one.record
        if isinstance(event, EmergencyEvent) and event.event_id not in decided | refused:
            detail = f"event {event.event_id} stands on the log, and the router has not decided on it yet"
            yield Untold("everybody", None, None, Stopped.UNDECIDED, "router", "undecided", detail, one.appended_at)


def _parties(decision: Decision, policy: Policy | None, decisions: list[Decision]) -> Iterator[Untold]:
    """Parties that no decision has a route to, each with the verdict that stopped it."""
    told = {route.partner for one in decisions for route in one.routes}
    if policy is None:
        stop = first_stop(decision.verdicts)
        if stop is not None and not told:
            yield _by_verdict("every party", stop, decision)
        return
    askers = {one.reporting_party for one in decisions}
    for party in policy.parties:
        if party.id in told | askers:
            continue
        yield why_no_route(decision, party.id, policy)


def why_no_route(decision: Decision, party: str, policy: Policy) -> Untold:
    """The first stage that stopped ``party`` from being told of what ``decision`` decides on."""
    ways = [one for one in policy.agreements if set(one.parties) == {party, decision.reporting_party}]
    stop = first_stop(decision.verdicts)
    if stop is not None and stop.stage in (Stage.INTAKE, Stage.AUTHORITY, Stage.PLACE):
        return _by_verdict(party, stop, decision)  # then nobody at all is told
    if not ways:
        detail = f"{party} has no agreement with {decision.reporting_party}, who reported this"
        return Untold(
            party, None, None, Stopped.NO_AGREEMENT, Stage.AGREEMENT, "no_agreement", detail, decision.recorded_at
        )
    names = {one.id for one in ways}
    about = [one for one in decision.verdicts if any(name in one.detail for name in names)]
    halting = [one for one in about if one.judgement is not Judgement.PASS] or ([stop] if stop else [])
    if halting:
        return _by_verdict(party, halting[-1] if about else halting[0], decision)
    detail = f"agreement {', '.join(sorted(names))} does not cover the place"
    return Untold(
        party, None, None, Stopped.NO_AGREEMENT, Stage.AGREEMENT, "no_agreement", detail, decision.recorded_at
    )


def first_stop(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The first stage that said no, if one did."""
    return next((one for one in verdicts if one.judgement is Judgement.STOP), None)


def _by_verdict(party: str, verdict: Verdict, decision: Decision) -> Untold:
    return Untold(
        party, None, None, Stopped.VERDICT, verdict.stage.value, verdict.reason, verdict.detail, decision.recorded_at
    )


def _people(
    found: Found, decisions: list[Decision], messages: tuple[Message, ...], standings: tuple[Standing, ...]
) -> Iterator[Untold]:
    """Roles and people of the parties that were told, who were not told themselves."""
    ordered = {(one.order.party, one.order.contact_id) for one in messages}
    seen: set[tuple[str, str | None, str | None]] = set()
    for decision in decisions:
        policy = found.policy(decision.policy_version)
        for route in decision.routes if decision.kind is EventKind.REPORT else ():
            standing = next((one for one in standings if one.partner == route.partner), None)
            for each in _of_route(found, decision, route, policy, standing):
                who = each.party, each.role, each.contact
                if who not in seen and (each.party, each.contact) not in ordered:
                    seen.add(who)
                    yield each


def _of_route(
    found: Found, decision: Decision, route: Route, policy: Policy | None, standing: Standing | None
) -> Iterator[Untold]:
    rung = standing.climb.rung if standing else 0
    for step in route.plan:
        if step.step > rung and standing is not None:
            yield from _beyond(route, step.roles, step.step, standing)
            continue
        asked = _asked_at(found, route.partner, step.step) or _decided_at(found, decision)
        for role in step.roles if policy else ():
            yield from _of_role(found, decision, route, role, asked)


def _beyond(route: Route, roles: Iterable[str], step: int, standing: Standing) -> Iterator[Untold]:
    climb = standing.climb
    for role in roles:
        if climb.ended is None:
            detail = f"step {step + 1} of the ladder has not come yet; it is at step {climb.rung + 1}"
            yield Untold(route.partner, role, None, Stopped.NOT_YET, "ladder", "waiting", detail, climb.next_at)
        else:
            detail = f"step {step + 1} of the ladder was not reached: {ended_words(climb.ended)}"
            ended: Ending = climb.ended
            yield Untold(route.partner, role, None, Stopped.NOT_REACHED, "ladder", ended.value, detail, climb.ended_at)


@dataclass(frozen=True)
class _Asked:
    """The moment whose duty counts, and up to when what stood on the log was known."""

    at: datetime
    known_by: datetime


def _asked_at(found: Found, party: str, step: int) -> _Asked | None:
    """When that step of a party's ladder was asked."""
    for one in found.records:
        order = one.record
        if isinstance(order, Notification) and order.party == party and order.step == step:
            return _Asked(order.decided_at, one.appended_at)
    return None


def _decided_at(found: Found, decision: Decision) -> _Asked:
    known_by = next((one.appended_at for one in found.records if one.record is decision), decision.recorded_at)
    return _Asked(decision.recorded_at, known_by)


def _of_role(found: Found, decision: Decision, route: Route, role: str, asked: _Asked) -> Iterator[Untold]:
    at = asked.at
    policy = found.policy(decision.policy_version)
    if policy is None:
        return
    staff = policy.staff.get(route.partner, {}).get(role)
    members = () if staff is None else staff.exercise if decision.origin is Origin.EXERCISE else staff.live
    if not members:
        detail = f"nobody holds the role for {decision.origin.value} events; an administrator must mend the roles file"
        yield Untold(route.partner, role, None, Stopped.NOBODY_HOLDS, Stage.RECIPIENTS, "nobody_on_list", detail, at)
        return
    duty = duty_at(
        policy, party=route.partner, role=role, origin=decision.origin, at=at, swaps=found.swaps_at(asked.known_by)
    )
    on_duty = {one.member.contact for one in duty.people}
    for member in members:
        if member.contact in on_duty:
            wanted = {channel for step in route.plan if role in step.roles for channel in step.channels}
            if not wanted & set(member.channels):
                detail = f"the ladder asks by {', '.join(sorted(wanted))}, by which it cannot be reached in this role"
                yield Untold(route.partner, role, member.contact, Stopped.NO_CHANNEL, "duty", "no_channel", detail, at)
            continue
        detail = f"not on duty then: {off_duty_words(member.contact, duty)}"
        yield Untold(route.partner, role, member.contact, Stopped.NOT_ON_DUTY, "duty", "not_on_duty", detail, at)


def off_duty_words(contact: str, duty: Duty) -> str:
    """Who had the duty instead, by shift or swap."""
    swap = next((one.stand_in for one in duty.people if one.stand_in and one.stand_in.instead_of == contact), None)
    if swap is not None:
        return f"{swap.contact} stood in by swap {swap.swap_id}"
    names = ", ".join(one.member.contact for one in duty.people)
    return f"it was {names}'s duty" if names else "nobody's duty"


_ENDS = {
    ReceiptReason.RECIPIENT_STOPPED: (Stopped.RECIPIENT_STOPPED, "this contact asked for no more texts (STOP)"),
    ReceiptReason.SUPERSEDED: (Stopped.SUPERSEDED, "a newer text took its place before it was sent"),
    ReceiptReason.CANCELLED: (Stopped.CANCELLED, "it was called off before it was sent"),
    ReceiptReason.ANSWERED: (Stopped.DISMISSED, "enough help was on its way already"),
    ReceiptReason.EXPIRED: (Stopped.EXPIRED, "its time was over before it could be sent"),
    ReceiptReason.STOPPED_BY_SWITCH: (Stopped.HELD, "a stop switch was on"),
}


def _text(message: Message) -> Untold:
    """A text that was ordered and did not go out."""
    order, reason = message.order, message.reason
    at = message.moments.get("ordered")
    stopped, detail = _ENDS.get(reason, (Stopped.NOT_SENT, "")) if reason else (Stopped.UNDER_WAY, "")
    if reason is None or message.delivery in (Delivery.PENDING, Delivery.CLAIMED):
        stopped = Stopped.HELD if message.held else Stopped.UNDER_WAY
        detail = "held while a stop switch is on" if message.held else f"{message.delivery.value}, nothing is known yet"
    elif message.delivery in (Delivery.FAILED_TEMP, Delivery.FAILED_PERM) and stopped is Stopped.NOT_SENT:
        stopped, detail = Stopped.FAILED, f"{message.delivery.value} by {message.provider or 'its provider'}"
    detail = detail or f"not sent on purpose ({reason})"
    if message.held and stopped is not Stopped.HELD:
        detail += "; a stop switch had held it"
    words = f"{order.template.value} by {order.channel.value}: {detail}"
    words += f" ({message.detail})" if message.detail else ""
    why = reason.value if reason else message.delivery.value
    return Untold(order.party, order.role, order.contact_id, stopped, "sending", why, words, at)

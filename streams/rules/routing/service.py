"""Where a service event goes: it tells of no emergency, but of the system itself and the people it reaches."""

from schemas.decision import SERVICE_AGREEMENT, PlanStep, Recipient, Route, SharedFacts, Verdict
from schemas.event import EmergencyEvent, Service
from schemas.policy.models import Member, Policy, Staff
from schemas.vocabulary import Action, Channel, EventType, Judgement, Lane, Origin, ServiceKind, Stage
from streams.rules.routing.index import PolicyIndex
from streams.rules.routing.redaction import DUTY_DESK
from streams.rules.routing.rule import verdict

CANARY_ROLE = "canary"
"""Stands where the id of a role does: the canary's contact holds none."""

DELEGATE = "psdk_delegate"
"""Who is told of a lost contact where the duty desk has nobody else."""

# The canary watches the lane that matters; nobody is woken because somebody else wants no texts.
_LANES = {ServiceKind.CANARY: Lane.URGENT}
_SEND_WITHIN_S = {ServiceKind.CANARY: 120}
_SEND_WITHIN_OTHERWISE_S = 3600


def service_route(event: EmergencyEvent, service: Service, index: PolicyIndex) -> tuple[Route | None, Verdict]:
    """The one route of a service event, or None; and why. The reporting party is known to the policy."""
    policy, party, origin, contact = index.policy, event.reporting_party, event.origin, str(service.contact_id)
    match service.kind:
        case ServiceKind.CANARY:
            recipients, whom = _canary(policy, party, origin), "the policy's canary"
        case ServiceKind.CHECK:
            recipients, whom = _asked(policy, party, origin, contact), f"{contact} itself"
        case _:
            recipients, whom = _others(policy, party, origin, contact), f"whoever has the duty, but not {contact}"
    if not recipients:
        detail = f"{service.kind.value}: the policy names nobody at {party} ({whom})"
        return None, verdict(Stage.RECIPIENTS, Judgement.STOP, "nobody", detail)
    detail = f"{service.kind.value}: {whom}, {len(recipients)} in all"
    return _route(service, recipients, index, party), verdict(Stage.RECIPIENTS, Judgement.PASS, "service", detail)


def _canary(policy: Policy, party: str, origin: Origin) -> tuple[Recipient, ...]:
    canary = policy.canary
    if canary is None or canary.party != party or origin is not Origin.LIVE:
        return ()
    return (Recipient(role=CANARY_ROLE, contact_id=canary.contact, channels=canary.channels),)


def _asked(policy: Policy, party: str, origin: Origin, contact: str) -> tuple[Recipient, ...]:
    """The contact by SMS, which it can answer; by e-mail only where it has no other channel."""
    held = [
        (role, member)
        for role, staff in policy.staff.get(party, {}).items()
        for member in _members(staff, origin)
        if member.contact == contact
    ]
    if not held:
        return ()
    channels = {channel for _, member in held for channel in member.channels}
    channel = Channel.SMS if Channel.SMS in channels else Channel.EMAIL
    return (Recipient(role=held[0][0], contact_id=contact, channels=(channel,)),)


def _others(policy: Policy, party: str, origin: Origin, contact: str) -> tuple[Recipient, ...]:
    staff = policy.staff.get(party, {})
    for role in (DUTY_DESK, DELEGATE):
        members = _members(staff[role], origin) if role in staff else ()
        once = {member.contact: member for member in members if member.contact != contact}
        told = [_reached(role, member) for member in once.values()]
        if told:
            return tuple(told)
    return ()


def _members(staff: Staff, origin: Origin) -> tuple[Member, ...]:
    return staff.exercise if origin is Origin.EXERCISE else staff.live


def _reached(role: str, member: Member) -> Recipient:
    return Recipient(role=role, contact_id=member.contact, channels=tuple(dict.fromkeys(member.channels)))


def _route(service: Service, recipients: tuple[Recipient, ...], index: PolicyIndex, party: str) -> Route:
    step = PlanStep(
        step=0,
        roles=tuple(dict.fromkeys(who.role for who in recipients)),
        channels=tuple(dict.fromkeys(channel for who in recipients for channel in who.channels)),
        send_within_s=_SEND_WITHIN_S.get(service.kind, _SEND_WITHIN_OTHERWISE_S),
    )
    return Route(
        agreement=SERVICE_AGREEMENT,
        clause=service.kind.value,
        action=Action.INFORM,
        asking_party=party,
        partner=party,
        language=index.parties[party].language,
        lane=_LANES.get(service.kind, Lane.ROUTINE),
        shared=SharedFacts(event_type=EventType.OTHER),
        withheld=(),
        recipients=recipients,
        plan=(step,),
    )

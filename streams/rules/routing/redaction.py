"""What of an event may cross the border: field by field, and free text with personal data masked once more."""

from functools import partial

from schemas.base import LINE_MAX, TEXT_MAX
from schemas.decision import SharedFacts, SharedField, Verdict
from schemas.event import EmergencyEvent, FreeText, PsapNotified
from schemas.place import ResolvedPlace
from schemas.policy.models import Party
from schemas.privacy import mask
from schemas.vocabulary import EVENT_TYPES, Certainty, EventType, Judgement, Severity, Stage, Urgency
from streams.rules.places.describe import DETAIL_MAX, clip
from streams.rules.routing.index import PolicyIndex
from streams.rules.trusted import amended, trusted

DUTY_DESK = "duty_desk"
"""The role that answers for a party when the reporter named no office of its own."""


Given = int
"""Fields of an event, as the sum of their bits; see ``_BITS``."""

_BITS = {name: 1 << place for place, name in enumerate(SharedField)}
_SEVERITY, _URGENCY, _CERTAINTY, _PLACE_NAME, _PARISH, _POINT, _OCCURRED_AT = list(_BITS.values())[:7]
_NEEDS, _CASUALTIES, _HAZARDS, _TEXT, _CALLBACK, _PSAP = list(_BITS.values())[7:]

Masked = dict[str, int]
"""How much was masked, by kind."""


def redact(
    event: EmergencyEvent,
    place: ResolvedPlace | None,
    share: frozenset[SharedField],
    reporter: Party,
    lead_service: str | None,
) -> tuple[SharedFacts | None, Masked]:
    """The facts that cross, and what was masked in them. Without an event type (some cancels) there are none."""
    if event.event_type is None:
        return None, {}
    found: Masked = {}
    return _facts(event, event.event_type, place, share, reporter, lead_service, found), found


def judge_redaction(
    held: Given, share: frozenset[SharedField], masked: Masked, partner: str, index: PolicyIndex
) -> tuple[tuple[SharedField, ...], Verdict]:
    """The fields that were given and do not cross, in the order of ``SharedField``; and a verdict ``all_shared``,
    ``withheld`` or ``masked``, naming fields and kinds, never what they held."""
    plain = index.withheld.recall((partner, share, held), partial(_withheld, held, share, partner))
    return (plain[0], _says(plain[0], partner, masked)) if masked else plain


def _withheld(held: Given, share: frozenset[SharedField], partner: str) -> tuple[tuple[SharedField, ...], Verdict]:
    names = tuple(name for name, bit in _BITS.items() if held & bit and name not in share)
    return names, _says(names, partner, {})


def _says(withheld: tuple[SharedField, ...], partner: str, masked: Masked) -> Verdict:
    held = ", ".join(withheld)
    parts = [f"to {partner}: withheld {held}" if held else f"to {partner}: everything given is let through"]
    if masked:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(masked.items()))
        parts.append(f"masked as personal data: {kinds}")
    return Verdict(
        stage=Stage.REDACTION,
        judgement=Judgement.WARN if masked else Judgement.PASS,
        reason="masked" if masked else "withheld" if held else "all_shared",
        detail=clip("; ".join(parts), DETAIL_MAX),
    )


def _facts(
    event: EmergencyEvent,
    event_type: EventType,
    place: ResolvedPlace | None,
    share: frozenset[SharedField],
    reporter: Party,
    lead_service: str | None,
    found: Masked,
) -> SharedFacts:
    field = SharedField
    return trusted(
        SharedFacts,
        {
            "event_type": event_type,
            "place": _place(place, share),
            "severity": event.severity if field.SEVERITY in share else None,
            "urgency": event.urgency if field.URGENCY in share else None,
            "certainty": event.certainty if field.CERTAINTY in share else None,
            "occurred_at": event.occurred_at if field.OCCURRED_AT in share else None,
            "needs": event.needs if field.NEEDS in share else (),
            "casualties": event.casualties if field.CASUALTIES in share else None,
            "hazards": event.hazards if field.HAZARDS in share else (),
            "text": _text(event.text, found) if field.TEXT in share else None,
            "callback_role": _callback(event, reporter) if field.CALLBACK in share else None,
            "psap_notified": _psap(event.psap_notified, event_type, found) if field.PSAP in share else None,
            "lead_service": lead_service,
        },
    )


def _place(place: ResolvedPlace | None, share: frozenset[SharedField]) -> ResolvedPlace | None:
    if place is None:
        return None
    named = SharedField.PLACE_NAME in share
    # The explanation may quote the reporter and the position, so what crosses says only how it was found.
    cut: dict[str, object] = {"explanation": f"found by {place.certainty.value}"}
    if SharedField.POINT not in share:
        cut["point"] = None
    if not named:
        cut |= {"place": None, "name": None}
    if SharedField.PARISH not in share:
        cut["parish"] = None
    return amended(place, **cut)


def _text(text: FreeText | None, found: Masked) -> FreeText | None:
    if text is None:
        return None
    masked = mask(text.text)
    if not masked.found:
        return text
    _count(masked.found, found)
    return FreeText(text=clip(masked.text, TEXT_MAX), language=text.language)


def _psap(psap: PsapNotified, event_type: EventType, found: Masked) -> PsapNotified:
    """The call to 112; its reference is the reporter's own words, so it stays at home in a police matter."""
    if psap.reference is None:
        return psap
    if EVENT_TYPES[event_type].police:
        return amended(psap, reference=None)
    masked = mask(psap.reference)
    _count(masked.found, found)
    return amended(psap, reference=clip(masked.text, LINE_MAX)) if masked.found else psap


def _count(more: Masked, found: Masked) -> None:
    for kind, count in more.items():
        found[kind] = found.get(kind, 0) + count


def _callback(event: EmergencyEvent, reporter: Party) -> str | None:
    if event.callback_role in reporter.offices:
        return event.callback_role
    return DUTY_DESK if DUTY_DESK in reporter.offices else next(iter(reporter.offices), None)


def given(event: EmergencyEvent, place: ResolvedPlace | None) -> Given:
    """The fields that the event holds. Unknown is not something given."""
    reported = event.place
    held = _PSAP
    held |= _SEVERITY if event.severity is not Severity.UNKNOWN else 0
    held |= _URGENCY if event.urgency is not Urgency.UNKNOWN else 0
    held |= _CERTAINTY if event.certainty is not Certainty.UNKNOWN else 0
    held |= _PLACE_NAME if place and (place.place or place.name) else 0
    held |= _PARISH if place and place.parish else 0
    held |= _POINT if (place and place.point) or (reported and reported.point) else 0
    held |= _OCCURRED_AT if event.occurred_at is not None else 0
    held |= _NEEDS if event.needs else 0
    held |= _CASUALTIES if event.casualties is not None else 0
    held |= _HAZARDS if event.hazards else 0
    held |= _TEXT if event.text is not None else 0
    held |= _CALLBACK if event.callback_role is not None else 0
    return held

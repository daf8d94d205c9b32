"""What of an event may cross the border: field by field, and free text with personal data masked once more."""

from dataclasses import dataclass

from schemas.decision import SharedFacts, SharedField, Verdict
from schemas.event import EmergencyEvent, FreeText, PsapNotified
from schemas.place import ResolvedPlace
from schemas.policy.models import Party
from schemas.privacy import mask
from schemas.vocabulary import EVENT_TYPES, Certainty, EventType, Judgement, Severity, Stage, Urgency
from streams.rules.memo import Memo
from streams.rules.places.describe import DETAIL_MAX, clip
from streams.rules.trusted import amended, trusted

DUTY_DESK = "duty_desk"
"""The role that answers for a party when the reporter named no office of its own."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """The facts that cross, the fields that were given and do not, and what was masked, by kind."""

    shared: SharedFacts | None
    withheld: tuple[SharedField, ...]
    masked: dict[str, int]


def redact(
    event: EmergencyEvent,
    place: ResolvedPlace | None,
    share: frozenset[SharedField],
    reporter: Party,
    lead_service: str | None,
) -> Redacted:
    """``event`` cut down to ``share``. Without an event type (some cancels) there are no facts to share."""
    withheld = tuple(name for name in _given(event, place) if name not in share)
    if event.event_type is None:
        return Redacted(None, withheld, {})
    found: dict[str, int] = {}
    facts = _facts(event, event.event_type, place, share, reporter, lead_service, found)
    return Redacted(facts, withheld, found)


def judge_redaction(redacted: Redacted, partner: str, said: Memo[Verdict]) -> Verdict:
    """``all_shared``, ``withheld`` or ``masked``, naming fields and kinds, never what they held."""
    if redacted.masked:
        return _says(redacted, partner)
    return said.recall(("redaction", partner, redacted.withheld), lambda: _says(redacted, partner))


def _says(redacted: Redacted, partner: str) -> Verdict:
    held = ", ".join(redacted.withheld)
    parts = [f"to {partner}: withheld {held}" if held else f"to {partner}: everything given is let through"]
    if redacted.masked:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(redacted.masked.items()))
        parts.append(f"masked as personal data: {kinds}")
    reason = "masked" if redacted.masked else "withheld" if held else "all_shared"
    return Verdict(
        stage=Stage.REDACTION,
        judgement=Judgement.WARN if redacted.masked else Judgement.PASS,
        reason=reason,
        detail=clip("; ".join(parts), DETAIL_MAX),
    )


def _facts(
    event: EmergencyEvent,
    event_type: EventType,
    place: ResolvedPlace | None,
    share: frozenset[SharedField],
    reporter: Party,
    lead_service: str | None,
    found: dict[str, int],
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


def _text(text: FreeText | None, found: dict[str, int]) -> FreeText | None:
    return None if text is None else FreeText(text=_masked(text.text, found), language=text.language)


def _psap(psap: PsapNotified, event_type: EventType, found: dict[str, int]) -> PsapNotified:
    """The call to 112; its reference is the reporter's own words, so it stays at home in a police matter."""
    if psap.reference is None:
        return psap
    if EVENT_TYPES[event_type].police:
        return psap.model_copy(update={"reference": None})
    return psap.model_copy(update={"reference": _masked(psap.reference, found)})


def _masked(text: str, found: dict[str, int]) -> str:
    masked = mask(text)
    for kind, count in masked.found.items():
        found[kind] = found.get(kind, 0) + count
    return masked.text


def _callback(event: EmergencyEvent, reporter: Party) -> str | None:
    if event.callback_role in reporter.offices:
        return event.callback_role
    return DUTY_DESK if DUTY_DESK in reporter.offices else next(iter(reporter.offices), None)


def _given(event: EmergencyEvent, place: ResolvedPlace | None) -> list[SharedField]:
    """The fields that the event holds, in the order of ``SharedField``. Unknown is not something given."""
    reported = event.place
    held = {
        SharedField.SEVERITY: event.severity is not Severity.UNKNOWN,
        SharedField.URGENCY: event.urgency is not Urgency.UNKNOWN,
        SharedField.CERTAINTY: event.certainty is not Certainty.UNKNOWN,
        SharedField.PLACE_NAME: bool(place and (place.place or place.name)),
        SharedField.PARISH: bool(place and place.parish),
        SharedField.POINT: bool((place and place.point) or (reported and reported.point)),
        SharedField.OCCURRED_AT: event.occurred_at is not None,
        SharedField.NEEDS: bool(event.needs),
        SharedField.CASUALTIES: event.casualties is not None,
        SharedField.HAZARDS: bool(event.hazards),
        SharedField.TEXT: event.text is not None,
        SharedField.CALLBACK: event.callback_role is not None,
        SharedField.PSAP: True,
    }
    return [name for name, present in held.items() if present]

"""What a sender is told of a decision that refused its event."""

from schemas.decision import Decision
from schemas.vocabulary import DecisionOutcome, Judgement, RejectionReason

MENDS: dict[RejectionReason, str] = {
    RejectionReason.EXPIRED: "report it anew with expires_at in the future, if it is still going on",
    RejectionReason.FROM_THE_FUTURE: "set the sender's clock, check the offset of the times, and send again",
    RejectionReason.TOO_OLD: "report it anew with today's reported_at, if it is still going on",
    RejectionReason.REPLAYED: "nothing to mend: restored and replayed records are never sent to people",
    RejectionReason.NOT_FOR_SENDING: "send it with status Actual, Exercise or Test when it is meant for people",
    RejectionReason.UNKNOWN_PARTY: "use a party id of the policy, or have an administrator add the party",
    RejectionReason.NOT_AUTHORISED: "report places of your own area or of a partner; tell others directly",
    RejectionReason.PLACE_UNKNOWN: "add the municipality, its administrative code, or a point",
    RejectionReason.PLACE_OUTSIDE: "check latitude and longitude (lat, lon in degrees), or name the municipality",
    RejectionReason.PLACE_CONTRADICTS: "correct what contradicts (country, code, municipality, point) and send again",
}


def rejection_of(decision: Decision) -> tuple[RejectionReason, str, str] | None:
    """Reason, detail and how to mend it, or None where the event was not refused."""
    if decision.outcome is not DecisionOutcome.REJECTED:
        return None
    stop = next(verdict for verdict in decision.verdicts if verdict.judgement is Judgement.STOP)
    reason = RejectionReason(stop.reason)
    return reason, stop.detail, MENDS[reason]

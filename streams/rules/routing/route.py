"""The router's decision: ``route(event, policy)`` runs the stages in order and says why at each of them.

Pure and deterministic: now is the time at which the event was recorded.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

from schemas.control import DutySwap
from schemas.decision import Decision, Route, Verdict
from schemas.event import EmergencyEvent, Service
from schemas.place import ResolvedPlace
from schemas.policy.models import Policy
from schemas.vocabulary import DecisionOutcome, EventKind, Judgement, Stage
from streams.rules.duty.watch import Watch
from streams.rules.places.place import Located, locate
from streams.rules.places.place_fault import PlaceFault
from streams.rules.routing.ground import judge_place
from streams.rules.routing.index import PolicyIndex, index_of
from streams.rules.routing.intake import NOT_FOR_SENDING, judge_intake
from streams.rules.routing.redaction import given, judge_redaction, redact
from streams.rules.routing.rule import lead_for, rule_on_closing, rule_on_report, verdict
from streams.rules.routing.ruling import Ruling, Traits
from streams.rules.routing.service import service_route
from streams.rules.trusted import amended, trusted

_TELLS_WHERE = (EventKind.REPORT, EventKind.UPDATE)


class _Answer(NamedTuple):
    """How the path of an event ended, and what was said on the way."""

    outcome: DecisionOutcome
    verdicts: tuple[Verdict, ...]
    place: ResolvedPlace | None = None
    routes: tuple[Route, ...] = ()


def route(event: EmergencyEvent, policy: Policy, swaps: tuple[DutySwap, ...] = ()) -> Decision:
    """Who is told of ``event``, what, and why; or why nobody is.

    Who is on duty is judged at the time the event was recorded; ``swaps`` are those of duty that were not revoked.

    Never raises for a valid event and policy. A clause, profile or ladder that the policy names but does not
    hold shares nothing and reaches nobody, and the verdicts say so.
    """
    index = index_of(policy)
    now = event.recorded_at or event.reported_at
    intake = judge_intake(event, now, index.limits)
    if intake.judgement is Judgement.STOP:
        # That a draft is not sent is no mistake of the sender: it is kept with its reason and nobody is told.
        kept = intake.reason == NOT_FOR_SENDING
        return _decision(
            event, now, index, _Answer(DecisionOutcome.NO_ROUTE if kept else DecisionOutcome.REJECTED, (intake,))
        )
    if event.reporting_party not in index.parties:
        return _decision(event, now, index, _Answer(DecisionOutcome.REJECTED, (intake, _unknown_party(event))))
    if event.service is not None:
        return _decision(event, now, index, _service(event, event.service, intake, index))
    judge = _report if event.kind in _TELLS_WHERE else _closing
    return _decision(event, now, index, judge(event, intake, index.roster.watch(now, swaps), index))


def _report(event: EmergencyEvent, intake: Verdict, watch: Watch, index: PolicyIndex) -> _Answer:
    """A report or update: place, authority, agreements, competence, clauses, redaction, recipients."""
    located = locate(event.place, index.geo) if event.place else None
    if not isinstance(located, Located):
        return _Answer(DecisionOutcome.REJECTED, (intake, _known_party(event, index), _no_place(located)))
    traits, spots = Traits.of(event), located.spots
    ruling = index.rulings.recall((traits, spots, watch), partial(rule_on_report, traits, spots, watch, index))
    if ruling.authority.judgement is Judgement.STOP:
        return _Answer(ruling.outcome, (intake, ruling.authority), located.place)
    said = (intake, ruling.authority, judge_place(located, index), *ruling.judged)
    return _delivered(event, located.place, ruling, said, index)


def _service(event: EmergencyEvent, service: Service, intake: Verdict, index: PolicyIndex) -> _Answer:
    """A check of a contact, a contact lost or back, the canary: nothing has happened anywhere."""
    told, people = service_route(event, service, index)
    outcome = DecisionOutcome.NO_ROUTE if told is None else DecisionOutcome.ROUTED
    return _Answer(outcome, (intake, _known_party(event, index), people), None, () if told is None else (told,))


def _closing(event: EmergencyEvent, intake: Verdict, watch: Watch, index: PolicyIndex) -> _Answer:
    """A cancel or all-clear: a route to every partner, for those already told; a place is only passed on."""
    traits, place, lead = Traits.of(event), None, None
    said: tuple[Verdict, ...] = ()
    if event.place is not None:
        located = locate(event.place, index.geo)
        if isinstance(located, Located):
            place, said = located.place, (judge_place(located, index),)
            lead = lead_for(traits, located.spots[0], index)[0]
        else:
            # A cancel is owed to those already told, wherever it says they are: the place cannot stop it.
            said = (amended(_no_place(located), judgement=Judgement.WARN),)
    ruling = index.rulings.recall((traits, lead, watch), partial(rule_on_closing, traits, lead, watch, index))
    return _delivered(event, place, ruling, (intake, ruling.authority, *said, *ruling.judged), index)


def _delivered(
    event: EmergencyEvent,
    place: ResolvedPlace | None,
    ruling: Ruling,
    said: tuple[Verdict, ...],
    index: PolicyIndex,
) -> _Answer:
    """``ruling`` with the event's facts on its routes, as far as each lets them through."""
    reporter = index.parties[event.reporting_party]
    held = given(event, place)
    routes: list[Route] = []
    redactions: list[Verdict] = []
    for one in ruling.deliveries:
        shared, masked = redact(event, place, one.share, reporter, ruling.lead)
        withheld, redaction = judge_redaction(held, one.share, masked, one.partner, index)
        routes.append(amended(one.bare, shared=shared, withheld=withheld))
        redactions.append(redaction)
    told = () if ruling.outcome is DecisionOutcome.NO_ROUTE else tuple(routes)
    return _Answer(ruling.outcome, (*said, *redactions, *ruling.people), place, told)


def _unknown_party(event: EmergencyEvent) -> Verdict:
    detail = f"'{event.reporting_party}' is no party of this policy"
    return verdict(Stage.AUTHORITY, Judgement.STOP, "unknown_party", detail)


def _known_party(event: EmergencyEvent, index: PolicyIndex) -> Verdict:
    me = index.parties[event.reporting_party].short.en
    return verdict(Stage.AUTHORITY, Judgement.PASS, "known_party", f"{me} is a party of this policy")


def _no_place(fault: PlaceFault | None) -> Verdict:
    if fault is None:
        return verdict(Stage.PLACE, Judgement.STOP, "place_unknown", "no place was given; add one")
    return verdict(Stage.PLACE, Judgement.STOP, fault.reason.value, f"{fault.detail}: {fault.mend}")


def _decision(event: EmergencyEvent, now: datetime, index: PolicyIndex, answer: _Answer) -> Decision:
    return trusted(
        Decision,
        {
            "version": 1,
            "record": "decision",
            "event_id": event.event_id,
            "incident_id": event.incident_id,
            "kind": event.kind,
            "status": event.status,
            "origin": event.origin,
            "exerciseid": event.exerciseid,
            "replayid": event.replayid,
            "reporting_party": event.reporting_party,
            "policy_version": index.version,
            "recorded_at": now,
            "reported_at": event.reported_at,
            "expires_at": event.expires_at,
            "outcome": answer.outcome,
            "verdicts": answer.verdicts,
            "place": answer.place,
            "routes": answer.routes,
            "service": event.service,
        },
    )

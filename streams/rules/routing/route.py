"""The router's decision: ``route(event, policy)`` runs the stages in order and says why at each of them.

Pure and deterministic: now is the time at which the event was recorded.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from schemas.decision import Decision, Route, Verdict
from schemas.event import EmergencyEvent
from schemas.place import ResolvedPlace
from schemas.policy.models import Policy
from schemas.vocabulary import DecisionOutcome, EventKind, Judgement, Lane, Stage
from streams.rules.places.describe import COUNTRIES, DETAIL_MAX, clip
from streams.rules.places.place import Located, locate
from streams.rules.places.place_fault import PlaceFault
from streams.rules.routing.clauses import Chosen, choose, follow_up, is_police
from streams.rules.routing.ground import Applied, grounds, judge_agreements, judge_authority, judge_place
from streams.rules.routing.index import PolicyIndex, index_of
from streams.rules.routing.intake import judge_intake
from streams.rules.routing.recipients import Crew
from streams.rules.routing.redaction import judge_redaction, redact
from streams.rules.trusted import amended, trusted

NO_ROUTE_REASONS = frozenset({"not_for_sending", "no_agreement", "successor_denied"})
"""Stops that are no mistake of the sender: the event is kept with its reason and nobody is told."""

_TELLS_WHERE = (EventKind.REPORT, EventKind.UPDATE)


@dataclass(slots=True)
class _Path:
    """How far the event has come: the verdicts so far, the place, the routes, and how it ended."""

    event: EmergencyEvent
    index: PolicyIndex
    now: datetime
    verdicts: list[Verdict] = field(default_factory=list)
    place: ResolvedPlace | None = None
    routes: tuple[Route, ...] = ()
    outcome: DecisionOutcome | None = None

    def passes(self, *verdicts: Verdict) -> bool:
        """Record ``verdicts``; False when the path ends with them."""
        self.verdicts += verdicts
        if not [verdict for verdict in verdicts if verdict.judgement is Judgement.STOP]:
            return True
        no_fault = verdicts[0].reason in NO_ROUTE_REASONS or verdicts[0].stage in _OURS
        self.outcome = DecisionOutcome.NO_ROUTE if no_fault else DecisionOutcome.REJECTED
        return False


_OURS = (Stage.AGREEMENT, Stage.COMPETENCE, Stage.CLAUSE, Stage.REDACTION, Stage.RECIPIENTS)


def route(event: EmergencyEvent, policy: Policy) -> Decision:
    """Who is told of ``event``, what, and why; or why nobody is.

    Never raises for a valid event and policy. A clause, profile or ladder that the policy names but does not
    hold shares nothing and reaches nobody, and the verdicts say so.
    """
    index = index_of(policy)
    path = _Path(event, index, event.recorded_at or event.reported_at)
    if path.passes(judge_intake(event, path.now, index.limits)) and path.passes(*_unknown_party(event, index)):
        if event.kind in _TELLS_WHERE:
            _report(path)
        else:
            _closing(path)
    return _decision(path)


def _report(path: _Path) -> None:
    """A report or update: place, authority, agreements, competence, clauses, redaction, recipients."""
    event, index = path.event, path.index
    located = locate(event.place, index.geo) if event.place else None
    if not isinstance(located, Located):
        path.passes(_known_party(event, index), _no_place(located))
        path.outcome = DecisionOutcome.REJECTED
        return
    path.place = located.place
    found = grounds(located, index)
    if not path.passes(judge_authority(event, found, index)) or not path.passes(judge_place(located, index)):
        return
    verdicts, applied = judge_agreements(event, located, found, index)
    if not path.passes(*verdicts):
        return
    lead, verdict = _lead(event, located, index)
    path.passes(verdict)
    clauses = [choose(event, each, index) for each in applied]
    chosen = [one for _, one in clauses if one is not None]
    if event.kind is EventKind.UPDATE:
        taken = {one.applied.agreement.id for one in chosen}
        chosen += [one for one in _told_before(event, index) if one.applied.agreement.id not in taken]
    if path.passes(*_stopped_if_none([verdict for verdict, _ in clauses], chosen)):
        _deliver(path, chosen, lead)


def _closing(path: _Path) -> None:
    """A cancel or all-clear: a route to every partner, for those already told; a place is only passed on."""
    event, index = path.event, path.index
    path.passes(_known_party(event, index))
    lead = None
    if event.place is not None:
        located = locate(event.place, index.geo)
        if isinstance(located, Located):
            path.place = located.place
            path.passes(judge_place(located, index))
            lead = _lead(event, located, index)[0] if event.event_type else None
        else:
            # A cancel is owed to those already told, wherever it says they are: the place cannot stop it.
            path.passes(_no_place(located).model_copy(update={"judgement": Judgement.WARN}))
    chosen = _told_before(event, index)
    if not chosen:
        me = index.parties[event.reporting_party].short.en
        path.passes(_verdict(Stage.AGREEMENT, Judgement.STOP, "no_agreement", f"{me} is in no agreement"))
        return
    _deliver(path, chosen, lead)


def _deliver(path: _Path, chosen: list[Chosen], lead: str | None) -> None:
    """Redact, find the people, and settle the outcome."""
    event, index = path.event, path.index
    reporter = index.parties[event.reporting_party]
    routes: list[Route] = []
    redactions: list[Verdict] = []
    people: list[Verdict] = []
    for one in chosen:
        redacted = redact(event, path.place, one.share, reporter, lead)
        ladder = one.clause.ladder if one.clause else ""
        crew = index.roster.crew(ladder, one.applied.partner.id, event.origin)
        bare = index.routes.recall(_same(event, one), partial(_bare, event, one, crew))
        routes.append(amended(bare, shared=redacted.shared, withheld=redacted.withheld))
        redactions.append(judge_redaction(redacted, one.applied.partner.short.en, index.said))
        people.append(index.said.recall(("people", *_same(event, one)), partial(_people, event, one, crew, index)))
    path.passes(*redactions)
    follows_up = event.kind is not EventKind.REPORT
    if not follows_up and not any(route.recipients for route in routes):
        people = [amended(verdict, judgement=Judgement.STOP) for verdict in people]
    if path.passes(*people):
        path.routes = tuple(routes)
        path.outcome = DecisionOutcome.FOLLOW_UP if follows_up else DecisionOutcome.ROUTED


def _same(event: EmergencyEvent, one: Chosen) -> tuple[object, ...]:
    """What routes and recipients depend on, besides the facts."""
    clause = one.clause.id if one.clause else None
    return event.reporting_party, event.origin, one.applied.agreement.id, one.applied.partner.id, clause, one.action


def _bare(event: EmergencyEvent, one: Chosen, crew: Crew) -> Route:
    """The route without the event's facts."""
    clause = one.clause
    downgraded = clause is not None and one.action is not clause.action
    return Route(
        agreement=one.applied.agreement.id,
        clause=clause.id if clause else None,
        action=one.action,
        asking_party=event.reporting_party,
        partner=one.applied.partner.id,
        language=one.applied.partner.language,
        lane=clause.lane if clause else Lane.ROUTINE,
        reply_within_s=clause.reply_within if clause and not downgraded else None,
        withheld=(),
        recipients=crew.recipients,
        ladder=clause.ladder if clause else None,
        plan=crew.plan,
    )


def _people(event: EmergencyEvent, one: Chosen, crew: Crew, index: PolicyIndex) -> Verdict:
    """Who is told at one partner, or that its list is empty and who must mend it."""
    partner = one.applied.partner.short.en
    if one.clause is None:
        detail = f"{partner}: those already told under agreement {one.applied.agreement.id} get a follow-up"
        return _verdict(Stage.RECIPIENTS, Judgement.PASS, "follow_up", detail)
    missing = ", ".join(index.roster.role(role) for role in crew.unfilled)
    if not crew.recipients:
        detail = (
            f"{partner}: nobody holds {missing or 'a role of ladder ' + one.clause.ladder} for {event.origin.value} "
            "events; an administrator must mend the roles file"
        )
        return _verdict(Stage.RECIPIENTS, Judgement.WARN, "nobody_on_list", detail)
    told = ", ".join(f"{index.roster.role(who.role)} ({who.contact_id})" for who in crew.recipients)
    if missing:
        rung = f", so step {crew.rung + 1} of the ladder is told at once" if crew.rung else ""
        told += f"; nobody holds {missing}{rung}: an administrator must mend the roles file"
        return _verdict(Stage.RECIPIENTS, Judgement.WARN, "recipients_found", f"{partner}: {told}")
    return _verdict(Stage.RECIPIENTS, Judgement.PASS, "recipients_found", f"{partner}: {told}")


def _told_before(event: EmergencyEvent, index: PolicyIndex) -> list[Chosen]:
    me = event.reporting_party
    return [
        follow_up(event, Applied(agreement, index.parties[agreement.partner_of(me)], neighbour=False))
        for agreement in index.agreements_of(me)
    ]


def _stopped_if_none(verdicts: list[Verdict], chosen: list[Chosen]) -> list[Verdict]:
    if chosen:
        return verdicts
    return [amended(verdict, judgement=Judgement.STOP) for verdict in verdicts]


def _lead(event: EmergencyEvent, located: Located, index: PolicyIndex) -> tuple[str | None, Verdict]:
    """The service that leads in the incident's country."""
    country = located.place.country
    if event.event_type is None:
        return None, _verdict(Stage.COMPETENCE, Judgement.PASS, "lead_known", "no event type, nobody to name")
    kind, police = event.event_type, is_police(event)
    lead = index.policy.competence[kind].of(country).lead

    def says() -> Verdict:
        detail = f"{index.service(lead)} leads for {kind.value} in {COUNTRIES[country]}"
        if police:
            detail += "; a police matter: only a referral without personal data may cross"
        return _verdict(Stage.COMPETENCE, Judgement.PASS, "police_matter" if police else "lead_known", detail)

    return lead, index.said.recall(("competence", kind, country), says)


def _unknown_party(event: EmergencyEvent, index: PolicyIndex) -> list[Verdict]:
    if event.reporting_party in index.parties:
        return []
    detail = f"'{event.reporting_party}' is no party of this policy"
    return [_verdict(Stage.AUTHORITY, Judgement.STOP, "unknown_party", detail)]


def _known_party(event: EmergencyEvent, index: PolicyIndex) -> Verdict:
    me = index.parties[event.reporting_party].short.en
    return _verdict(Stage.AUTHORITY, Judgement.PASS, "known_party", f"{me} is a party of this policy")


def _no_place(fault: PlaceFault | None) -> Verdict:
    if fault is None:
        return _verdict(Stage.PLACE, Judgement.STOP, "place_unknown", "no place was given; add one")
    return _verdict(Stage.PLACE, Judgement.STOP, fault.reason.value, f"{fault.detail}: {fault.mend}")


def _verdict(stage: Stage, judgement: Judgement, reason: str, detail: str) -> Verdict:
    return Verdict(stage=stage, judgement=judgement, reason=reason, detail=clip(detail, DETAIL_MAX))


def _decision(path: _Path) -> Decision:
    event = path.event
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
            "policy_version": path.index.version,
            "recorded_at": path.now,
            "reported_at": event.reported_at,
            "expires_at": event.expires_at,
            "outcome": path.outcome or DecisionOutcome.NO_ROUTE,
            "verdicts": tuple(path.verdicts),
            "place": path.place,
            "routes": path.routes,
        },
    )

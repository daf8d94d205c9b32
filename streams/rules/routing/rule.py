"""Works out what the policy says of events with certain traits at a place; see ``Ruling``."""

from collections.abc import Iterable, Sequence
from functools import partial

from schemas.decision import Route, Verdict
from schemas.vocabulary import DecisionOutcome, EventKind, Judgement, Lane, Stage
from streams.rules.duty.watch import Watch
from streams.rules.places.describe import COUNTRIES, DETAIL_MAX, clip
from streams.rules.places.geography import Spot
from streams.rules.routing.clauses import Chosen, choose, follow_up
from streams.rules.routing.ground import Applied, grounds, judge_agreements, judge_authority
from streams.rules.routing.index import PolicyIndex
from streams.rules.routing.recipients import Crew
from streams.rules.routing.ruling import Delivery, Ruling, Traits
from streams.rules.trusted import amended


def rule_on_report(traits: Traits, spots: tuple[Spot, ...], watch: Watch, index: PolicyIndex) -> Ruling:
    """A report or update at ``spots``: authority, agreements, competence, clauses, recipients."""
    found = grounds(spots, index)
    authority = judge_authority(traits.reporting_party, found, index)
    if authority.judgement is Judgement.STOP:
        return Ruling(DecisionOutcome.REJECTED, authority)
    verdicts, applied = judge_agreements(traits, spots, found, index)
    if _stops(verdicts):
        return Ruling(DecisionOutcome.NO_ROUTE, authority, verdicts)
    lead, competence = lead_for(traits, spots[0], index)
    clauses = [choose(traits, each, index) for each in applied]
    chosen = [one for _, one in clauses if one is not None]
    if traits.kind is EventKind.UPDATE:
        taken = {one.applied.agreement.id for one in chosen}
        chosen += [one for one in _told_before(traits, index) if one.applied.agreement.id not in taken]
    said = [verdict for verdict, _ in clauses]
    if said and not chosen:
        return Ruling(DecisionOutcome.NO_ROUTE, authority, (*verdicts, competence, *_stopped(said)))
    return _delivered(traits, chosen, watch, index, authority, (*verdicts, competence, *said), lead)


def rule_on_closing(traits: Traits, lead: str | None, watch: Watch, index: PolicyIndex) -> Ruling:
    """A cancel or all-clear: a route to every partner, for those already told."""
    me = index.parties[traits.reporting_party].short.en
    authority = verdict(Stage.AUTHORITY, Judgement.PASS, "known_party", f"{me} is a party of this policy")
    chosen = _told_before(traits, index)
    if not chosen:
        none = verdict(Stage.AGREEMENT, Judgement.STOP, "no_agreement", f"{me} is in no agreement")
        return Ruling(DecisionOutcome.NO_ROUTE, authority, (none,))
    return _delivered(traits, chosen, watch, index, authority, (), lead)


def lead_for(traits: Traits, spot: Spot, index: PolicyIndex) -> tuple[str | None, Verdict]:
    """The service that leads in the incident's country, and what is said of it."""
    kind = traits.event_type
    if kind is None:
        return None, verdict(Stage.COMPETENCE, Judgement.PASS, "lead_known", "no event type, nobody to name")
    lead = index.policy.competence[kind].of(spot.country).lead

    def says() -> Verdict:
        detail = f"{index.service(lead)} leads for {kind.value} in {COUNTRIES[spot.country]}"
        if traits.police:
            detail += "; a police matter: only a referral without personal data may cross"
        return verdict(Stage.COMPETENCE, Judgement.PASS, "police_matter" if traits.police else "lead_known", detail)

    return lead, index.said.recall(("competence", kind, spot.country), says)


def verdict(stage: Stage, judgement: Judgement, reason: str, detail: str) -> Verdict:
    """A verdict whose ``detail`` is cut to what a verdict may hold."""
    return Verdict(stage=stage, judgement=judgement, reason=reason, detail=clip(detail, DETAIL_MAX))


def _delivered(
    traits: Traits,
    chosen: Sequence[Chosen],
    watch: Watch,
    index: PolicyIndex,
    authority: Verdict,
    judged: tuple[Verdict, ...],
    lead: str | None,
) -> Ruling:
    """The routes of ``chosen``, and their people; a report that reaches nobody on them stops here."""
    deliveries: list[Delivery] = []
    people: list[Verdict] = []
    for one in chosen:
        crew = index.roster.crew(one.clause.ladder if one.clause else "", one.applied.partner.id, traits.origin, watch)
        same = _same(traits, one, watch)
        bare = index.routes.recall(same, partial(_bare, traits, one, crew))
        deliveries.append(Delivery(bare, one.applied.partner.short.en, one.share))
        people.append(index.said.recall(("people", *same), partial(_people, traits, one, crew, index)))
    outcome = DecisionOutcome.FOLLOW_UP
    if traits.kind is EventKind.REPORT:
        reached = any(each.bare.recipients for each in deliveries)
        outcome = DecisionOutcome.ROUTED if reached else DecisionOutcome.NO_ROUTE
        people = people if reached else _stopped(people)
    return Ruling(outcome, authority, judged, tuple(deliveries), tuple(people), lead)


def _same(traits: Traits, one: Chosen, watch: Watch) -> tuple[object, ...]:
    """What bare routes and recipients depend on."""
    clause = one.clause.id if one.clause else None
    applied = one.applied
    return traits.reporting_party, traits.origin, applied.agreement.id, applied.partner.id, clause, one.action, watch


def _bare(traits: Traits, one: Chosen, crew: Crew) -> Route:
    """The route without the event's facts."""
    clause = one.clause
    downgraded = clause is not None and one.action is not clause.action
    return Route(
        agreement=one.applied.agreement.id,
        clause=clause.id if clause else None,
        action=one.action,
        asking_party=traits.reporting_party,
        partner=one.applied.partner.id,
        language=one.applied.partner.language,
        lane=clause.lane if clause else Lane.ROUTINE,
        reply_within_s=clause.reply_within if clause and not downgraded else None,
        withheld=(),
        recipients=crew.recipients,
        ladder=clause.ladder if clause else None,
        plan=crew.plan,
    )


def _people(traits: Traits, one: Chosen, crew: Crew, index: PolicyIndex) -> Verdict:
    """Who is told at one partner, or that its list is empty and who must mend it."""
    partner = one.applied.partner.short.en
    if one.clause is None:
        detail = f"{partner}: those already told under agreement {one.applied.agreement.id} get a follow-up"
        return verdict(Stage.RECIPIENTS, Judgement.PASS, "follow_up", detail)
    missing = ", ".join(index.roster.role(role) for role in crew.unfilled)
    if not crew.recipients:
        detail = (
            f"{partner}: nobody holds {missing or 'a role of ladder ' + one.clause.ladder} for {traits.origin.value} "
            "events; an administrator must mend the roles file"
        )
        return verdict(Stage.RECIPIENTS, Judgement.WARN, "nobody_on_list", detail)
    said = [f"{partner}: {_told(crew, index)}"]
    if missing:
        rung = f", so step {crew.rung + 1} of the ladder is told at once" if crew.rung else ""
        said.append(f"nobody holds {missing}{rung}: an administrator must mend the roles file")
    if crew.uncovered:
        roles = ", ".join(index.roster.role(role) for role in crew.uncovered)
        said.append(f"by roster nobody who can be reached is on duty as {roles}, so all who hold that role are told")
    judgement = Judgement.WARN if missing or crew.uncovered else Judgement.PASS
    reason = "nobody_on_duty" if crew.uncovered else "recipients_found"
    return verdict(Stage.RECIPIENTS, judgement, reason, "; ".join(said))


def _told(crew: Crew, index: PolicyIndex) -> str:
    """The people of ``crew`` by role, and who of them stands in for whom."""
    instead = {one.contact: one for one in crew.stand_ins}
    told = []
    for who in crew.recipients:
        one = instead.get(who.contact_id)
        note = f", standing in for {one.instead_of} by swap {one.swap_id}" if one else ""
        told.append(f"{index.roster.role(who.role)} ({who.contact_id}{note})")
    return ", ".join(told)


def _told_before(traits: Traits, index: PolicyIndex) -> list[Chosen]:
    me = traits.reporting_party
    return [
        follow_up(traits, Applied(agreement, index.parties[agreement.partner_of(me)], neighbour=False))
        for agreement in index.agreements_of(me)
    ]


def _stopped(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return [amended(one, judgement=Judgement.STOP) for one in verdicts]


def _stops(verdicts: Iterable[Verdict]) -> bool:
    return any(one.judgement is Judgement.STOP for one in verdicts)

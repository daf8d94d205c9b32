"""Whose ground a place is, whether the reporter may speak for it, and which agreements cover it."""

from dataclasses import dataclass
from functools import partial

from schemas.decision import Verdict
from schemas.place import PlaceCertainty
from schemas.policy.models import Agreement, Party
from schemas.vocabulary import EventKind, Judgement, Stage
from streams.rules.places.describe import DETAIL_MAX, clip, label, unit_name, where
from streams.rules.places.geography import Spot
from streams.rules.places.place import Located
from streams.rules.routing.index import PolicyIndex
from streams.rules.routing.ruling import Traits
from streams.rules.trusted import amended


@dataclass(frozen=True, slots=True)
class Ground:
    """A party and the spot that makes the place its ground: ``covered``, or its successor's area outside."""

    party: Party
    spot: Spot
    covered: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """An agreement that applies: towards whom, and whether the reporter speaks about the partner's ground."""

    agreement: Agreement
    partner: Party
    neighbour: bool


def grounds(spots: tuple[Spot, ...], index: PolicyIndex) -> tuple[Ground, ...]:
    """Every party whose ground the place is or may be, covered ground before successors' ground."""
    found: dict[str, Ground] = {}
    for spot in spots:
        for party in index.covered_by(spot.area):
            if party.id not in found or not found[party.id].covered:
                found[party.id] = Ground(party, spot, covered=True)
    for spot in spots:
        for party in index.successors_in(spot.unit):
            found.setdefault(party.id, Ground(party, spot, covered=False))
    return tuple(found.values())


def judge_authority(reporting_party: str, found: tuple[Ground, ...], index: PolicyIndex) -> Verdict:
    """``own_area``, ``neighbour_area`` (only to inform), or not authorised."""
    key = ("authority", reporting_party, tuple(ground.party.id for ground in found))
    return index.said.recall(key, lambda: _authority_over(reporting_party, found, index))


def _authority_over(reporting_party: str, found: tuple[Ground, ...], index: PolicyIndex) -> Verdict:
    reporter = index.parties[reporting_party]
    me = reporter.short.en
    if not found:
        return _authority(Judgement.PASS, "known_party", f"{me} is a party; the place is no party's ground")
    if any(ground.party.id == reporter.id for ground in found):
        return _authority(Judgement.PASS, "own_area", f"{me} speaks for its own ground")
    partners = {agreement.partner_of(reporter.id) for agreement in index.agreements_of(reporter.id)}
    theirs = [ground.party.short.en for ground in found if ground.party.id in partners]
    if theirs:
        detail = f"{me} speaks about the ground of {', '.join(theirs)}, its partner: it may inform, not ask for help"
        return _authority(Judgement.WARN, "neighbour_area", detail)
    owners = ", ".join(ground.party.short.en for ground in found)
    detail = f"the place is the ground of {owners}, with whom {me} has no agreement"
    return _authority(Judgement.STOP, "not_authorised", detail)


_FOUND_BY = {
    PlaceCertainty.CODE: "by_code",
    PlaceCertainty.NAME: "by_name",
    PlaceCertainty.GEOMETRY: "by_geometry",
    PlaceCertainty.SIDE_UNCERTAIN: "side_uncertain",
}


def judge_place(located: Located, index: PolicyIndex) -> Verdict:
    """How the place was found, with a warning where something given did not fit."""
    certainty = located.place.certainty
    reason = "place_contradicts" if located.contradicted else _FOUND_BY[certainty]
    warn = located.contradicted or bool(located.notes) or certainty is PlaceCertainty.SIDE_UNCERTAIN
    judgement = Judgement.WARN if warn else Judgement.PASS
    detail = located.place.explanation
    key = ("place", judgement, reason, detail)
    make = partial(Verdict, stage=Stage.PLACE, judgement=judgement, reason=reason, detail=detail)
    return make() if located.notes else index.said.recall(key, make)


def judge_agreements(
    traits: Traits, spots: tuple[Spot, ...], found: tuple[Ground, ...], index: PolicyIndex
) -> tuple[tuple[Verdict, ...], tuple[Applied, ...]]:
    """A verdict per agreement that the ground calls up, and those that apply. An update never stops here,
    because those already told must hear it."""
    me = traits.reporting_party
    own = any(ground.party.id == me for ground in found)
    verdicts: list[Verdict] = []
    applied: list[Applied] = []
    for agreement in index.agreements_of(me):
        partner = agreement.partner_of(me)
        ground = _ground_for(agreement, me if own else partner, found)
        if ground is None:
            continue
        verdict = _judge_one(agreement, ground, spots, found, index)
        verdicts.append(verdict)
        if verdict.reason != "successor_denied":
            applied.append(Applied(agreement, index.parties[partner], neighbour=not own))
    if not verdicts:
        verdicts.append(_not_covered(me, spots[0], index))
    if not applied and traits.kind is not EventKind.UPDATE:
        verdicts = [amended(verdict, judgement=Judgement.STOP) for verdict in verdicts]
    return tuple(verdicts), tuple(applied)


def _ground_for(agreement: Agreement, party: str, found: tuple[Ground, ...]) -> Ground | None:
    """The ground that brings ``agreement`` into play: the speaker's own, or its partner's where it has none."""
    return next((ground for ground in found if ground.party.id == party and party in agreement.parties), None)


def _judge_one(
    agreement: Agreement, ground: Ground, spots: tuple[Spot, ...], found: tuple[Ground, ...], index: PolicyIndex
) -> Verdict:
    key = ("agreement", agreement.id, ground.party.id, spots)
    return index.said.recall(key, lambda: _coverage(agreement, ground, spots, found, index))


def _coverage(
    agreement: Agreement, ground: Ground, spots: tuple[Spot, ...], found: tuple[Ground, ...], index: PolicyIndex
) -> Verdict:
    geo = index.geo
    across = [other for other in found if other.party.id in agreement.parties and not other.covered]
    if ground.covered and not (across and spots[0].shared_with):
        detail = f"{label(geo, ground.spot)}; agreement {agreement.id} covers it"
        return _agreement(Judgement.PASS, "covered", detail)
    outside = ground if not ground.covered else across[0]
    signatory = unit_name(geo, outside.party.signatory.unit)
    today = unit_name(geo, outside.party.current_party.unit)
    spot = outside.spot
    told = (
        f"{label(geo, spot)}, outside of {signatory}, for which agreement {agreement.id} was signed"
        if spot.exact
        else f"{label(geo, spot)}; whether it lies in {signatory}, for which agreement {agreement.id} was signed, "
        "cannot be told without a parish, a place or a point"
    )
    rule = f"{today} is the successor, and the agreement says {agreement.successor_area}"
    if ground.covered:
        rule += f"; the other part, {unit_name(geo, ground.spot.unit)}, is covered"
        judgement = Judgement.WARN if agreement.successor_area == "warn" else Judgement.PASS
        reason = "covered" if agreement.successor_area == "deny" else "successor_area"
        return _agreement(judgement, reason, f"{told}; {rule}")
    if agreement.successor_area == "deny":
        return _agreement(Judgement.WARN, "successor_denied", f"{told}; {rule}")
    judgement = Judgement.WARN if agreement.successor_area == "warn" else Judgement.PASS
    return _agreement(judgement, "successor_area", f"{told}; {rule}")


def _not_covered(party: str, spot: Spot, index: PolicyIndex) -> Verdict:
    me = index.parties[party].short.en
    detail = f"{label(index.geo, spot)}; no agreement of {me} covers {where(index.geo, spot)}"
    return _agreement(Judgement.WARN, "no_agreement", detail)


def _authority(judgement: Judgement, reason: str, detail: str) -> Verdict:
    return Verdict(stage=Stage.AUTHORITY, judgement=judgement, reason=reason, detail=clip(detail, DETAIL_MAX))


def _agreement(judgement: Judgement, reason: str, detail: str) -> Verdict:
    return Verdict(stage=Stage.AGREEMENT, judgement=judgement, reason=reason, detail=clip(detail, DETAIL_MAX))

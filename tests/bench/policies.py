"""The policies that are measured: the shipped one, and one with thousands of generated agreements around it."""

from pathlib import Path

from schemas.policy.load import load_policy
from schemas.policy.models import Agreement, Geography, Outline, Party, Policy, Unit

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "policy"
WEST, SOUTH, CELL = 15.5, 50.5, 0.05
"""Where the generated municipalities lie, in degrees: apart from the real ones, whose answers they must not change."""

A_ROW = 100


def shipped() -> Policy:
    """The policy of this repository."""
    return load_policy(SHIPPED)


def with_generated_agreements(policy: Policy, count: int) -> Policy:
    """``policy`` and ``count`` agreements more, each between two new municipalities with outlines and staff."""
    sides = [side for pair in range(count) for side in (2 * pair, 2 * pair + 1)]
    parties = [_party(policy.parties[side % len(policy.parties)], side) for side in sides]
    agreements = [
        _agreement(policy.agreements[pair % len(policy.agreements)], pair, parties[2 * pair], parties[2 * pair + 1])
        for pair in range(count)
    ]
    staff = {
        party.id: policy.staff[policy.parties[side % len(policy.parties)].id]
        for side, party in enumerate(parties)
        if policy.parties[side % len(policy.parties)].id in policy.staff
    }
    return policy.model_copy(
        update={
            "parties": (*policy.parties, *parties),
            "agreements": (*policy.agreements, *agreements),
            "staff": policy.staff | staff,
            "geography": _geography(policy.geography, sides),
        }
    )


def _party(like: Party, side: int) -> Party:
    unit = f"generated-{side}"
    return like.model_copy(
        update={
            "id": unit,
            "signatory": like.signatory.model_copy(update={"unit": unit, "dissolved": None}),
            "current_party": like.current_party.model_copy(update={"unit": unit}),
            "covered_area": unit,
        }
    )


def _agreement(like: Agreement, pair: int, one: Party, other: Party) -> Agreement:
    both = (one.id, other.id)
    clauses = tuple(clause.model_copy(update={"askers": both}) for clause in like.clauses)
    return like.model_copy(update={"id": f"generated-{pair}", "parties": both, "clauses": clauses})


def _geography(geography: Geography, sides: list[int]) -> Geography:
    like = next(unit for unit in geography.units if not unit.former)
    units = [_unit(like, side) for side in sides]
    outlines = [_outline(unit, side) for unit, side in zip(units, sides, strict=True)]
    return geography.model_copy(
        update={"units": (*geography.units, *units), "outlines": (*geography.outlines, *outlines)}
    )


def _unit(like: Unit, side: int) -> Unit:
    name = f"Municipality number {side}"
    names = like.names.model_copy(update={"lv": name, "lt": name, "en": name})
    return like.model_copy(
        update={"id": f"generated-{side}", "names": names, "forms": None, "aliases": (), "codes": ()}
    )


def _outline(unit: Unit, side: int) -> Outline:
    west, south = WEST + side % A_ROW * CELL, SOUTH + side // A_ROW * CELL
    east, north = west + 0.9 * CELL, south + 0.9 * CELL
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return Outline(id=unit.id, unit=unit.id, country=unit.country, kind="covered", polygons=((ring,),))

"""A policy compiled for look-up, once per policy object."""

from collections.abc import Iterable

from schemas.decision import Route, SharedField, Verdict
from schemas.policy.models import Agreement, Clause, Party, Policy
from streams.rules.memo import ByIdentity, Memo
from streams.rules.places.geography import GeographyIndex
from streams.rules.routing.recipients import Roster
from streams.rules.routing.ruling import Ruling

MAX_COMPILED = 8
"""Policies kept compiled: the active one and a few older ones that replays and previews still cite."""

MAX_RULINGS = 5_000
"""Rulings kept of one policy, about a kilobyte each: far more than one policy's parties, types and places need."""


class PolicyIndex:
    """Look-ups over one policy. Agreements that name an unknown party are left out, as nobody can be told."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.version = policy.version
        self.limits = policy.limits
        self.parties = {party.id: party for party in policy.parties}
        self.services = {service.id: service for service in policy.services}
        self.geo = GeographyIndex(policy.geography, {p.signatory.unit: p.covered_area for p in policy.parties})
        self.roster = Roster(policy)
        self.said: Memo[Verdict] = Memo()
        self.rulings: Memo[Ruling] = Memo(MAX_RULINGS)
        self.withheld: Memo[tuple[tuple[SharedField, ...], Verdict]] = Memo()
        self.routes: Memo[Route] = Memo()
        self.clauses: Memo[tuple[Clause, ...]] = Memo()
        self._agreements: dict[str, list[Agreement]] = {}
        for agreement in policy.agreements:
            if all(party in self.parties for party in agreement.parties):
                for party in dict.fromkeys(agreement.parties):
                    self._agreements.setdefault(party, []).append(agreement)
        self._by_area = _grouped((party.covered_area, party) for party in policy.parties)
        self._by_successor = _grouped((party.current_party.unit, party) for party in policy.parties)

    def agreements_of(self, party: str) -> tuple[Agreement, ...]:
        """The agreements ``party`` is a side of, in the policy's order."""
        return tuple(self._agreements.get(party, ()))

    def covered_by(self, area: str | None) -> tuple[Party, ...]:
        """The parties whose covered area ``area`` is."""
        return self._by_area.get(area or "", ())

    def successors_in(self, unit: str) -> tuple[Party, ...]:
        """The parties that ``unit`` acts for today."""
        return self._by_successor.get(unit, ())

    def service(self, service: str) -> str:
        """What a service is called."""
        known = self.services.get(service)
        return service if known is None else known.name


def _grouped(pairs: Iterable[tuple[str, Party]]) -> dict[str, tuple[Party, ...]]:
    groups: dict[str, tuple[Party, ...]] = {}
    for key, party in pairs:
        groups[key] = (*groups.get(key, ()), party)
    return groups


_compiled = ByIdentity(PolicyIndex, MAX_COMPILED)


def index_of(policy: Policy) -> PolicyIndex:
    """The compiled ``policy``. Kept by identity: a copy with a change never meets the original's index."""
    return _compiled.of(policy)

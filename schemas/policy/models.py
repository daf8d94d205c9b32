"""The shape of a policy: everything the router, the dispatcher and the notifiers need, without any person."""

import hashlib
import json
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from schemas.base import E164, Country, Id, Lang, Line, Model
from schemas.decision import SharedField
from schemas.place import AdminCode, Point
from schemas.policy.durations import Duration
from schemas.policy.rates import Rates
from schemas.policy.retention import Retention
from schemas.policy.rosters import Roster
from schemas.policy.texts import Texts
from schemas.vocabulary import Action, Channel, EventType, Lane, Severity


class Names(Model):
    """A name in three languages."""

    lv: Line
    lt: Line
    en: Line

    def of(self, language: Lang) -> str:
        """The name in ``language``."""
        return str(getattr(self, language))


class Forms(Model):
    """A name in the cases the texts need, as data: names are never inflected by code."""

    nom: Line
    gen: Line
    loc: Line


class CasedNames(Model):
    """A name with its case forms in Latvian and Lithuanian."""

    lv: Forms
    lt: Forms
    en: Line


class Signatory(Model):
    """Who signed the agreement. ``dissolved`` is the day it ceased to exist, if it did."""

    name: CasedNames
    unit: Id
    dissolved: date | None = None


class Successor(Model):
    """Who stands in the signatory's place today (the signatory itself where nothing changed)."""

    name: CasedNames
    unit: Id


class Party(Model):
    """A side of an agreement: who signed, who acts today, and which area it covers. Three different facts.

    ``short`` is what an SMS calls it. ``offices`` are office lines by role (never a person's number): the
    number a partner is told to call back.
    """

    id: Id
    country: Country
    language: Lang
    time_zone: Literal["Europe/Riga", "Europe/Vilnius"]
    short: CasedNames
    signatory: Signatory
    current_party: Successor
    covered_area: Id
    offices: dict[Id, E164]


class Clause(Model):
    """One rule of an agreement: for these types from this severity, do this towards the partner.

    ``askers`` are the parties it serves; ``needs`` says whether the event must ask for something
    (``required``), must not (``none``) or may (``any``). The first clause of an agreement that fits is applied.
    """

    id: Id
    askers: Annotated[tuple[Id, ...], Field(min_length=1)]
    action: Action
    event_types: Annotated[tuple[EventType, ...], Field(min_length=1)]
    min_severity: Severity = Severity.MINOR
    needs: Literal["required", "none", "any"] = "any"
    share: Id
    ladder: Id
    lane: Lane
    reply_within: Duration | None = None


class Agreement(Model):
    """A dual agreement. ``data_exchange`` names sets of fields; ``follow_up_share`` is the one for updates
    of incidents to which no clause applies any more."""

    id: Id
    title: Names
    parties: tuple[Id, Id]
    signed: date
    successor_area: Literal["deny", "warn", "allow"]
    data_exchange: dict[Id, tuple[SharedField, ...]]
    follow_up_share: Id
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]

    def partner_of(self, party: str) -> str:
        """The other side."""
        return self.parties[1] if party == self.parties[0] else self.parties[0]


class Service(Model):
    """A state or municipal service that leads or assists."""

    id: Id
    country: Country
    name: Line
    names: Names


class CompetenceOf(Model):
    """Who leads and who assists in one country."""

    lead: Id
    assists: tuple[Id, ...] = ()


class Competence(Model):
    """Who is competent for one event type on each side of the border."""

    LV: CompetenceOf
    LT: CompetenceOf

    def of(self, country: Country) -> CompetenceOf:
        """The side of ``country``."""
        return self.LV if country == "LV" else self.LT


class RoleInfo(Model):
    """A role or group that contacts hold. A group is alerted at once; ``enough`` of it is enough."""

    id: Id
    names: Names
    group: bool = False
    enough: Annotated[int, Field(ge=1, le=100)] | None = None


class Member(Model):
    """A contact holding a role, and how it may be reached."""

    contact: Id
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=4)]


class Staff(Model):
    """Who holds a role at one party: in earnest, and in exercises."""

    live: tuple[Member, ...]
    exercise: tuple[Member, ...] = ()


class LadderStep(Model):
    """One rung: whom it adds, by which channels, and how long to wait for sending, for proof of delivery (where a
    provider gives one) and for an answer."""

    roles: Annotated[tuple[Id, ...], Field(min_length=1)]
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    send_within: Duration
    deliver_within: Duration | None = None
    answer_within: Duration | None = None


class Ladder(Model):
    """Rungs to climb until somebody answers; ``tell_if_nobody`` are roles of the asking side."""

    id: Id
    steps: Annotated[tuple[LadderStep, ...], Field(min_length=1, max_length=10)]
    tell_if_nobody: tuple[Id, ...] = ()


class Canary(Model):
    """A test phone or mailbox to which a text goes all the way, once for each partition ``every`` so often.

    ``contact`` is an id of the private directory that holds no role; ``party`` lends it its language.
    """

    contact: Id
    party: Id
    every: Duration
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=4)] = (Channel.SMS,)


class ContactChecks(Model):
    """How often every contact of a role is sent a text to answer."""

    every: Duration


class Unit(Model):
    """An administrative unit: a municipality of today, or a former one with its successor."""

    id: Id
    country: Country
    names: Names
    forms: CasedNames | None = None
    aliases: tuple[Line, ...] = ()
    codes: tuple[AdminCode, ...] = ()
    former: bool = False
    successor: Id | None = None
    until: date | None = None


class ParishNames(Model):
    """How a parish is written in full and in short, for each language."""

    lv: Line
    lt: Line
    lv_short: Line
    lt_short: Line


class Parish(Model):
    """A Latvian pagasts or town, or a Lithuanian seniūnija."""

    id: Id
    country: Country
    kind: Literal["pagasts", "pilseta", "seniunija"]
    names: Names
    display: ParishNames
    aliases: tuple[Line, ...] = ()
    unit: Id
    former_unit: Id | None = None
    codes: tuple[AdminCode, ...] = ()


class GazetteerPlace(Model):
    """A named place with its position. ``shared_with`` is the unit across the border that owns the other part."""

    id: Id
    kind: Id
    names: Names
    forms: CasedNames | None = None
    aliases: tuple[Line, ...] = ()
    unit: Id
    parish: Id | None = None
    point: Point
    shared_with: Id | None = None


class Outline(Model):
    """An outline of an area: rings of (lon, lat), one list of rings per polygon. An official one is not
    ``approximate``."""

    id: Id
    unit: Id | None = None
    country: Country
    kind: Literal["covered", "successor", "neighbour", "country"]
    approximate: bool = True
    polygons: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]


class Geography(Model):
    """Units, parishes, places and outlines. ``border_band_m``: closer to the border than this, a point's side
    is uncertain (outlines are approximate) and both sides are told so."""

    units: tuple[Unit, ...]
    parishes: tuple[Parish, ...]
    places: tuple[GazetteerPlace, ...]
    outlines: tuple[Outline, ...]
    border: tuple[tuple[float, float], ...]
    border_band_m: Annotated[int, Field(ge=0, le=10_000)]


class Limits(Model):
    """Times the rules judge by. ``repeat_window``: an event reported longer ago is refused as too old;
    ``clock_skew``: how far ahead of the system's clock a report may be; ``settled_after``: how long ago colleagues must
    have answered a request for a reply without a code to mean a newer one (docs/replies.md)."""

    repeat_window: Duration
    clock_skew: Duration
    settled_after: Duration = 30 * 60


class ChangeRule(Model):
    """How this policy may be replaced by another. It binds while this policy is the active one.

    ``people``: how many persons a change takes; of two, one proposes and another activates. A proposal that nobody
    activated within ``proposal_expires`` is none any more.
    """

    people: Annotated[int, Field(ge=1, le=2)] = 1
    proposal_expires: Duration = 14 * 86400


class Policy(Model):
    """A whole policy. ``version`` is the SHA-256 of its canonical JSON and stands in every decision.

    Without ``canary`` none is sent, without ``contact_checks`` contacts are asked by hand only, without ``change`` one
    person may replace the policy. ``rosters`` are by
    party and role; where a role has none, everybody who holds it is on duty at all times.
    """

    limits: Limits
    parties: Annotated[tuple[Party, ...], Field(min_length=2)]
    agreements: Annotated[tuple[Agreement, ...], Field(min_length=1)]
    services: tuple[Service, ...]
    competence: dict[EventType, Competence]
    roles: tuple[RoleInfo, ...]
    staff: dict[Id, dict[Id, Staff]]
    rosters: dict[Id, dict[Id, Roster]] = Field(default_factory=dict)
    ladders: tuple[Ladder, ...]
    geography: Geography
    texts: dict[Lang, Texts]
    canary: Canary | None = None
    contact_checks: ContactChecks | None = None
    rates: Rates = Rates()
    change: ChangeRule | None = None
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _every_type_has_competence(self) -> Self:
        missing = [kind.value for kind in EventType if kind not in self.competence]
        if missing:
            raise ValueError(f"competence is missing for {', '.join(missing)}")
        return self

    def with_parts(self, **parts: Any) -> Self:
        """This policy with some ``parts`` replaced. ``model_copy`` would keep a version that was worked out before."""
        return type(self)(**({name: getattr(self, name) for name in type(self).model_fields} | parts))

    @cached_property
    def version(self) -> str:
        """The content hash: equal policies have equal versions, whatever their files look like.

        What stands at its default is left out, so that a release that knows a new key still knows older policies.
        """
        return hashlib.sha256(canonical_json(self.model_dump(mode="json", exclude_defaults=True))).hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the same value gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

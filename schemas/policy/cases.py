"""Example cases beside the agreements: given this event, expect these recipients, written by hand.

A case is short on purpose, so that a duty officer can write one. ``run_cases`` asks ``decide`` about each and
compares; it knows nothing of how decisions are made.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator

from schemas.base import Country, Id, Lang, Line, LongText, Model
from schemas.decision import Decision, Route, SharedField
from schemas.event import Casualties, EmergencyEvent, FreeText, Need, PsapNotified
from schemas.ids import event_id, incident_id
from schemas.place import AdminCode, CodeScheme, Place, Point
from schemas.policy.mistakes import Mistake, PolicyMistakes
from schemas.policy.parts import AGREEMENTS
from schemas.policy.shape import fit
from schemas.policy.source import read_source
from schemas.vocabulary import (
    Action,
    DecisionOutcome,
    EventKind,
    EventType,
    Judgement,
    Lane,
    NeedKind,
    Origin,
    Severity,
    Status,
)

REPORTED_AT = datetime(2026, 6, 5, 18, 40, tzinfo=UTC)
"""When the events of all cases are reported: a Friday evening in summer."""

Word = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class CasePlace(Model):
    """Where it happens. ``code`` is written ``scheme code`` (``LAU LV0409500``), ``point`` as ``[lat, lon]``."""

    country: Country | None = None
    code: Annotated[str, Field(pattern=r"^(ISO3166-2|LAU|ATVK) [A-Z0-9-]{1,12}$")] | None = None
    municipality: Line | None = None
    parish: Line | None = None
    name: Line | None = None
    point: tuple[float, float] | None = None

    def place(self) -> Place:
        """The place as an event carries it."""
        scheme, _, code = (self.code or "").partition(" ")
        return Place(
            country=self.country,
            code=AdminCode(scheme=CodeScheme(scheme), code=code) if self.code else None,
            municipality=self.municipality,
            parish=self.parish,
            name=self.name,
            point=Point(lat=self.point[0], lon=self.point[1]) if self.point else None,
        )


class CaseEvent(Model):
    """An event in short. ``needs`` maps kinds to counts, ``text`` a language to words, ``exercise`` marks a drill."""

    party: Id
    kind: EventKind = EventKind.REPORT
    type: EventType | None = None
    severity: Severity = Severity.UNKNOWN
    place: CasePlace | None = None
    needs: dict[NeedKind, int] = Field(default_factory=dict)
    injured: int | None = None
    missing: int | None = None
    text: dict[Lang, LongText] = Field(default_factory=dict)
    exercise: bool = False

    @field_validator("text")
    @classmethod
    def _one_language(cls, text: dict[Lang, LongText]) -> dict[Lang, LongText]:
        if len(text) > 1:
            raise ValueError("an event's text is in one language; keep one of them")
        return text

    def event(self, title: str) -> EmergencyEvent:
        """The whole event; its ids follow from ``title``."""
        counts = Casualties(injured=self.injured, missing=self.missing)
        return EmergencyEvent(
            event_id=event_id("cases", title),
            incident_id=incident_id("cases", title),
            kind=self.kind,
            status=Status.EXERCISE if self.exercise else Status.ACTUAL,
            origin=Origin.EXERCISE if self.exercise else Origin.LIVE,
            exerciseid="example-exercise" if self.exercise else None,
            reporting_party=self.party,
            event_type=self.type,
            severity=self.severity,
            place=self.place.place() if self.place else None,
            needs=tuple(Need(kind=kind, count=count) for kind, count in self.needs.items()),
            casualties=counts if counts != Casualties() else None,
            text=next((FreeText(text=words, language=language) for language, words in self.text.items()), None),
            callback_role="duty_desk",
            psap_notified=PsapNotified(notified=True, at=REPORTED_AT - timedelta(minutes=5), reference="112-0001"),
            occurred_at=REPORTED_AT - timedelta(minutes=10),
            reported_at=REPORTED_AT,
            expires_at=REPORTED_AT + timedelta(hours=6),
            recorded_at=REPORTED_AT + timedelta(seconds=2),
        )


class Expected(Model):
    """What must come of it. What is left out is not looked at.

    ``partner`` is the party told (nobody may be told where the outcome is no_route or rejected); ``roles`` are
    exactly the roles woken first, ``contacts`` exactly their contacts; ``withheld`` and ``not_shared`` are
    fields that must not cross (``withheld``: and were given); ``warnings`` and ``reasons`` are reasons of
    verdicts that must be there, ``not_reasons`` ones that must not; ``unit`` is where the place lies.
    """

    outcome: DecisionOutcome
    partner: Id | None = None
    action: Action | None = None
    lane: Lane | None = None
    clause: Id | None = None
    roles: tuple[Id, ...] | None = None
    contacts: tuple[Id, ...] | None = None
    withheld: tuple[SharedField, ...] = ()
    not_shared: tuple[SharedField, ...] = ()
    warnings: tuple[Word, ...] = ()
    reasons: tuple[Word, ...] = ()
    not_reasons: tuple[Word, ...] = ()
    unit: Id | None = None


class Case(Model):
    """One example: ``because`` says why a person expects this."""

    title: Line
    because: LongText | None = None
    event: CaseEvent
    expect: Expected


class CasesFile(Model):
    """A table of examples."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True)
class LocatedCase:
    """A case, its event, and where it is written."""

    case: Case
    event: EmergencyEvent
    file: str
    line: int


@dataclass(frozen=True)
class CaseResult:
    """How one case came out: it holds when there are no differences."""

    located: LocatedCase
    decision: Decision
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything expected came true."""
        return not self.differences


def load_cases(directory: Path) -> tuple[LocatedCase, ...]:
    """Every case of ``agreements/*.cases.yaml`` in a policy directory.

    Raises:
        PolicyMistakes: a table cannot be read, or two cases have one title.
    """
    found: list[LocatedCase] = []
    mistakes: list[Mistake] = []
    titles: dict[str, str] = {}
    for path in sorted((directory / AGREEMENTS).glob("*.cases.yaml")):
        source = read_source(path, f"{AGREEMENTS}/{path.name}")
        file, faults = fit(source, CasesFile)
        mistakes += faults
        for index, case in enumerate(file.cases if file else ()):
            at = ("cases", index)
            if case.title in titles:
                problem = f"the title stands twice, first at {titles[case.title]}"
                mistakes.append(source.mistake((*at, "title"), problem, "give each case its own title"))
            titles.setdefault(case.title, f"{source.name}:{source.line_of(at)}")
            try:
                event = case.event.event(case.title)
            except ValidationError as error:
                problem = error.errors()[0]["msg"].removeprefix("Value error, ")
                mistakes.append(source.mistake((*at, "event"), f"no such event can be: {problem}", "complete it"))
            else:
                found.append(LocatedCase(case, event, source.name, source.line_of(at)))
    if mistakes:
        raise PolicyMistakes(tuple(mistakes))
    return tuple(found)


def run_cases(cases: Iterable[LocatedCase], decide: Callable[[EmergencyEvent], Decision]) -> tuple[CaseResult, ...]:
    """Ask ``decide`` about every case and compare what it says with what was expected."""
    results = []
    for located in cases:
        decision = decide(located.event)
        results.append(CaseResult(located, decision, tuple(differences(located.case.expect, decision))))
    return tuple(results)


def differences(expect: Expected, decision: Decision) -> Iterator[str]:
    """A sentence for everything in ``decision`` that is not as expected."""
    if decision.outcome is not expect.outcome:
        yield f"outcome is {decision.outcome.value}, expected {expect.outcome.value}"
    told = [route.partner for route in decision.routes]
    if expect.outcome in (DecisionOutcome.NO_ROUTE, DecisionOutcome.REJECTED):
        if told:
            yield f"{', '.join(told)} would be told, expected nobody"
    elif expect.partner is not None and told != [expect.partner]:
        yield f"told is {', '.join(told) or 'nobody'}, expected {expect.partner}"
    if expect.unit and (decision.place is None or decision.place.unit != expect.unit):
        yield f"the place is in {decision.place.unit if decision.place else 'no unit'}, expected {expect.unit}"
    yield from _reasons(expect, decision)
    for route in decision.routes:
        yield from _route(expect, route)


def _reasons(expect: Expected, decision: Decision) -> Iterator[str]:
    reasons = {verdict.reason for verdict in decision.verdicts}
    warned = {verdict.reason for verdict in decision.verdicts if verdict.judgement is Judgement.WARN}
    for reason in sorted(set(expect.reasons) - reasons):
        yield f"no verdict says {reason}; they say {', '.join(sorted(reasons))}"
    for reason in sorted(set(expect.not_reasons) & reasons):
        yield f"a verdict says {reason}, expected none to"
    for reason in sorted(set(expect.warnings) - warned):
        yield f"no warning says {reason}; warnings are {', '.join(sorted(warned)) or 'none'}"


def _route(expect: Expected, route: Route) -> Iterator[str]:
    for name, wanted, got in (
        ("action", expect.action, route.action),
        ("lane", expect.lane, route.lane),
        ("clause", expect.clause, route.clause),
    ):
        if wanted is not None and wanted != got:
            yield f"{name} towards {route.partner} is {got}, expected {wanted}"
    woken = set(route.plan[0].roles) if route.plan else {one.role for one in route.recipients}
    first = [one for one in route.recipients if one.role in woken]
    for name, given, came in (
        ("roles", expect.roles, {one.role for one in first}),
        ("contacts", expect.contacts, {one.contact_id for one in first}),
    ):
        if given is not None and set(given) != came:
            yield f"first {name} are {', '.join(sorted(came)) or 'none'}, expected {', '.join(sorted(given))}"
    for field in sorted(set(expect.withheld) - set(route.withheld)):
        yield f"{field.value} is not withheld"
    crossing = shared_fields(route)
    for field in sorted((set(expect.not_shared) | set(expect.withheld)) & crossing):
        yield f"{field.value} crosses the border, expected it not to"


def shared_fields(route: Route) -> set[SharedField]:
    """Which fields of the event stand in what the partner is told."""
    shared = route.shared
    if shared is None:
        return set()
    place = shared.place
    present = {
        SharedField.SEVERITY: shared.severity,
        SharedField.URGENCY: shared.urgency,
        SharedField.CERTAINTY: shared.certainty,
        SharedField.PLACE_NAME: place and (place.name or place.place),
        SharedField.PARISH: place and place.parish,
        SharedField.POINT: place and place.point,
        SharedField.OCCURRED_AT: shared.occurred_at,
        SharedField.NEEDS: shared.needs,
        SharedField.CASUALTIES: shared.casualties,
        SharedField.HAZARDS: shared.hazards,
        SharedField.TEXT: shared.text,
        SharedField.CALLBACK: shared.callback_role,
        SharedField.PSAP: shared.psap_notified,
    }
    return {field for field, value in present.items() if value}

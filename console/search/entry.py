"""One incident as a search knows it, and what each record adds to it. Pure."""

from datetime import datetime

from pydantic import BaseModel, Field

from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.ids import is_canary
from schemas.incident import Ending, IncidentState
from schemas.notification import Response
from schemas.place import Place, ResolvedPlace
from schemas.vocabulary import Answer, EventKind, Severity, Status
from streams.rules.incidents.climbs import requests

MAX_TEXTS, MAX_ANSWERS, MAX_EVENTS = 60, 200, 500
"""Of one incident: texts and answers kept, newest last; events counted."""


class Given(BaseModel):
    """One answer: who gave it, what it was, and its words as typed."""

    response_id: str
    party: str | None = None
    role: str | None = None
    answer: Answer | None = None
    text: str | None = None
    language: str | None = None


class Entry(BaseModel):
    """What is known of one incident, gathered record by record in whatever order topics are read.

    ``begun`` once an event or decision of it was read. ``last_event`` is the highest offset of its events (-1: none
    was read). ``endings`` are by agreement and partner, from the newest snapshot.
    """

    incident: str
    partition: int
    begun: bool = False
    status: Status = Status.ACTUAL
    service: bool = False
    first_at: datetime
    last_at: datetime
    expires_at: datetime | None = None
    last_event: int = -1
    events: list[str] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)
    severity: Severity = Severity.UNKNOWN
    severities: list[str] = Field(default_factory=list)
    needs: list[str] = Field(default_factory=list)
    hazards: list[str] = Field(default_factory=list)
    written_places: list[str] = Field(default_factory=list)
    place_ids: list[str] = Field(default_factory=list)
    unit: str | None = None
    reporters: list[str] = Field(default_factory=list)
    partners: list[str] = Field(default_factory=list)
    agreements: list[str] = Field(default_factory=list)
    languages: list[str] = Field(default_factory=list)
    texts: list[str] = Field(default_factory=list)
    answers: list[Given] = Field(default_factory=list)
    asked: bool = False
    outcomes: list[str] = Field(default_factory=list)
    endings: dict[str, Ending] = Field(default_factory=dict)
    closed_by: EventKind | None = None
    code: str | None = None

    def absorb(self, one: Logged) -> None:
        """Add what ``one`` says. A record twice says nothing new."""
        self.first_at, self.last_at = min(self.first_at, one.appended_at), max(self.last_at, one.appended_at)
        match one.record:
            case EmergencyEvent() as event:
                self._event(event, one.offset)
            case Decision() as decision:
                self._decision(decision)
            case Response() as response:
                self._response(response)
            case IncidentState() as state:
                self._state(state)

    def _event(self, event: EmergencyEvent, offset: int) -> None:
        self.begun, self.status = True, event.status
        self.service = self.service or event.service is not None
        self.last_event = max(self.last_event, offset)
        _add(self.events, event.event_id, most=MAX_EVENTS)
        _add(self.types, event.event_type)
        _add(self.severities, event.severity if event.severity is not Severity.UNKNOWN else None)
        if event.severity is not Severity.UNKNOWN:
            self.severity = event.severity
        _add(self.needs, *(need.kind for need in event.needs))
        _add(self.hazards, *event.hazards)
        _add(self.reporters, event.reporting_party)
        if event.place is not None:
            _add(self.written_places, *_written(event.place))
        if event.text is not None:
            _add(self.texts, event.text.text, most=MAX_TEXTS)
            _add(self.languages, event.text.language)
        self.expires_at = max(self.expires_at or event.expires_at, event.expires_at)
        if event.kind in (EventKind.CANCEL, EventKind.ALL_CLEAR):
            self.closed_by = event.kind

    def _decision(self, decision: Decision) -> None:
        self.begun, self.status = True, decision.status
        self.service = self.service or decision.service is not None
        _add(self.outcomes, decision.outcome)
        _add(self.reporters, decision.reporting_party)
        self.asked = self.asked or bool(requests(decision))
        if decision.place is not None:
            self.unit = decision.place.unit
            _add(self.place_ids, *_ids(decision.place))
            _add(self.written_places, decision.place.name)
        for route in decision.routes:
            _add(self.agreements, route.agreement)
            _add(self.partners, route.partner)
            _add(self.reporters, route.asking_party)

    def _response(self, response: Response) -> None:
        if any(known.response_id == response.response_id for known in self.answers):
            return
        given = Given.model_validate(response, from_attributes=True)
        self.answers = [*self.answers, given][-MAX_ANSWERS:]
        self.code = self.code or response.code
        _add(self.languages, response.language)

    def _state(self, state: IncidentState) -> None:
        self.code = state.code or self.code
        self.closed_by = state.closed_by
        for duty in state.obligations:
            if duty.climb is not None and duty.climb.ended is not None:
                self.endings[f"{duty.agreement}:{duty.partner}"] = duty.climb.ended
            else:
                self.endings.pop(f"{duty.agreement}:{duty.partner}", None)

    @property
    def kind(self) -> str:
        """``real``, ``exercise`` (with tests), ``system``, or empty: nothing that anybody would look for."""
        if not self.begun or (self.service and is_canary(self.incident)):
            return ""
        if self.service or self.status is Status.SYSTEM:
            return "system"
        return "real" if self.status is Status.ACTUAL else "exercise"

    def outcome(self, now: datetime) -> str:
        """How it ended, in one word of ``console.search.names.OUTCOMES``; ``open`` while people may still answer.

        Snapshots are forgotten a month after an incident; then the answers themselves say it.
        """
        endings = set(self.endings.values()) - {Ending.NOT_ASKED}
        said = {one.answer for one in self.answers}
        over = self.expires_at is not None and self.expires_at < now
        unanswered = Ending.UNANSWERED in endings or (not self.endings and self.asked and over)
        steps = (
            ("accepted", bool(endings & {Ending.ACCEPTED, Ending.ENOUGH}) or Answer.ACCEPT in said),
            ("partial", Ending.PARTLY in endings or Answer.PARTIAL in said),
            ("declined", Answer.DECLINE in said and (unanswered or bool(endings) or over)),
            ("cancelled", self.closed_by is EventKind.CANCEL),
            ("cleared", self.closed_by is EventKind.ALL_CLEAR),
            ("unanswered", unanswered),
            ("expired", Ending.EXPIRED in endings),
            ("open", self.asked),
            ("told", "routed" in self.outcomes),
            ("refused", "rejected" in self.outcomes),
            ("nobody_told", "no_route" in self.outcomes),
        )
        return next((name for name, holds in steps if holds), "undecided")

    def outcomes_to_find(self, now: datetime) -> tuple[str, ...]:
        """Every word of its outcome: an incident that one side declined and another accepted is found by both."""
        said = {one.answer for one in self.answers}
        found = {self.outcome(now)}
        found |= {name for name, answer in _ANSWERS if answer in said}
        found |= {"cancelled"} if self.closed_by is EventKind.CANCEL else set()
        found |= {"cleared"} if self.closed_by is EventKind.ALL_CLEAR else set()
        found |= {"unanswered"} if Ending.UNANSWERED in self.endings.values() else set()
        return tuple(sorted(found))


_ANSWERS = (("accepted", Answer.ACCEPT), ("partial", Answer.PARTIAL), ("declined", Answer.DECLINE))


def _add(known: list[str], *values: str | None, most: int = 100) -> None:
    for value in values:
        if value is not None and str(value) not in known and len(known) < most:
            known.append(str(value))


def _written(place: Place) -> tuple[str | None, ...]:
    return place.name, place.parish, place.municipality, place.code.code if place.code else None


def _ids(place: ResolvedPlace) -> tuple[str | None, ...]:
    return place.place, place.parish, place.unit, place.former_unit

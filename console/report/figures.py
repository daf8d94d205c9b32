"""The figures of one month: counts and spreads over the cases that began in it. docs/report.md defines each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from console.report.cases import Case, Fate, Outcome, Request, Sort, Text
from console.report.fold import Ledger
from console.report.month import Month
from console.report.spread import Spread
from console.report.switches import Stopped, stopped
from schemas.vocabulary import DecisionOutcome, ReceiptReason

UNKNOWN = "unknown"
"""The group of what has no place or no type on the log."""


@dataclass(frozen=True)
class RequestLine:
    """One request that waited for an answer, for the list at the end of the page. Times in seconds."""

    began_at: datetime
    incident: str
    event_type: str
    unit: str
    agreement: str
    asking_party: str
    partner: str
    to_partner: float | None
    to_answer: float | None
    steps: int
    outcome: Outcome


@dataclass
class Figures:
    """Everything told of one sort of incidents in one month. Counters are by the words of the records."""

    incidents: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    by_unit: Counter[str] = field(default_factory=Counter)
    by_agreement: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    to_partner: Spread = field(default_factory=Spread)
    to_partner_by: dict[str, Spread] = field(default_factory=dict)
    to_answer: Spread = field(default_factory=Spread)
    to_answer_by: dict[str, Spread] = field(default_factory=dict)
    to_yes: Spread = field(default_factory=Spread)
    never_told: int = 0
    volunteers_asked: int = 0
    volunteers_coming: int = 0
    volunteer_requests: int = 0
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    repetitions: Counter[str] = field(default_factory=Counter)
    held: int = 0
    unclear: Counter[str] = field(default_factory=Counter)
    exercises: int = 0
    requests: tuple[RequestLine, ...] = ()

    @property
    def asked(self) -> int:
        """Requests that waited for an answer."""
        return sum(self.outcomes.values())

    @property
    def climbed(self) -> int:
        """Requests of which more than one step was asked."""
        return sum(count for steps, count in self.steps.items() if steps)


@dataclass(frozen=True)
class MonthFigures:
    """A month: real events, exercises apart from them, and what concerns the system as a whole.

    ``complete`` is false where the log begins within the month or the month, or the time in which its incidents are
    followed, is not over at ``now``.
    """

    month: Month
    real: Figures
    exercise: Figures
    left_out: Counter[str]
    stopped: tuple[Stopped, ...]
    log_begins_within: bool
    still_followed: bool
    is_over: bool


def figures_of(ledger: Ledger, month: Month, now: datetime, *, agreement: str | None = None) -> MonthFigures:
    """The figures of ``month``; with ``agreement`` only of incidents and requests under it."""
    begins = ledger.first_record_at
    left_out = Counter({why: count for (of, why), count in ledger.left_out.items() if of == month})
    cases = [case for case in ledger.cases.values() if month.start <= case.began_at < month.end]
    return MonthFigures(
        month,
        _figures((case for case in cases if case.sort is Sort.REAL), ledger, now, agreement),
        _figures((case for case in cases if case.sort is Sort.EXERCISE), ledger, now, agreement),
        left_out,
        stopped(ledger.switches, month, now),
        log_begins_within=begins is None or begins > month.start,
        still_followed=any(now < case.followed_until for case in cases),
        is_over=now >= month.end,
    )


def _figures(cases: Iterable[Case], ledger: Ledger, now: datetime, agreement: str | None) -> Figures:
    found = Figures()
    lines: list[RequestLine] = []
    timed = _Timed()
    exercises = set[str | None]()
    for case in cases:
        requests = [one for one in case.requests.values() if agreement in (None, one.agreement)]
        if agreement is not None and not requests:
            continue
        exercises.add(case.exercise)
        _count_case(found, case, requests)
        _count_texts(found, _texts_of(case, requests, ledger, whole=agreement is None))
        for request in requests:
            timed.take(case, request)
            if request.asks:
                lines.append(_line(case, request, now))
                _count_request(found, case, request, lines[-1].outcome)
            elif request.accepted_at is None:
                found.never_told += 1
    found.exercises = len(exercises - {None})
    found.requests = tuple(sorted(lines, key=lambda line: (line.began_at, line.incident, line.partner)))
    timed.fill(found)
    return found


def _count_case(found: Figures, case: Case, requests: list[Request]) -> None:
    found.incidents += 1
    found.by_type[case.event_type.value if case.event_type else UNKNOWN] += 1
    found.by_unit[case.unit or UNKNOWN] += 1
    found.by_agreement.update({request.agreement for request in requests} or {"none"})
    found.events.update(kind.value for kind in case.events.values())
    found.actions.update(request.action.value for request in requests)
    found.unclear.update(case.unclear)
    if requests:
        found.fates["crossed"] += 1
    elif case.decided is DecisionOutcome.REJECTED:
        found.fates["refused"] += 1
        found.refusals[case.refused_for or UNKNOWN] += 1
    else:
        found.fates["stayed" if case.decided is not None else "undecided"] += 1


def _count_request(found: Figures, case: Case, request: Request, outcome: Outcome) -> None:
    found.outcomes[outcome.value] += 1
    found.steps[request.steps] += 1
    found.never_told += request.accepted_at is None
    found.volunteers_asked += len(request.volunteers)
    found.volunteers_coming += len(request.coming)
    found.volunteer_requests += bool(request.volunteers)


def _texts_of(case: Case, requests: list[Request], ledger: Ledger, *, whole: bool) -> list[Text]:
    """The texts of ``case``; of some requests only, those to their two parties."""
    if whole:
        return list(case.texts.values())
    parties = {party for request in requests for party in (request.partner, request.asking_party)}
    return [
        text for text in case.texts.values() if any(ledger.people.belongs(text.contact, party) for party in parties)
    ]


def _count_texts(found: Figures, texts: list[Text]) -> None:
    for text in texts:
        channel, fate = text.channel.value, text.fate
        found.texts[channel, fate.value] += 1
        found.repetitions[channel] += text.repetitions
        found.held += text.held
        if fate in (Fate.UNKNOWN, Fate.FAILED, Fate.EXPIRED):
            reason = text.last.reason if text.last else None
            found.failures[channel, (reason or ReceiptReason.PROVIDER_ERROR).value] += 1
    found.repetitions = +found.repetitions


def _line(case: Case, request: Request, now: datetime) -> RequestLine:
    return RequestLine(
        case.began_at,
        case.incident,
        case.event_type.value if case.event_type else UNKNOWN,
        case.unit or UNKNOWN,
        request.agreement,
        request.asking_party,
        request.partner,
        _to_partner(case, request),
        _to_answer(request),
        request.steps,
        case.outcome_of(request, now),
    )


def _to_partner(case: Case, request: Request) -> float | None:
    return None if request.accepted_at is None else (request.accepted_at - case.began_at).total_seconds()


def _to_answer(request: Request) -> float | None:
    """From the first text that a provider took to the first yes, partial offer or no; an answer before any text (by
    telephone) has no such time."""
    if request.accepted_at is None or request.decided_at is None or request.decided_at < request.accepted_at:
        return None
    return (request.decided_at - request.accepted_at).total_seconds()


class _Timed:
    """Durations as they are met, by agreement."""

    def __init__(self) -> None:
        self._partner: dict[str, list[float]] = {}
        self._answer: dict[str, list[float]] = {}
        self._yes: list[float] = []

    def take(self, case: Case, request: Request) -> None:
        to_partner = _to_partner(case, request)
        if to_partner is not None:
            self._partner.setdefault(request.agreement, []).append(to_partner)
        to_answer = _to_answer(request) if request.asks else None
        if to_answer is not None:
            self._answer.setdefault(request.agreement, []).append(to_answer)
        if request.asks and request.yes_at is not None:
            self._yes.append((request.yes_at - case.began_at).total_seconds())

    def fill(self, found: Figures) -> None:
        found.to_partner_by = {name: Spread.of(values) for name, values in sorted(self._partner.items())}
        found.to_answer_by = {name: Spread.of(values) for name, values in sorted(self._answer.items())}
        found.to_partner = Spread.of(value for values in self._partner.values() for value in values)
        found.to_answer = Spread.of(value for values in self._answer.values() for value in values)
        found.to_yes = Spread.of(self._yes)

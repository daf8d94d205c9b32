"""The ladders of some incidents climbed twice with what really came: by the rules of then, and by the other policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.logs.source import LogSource, read_all
from console.replay.compare import Question, judge
from console.replay.findings import LeftOut, Problem, ProblemKind
from console.replay.past import Past
from schemas.decision import Decision
from schemas.event import MAX_LIFETIME, EmergencyEvent
from schemas.notification import Receipt, Response
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, EVENTS, RECEIPTS, RESPONSES
from streams.rules.incidents.crews import Crews
from streams.rules.simulation.course import Moment, Played, Stage, play
from streams.rules.simulation.ladders import LadderChange, ladder_changes
from streams.rules.simulation.provider import USUAL_DELAYS, Provider, provider_of, usual_delays


@dataclass
class _Records:
    """What the log holds of one incident. The first of an event id counts."""

    events: dict[str, EmergencyEvent] = field(default_factory=dict)
    decisions: dict[str, tuple[datetime, Decision]] = field(default_factory=dict)
    receipts: list[tuple[datetime, Receipt]] = field(default_factory=list)
    responses: list[tuple[datetime, Response]] = field(default_factory=list)

    def take(self, at: datetime, record: object) -> None:
        match record:
            case EmergencyEvent(replayid=None) as event:
                self.events.setdefault(event.event_id, event)
            case Decision(replayid=None) as decision:
                self.decisions.setdefault(decision.event_id, (at, decision))
            case Receipt(replayid=None) as receipt:
                self.receipts.append((at, receipt))
            case Response(replayid=None, problem=None, command=None) as response if response.answer is not None:
                self.responses.append((at, response))
            case _:
                pass


@dataclass
class Climbed:
    """What climbing again gave, by incident; ``ladders`` is how many were climbed."""

    changes: dict[str, tuple[LadderChange, ...]] = field(default_factory=dict)
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ladders: int = 0


async def climb_again(
    source: LogSource, incidents: Mapping[int, Iterable[str]], question: Question, past: Past
) -> dict[int, Climbed]:
    """Both courses of every ladder of ``incidents``, which are given by partition.

    Raises:
        TooMuchToRead, KafkaError, OSError: as ``LogSource.stream``.
    """
    wanted = {number: frozenset(names) for number, names in incidents.items()}
    records = await _read(source, wanted, question)
    return {
        number: _climb_all(number, {name: records[name] for name in sorted(names)}, question, past)
        for number, names in wanted.items()
    }


def _climb_all(partition: int, records: Mapping[str, _Records], question: Question, past: Past) -> Climbed:
    providers = {name: provider_of(one.decisions.values(), one.receipts, USUAL_DELAYS) for name, one in records.items()}
    # Of each partition by itself, so that the answer is the same however partitions are shared out.
    usual = usual_delays(providers.values())
    climbed = Climbed()
    for name, one in records.items():
        setting = _Setting(partition, Provider(providers[name].fates, usual), question, past)
        try:
            _climb(name, one, setting, climbed)
        except Exception as error:  # noqa: BLE001 - a rule that raises is told of, and the next incident looked at
            detail = f"{type(error).__name__}: {error}"[:400]
            climbed.problems.append(Problem(kind=ProblemKind.LADDER_FAILED, where=f"incident {name}", detail=detail))
    return climbed


async def _read(source: LogSource, incidents: Mapping[int, frozenset[str]], question: Question) -> dict[str, _Records]:
    records = {name: _Records() for names in incidents.values() for name in names}
    found = await read_all(
        source,
        (EVENTS, DECISIONS, RECEIPTS, RESPONSES),
        since=question.since - MAX_LIFETIME,
        until=question.until + MAX_LIFETIME,
        partitions=frozenset(incidents),
        keys=frozenset(name.encode() for name in records),
    )
    for one in found:
        mine = records.get(getattr(one.record, "incident_id", None) or "")
        if mine is not None:
            mine.take(one.appended_at, one.record)
    return records


@dataclass(frozen=True)
class _Setting:
    partition: int
    provider: Provider
    question: Question
    past: Past

    def stage(self, unasked: frozenset[str] = frozenset()) -> Stage:
        return Stage(
            partition=self.partition,
            provider=self.provider,
            crews_at=lambda at: Crews(self._policy, self.past.swaps.at(at)),
            until=self.question.until + MAX_LIFETIME,
            unasked=unasked,
        )

    def _policy(self, version: str) -> Policy | None:
        return self.question.policy if version == self.question.policy.version else self.past.policies.get(version)


def _climb(name: str, records: _Records, setting: _Setting, climbed: Climbed) -> None:
    unknown = {one.policy_version for _, one in records.decisions.values()} - setting.past.policies.keys()
    if unknown:
        detail = (
            f"policy {', '.join(sorted(one[:12] for one in unknown))} is not on the log: its ladders are not climbed"
        )
        climbed.problems.append(Problem(kind=ProblemKind.POLICY_UNKNOWN, where=f"incident {name}", detail=detail))
        return
    then = play(_moments(records, None, setting), setting.stage())
    unasked = frozenset(one.response_id for one in then.unasked)
    if unasked:  # somebody answered who had not been asked, and was heard: so it was then, and so it would be
        then = play(_moments(records, None, setting), setting.stage(unasked))
    now = play(_moments(records, setting.question.policy, setting), setting.stage(unasked))
    climbed.problems += _unlike(name, records, then)
    climbed.ladders += max(len(then.courses), len(now.courses))
    changes = tuple(ladder_changes(then.courses, now.courses))
    if changes:
        climbed.changes[name] = changes
        climbed.left_out[name] = tuple(_left_out(now))


def _moments(records: _Records, policy: Policy | None, setting: _Setting) -> Iterable[Moment]:
    """The decisions as they were made, or as ``policy`` makes them at the same moments, and the answers."""
    for event_id, (at, decision) in records.decisions.items():
        if policy is None:
            yield at, decision
        elif event_id in records.events:
            yield at, judge(records.events[event_id], decision.recorded_at, policy, setting.past)
    yield from records.responses


def _unlike(name: str, records: _Records, then: Played) -> Iterable[Problem]:
    """Where the log tells of other people than the rules of then, climbed again: a crash, a switch, another release."""
    really = {receipt.contact_id for _, receipt in records.receipts if receipt.contact_id is not None}
    more, fewer = sorted(really - then.texted), sorted(then.texted - really)
    if more or fewer:
        said = [f"{word} {', '.join(who)}" for word, who in (("really also", more), ("not really", fewer)) if who]
        detail = f"the rules of then, climbed again, text others than the log tells of: {'; '.join(said)}"
        yield Problem(kind=ProblemKind.LADDER_UNLIKE, where=f"incident {name}", detail=detail[:400])


def _left_out(played: Played) -> Iterable[LeftOut]:
    for one in played.unasked:
        yield LeftOut(
            response_id=one.response_id, contact_id=one.contact_id, role=one.role, answer=one.answer, at=one.at
        )

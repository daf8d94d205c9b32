"""Why somebody was told of an incident, or was not, in a few sentences. Pure but for the texts as sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from console.duty_view import NOBODY, why_on_duty
from console.explain import why_words as words
from console.explain.messages import Message
from console.explain.names import Whom, named
from console.explain.report import Report
from console.explain.times import ZONE, clock
from console.explain.untold import Untold
from schemas.base import Lang
from schemas.decision import Decision, Route
from schemas.event import EmergencyEvent
from schemas.notification import Receipt
from schemas.policy.models import Policy
from schemas.vocabulary import EventKind, ReceiptKind, Stage
from streams.rules.duty.crew import duty_at

PlaceOfRule = Callable[[str, str, str], str | None]
"""File and line of a clause, given policy version, agreement and clause; None where it is not known."""


@dataclass(frozen=True)
class Answer:
    """``told`` and ``untold`` of those meant; ``sentences`` say it."""

    whom: Whom
    told: bool
    sentences: tuple[str, ...]
    messages: tuple[Message, ...]
    untold: tuple[Untold, ...]


def answer(report: Report, whom: Whom, language: Lang, place_of_rule: PlaceOfRule) -> Answer:
    """Why ``whom`` was told of the incident of ``report``, or why not."""
    speaker = _Speaker(report, language, place_of_rule)
    mine = tuple(one for one in report.messages if _means(whom, one.order.party, one.order.role, one.order.contact_id))
    told = tuple(one for one in mine if one.told)
    role_of = {one.order.contact_id: one.order.role for one in report.messages}
    left_out = tuple(
        one for one in report.untold if _means(whom, one.party, one.role or role_of.get(one.contact or ""), one.contact)
    )
    if told:
        contacts = {one.order.contact_id for one in told}
        others = tuple(one for one in left_out if one.contact not in contacts)
        sentences = [*speaker.told(told), *(speaker.not_told(one) for one in others)]
        return Answer(whom, True, tuple(sentences), mine, others)
    if left_out:
        first = left_out[0]
        sentences = [
            *speaker.reporter(whom),
            speaker.not_told(first),
            *speaker.stopped(first),
            *map(speaker.not_told, left_out[1:]),
        ]
        return Answer(whom, False, tuple(sentences), mine, left_out)
    return Answer(whom, False, tuple(speaker.nothing(whom)), mine, ())


def _means(whom: Whom, party: str | None, role: str | None, contact: str | None) -> bool:
    """Whether somebody of that party, role and contact is meant; who stands for a whole party is met by its roles."""
    return (
        (whom.party is None or whom.party == party)
        and (whom.role is None or role in (None, whom.role))
        and (whom.contact is None or whom.contact == contact)
        and not (whom.party is None and whom.role is not None and role is None)
    )


class _Speaker:
    """Says things about one report in one language."""

    def __init__(self, report: Report, language: Lang, place_of_rule: PlaceOfRule) -> None:
        self._report, self._language, self._place_of_rule = report, language, place_of_rule
        self._decisions = [one.record for one in report.found.records if isinstance(one.record, Decision)]
        last = self._decisions[-1] if self._decisions else None
        self._policy = report.found.policy(last.policy_version) if last else None

    def told(self, messages: tuple[Message, ...]) -> Iterator[str]:
        """The first text to each contact, with everything that led to it; of further ones only that they went out."""
        explained: set[str] = set()
        reported = False
        for message in messages:
            order = message.order
            yield self._say(
                words.TOLD,
                who=self._name(Whom(order.party, order.role, order.contact_id)),
                when=clock(message.moments.get("accepted") or order.decided_at),
                what=self._word(order.template),
                channel=self._word(order.channel),
            )
            if order.contact_id in explained:
                yield self._became(message)
                continue
            explained.add(order.contact_id)
            if not reported:
                yield from self._reported()
                reported = True
            yield from self._rule(message)
            yield from self._step(message)
            yield from self._duty(message)
            yield from self._sent(message)
            yield from self._outcome(message)

    def not_told(self, one: Untold) -> str:
        """That somebody was not told, and why in a few words."""
        who = self._name(Whom(one.party, one.role, one.contact))
        said = self._say(words.NOT_TOLD, who=who, why=words.STOPPED[one.stopped.value][self._language])
        stage = words.STAGES.get(one.stage, {}).get(self._language, one.stage)
        return f"{said} {self._say(words.STAGE, stage=stage, reason=one.reason, detail=one.detail)}"

    def stopped(self, one: Untold) -> Iterator[str]:
        """What led up to it: who reported, and the rule where there is one."""
        yield from self._reported()
        route = self._route(one.party)
        if route is not None:
            yield from self._rule_of(*route)

    def nothing(self, whom: Whom) -> Iterator[str]:
        """Nothing on the log concerns them; or they reported it themselves."""
        yield from list(self.reporter(whom)) or [self._say(words.NOTHING_KNOWN, who=self._name(whom))]
        yield from self._reported()

    def reporter(self, whom: Whom) -> Iterator[str]:
        """That they reported it themselves, if a party is meant that did."""
        if whom.role is None and whom.party in {one.reporting_party for one in self._decisions}:
            yield self._say(words.REPORTER, who=self._name(whom))

    def _say(self, sentence: words.Words, **given: object) -> str:
        return sentence[self._language].format(**given)

    def _word(self, word: StrEnum) -> str:
        """A bounded word of the records in the language; where there is none, as it is."""
        return words.BOUNDED.get(word.value, {}).get(self._language, word.value.replace("_", " "))

    def _kind(self, event: EmergencyEvent) -> str:
        if event.event_type is None:
            return event.kind.value
        texts = self._policy.texts.get(self._language) if self._policy else None
        named = texts.event_types.get(event.event_type) if texts else None
        return str(named) if named else event.event_type.value.replace("_", " ")

    def _name(self, whom: Whom) -> str:
        return named(whom, self._policy, self._language)

    def _reported(self) -> Iterator[str]:
        for one in self._report.found.records:
            event = one.record
            if isinstance(event, EmergencyEvent) and event.kind is EventKind.REPORT:
                yield self._say(
                    words.ASKED_BY,
                    who=self._name(Whom(event.reporting_party)),
                    event=event.event_id,
                    kind=self._kind(event),
                    severity=event.severity.value,
                )
                return

    def _route(self, party: str, event: str | None = None) -> tuple[Decision, Route] | None:
        for decision in self._decisions:
            for route in decision.routes:
                if party in (route.partner, route.asking_party) and event in (None, decision.event_id):
                    return decision, route
        return None

    def _rule(self, message: Message) -> Iterator[str]:
        order = message.order
        route = self._route(order.party, order.event_id) or self._route(order.party)
        if route is not None:
            yield from self._rule_of(*route)

    def _rule_of(self, decision: Decision, route: Route) -> Iterator[str]:
        clause, version = route.clause or "–", decision.policy_version
        place = self._place_of_rule(version, route.agreement, clause)
        about = [one for one in decision.verdicts if one.stage is Stage.CLAUSE and route.agreement in one.detail]
        yield self._say(
            words.RULE,
            clause=clause,
            agreement=route.agreement,
            where=f" ({place})" if place else "",
            version=version[:12],
            detail=about[0].detail if about else decision.outcome.value,
        )

    def _step(self, message: Message) -> Iterator[str]:
        order = message.order
        ordered = message.moments.get("ordered") or order.decided_at
        before = [
            one.record.detail
            for one in self._report.found.records
            if isinstance(one.record, Receipt)
            and one.record.kind is ReceiptKind.END
            and one.record.notification_id is None
            and one.appended_at <= ordered
            and (one.record.detail or "").startswith(f"{order.party} under")
        ]
        if order.step or before:
            why = f" (“{before[-1]}”)" if before and order.step else ""
            yield self._say(words.STEP, step=order.step + 1, why=why)

    def _duty(self, message: Message) -> Iterator[str]:
        order = message.order
        policy: Policy | None = self._report.found.policy(order.policy_version)
        if policy is None or order.party not in policy.staff:
            return
        at = order.decided_at
        swaps = self._report.found.swaps_at(message.moments.get("ordered") or at)
        duty = duty_at(policy, party=order.party, role=order.role, origin=order.origin, at=at, swaps=swaps)
        mine = next((one for one in duty.people if one.member.contact == order.contact_id), None)
        if mine is not None:
            why = why_on_duty(mine, duty.uncovered, ZONE)
        elif duty.uncovered or not duty.people:
            why = NOBODY
        else:
            why = ", ".join(one.member.contact for one in duty.people)
        yield self._say(words.DUTY, why=f"{order.contact_id}, {why}" if mine else why)

    def _sent(self, message: Message) -> Iterator[str]:
        if message.sha256:
            yield self._say(words.SENT, text=self._report.texts.lines(message.order, message.sha256)[0])

    def _became(self, message: Message) -> str:
        last: datetime | None = message.moments.get("delivered") or message.moments.get("accepted")
        when = f", {clock(last)}" if last else ""
        return self._say(words.CAME_OF_IT, delivery=self._word(message.delivery), when=when)

    def _outcome(self, message: Message) -> Iterator[str]:
        yield self._became(message)
        response = message.answer
        if response is not None:
            text = f" (“{' '.join(response.text.split())}”)" if response.text else ""
            said = self._word(response.answer) if response.answer else "?"
            yield self._say(words.ANSWERED, when=clock(message.moments["answered"]), answer=said, text=text)
        elif message.order.reply_within_s:
            yield self._say(words.NO_ANSWER)


def document(report: Report, found: Answer, language: Lang) -> dict[str, Any]:
    """The answer as data: the sentences, and the records' own words behind them."""
    whole = report.document()
    mine = {one.order.notification_id for one in found.messages}
    left = {(one.party, one.role, one.contact, one.detail) for one in found.untold}
    return {
        "incident": report.found.incident,
        "language": language,
        "party": found.whom.party,
        "role": found.whom.role,
        "contact": found.whom.contact,
        "told": found.told,
        "sentences": list(found.sentences),
        "messages": [one for one in whole["messages"] if one["notification"] in mine],
        "not_told": [
            one for one in whole["not_told"] if (one["party"], one["role"], one["contact"], one["detail"]) in left
        ],
    }

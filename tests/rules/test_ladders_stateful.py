"""Any interleaving of decisions, receipts, answers, repeats, restarts and time keeps the promises about ladders."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.decision import Decision, Recipient, Route
from schemas.ids import resend_id
from schemas.incident import Climb, Ending, IncidentState, Obligation
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.policy.models import Policy
from schemas.vocabulary import Answer, Delivery, EventKind, Lane, ReceiptKind, ReceiptReason, Template
from streams.rules.incidents.asker import LIFETIME, NEWS_MAX
from streams.rules.incidents.climbs import HELPED, OVER
from streams.rules.incidents.crews import NO_CREWS, Crews
from streams.rules.incidents.due import FORGET_AFTER, due, next_due
from streams.rules.incidents.effects import Effect, Folded, Say, emits
from streams.rules.incidents.fold import fold
from streams.rules.incidents.followup import CLOSING
from streams.rules.incidents.slots import ARRIVED
from tests.dispatcher.builders import at, claim, outcome, receipt, release
from tests.rules.ladders import (
    ASKER,
    CHIEF,
    CROWD,
    DELEGATE,
    DESK,
    FIRE,
    PROVEN,
    RULES,
    VOLUNTEERS,
    asked,
    asking,
    need,
    rules,
    says,
    staff,
)

LADDERS = (FIRE, CROWD, PROVEN)
FIRST = {"fire": (DESK, CHIEF), "proven": (DESK,)}
PEOPLE = (DESK.contact_id, CHIEF.contact_id, DELEGATE.contact_id, *VOLUNTEERS, "birzai-stranger")
ALERTS = (Template.HELP, Template.INFORM, Template.REFER)
NEWS = (Template.ANSWERED, Template.UNANSWERED)
OUTCOMES = (
    Delivery.SENT,
    Delivery.SENT,
    Delivery.DELIVERED,
    Delivery.UNKNOWN,
    Delivery.FAILED_TEMP,
    Delivery.FAILED_PERM,
)
SHIFTS: tuple[Policy, ...] = (RULES, rules(staff=staff(volunteers=(), delegate=("birzai-night",))))
"""Who is on duty by day and by night; the policy's name stays."""

Duty = tuple[str, str]
Order = tuple[str, int]


def crowd() -> tuple[Recipient, ...]:
    """The volunteers as recipients."""
    return tuple(DESK.model_copy(update={"role": "volunteers", "contact_id": contact}) for contact in VOLUNTEERS)


class Ladders(RuleBasedStateMachine):
    """One incident with one or two requests, driven in any order.

    ``live`` is what may still be sent to those asked, ``lives`` counts how often each request was begun anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state: IncidentState | None = None
        self.seconds = 0.0
        self.events = 0
        self.answers = 0
        self.shift = 0
        self.policy_read = self.always_read = True
        self.caught_up = True
        self.emitted: list[Notification] = []
        self.ends: list[Receipt] = []
        self.records: list[Decision | Receipt | Response | ResendOrder] = []
        self.live: dict[tuple[str, str], set[Order]] = {}
        self.outcomes: dict[Order, set[Delivery]] = {}
        self.first_yes: dict[tuple[str, str, str], int] = {}

    @property
    def now(self) -> datetime:
        """The present moment."""
        return at(self.seconds)

    @property
    def crews(self) -> Crews:
        """Who is on duty, as far as policies were read."""
        return Crews(lambda _: SHIFTS[self.shift]) if self.policy_read else NO_CREWS

    def _apply(self, record: Decision | Receipt | Response | ResendOrder, *, remember: bool = True) -> None:
        before = self.state
        folded = fold(self.state, record, partition=1, codes_in_use=frozenset(), now=self.now)
        self.state = folded.state
        self._note(folded.effects, by_order=isinstance(record, Decision | ResendOrder))
        again = fold(self.state, record, partition=1, codes_in_use=frozenset(), now=self.now)
        assert (again.state, again.effects) == (self.state, ()), "applied twice, a record changed something"
        self._begun_anew(before)
        if remember:
            self.records.append(record)
        if self.caught_up:
            self._look()

    def _look(self) -> None:
        if self.state is None:
            return
        before, folded = self.state, due(self.state, self.now, self.crews)
        assert folded.state is not None
        self.state = folded.state
        self._note(folded.effects, by_order=False)
        self._begun_anew(before)
        assert due(self.state, self.now, self.crews) == Folded(self.state), "a moment looked at twice did more"

    def _begun_anew(self, before: IncidentState | None) -> None:
        """A request that is asked anew, or whose only yes was taken back, may be told of a first yes anew."""
        earlier = {(duty.agreement, duty.partner): duty.climb for duty in before.obligations} if before else {}
        for duty in self.state.obligations if self.state else ():
            known = earlier.get((duty.agreement, duty.partner))
            if known is not None and known.yes_told and duty.climb is not None and not duty.climb.yes_told:
                self.first_yes = {key: n for key, n in self.first_yes.items() if key[:2] != _name(duty)}

    def _note(self, effects: Iterable[Effect], *, by_order: bool) -> None:
        for effect in effects:
            if isinstance(effect, Say):
                self._ended(effect.receipt)
                continue
            note = effect.notification
            assert note.expires_at > self.now
            self.emitted.append(note)
            if note.template in NEWS:
                self._news(note)
            else:
                self._to_those_asked(note, by_order=by_order)

    def _to_those_asked(self, note: Notification, *, by_order: bool) -> None:
        key = note.contact_id, note.channel.value
        assert not self.live.get(key), "two texts that may both be sent to one contact"
        self.live[key] = {(note.notification_id, note.attempt)}
        climb = self._climb_of(note)
        assert climb is not None
        called_off = any(
            (one.contact_id, one.channel.value) == key and one.template in CLOSING for one in self.emitted
        )  # who was told that it is over is owed word that it goes on
        if note.template in ALERTS and not by_order and (note.repetition or not called_off):
            assert climb.ended not in HELPED | OVER, "somebody was woken for what is answered or over"
        if note.template is Template.ENOUGH:
            assert climb.ended is Ending.ENOUGH
            reply = next((one for one in climb.replies if one.contact_id == note.contact_id), None)
            assert reply is None or reply.answer in (Answer.RECEIVED, Answer.DEFER)

    def _news(self, note: Notification) -> None:
        assert note.answer is not None
        assert note.party == note.asking_party == ASKER
        if note.answer.answer in (Answer.ACCEPT, Answer.PARTIAL) and note.answer.first and note.attempt == 1:
            key = (note.agreement, note.answer.party, note.contact_id + note.channel)
            self.first_yes[key] = self.first_yes.get(key, 0) + 1
            assert self.first_yes[key] == 1, "a second yes was told as a first"

    def _climb_of(self, note: Notification) -> Climb | None:
        duties = self.state.obligations if self.state else ()
        return next(
            (duty.climb for duty in duties if (duty.agreement, duty.partner) == (note.agreement, note.party)), None
        )

    def _ended(self, end: Receipt) -> None:
        self.ends.append(end)
        if end.contact_id is not None and end.channel is not None:
            key = end.contact_id, end.channel.value
            self.live.get(key, set()).discard((end.notification_id or "", end.attempt or 0))

    @initialize(ladder=st.sampled_from(LADDERS), two=st.booleans(), tankers=st.integers(1, 3))
    def begin(self, ladder: Any, two: bool, tankers: int) -> None:
        """Help is asked for, of one partner or of two at once."""
        self._decide(EventKind.REPORT, ladder, tankers, 3600, two=two)

    @rule(
        kind=st.sampled_from((EventKind.REPORT, EventKind.UPDATE, EventKind.CANCEL, EventKind.ALL_CLEAR)),
        ladder=st.sampled_from(LADDERS),
        tankers=st.integers(1, 3),
        lifetime=st.sampled_from((60, 3600)),
        two=st.booleans(),
        bare=st.booleans(),
    )
    def decide(self, kind: EventKind, ladder: Any, tankers: int, lifetime: int, two: bool, bare: bool) -> None:
        """A further event of the incident is decided."""
        self._decide(kind, None if bare else ladder, tankers, lifetime, two=two)

    def _decide(self, kind: EventKind, ladder: Any, tankers: int, lifetime: int, *, two: bool) -> None:
        self.events += 1
        routes: list[Route] = []
        if ladder is not None and kind in (EventKind.REPORT, EventKind.UPDATE):
            people = FIRST.get(ladder.id, crowd())
            routes.append(asking(*people, ladder=ladder, tankers=tankers))
            if two:
                shared = {"agreement": "vecumnieki-birzai-2", "lane": Lane.ROUTINE}
                routes.append(asking(*people, ladder=FIRE, tankers=tankers, **shared))
        expires_at = at(self.seconds + lifetime)
        self._apply(asked(f"ev-{self.events}", *routes, kind=kind, expires_at=expires_at, recorded_at=self.now))

    @precondition(lambda self: self.emitted)
    @rule(data=st.data(), newest=st.booleans(), make=st.sampled_from((claim, claim, release)))
    def claim_or_release(self, data: st.DataObject, newest: bool, make: Any) -> None:
        """A notifier claims a text, or gives it back."""
        self._apply(make(self._pick(data, newest), "claim-1"), remember=False)

    @precondition(lambda self: self.emitted)
    @rule(data=st.data(), newest=st.booleans(), delivery=st.sampled_from(OUTCOMES), by=st.sampled_from(("a", "b")))
    def report_outcome(self, data: st.DataObject, newest: bool, delivery: Delivery, by: str) -> None:
        """A provider's word arrives, sooner or later than others."""
        note = self._pick(data, newest)
        order = note.notification_id, note.attempt
        self.live.get((note.contact_id, note.channel.value), set()).discard(order)
        self.outcomes.setdefault(order, set()).add(delivery)
        self._apply(outcome(note, delivery, provider=by))

    @precondition(lambda self: self.state is not None and self.state.slots)
    @rule(data=st.data(), although_answered=st.booleans(), attempts_ago=st.sampled_from((0, 0, 0, 1)))
    def resend(self, data: st.DataObject, although_answered: bool, attempts_ago: int) -> None:
        """An operator has a text tried once more: a new attempt of it, or a reason why not."""
        assert self.state is not None
        current = data.draw(st.sampled_from((*self.state.slots, *self.state.news))).current
        attempt = max(1, current.attempt - attempts_ago)
        order = ResendOrder(
            order_id=resend_id(current.notification_id, attempt),
            incident_id=current.incident_id,
            notification_id=current.notification_id,
            attempt=attempt,
            expires_at=self.now + timedelta(hours=1),
            although_answered=although_answered,
            by="operator",
            reason="it ended without a receipt",
            at=self.now,
        )
        known, before = {(note.notification_id, note.attempt) for note in self.emitted}, self.state
        folded = fold(self.state, order, partition=1, codes_in_use=frozenset(), now=self.now)
        if not emits(folded.effects):
            assert folded.state == before, "a refused order changed something"
            assert all(isinstance(effect, Say) and effect.receipt.notification_id is None for effect in folded.effects)
            return
        assert (current.notification_id, attempt + 1) not in known
        if not although_answered and current.template in ALERTS:
            climb = self._climb_of(current)
            assert climb is None or climb.ended not in HELPED, "somebody was woken for what is answered"
        assert before.closed_by is None or current.template in CLOSING, "word was sent of what is over"
        self._apply(order)

    @precondition(lambda self: self.emitted)
    @rule()
    def all_is_taken(self) -> None:
        """A provider takes everything that may still be sent."""
        for note in list(self.emitted):
            order = note.notification_id, note.attempt
            if order in self.live.get((note.contact_id, note.channel.value), set()):
                self.live[note.contact_id, note.channel.value].discard(order)
                self.outcomes.setdefault(order, set()).add(Delivery.SENT)
                self._apply(outcome(note, Delivery.SENT, provider="a"))

    @precondition(lambda self: self.emitted)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """A notifier does not send."""
        note = self._pick(data, newest=False)
        self.live.get((note.contact_id, note.channel.value), set()).discard((note.notification_id, note.attempt))
        self._apply(receipt(note, ReceiptKind.END, Delivery.SUPPRESSED, reason=ReceiptReason.STALE_ATTEMPT))

    def _pick(self, data: st.DataObject, newest: bool) -> Notification:
        return self.emitted[-1] if newest else data.draw(st.sampled_from(self.emitted))

    @rule(
        who=st.sampled_from((*PEOPLE, None)),
        answer=st.sampled_from((Answer.ACCEPT, Answer.ACCEPT, Answer.DECLINE, *Answer)),
        tankers=st.integers(0, 3),
        late=st.sampled_from((0, 0, 0, 30)),
    )
    def answer(self, who: str | None, answer: Answer, tankers: int, late: int) -> None:
        """Somebody answers, perhaps a while ago."""
        self.answers += 1
        amounts = need(tankers) if tankers else ()
        moment = at(self.seconds - late)
        self._apply(says(who or "", answer, name=f"rs-{self.answers}", amounts=amounts, at=moment, contact_id=who))

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A record that was applied before changes nothing, however much later it comes again."""
        folded = fold(
            self.state, data.draw(st.sampled_from(self.records)), partition=1, codes_in_use=frozenset(), now=self.now
        )
        assert (folded.state, folded.effects) == (self.state, ())

    @precondition(lambda self: self.ends)
    @rule(data=st.data())
    def read_own_end(self, data: st.DataObject) -> None:
        """The dispatcher's own receipt comes back to it and changes nothing."""
        end = data.draw(st.sampled_from(self.ends))
        folded = fold(self.state, end, partition=1, codes_in_use=frozenset(), now=self.now)
        assert (folded.state, folded.effects) == (self.state, ())

    @rule()
    def restart(self) -> None:
        """The dispatcher dies; the next one knows what stands on the log, and has not read everything yet."""
        if self.state is not None:
            snapshot = self.state.model_dump_json(exclude_none=True)
            assert IncidentState.model_validate_json(snapshot) == self.state
            self.state = IncidentState.model_validate_json(snapshot)
        self.caught_up = False

    @precondition(lambda self: not self.caught_up)
    @rule()
    def catch_up(self) -> None:
        """Everything was read that stood there at the start."""
        self.caught_up = True
        self._look()

    @rule(read=st.booleans(), shift=st.integers(0, 1))
    def change_of_duty(self, read: bool, shift: int) -> None:
        """Others are on duty, or the policy cannot be read for a while."""
        self.policy_read, self.shift = read, shift
        self.always_read &= read

    @rule(seconds=st.sampled_from((0, 1, 5, 31, 61, 301, 4000)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.seconds += seconds
        if self.caught_up:
            self._look()

    @rule()
    def clock_goes_back(self) -> None:
        """Another broker leads, whose clock is behind."""
        self.seconds = max(0.0, self.seconds - 20)

    @invariant()
    def a_cancel_reaches_all_who_were_told(self) -> None:
        """Once it is over, everybody who was told has that in hand, or it waits behind a claim or a text just given."""
        if self.state is None or self.state.closed_by is None:
            return
        for slot in self.state.slots:
            told = any(
                self.outcomes.get((note.notification_id, note.attempt), set()) & ARRIVED
                and Delivery.FAILED_PERM not in self.outcomes[note.notification_id, note.attempt]
                for note in self.emitted
                if (note.contact_id, note.channel) == (slot.contact_id, slot.channel) and note.template not in NEWS
            )
            held = slot.delivery in (Delivery.CLAIMED, Delivery.PENDING) and slot.waiting is not None
            waits = held and slot.waiting is not None and slot.waiting.template in CLOSING
            assert not told or slot.current.template in CLOSING or waits

    @invariant()
    def what_is_answered_is_settled(self) -> None:
        """When all is looked at, no text that would wake somebody for an answered request is still to be sent."""
        if self.state is None or not self.caught_up or not self.policy_read:
            return
        for slot in self.state.slots:
            duty = next(
                d for d in self.state.obligations if (d.agreement, d.partner) == (slot.current.agreement, slot.party)
            )
            unsent = slot.delivery in (Delivery.PENDING, Delivery.FAILED_TEMP) and not slot.reached
            unsent &= not slot.insisted  # an operator wanted it sent although it is answered
            if duty.climb is not None and duty.climb.ended in HELPED and slot.current.template in ALERTS:
                assert not unsent or self._looks_later(duty.climb)

    def _looks_later(self, climb: Climb) -> bool:
        """Whether a policy that was unknown a moment ago is asked for again soon."""
        return climb.next_at is not None and climb.next_at - self.now <= timedelta(seconds=25)

    @invariant()
    def bounds_hold(self) -> None:
        """What is kept of an incident is bounded, and each contact stands in a climb once."""
        if self.state is None:
            return
        assert len(self.state.news) <= NEWS_MAX
        for duty in self.state.obligations:
            if duty.climb is not None:
                contacts = [one.contact_id for one in duty.climb.asked]
                assert len(contacts) == len(set(contacts))
                assert duty.climb.rung < len(duty.climb.plan)

    def teardown(self) -> None:
        """Left alone, with everything read, every request ends, and the asking side knows how."""
        self.caught_up, self.policy_read = True, True
        if self.state is None or self.state.opened_at is None:
            return
        read_at = self.now
        self.seconds += 30  # the clock is never behind for longer than it went back
        self._look()
        for _ in range(300):
            moment = next_due(self.state)
            if moment is None or moment - self.now > FORGET_AFTER / 2:
                break
            self.seconds = max(self.seconds, (moment - at(0)).total_seconds())
            self._look()
        for duty in self.state.obligations:
            climb = duty.climb
            assert climb is not None
            assert climb.ended is not None
            assert climb.next_at is None
            if not self.always_read and read_at >= climb.expires_at + LIFETIME:
                continue  # the policy came when word of it was of no use any more; see docs/guarantees.md
            if self.always_read or climb.ended is not Ending.EXPIRED:
                assert all(reply.told or reply.role in climb.groups for reply in climb.replies)
            if climb.ended in (Ending.UNANSWERED, Ending.ACCEPTED, Ending.ENOUGH, Ending.PARTLY):
                assert any(self._is_news_of(note, duty) for note in self.emitted), f"nobody was told: {climb.ended}"

    def _is_news_of(self, note: Notification, duty: Obligation) -> bool:
        if note.template not in NEWS or note.answer is None:
            return False
        # An answer to two agreements of the same parties is told once.
        return (note.answer.party, note.asking_party) == (duty.partner, duty.asking_party)


def _name(duty: Obligation) -> Duty:
    return duty.agreement, duty.partner


# Explaining a failure takes longer than a test may, and would hide it behind a time-out.
_BUDGET = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLadders = Ladders.TestCase
TestLadders.settings = _BUDGET

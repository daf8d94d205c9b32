"""Any interleaving of decisions, receipts, repeats and time keeps the dispatcher's promises."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.decision import Decision, Recipient
from schemas.incident import IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.vocabulary import Channel, Delivery, EventKind, Lane, Origin, ReceiptKind, Severity, Status
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Folded, Say
from streams.rules.incidents.fold import fold
from streams.rules.incidents.followup import CLOSING
from streams.rules.incidents.slots import ARRIVED, UNSETTLED
from tests.dispatcher.builders import at, claim, decision, facts, outcome, receipt, release, response, route

CONTACTS = [
    Recipient(role="duty", contact_id=f"c-{number}", channels=channels)
    for number, channels in enumerate(((Channel.SMS,), (Channel.SMS, Channel.EMAIL), (Channel.EMAIL,)))
]
OUTCOMES = [
    Delivery.SENT,
    Delivery.DELIVERED,
    Delivery.READ,
    Delivery.UNKNOWN,
    Delivery.FAILED_TEMP,
    Delivery.FAILED_PERM,
]
KINDS = [EventKind.REPORT, EventKind.UPDATE, EventKind.UPDATE, EventKind.CANCEL, EventKind.ALL_CLEAR]

Key = tuple[str, Channel]


class Incident(RuleBasedStateMachine):
    """One incident under fire. ``live`` holds what may still be sent, per contact and channel."""

    drill = False

    def __init__(self) -> None:
        super().__init__()
        self.state: IncidentState | None = None
        self.seconds = 0.0
        self.events = 0
        self.emitted: list[Notification] = []
        self.ends: list[Receipt] = []
        self.repeatable: list[Decision | Receipt | Response] = []
        self.live: dict[Key, set[tuple[str, int]]] = {}
        self.arrived: dict[tuple[str, int], set[Delivery]] = {}
        self.ever_urgent = False

    def _fold(self, record: Decision | Receipt | Response) -> Folded:
        now = at(self.seconds)
        return fold(self.state, record, partition=1, codes_in_use=frozenset(), now=now)

    def _apply(self, record: Decision | Receipt | Response) -> None:
        before = self.state
        folded = self._fold(record)
        self._note(before, folded)
        self.state = folded.state
        again = self._fold(record)
        assert again.state == self.state
        assert again.effects == ()

    def _note(self, before: IncidentState | None, folded: Folded) -> None:
        failed = {
            (slot.contact_id, slot.channel)
            for slot in (before.slots if before else ())
            if slot.delivery is Delivery.FAILED_PERM and not slot.reached
        }
        after = folded.state.slots if folded.state else ()
        proven = {(slot.contact_id, slot.channel) for slot in after if slot.reached}
        for effect in folded.effects:
            if isinstance(effect, Say):
                self._ended(effect.receipt)
                continue
            note = effect.notification
            key = (note.contact_id, note.channel)
            assert not self.live.get(key), "two notifications that may both be sent"
            assert key not in failed - proven, "sent after a definite failure"
            assert note.expires_at > at(self.seconds)
            assert note.origin is (Origin.EXERCISE if self.drill else Origin.LIVE)
            assert note.lane is Lane.URGENT or not self.ever_urgent
            self.ever_urgent |= note.lane is Lane.URGENT
            self.live[key] = {(note.notification_id, note.attempt)}
            self.emitted.append(note)

    def _ended(self, end: Receipt) -> None:
        self.ends.append(end)
        if end.contact_id is not None and end.channel is not None:
            self.live.get((end.contact_id, end.channel), set()).discard((end.notification_id or "", end.attempt or 0))

    @rule(
        kind=st.sampled_from(KINDS),
        who=st.lists(st.sampled_from(CONTACTS), max_size=3),
        tankers=st.integers(1, 3),
        severity=st.sampled_from(Severity),
        lane=st.sampled_from(Lane),
        lifetime=st.sampled_from((60, 3600)),
        party=st.sampled_from(("bauska", "bauska", "bauska", "rokiskis")),
        other_origin=st.integers(0, 9),
        late=st.sampled_from((None, 0, 0, 20, 100)),
    )
    def decide(
        self, kind: EventKind, who: list[Recipient], tankers: int, severity: Severity, lane: Lane,
        lifetime: int, party: str, other_origin: int, late: int | None,
    ) -> None:  # fmt: skip
        """The router decides a new event."""
        self.events += 1
        exercise = self.drill if self.state is None or other_origin else not self.drill
        changes: dict[str, Any] = {"reporting_party": party, "expires_at": at(self.seconds + lifetime)}
        if late is not None:
            changes |= {"reported_at": at(self.seconds - late), "recorded_at": at(self.seconds)}
        if exercise:
            changes |= {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"}
        if self.state is None or self.state.opened_at is None:
            changes |= {"reporting_party": "bauska"}
            if exercise is not self.drill:
                return
        routes = (route(*who, shared=facts(severity, tankers), lane=lane),) if who else ()
        record = decision(f"ev-{self.events}", *routes, kind=kind, **changes)
        self.repeatable.append(record)
        self._apply(record)

    @precondition(lambda self: self.emitted)
    @rule(data=st.data(), newest=st.booleans())
    def claim_or_release(self, data: st.DataObject, newest: bool) -> None:
        """A notifier claims or gives back."""
        note = self.emitted[-1] if newest else data.draw(st.sampled_from(self.emitted))
        make = data.draw(st.sampled_from((claim, claim, release)))
        self._apply(make(note, data.draw(st.sampled_from(("claim-1", "claim-2")))))

    @precondition(lambda self: self.emitted)
    @rule(data=st.data(), newest=st.booleans(), delivery=st.sampled_from(OUTCOMES))
    def report_outcome(self, data: st.DataObject, newest: bool, delivery: Delivery) -> None:
        """A provider's word arrives, sooner or later than others."""
        note = self.emitted[-1] if newest else data.draw(st.sampled_from(self.emitted))
        attempt = (note.notification_id, note.attempt)
        self.live.get((note.contact_id, note.channel), set()).discard(attempt)
        self.arrived.setdefault(attempt, set()).add(delivery)
        record = outcome(note, delivery)
        self.repeatable.append(record)
        self._apply(record)

    @precondition(lambda self: self.emitted)
    @rule(data=st.data())
    def end_by_notifier(self, data: st.DataObject) -> None:
        """A notifier refuses to send."""
        note = data.draw(st.sampled_from(self.emitted))
        self.live.get((note.contact_id, note.channel), set()).discard((note.notification_id, note.attempt))
        delivery = data.draw(st.sampled_from((Delivery.SUPPRESSED, Delivery.EXPIRED)))
        self._apply(receipt(note, ReceiptKind.END, delivery))

    @precondition(lambda self: self.ends)
    @rule(data=st.data())
    def read_own_end(self, data: st.DataObject) -> None:
        """The dispatcher's own receipt comes back to it and changes nothing."""
        folded = self._fold(data.draw(st.sampled_from(self.ends)))
        assert (folded.state, folded.effects) == (self.state, ())

    @precondition(lambda self: self.repeatable)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A decision or outcome that was applied before changes nothing, however much later it comes again."""
        folded = self._fold(data.draw(st.sampled_from(self.repeatable)))
        assert (folded.state, folded.effects) == (self.state, ())

    @rule(number=st.integers(0, 5))
    def answer(self, number: int) -> None:
        """Somebody answers."""
        self._apply(response(f"rs-{number}"))

    @precondition(lambda self: self.state is not None)
    @rule(seconds=st.sampled_from((0, 1, 15, 61, 400, 4000)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.seconds += seconds
        assert self.state is not None
        folded = due(self.state, at(self.seconds))
        self._note(self.state, folded)
        assert folded.state is not None
        self.state = folded.state
        assert due(self.state, at(self.seconds)) == Folded(self.state)

    @invariant()
    def a_closed_incident_is_closed_for_all_who_were_told(self) -> None:
        """After a cancel, everybody who was told has the cancel in hand, or it waits behind a claim."""
        if self.state is None or self.state.closed_by is None:
            return
        for slot in self.state.slots:
            told = any(
                deliveries & ARRIVED and Delivery.FAILED_PERM not in deliveries
                for (notification_id, attempt), deliveries in self.arrived.items()
                for note in self.emitted
                if (note.notification_id, note.attempt) == (notification_id, attempt)
                and (note.contact_id, note.channel) == (slot.contact_id, slot.channel)
            )
            if told:
                # Behind a claim, or for the two seconds in which a claim just given back may be taken anew.
                held = slot.delivery in (Delivery.CLAIMED, Delivery.PENDING) and slot.waiting is not None
                waits = held and slot.waiting is not None and slot.waiting.template in CLOSING
                assert slot.current.template in CLOSING or waits

    @invariant()
    def every_follow_up_leaves_a_trace(self) -> None:
        """Whatever follows a report has a text, an end, or waits behind a notification still without outcome."""
        waiting = {
            slot.waiting.event_id
            for slot in (self.state.slots if self.state else ())
            if slot.waiting is not None and slot.delivery in UNSETTLED
        }
        traced = waiting | {note.event_id for note in self.emitted} | {end.event_id for end in self.ends}
        for record in self.repeatable:
            if isinstance(record, Decision) and record.kind is not EventKind.REPORT:
                assert record.event_id in traced

    @invariant()
    def bounds_hold(self) -> None:
        """A slot's waiting notification is never the one in hand."""
        for slot in self.state.slots if self.state else ():
            assert slot.waiting is None or slot.waiting.notification_id != slot.current.notification_id
            assert slot.next_attempt_at is None or slot.next_attempt_at - at(self.seconds) < timedelta(hours=1)


class Drill(Incident):
    """The same for an exercise."""

    drill = True


# How many examples fits the time of a unit test; the health check dislikes that a story needs a first decision.
_BUDGET = settings(
    # Explaining a failure can take longer than a test may, and then looks like a flaky one.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestIncident = Incident.TestCase
TestIncident.settings = _BUDGET
TestDrill = Drill.TestCase
TestDrill.settings = _BUDGET

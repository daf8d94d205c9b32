"""What each record does to an incident."""

from typing import Any

import pytest

from schemas.decision import Decision, PlanStep, Recipient
from schemas.incident import IncidentState, Slot
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.vocabulary import (
    Action,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    Hazard,
    Lane,
    Origin,
    ReceiptKind,
    ReceiptReason,
    Severity,
    Status,
    Template,
)
from streams.rules.incidents.decided import EVENTS_MAX, KEPT_FOR_CLOSING
from streams.rules.incidents.due import due, next_due
from streams.rules.incidents.effects import Emit, Say
from streams.rules.incidents.fold import fold
from streams.rules.incidents.opening import SLOTS_MAX, NoCodeLeft, free_code
from streams.rules.incidents.parking import ANSWERS_MAX, PARKED_MAX
from streams.rules.routing.route import route as decide
from tests.dispatcher.builders import (
    CHIEF,
    DUTY,
    HASH,
    INCIDENT,
    at,
    claim,
    decision,
    facts,
    outcome,
    receipt,
    release,
    response,
    route,
)
from tests.rules.policy_fixture import event, policy

PARTITION = 2
UPDATE, CANCEL, ALL_CLEAR = EventKind.UPDATE, EventKind.CANCEL, EventKind.ALL_CLEAR


class Story:
    """An incident as it unfolds: applies records one by one and remembers what each asked for."""

    def __init__(self) -> None:
        self.state: IncidentState | None = None
        self.emitted: list[Notification] = []
        self.said: list[Receipt] = []

    def then(self, record: Decision | Receipt | Response | ResendOrder, seconds: float = 0) -> "Story":
        """Apply ``record``; ``emitted`` and ``said`` then hold its effects only."""
        folded = fold(self.state, record, partition=PARTITION, codes_in_use=frozenset(), now=at(seconds))
        self.state = folded.state
        self.emitted = [effect.notification for effect in folded.effects if isinstance(effect, Emit)]
        self.said = [effect.receipt for effect in folded.effects if isinstance(effect, Say)]
        return self

    def wait(self, seconds: float) -> "Story":
        """Let time pass until ``seconds`` after the start of the story."""
        folded = due(self.known, at(seconds))
        self.state = folded.state
        self.emitted = [effect.notification for effect in folded.effects if isinstance(effect, Emit)]
        self.said = [effect.receipt for effect in folded.effects if isinstance(effect, Say)]
        return self

    @property
    def known(self) -> IncidentState:
        """The state, which must exist."""
        assert self.state is not None
        return self.state

    def slot(self, contact: str = "birzai-chief", channel: Channel = Channel.SMS) -> Slot:
        """The slot of one contact."""
        return next(slot for slot in self.known.slots if (slot.contact_id, slot.channel) == (contact, channel))

    @property
    def reasons(self) -> list[ReceiptReason | None]:
        """The reasons just said."""
        return [said.reason for said in self.said]


def reported(*recipients: Recipient, **changes: Any) -> Story:
    """An incident just reported to ``recipients`` (the chief alone by default)."""
    return Story().then(decision("ev-1", route(*(recipients or (CHIEF,))), **changes))


def told() -> Story:
    """An incident whose chief has the alert."""
    story = reported()
    return story.then(claim(story.emitted[0])).then(outcome(story.slot().current, Delivery.SENT))


def test_a_report_alerts_every_contact_once_per_channel() -> None:
    """A first report opens a slot for each contact and channel and emits one alert for each."""
    story = reported(DUTY, CHIEF, CHIEF)
    assert [(note.contact_id, note.channel.value) for note in story.emitted] == [
        ("birzai-duty", "sms"),
        ("birzai-duty", "email"),
        ("birzai-chief", "sms"),
    ]
    first = story.emitted[0]
    assert (first.template, first.lane, first.revision, first.attempt) == (Template.HELP, Lane.URGENT, 1, 1)
    assert (first.code, first.origin, first.party) == (story.known.code, Origin.LIVE, "birzai")
    assert story.known.asking_party == "bauska"
    assert len({note.notification_id for note in story.emitted}) == 3


def test_the_rung_of_the_recipients_stands_in_their_notifications() -> None:
    """Where nobody holds the first rung's roles the router names those of the next; they are told as such."""
    plan = tuple(
        PlanStep(step=number, roles=(role,), channels=(Channel.SMS,), send_within_s=60, answer_within_s=300)
        for number, role in enumerate(("nobody", "fire-chief"))
    )
    story = Story().then(decision("ev-1", route(CHIEF, plan=plan)))
    assert [(note.contact_id, note.step) for note in story.emitted] == [("birzai-chief", 1)]


def test_the_first_decision_of_an_event_wins() -> None:
    """A second decision of the same event changes nothing, whatever it says."""
    story = reported()
    before = story.state
    story.then(decision("ev-1", route(CHIEF, DUTY, shared=facts(Severity.MINOR))))
    assert (story.state, story.emitted, story.said) == (before, [], [])


def test_reply_codes_of_open_incidents_are_not_given_again() -> None:
    """A candidate that another incident uses is passed over, and running out is an error."""
    first = free_code(PARTITION, INCIDENT, frozenset())
    second = free_code(PARTITION, INCIDENT, frozenset({first}))
    assert first != second
    assert first[0] == second[0] == "C"

    class Everything:
        def __contains__(self, _: object) -> bool:
            return True

    with pytest.raises(NoCodeLeft):
        free_code(PARTITION, INCIDENT, Everything())


def test_an_update_goes_to_those_told_and_names_what_changed() -> None:
    """A contact that has the alert gets the update, most important change first, and nobody new is told."""
    story = told().then(decision("ev-2", route(CHIEF, DUTY, shared=facts(Severity.EXTREME, 3)), kind=UPDATE))
    (update,) = story.emitted
    assert (update.template, update.changed, update.revision) == (Template.UPDATE, ("severity", "needs"), 2)
    assert (update.contact_id, update.action) == ("birzai-chief", Action.HELP)


def test_a_lane_never_falls() -> None:
    """After an urgent report a routine update is still urgent."""
    story = told().then(decision("ev-2", route(CHIEF, lane=Lane.ROUTINE), kind=UPDATE))
    assert story.emitted[0].lane is Lane.URGENT


def test_an_update_without_a_route_repeats_the_old_facts() -> None:
    """Where nothing of an update may cross, those told are still told that there is one."""
    story = told().then(decision("ev-2", kind=UPDATE))
    assert (story.emitted[0].facts, story.emitted[0].changed) == (facts(), ())


def test_an_update_replaces_an_alert_that_has_not_gone_out() -> None:
    """A pending alert is ended as superseded and the contact gets one alert with the new facts, not a change."""
    story = reported().then(decision("ev-2", route(CHIEF, shared=facts(tankers=5)), kind=UPDATE))
    assert (story.emitted, story.said, next_due(story.known)) == ([], [], at(2))
    assert story.wait(2).reasons == [ReceiptReason.SUPERSEDED]
    (alert,) = story.emitted
    assert (alert.template, alert.facts, alert.changed) == (Template.HELP, facts(tankers=5), ())


def test_an_update_gives_way_to_a_claim_that_is_on_the_log_already() -> None:
    """A claim read just after the update wins: one alert goes out, and the update follows it as a change."""
    story = reported()
    alert = story.emitted[0]
    story.then(decision("ev-2", route(CHIEF, shared=facts(tankers=5)), kind=UPDATE), seconds=1)
    story.then(claim(alert), seconds=1.5).wait(3)
    assert (story.emitted, story.said) == ([], [])
    story.then(outcome(alert, Delivery.SENT), seconds=4)
    assert [(note.template, note.changed) for note in story.emitted] == [(Template.UPDATE, ("needs",))]


def test_a_stream_of_updates_does_not_put_the_newest_off() -> None:
    """The wait for a claim counts from the first update; the newest one goes out then, and the others say why not."""
    story = reported()
    for number, seconds in ((2, 1), (3, 2), (4, 2.9)):
        story.then(decision(f"ev-{number}", route(CHIEF, shared=facts(tankers=number)), kind=UPDATE), seconds=seconds)
    assert [(said.event_id, said.reason) for said in story.said] == [("ev-3", ReceiptReason.SUPERSEDED)]
    story.wait(3)
    assert [(note.event_id, note.template) for note in story.emitted] == [("ev-4", Template.HELP)]


def test_a_cancel_does_not_wait_for_a_claim() -> None:
    """A pending alert, with an update behind it, is ended as soon as the cancel comes."""
    story = reported().then(decision("ev-2", route(CHIEF), kind=UPDATE)).then(decision("ev-3", kind=CANCEL))
    assert [(said.event_id, said.reason) for said in story.said] == [
        ("ev-2", ReceiptReason.SUPERSEDED),
        ("ev-1", ReceiptReason.CANCELLED),
        ("ev-3", ReceiptReason.NOTHING_OWED),
    ]
    assert story.emitted == []


def test_an_update_waits_while_the_alert_is_being_sent() -> None:
    """A claimed notification is left alone; the newest follow-up goes out when its outcome arrives."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert))
    story.then(decision("ev-2", route(CHIEF, shared=facts(tankers=2)), kind=UPDATE))
    assert (story.emitted, story.said) == ([], [])
    story.then(decision("ev-3", route(CHIEF, shared=facts(tankers=3)), kind=UPDATE))
    assert story.reasons == [ReceiptReason.SUPERSEDED]
    story.then(outcome(alert, Delivery.SENT))
    (update,) = story.emitted
    assert (update.event_id, update.template, update.facts) == ("ev-3", Template.UPDATE, facts(tankers=3))


def test_a_waiting_update_becomes_the_alert_when_the_claim_is_given_back() -> None:
    """A released alert that nobody claims again was not sent: the follow-up goes out in its place as an alert."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert)).then(decision("ev-2", route(CHIEF, shared=facts(tankers=2)), kind=UPDATE))
    story.then(release(alert), seconds=10)
    assert (story.emitted, next_due(story.known)) == ([], at(12))
    effects = due(story.known, at(12)).effects
    assert [type(effect) for effect in effects] == [Say, Emit]
    assert isinstance(effects[1], Emit)
    assert effects[1].notification.template is Template.HELP


def test_a_claim_renewed_in_one_breath_keeps_the_update_waiting() -> None:
    """A notifier that gives back and claims anew is still at it; nothing is emitted beside it."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert)).then(decision("ev-2", route(CHIEF, shared=facts(tankers=2)), kind=UPDATE))
    story.then(release(alert)).then(claim(alert, "claim-2"))
    assert (story.emitted, story.slot().delivery) == ([], Delivery.CLAIMED)
    assert story.then(outcome(alert, Delivery.SENT)).emitted[0].template is Template.UPDATE


def test_changes_that_never_went_out_are_named_by_the_next_update() -> None:
    """An update superseded before it was sent hands its changes on."""
    story = told().then(decision("ev-2", route(CHIEF, shared=facts(Severity.EXTREME, 1)), kind=UPDATE))
    story.then(decision("ev-3", route(CHIEF, shared=facts(Severity.EXTREME, 9)), kind=UPDATE)).wait(2)
    assert story.emitted[0].changed == ("severity", "needs")


def test_nothing_is_owed_after_a_definite_failure() -> None:
    """A contact whose alert failed for good gets no update and no cancel, and receipts say so."""
    story = reported()
    story.then(outcome(story.emitted[0], Delivery.FAILED_PERM))
    story.then(decision("ev-2", route(CHIEF), kind=UPDATE))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.NOTHING_OWED, ReceiptReason.NOTHING_OWED])
    story.then(decision("ev-3", kind=CANCEL))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.NOTHING_OWED])


def test_a_failed_update_does_not_cost_the_cancel() -> None:
    """Who has the alert is owed the cancel even where an update in between failed for good."""
    story = told().then(decision("ev-2", route(CHIEF), kind=UPDATE))
    story.then(outcome(story.emitted[0], Delivery.FAILED_PERM)).then(decision("ev-3", kind=CANCEL))
    assert [note.template for note in story.emitted] == [Template.CANCEL]


def test_an_acceptance_taken_back_counts_as_a_failure() -> None:
    """A text accepted and later reported undelivered leaves the contact untold, in either order of receipts."""
    for order in ((Delivery.SENT, Delivery.FAILED_PERM), (Delivery.FAILED_PERM, Delivery.SENT)):
        story = reported()
        for delivery in order:
            story.then(outcome(story.slot().current, delivery))
        assert (story.slot().delivery, story.slot().reached) == (Delivery.FAILED_PERM, False)


@pytest.mark.parametrize(("kind", "template"), [(CANCEL, Template.CANCEL), (ALL_CLEAR, Template.ALL_CLEAR)])
def test_a_cancel_reaches_those_told_and_ends_what_is_pending(kind: EventKind, template: Template) -> None:
    """The chief, who was told, gets the cancel; the duty officer's pending alert ends as cancelled."""
    story = reported(CHIEF, DUTY)
    story.then(outcome(story.slot().current, Delivery.UNKNOWN))
    story.then(decision("ev-2", kind=kind))
    assert [(note.contact_id, note.template) for note in story.emitted] == [("birzai-chief", template)]
    assert story.reasons == [ReceiptReason.CANCELLED, ReceiptReason.CANCELLED]
    assert story.known.closed_by is kind


def test_a_cancel_that_nobody_needs_ends_with_a_reason() -> None:
    """Cancelling before anything went out ends the alerts and the cancel itself."""
    story = reported().then(decision("ev-2", kind=CANCEL))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.CANCELLED, ReceiptReason.NOTHING_OWED])


def test_an_alert_that_overtook_its_cancel_is_followed_by_it() -> None:
    """A claim written before our end wins on the log; when its outcome arrives the contact gets the cancel."""
    story = reported()
    alert = story.emitted[0]
    story.then(decision("ev-2", kind=CANCEL))
    story.then(claim(alert)).then(story.said[0] if story.said else receipt(alert, ReceiptKind.END))
    assert story.emitted == []
    story.then(outcome(alert, Delivery.SENT))
    assert [note.template for note in story.emitted] == [Template.CANCEL]


def test_a_superseded_alert_that_went_out_makes_its_reader_one_of_those_told() -> None:
    """The cancel reaches a contact whose only text was sent after we had ended it."""
    story = reported()
    alert = story.emitted[0]
    story.then(decision("ev-2", route(CHIEF), kind=UPDATE)).wait(2).then(outcome(alert, Delivery.SENT), seconds=3)
    assert story.slot().reached
    story.then(decision("ev-3", kind=CANCEL))
    assert (story.reasons, story.emitted[0].template) == ([ReceiptReason.CANCELLED], Template.CANCEL)


@pytest.mark.parametrize(
    ("delivery", "ends_alert"),
    [(Delivery.FAILED_TEMP, True), (Delivery.FAILED_PERM, False), (Delivery.SUPPRESSED, False)],
)
def test_a_cancel_behind_a_claim_that_came_to_nothing_ends_with_a_reason(delivery: Delivery, ends_alert: bool) -> None:
    """Whoever was never told is owed no cancel, and a receipt for the event says so, once, by contact."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert)).then(decision("ev-2", kind=CANCEL))
    assert (story.emitted, story.said) == ([], [])
    story.then(outcome(alert, delivery))
    *alerts, cancel = story.said
    assert [(said.event_id, said.reason) for said in alerts] == [("ev-1", ReceiptReason.CANCELLED)] * ends_alert
    assert (cancel.event_id, cancel.notification_id, cancel.reason, cancel.contact_id) == (
        "ev-2", None, ReceiptReason.NOTHING_OWED, "birzai-chief",
    )  # fmt: skip
    assert (story.emitted, story.then(outcome(alert, delivery)).said) == ([], [])


def test_a_cancel_behind_a_claim_given_back_ends_with_a_reason() -> None:
    """When nobody claims the alert again it is cancelled, and the cancel itself has an end too."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert)).then(decision("ev-2", kind=CANCEL)).then(release(alert)).wait(2)
    assert [(said.event_id, said.reason) for said in story.said] == [
        ("ev-1", ReceiptReason.CANCELLED),
        ("ev-2", ReceiptReason.NOTHING_OWED),
    ]
    assert story.wait(3).said == []


def test_a_failure_does_not_prove_that_an_earlier_text_stayed_unsent() -> None:
    """A claim overtook our end of the first alert; it arrives after the second one failed, and the cancel follows."""
    story = reported()
    first = story.emitted[0]
    story.then(decision("ev-2", route(CHIEF), kind=UPDATE)).wait(2)
    (second,) = story.emitted
    story.then(claim(second)).then(decision("ev-3", kind=CANCEL)).then(outcome(second, Delivery.FAILED_PERM))
    assert story.reasons == [ReceiptReason.NOTHING_OWED]
    story.then(outcome(first, Delivery.SENT))
    assert [(note.event_id, note.template) for note in story.emitted] == [("ev-3", Template.CANCEL)]


def test_an_all_clear_after_a_cancel_that_still_waits_ends_with_a_reason() -> None:
    """What waits behind the claim is the cancel; the all-clear sends nothing and says so."""
    story = reported()
    story.then(claim(story.emitted[0])).then(decision("ev-2", kind=CANCEL)).then(decision("ev-3", kind=ALL_CLEAR))
    assert [(said.event_id, said.reason) for said in story.said] == [("ev-3", ReceiptReason.NOTHING_OWED)]


def cancelled_at(seconds: float) -> Story:
    """An incident whose chief has the alert and the cancel, reported so many seconds after the start."""
    story = told().then(decision("ev-2", kind=CANCEL, reported_at=at(seconds), recorded_at=at(seconds + 5)))
    return story.then(outcome(story.emitted[0], Delivery.SENT))


def test_an_update_that_its_cancel_overtook_wakes_nobody() -> None:
    """Reported before the cancel, decided after it: old news ends with a reason and the incident stays closed."""
    story = cancelled_at(100)
    story.then(decision("ev-3", route(CHIEF), kind=UPDATE, reported_at=at(40), recorded_at=at(200)))
    assert (story.emitted, story.reasons, story.known.closed_by) == ([], [ReceiptReason.NOTHING_OWED], CANCEL)
    assert story.said[0].event_id == "ev-3"
    assert "before bauska reported" in (story.said[0].detail or "")
    assert story.known.revision == 2


def test_an_update_reported_after_the_cancel_opens_the_incident_again() -> None:
    """It goes on after all: those told get a new alert; older news is still old."""
    story = cancelled_at(100).then(decision("ev-3", route(CHIEF), kind=UPDATE, reported_at=at(101)))
    assert ([note.template for note in story.emitted], story.known.closed_by) == ([Template.HELP], None)
    story.then(decision("ev-4", route(CHIEF), kind=UPDATE, reported_at=at(99)))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.NOTHING_OWED])


def test_the_router_hands_on_when_an_event_was_reported() -> None:
    """The instant of the report, not that of its recording, tells old news from new."""
    report = event()
    assert decide(report, policy()).reported_at == report.reported_at


def test_without_times_of_report_an_update_counts_as_later() -> None:
    """Decisions older than the field keep their meaning, and a clock that runs ahead hides no update."""
    story = cancelled_at(100).then(decision("ev-3", route(CHIEF), kind=UPDATE))
    assert len(story.emitted) == 1
    fast = told().then(decision("ev-2", kind=CANCEL, reported_at=at(400), recorded_at=at(100)))
    fast.then(outcome(fast.emitted[0], Delivery.SENT))
    assert len(fast.then(decision("ev-3", route(CHIEF), kind=UPDATE, reported_at=at(150))).emitted) == 1


def test_a_second_cancel_is_not_sent_twice() -> None:
    """An all-clear after a cancel that is under way tells nobody again."""
    story = told().then(decision("ev-2", kind=CANCEL)).then(decision("ev-3", kind=ALL_CLEAR))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.NOTHING_OWED])


def test_a_report_after_a_cancel_opens_the_incident_again() -> None:
    """Those who were told that it is over get a new alert, not a change."""
    story = told().then(decision("ev-2", kind=CANCEL))
    story.then(outcome(story.emitted[0], Delivery.SENT)).then(decision("ev-3", route(CHIEF, DUTY)))
    assert [note.template for note in story.emitted] == [Template.HELP] * 3
    assert story.known.closed_by is None


def test_a_second_report_alerts_the_new_and_updates_the_told() -> None:
    """A report on a known incident may add contacts; those told get an update."""
    story = told().then(decision("ev-2", route(CHIEF, DUTY, shared=facts(tankers=4))))
    assert [(note.contact_id, note.template) for note in story.emitted] == [
        ("birzai-chief", Template.UPDATE),
        ("birzai-duty", Template.HELP),
        ("birzai-duty", Template.HELP),
    ]


def test_a_cancel_of_an_unknown_incident_says_so_once() -> None:
    """Nobody was told, so nobody is; the receipt names the event."""
    story = Story().then(decision("ev-9", kind=CANCEL))
    assert (story.said[0].reason, story.said[0].event_id) == (ReceiptReason.UNKNOWN_INCIDENT, "ev-9")
    story.then(decision("ev-9", kind=CANCEL))
    assert (story.said, story.emitted) == ([], [])
    assert story.then(decision("ev-10", route(CHIEF))).emitted != []


def test_an_update_of_an_unknown_incident_is_its_first_report() -> None:
    """Where an update names recipients nobody told, they are alerted; where it names none it ends with a reason."""
    assert [note.template for note in Story().then(decision("ev-1", route(CHIEF), kind=UPDATE)).emitted] == [
        Template.HELP
    ]
    assert Story().then(decision("ev-1", kind=UPDATE)).reasons == [ReceiptReason.UNKNOWN_INCIDENT]


def test_only_who_asked_may_change_or_cancel() -> None:
    """Another party's cancel or update sends nothing and is answered with a reason."""
    for kind in (UPDATE, CANCEL, ALL_CLEAR):
        story = told().then(decision("ev-2", kind=kind, reporting_party="rokiskis"))
        assert (story.emitted, story.reasons) == ([], [ReceiptReason.NOT_AUTHORISED])


def test_the_status_of_an_incident_never_changes() -> None:
    """An exercise under the id of a real incident, or the other way round, sends nothing."""
    drill: dict[str, Any] = {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"}
    story = told().then(decision("ev-2", route(CHIEF), **drill))
    assert (story.emitted, story.reasons) == ([], [ReceiptReason.STATUS_CONFLICT])
    story = reported(**drill)
    assert [(note.origin, note.exerciseid) for note in story.emitted] == [(Origin.EXERCISE, "ex-1")]
    assert story.then(decision("ev-2", route(CHIEF))).reasons == [ReceiptReason.STATUS_CONFLICT]


def test_a_refused_event_does_not_mark_its_incident() -> None:
    """A rejected drill under somebody's incident id does not turn the real report into a conflict."""
    story = Story().then(
        decision("ev-0", outcome=DecisionOutcome.REJECTED, status=Status.EXERCISE, origin=Origin.EXERCISE)
    )
    assert [event.event_id for event in story.known.events] == ["ev-0"]
    assert len(story.then(decision("ev-1", route(CHIEF))).emitted) == 1


def test_a_replayed_decision_sends_nothing_and_shadows_nothing() -> None:
    """A record with replayid is refused, and the event itself still counts when it comes."""
    story = Story().then(decision("ev-1", route(CHIEF), replayid="rp-1"))
    assert (story.state, story.emitted, story.reasons) == (None, [], [ReceiptReason.REPLAYED])
    assert len(story.then(decision("ev-1", route(CHIEF))).emitted) == 1


def test_a_replayed_receipt_or_answer_changes_nothing() -> None:
    """Restored receipts and answers are ignored."""
    story = reported()
    before = story.state
    story.then(outcome(story.emitted[0], Delivery.SENT).model_copy(update={"replayid": "rp-1"}))
    assert story.then(response("rs-1", replayid="rp-1")).state == before


def test_no_route_is_remembered_without_slots() -> None:
    """An event nobody needs to know of leaves a small state, so that a trace finds it."""
    story = Story().then(decision("ev-1", outcome=DecisionOutcome.NO_ROUTE))
    assert (len(story.known.events), story.known.slots, story.known.code) == (1, (), None)
    assert told().then(decision("ev-2", kind=UPDATE, outcome=DecisionOutcome.NO_ROUTE)).reasons == [
        ReceiptReason.NOTHING_OWED
    ]


def test_a_cancel_without_a_route_still_reaches_those_told() -> None:
    """No agreement need cover a cancel: it goes where the alert went."""
    assert len(told().then(decision("ev-2", kind=CANCEL, outcome=DecisionOutcome.NO_ROUTE)).emitted) == 1


def test_a_cancel_cites_the_policy_its_facts_are_from() -> None:
    """The policy active by now may know neither agreement nor party: with it nobody could write the text."""
    newer = "b" * 64
    cancelled = told().then(decision("ev-2", kind=CANCEL, outcome=DecisionOutcome.NO_ROUTE, policy_version=newer))
    assert [notification.policy_version for notification in cancelled.emitted] == [HASH]
    updated = told().then(decision("ev-2", route(CHIEF, shared=facts(tankers=2)), kind=UPDATE, policy_version=newer))
    assert [notification.policy_version for notification in updated.emitted] == [newer]


def test_what_is_stale_when_decided_expires_unsent() -> None:
    """A decision older than its own expiry ends as expired instead of waking somebody."""
    story = Story().then(decision("ev-1", route(CHIEF)), seconds=5 * 3600)
    assert (story.emitted, story.slot().delivery) == ([], Delivery.EXPIRED)
    assert story.reasons == [ReceiptReason.EXPIRED, ReceiptReason.NOTHING_OWED]


def test_a_losing_claim_and_its_release_do_not_free_the_notification() -> None:
    """The first claim stands; another notifier's release is not ours to act on."""
    story = reported()
    alert = story.emitted[0]
    story.then(claim(alert, "one")).then(claim(alert, "two")).then(release(alert, "two"))
    assert (story.slot().delivery, story.slot().claim_id) == (Delivery.CLAIMED, "one")
    assert story.then(claim(alert, "three"), seconds=61).slot().claim_id == "three"


def test_a_late_delivery_of_an_earlier_attempt_stops_the_repetition() -> None:
    """When the first attempt proves to have arrived, the pending repeat is ended as a duplicate."""
    story = reported()
    alert = story.emitted[0]
    retry = alert.model_copy(update={"attempt": 2})
    state = story.known.model_copy(update={"slots": (story.slot().model_copy(update={"current": retry}),)})
    story.state = state
    story.then(outcome(alert, Delivery.DELIVERED))
    assert (story.reasons, story.said[0].attempt) == ([ReceiptReason.DUPLICATE], 2)
    assert story.slot().delivery is Delivery.DELIVERED


def test_receipts_before_their_decision_are_parked_and_applied() -> None:
    """A receipt or answer for something not known yet waits for it."""
    alert = reported().emitted[0]
    story = Story().then(outcome(alert, Delivery.SENT)).then(response("rs-1"))
    assert len(story.known.parked) == 2
    story.then(outcome(alert, Delivery.SENT))
    assert len(story.known.parked) == 2
    story.then(decision("ev-1", route(CHIEF)))
    assert (story.slot().delivery, len(story.known.parked)) == (Delivery.SENT, 0)
    assert [answer.response_id for answer in story.known.answers] == ["rs-1"]


def test_an_end_of_something_unknown_leaves_no_trace() -> None:
    """Our own receipts come back; one about nothing we know creates no state and no reply."""
    end = receipt(reported().emitted[0], ReceiptKind.END, Delivery.SUPPRESSED)
    story = Story().then(end)
    assert (story.state, story.said) == (None, [])


def test_parked_records_are_bounded_and_dropped_with_a_receipt() -> None:
    """Beyond the bound the oldest parked receipt goes, and a receipt says which."""
    alert = reported().emitted[0]
    story = Story()
    for number in range(PARKED_MAX + 1):
        story.then(outcome(alert.model_copy(update={"notification_id": f"nt-{number}"}), Delivery.SENT))
    assert len(story.known.parked) == PARKED_MAX
    assert [(said.notification_id, said.reason) for said in story.said] == [("nt-0", ReceiptReason.UNKNOWN_INCIDENT)]


def test_the_newest_answers_are_kept() -> None:
    """A repeated answer changes nothing, and the state holds a bounded number."""
    story = told()
    for number in range(ANSWERS_MAX + 5):
        story.then(response(f"rs-{number}")).then(response(f"rs-{number}"))
    assert len(story.known.answers) == ANSWERS_MAX
    assert story.known.answers[-1].response_id == f"rs-{ANSWERS_MAX + 4}"


def test_contacts_beyond_the_bound_are_named_not_forgotten() -> None:
    """The first 300 are alerted; every further one has a receipt with a reason."""
    crowd = [
        Recipient(role="duty", contact_id=f"c-{number}", channels=(Channel.SMS,)) for number in range(SLOTS_MAX + 3)
    ]
    story = reported(*crowd)
    assert (len(story.emitted), len(story.known.slots)) == (SLOTS_MAX, SLOTS_MAX)
    assert story.reasons == [ReceiptReason.QUARANTINED] * 3


def test_an_incident_full_of_events_can_still_be_cancelled() -> None:
    """Beyond the bound updates are refused with a reason, but the cancel goes through."""
    story = told()
    for number in range(2, EVENTS_MAX - KEPT_FOR_CLOSING + 1):
        story.then(decision(f"ev-{number}", route(CHIEF), kind=UPDATE))
    before = story.state
    story.then(decision("ev-more", route(CHIEF), kind=UPDATE))
    assert (story.state, story.reasons) == (before, [ReceiptReason.QUARANTINED])
    assert story.then(decision("ev-last", kind=CANCEL)).emitted[0].template is Template.CANCEL


def test_a_quarantined_incident_takes_cancels_only() -> None:
    """Updates of a quarantined incident are refused with a reason; people told can still be told that it is over."""
    story = told()
    story.state = story.known.model_copy(update={"quarantined": "fold failed"})
    assert story.then(decision("ev-2", route(CHIEF), kind=UPDATE)).reasons == [ReceiptReason.QUARANTINED]
    assert len(story.then(decision("ev-3", kind=CANCEL)).emitted) == 1


def test_a_harder_request_is_asked_of_those_informed() -> None:
    """When an update turns information into a request for help, the follow-up asks for help."""
    story = Story().then(decision("ev-1", route(CHIEF, action=Action.INFORM, clause="inform", reply_within_s=None)))
    story.then(outcome(story.emitted[0], Delivery.SENT)).then(decision("ev-2", route(CHIEF), kind=UPDATE))
    assert (story.emitted[0].action, story.emitted[0].reply_within_s) == (Action.HELP, 600)


def test_a_failed_repeat_does_not_take_back_the_attempt_that_arrived() -> None:
    """Where the first attempt arrived and the repeat, sent all the same, failed, the contact still counts as told."""
    story = reported()
    alert = story.emitted[0]
    retry = alert.model_copy(update={"attempt": 2})
    story.state = story.known.model_copy(update={"slots": (story.slot().model_copy(update={"current": retry}),)})
    story.then(outcome(alert, Delivery.DELIVERED))
    story.then(outcome(retry, Delivery.READ)).then(outcome(retry, Delivery.FAILED_PERM))
    assert story.slot().reached
    story = reported()
    story.state = story.known.model_copy(update={"slots": (story.slot().model_copy(update={"current": retry}),)})
    story.then(outcome(alert, Delivery.SENT)).then(outcome(retry, Delivery.FAILED_PERM))
    assert story.slot().reached
    assert story.then(decision("ev-2", kind=CANCEL)).emitted[0].template is Template.CANCEL


def test_what_an_update_leaves_out_stays_as_it_was() -> None:
    """An update that says nothing of needs and severity changes neither."""
    quiet = facts(Severity.UNKNOWN).model_copy(update={"needs": (), "hazards": (Hazard.SMOKE,)})
    story = told().then(decision("ev-2", route(CHIEF, shared=quiet), kind=UPDATE))
    (update,) = story.emitted
    assert (update.facts.severity, update.facts.needs) == (facts().severity, facts().needs)
    assert update.changed == ("hazards",)


def test_a_referral_carries_nothing_over() -> None:
    """What was shared under another clause does not follow into a police matter."""
    bare = facts(Severity.UNKNOWN).model_copy(update={"needs": ()})
    refer = route(CHIEF, shared=bare, action=Action.REFER)
    (update,) = told().then(decision("ev-2", refer, kind=UPDATE)).emitted
    assert update.facts == bare

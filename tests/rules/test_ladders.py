"""A request climbs its ladder until somebody says yes, or the asking side knows that nobody did."""

from typing import Any

import pytest

from schemas.decision import Recipient
from schemas.event import Service
from schemas.incident import Ending
from schemas.notification import Response
from schemas.policy.models import Ladder, LadderStep, Member, Staff
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    ReceiptReason,
    ReplyProblem,
    ServiceKind,
    Status,
    Template,
)
from streams.rules.incidents.asker import KEPT_FOR_ENDS, NEWS_MAX
from streams.rules.incidents.climbs import SERVICE
from streams.rules.incidents.crews import NO_CREWS, Crews
from tests.dispatcher.builders import at, claim, outcome
from tests.rules.ladders import (
    ANSWER_S,
    CHIEF,
    CROWD,
    DELEGATE,
    DESK,
    INFORM,
    PARTNER,
    PROVEN,
    RULES,
    SEND_S,
    VOLUNTEERS,
    Climbing,
    asked,
    asking,
    begun,
    crews_of,
    need,
    rules,
    says,
    staff,
)


def test_a_yes_to_the_first_text_ends_the_climb_and_is_told() -> None:
    """Nobody else is woken, and the asking side learns who comes, with what and when."""
    story = begun().accepted().wait(60)
    story.apply(says(DESK.contact_id, amounts=need(1), eta_min=20))
    (news,) = story.news()
    assert news.answer is not None
    assert (news.template, news.contact_id, news.party, news.language) == (
        Template.ANSWERED,
        "vecumnieki-desk",
        "vecumnieki",
        "lv",
    )
    said = news.answer
    assert (said.party, said.role, said.answer) == (PARTNER, "duty_desk", Answer.ACCEPT)
    assert (said.amounts, said.eta_min, said.first) == (need(1), 20, True)
    assert story.climb.ended is Ending.ACCEPTED
    story.accepted()
    assert story.wait(3 * ANSWER_S).emitted == []


def test_silence_climbs_to_the_end_and_the_asker_is_told() -> None:
    """Each rung has its time from the moment a provider took its first text; then the asking side learns of it."""
    story = begun()
    assert story.alerts() == [DESK.contact_id, CHIEF.contact_id]
    first = story.emitted
    story.wait(50).accepted(*first)
    assert story.wait(ANSWER_S - 1).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)
    assert story.reasons() == [ReceiptReason.NOBODY_ANSWERED]
    story.accepted()
    assert story.wait(ANSWER_S).alerts() == [DELEGATE.contact_id]
    story.accepted()
    assert story.wait(ANSWER_S - 1).emitted == []
    (news,) = story.wait(1).news()
    assert news.template is Template.UNANSWERED
    assert news.answer is not None
    assert (news.answer.answer, news.answer.tried) == (None, ("duty_desk", "fire_chief", "volunteers", "delegate"))
    assert story.climb.ended is Ending.UNANSWERED
    assert story.accepted().wait(3600).emitted == []


def test_whom_no_text_could_reach_was_not_asked() -> None:
    """The asking side reads nothing of a chief whose phone said STOP: nobody has asked the chief."""
    story = begun(ladder=PROVEN)
    desk, chief = story.emitted
    assert (desk.contact_id, chief.contact_id) == (DESK.contact_id, CHIEF.contact_id)
    story.accepted(desk).failed(chief)
    (news,) = story.wait(ANSWER_S).news()
    assert news.answer is not None
    assert (news.template, news.answer.tried) == (Template.UNANSWERED, ("duty_desk",))


def test_time_counts_from_acceptance_and_not_from_the_order() -> None:
    """A text that a provider takes late gives its reader the whole time to answer."""
    story = begun()
    orders = story.emitted
    story.wait(SEND_S - 1).accepted(*orders)
    assert story.wait(ANSWER_S - 1).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)


def test_what_no_provider_takes_in_time_moves_the_ladder_on() -> None:
    """No acceptance of anybody within the step's time to send is itself a failure."""
    story = begun()
    assert story.wait(SEND_S - 1).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)
    assert story.reasons() == [ReceiptReason.NOT_SENT_IN_TIME]


def test_time_in_which_nobody_looked_costs_nobody_anything() -> None:
    """A request decided while the dispatcher was down gets its whole time to be sent from when it is ordered."""
    story = Climbing().unread(asked("ev-1", asking(DESK, CHIEF)))
    assert story.alerts() == [DESK.contact_id, CHIEF.contact_id]
    assert story.wait(3600).alerts() == []
    assert story.wait(SEND_S - 1).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)


def test_a_step_whose_texts_all_failed_for_good_is_over_at_once() -> None:
    """While one of two may still arrive it waits; when the last has failed, the next step's people are asked."""
    story = begun()
    desk, chief = story.emitted
    assert story.failed(desk).alerts() == []
    assert story.failed(chief).alerts() == list(VOLUNTEERS)


def test_a_text_that_was_taken_and_never_arrived_reopens_the_question() -> None:
    """'Undelivered' after 'sent' takes the acceptance back: with nobody left to answer the ladder moves on."""
    story = begun()
    desk, chief = story.emitted
    story.accepted(desk)
    story.failed(chief)
    assert story.wait(20).alerts() == []
    story.apply(outcome(desk, Delivery.FAILED_PERM, reason=ReceiptReason.UNDELIVERED))
    assert story.alerts() == list(VOLUNTEERS)


def test_the_second_no_of_two_moves_the_ladder_on_at_once() -> None:
    """One no waits for the other; each is told to the asking side once."""
    story = begun().accepted().wait(30)
    story.apply(says(CHIEF.contact_id, Answer.DECLINE))
    assert [news.answer and news.answer.answer for news in story.news()] == [Answer.DECLINE]
    assert story.alerts() == []
    story.apply(says(DESK.contact_id, Answer.DECLINE))
    assert story.alerts() == list(VOLUNTEERS)
    assert len(story.news()) == 1


def test_everybody_said_no() -> None:
    """A ladder of noes ends as unanswered, and names nobody as silent."""
    story = begun(DELEGATE, ladder=PROVEN).accepted().apply(says(DELEGATE.contact_id, Answer.DECLINE))
    decline, nobody = story.news()
    assert (decline.template, nobody.template) == (Template.ANSWERED, Template.UNANSWERED)
    assert nobody.answer is not None
    assert nobody.answer.tried == ()


def test_word_that_a_text_was_read_postpones_nothing() -> None:
    """'Received' and 'later' are told to the asking side once, and the step's time runs on."""
    story = begun().accepted().wait(10)
    story.apply(says(DESK.contact_id, Answer.RECEIVED))
    assert [news.answer and news.answer.answer for news in story.news()] == [Answer.RECEIVED]
    assert story.apply(says(DESK.contact_id, Answer.RECEIVED, name="again")).news() == []
    assert story.wait(ANSWER_S - 11).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)


def test_a_partial_offer_goes_on_climbing_until_the_need_is_met() -> None:
    """One tanker of three and then two more are enough; each offer is told."""
    story = Climbing().apply(asked("ev-1", asking(DESK, CHIEF, tankers=3))).accepted().wait(10)
    story.apply(says(CHIEF.contact_id, Answer.PARTIAL, amounts=need(1)))
    assert [news.answer and news.answer.amounts for news in story.news()] == [need(1)]
    assert story.climb.ended is None
    assert story.wait(ANSWER_S).alerts() == list(VOLUNTEERS)
    story.accepted().apply(says(DESK.contact_id, Answer.PARTIAL, amounts=need(2)))
    assert story.climb.ended is Ending.ACCEPTED


def test_part_of_the_help_at_the_ladders_end_is_said_so() -> None:
    """Where only part comes, the asking side is told what, and which roles kept silent."""
    story = Climbing().apply(asked("ev-1", asking(DESK, ladder=PROVEN, tankers=3))).accepted().wait(10)
    story.apply(says("birzai-other", Answer.PARTIAL, amounts=need(1), role="fire_chief"))
    (news,) = story.wait(ANSWER_S).news()
    assert news.answer is not None
    assert (news.template, news.answer.answer, news.answer.amounts) == (Template.ANSWERED, Answer.PARTIAL, need(1))
    assert (news.answer.tried, news.answer.first, story.climb.ended) == (("duty_desk",), False, Ending.PARTLY)


def test_a_reply_just_before_the_deadline_wakes_nobody() -> None:
    """A second before the step is over, a yes ends the climb."""
    story = begun().accepted().wait(ANSWER_S - 1).apply(says(CHIEF.contact_id))
    assert (story.alerts(), story.climb.ended) == ([], Ending.ACCEPTED)
    assert story.wait(2).alerts() == []


def test_a_reply_just_after_the_deadline_spares_whom_nobody_told_yet() -> None:
    """The next step was ordered a second ago: what is not in a notifier's hand is not sent, with the reason."""
    story = begun().accepted().wait(ANSWER_S)
    sent, *unsent = story.emitted
    story.accepted(sent).wait(1).apply(says(CHIEF.contact_id))
    assert story.climb.ended is Ending.ACCEPTED
    ends = [receipt for receipt in story.said if receipt.notification_id]
    assert [(end.contact_id, end.reason) for end in ends] == [(n.contact_id, ReceiptReason.ANSWERED) for n in unsent]
    assert story.wait(ANSWER_S).emitted == []


def test_an_unread_yes_comes_before_the_overdue_step() -> None:
    """Where both are known at once, nobody is woken."""
    story = begun().accepted()
    story.seconds += ANSWER_S + 30
    assert story.apply(says(CHIEF.contact_id)).alerts() == []


def test_a_yes_after_the_end_is_news_and_a_second_one_an_update() -> None:
    """The first yes is always a first; another is told as an update and sets nothing in motion."""
    story = begun(DESK, ladder=PROVEN).accepted().wait(ANSWER_S)
    assert story.climb.ended is Ending.UNANSWERED
    (first,) = story.accepted().wait(100).apply(says(DESK.contact_id)).news()
    (second,) = story.apply(says("birzai-other", role="fire_chief")).news()
    assert (first.answer and first.answer.first, second.answer and second.answer.first) == (True, False)
    assert first.notification_id != second.notification_id


def test_two_helpers_at_once_are_both_told_and_only_the_first_is_an_alarm() -> None:
    """Both answers of one moment reach the asking side."""
    story = begun().accepted().apply(says(DESK.contact_id), says(CHIEF.contact_id))
    assert [news.answer and (news.answer.role, news.answer.first) for news in story.news()] == [
        ("duty_desk", True),
        ("fire_chief", False),
    ]


def test_a_yes_taken_back_is_told_and_the_ladder_is_climbed_on() -> None:
    """Help that will not come after all is looked for further up."""
    story = begun().accepted().apply(says(DESK.contact_id)).wait(10)
    story.apply(says(DESK.contact_id, Answer.DECLINE, at=at(10)))
    assert [news.answer and news.answer.answer for news in story.news()] == [Answer.DECLINE]
    assert story.climb.ended is None
    assert story.wait(ANSWER_S).alerts() == list(VOLUNTEERS)


def test_a_yes_taken_back_is_an_alarm_and_the_next_yes_a_first_one() -> None:
    """Who counted on help and has none must not read it under 'new information', nor the help that comes after all."""
    story = begun().accepted().apply(says(DESK.contact_id)).wait(10)
    told = [news.answer for news in story.apply(says(DESK.contact_id, Answer.DECLINE, at=at(10))).news()]
    told += [news.answer for news in story.apply(says(CHIEF.contact_id, at=at(11))).news()]
    assert [(one.answer, one.first) for one in told if one] == [(Answer.DECLINE, True), (Answer.ACCEPT, True)]


def test_one_of_two_helpers_falls_out_and_it_is_an_update() -> None:
    """While the other still comes nobody need be alarmed."""
    story = begun().accepted().apply(says(DESK.contact_id), says(CHIEF.contact_id)).wait(10)
    story.apply(says(DESK.contact_id, Answer.DECLINE, at=at(10)))
    told = [news.answer for news in story.news()]
    assert [(one.answer, one.first) for one in told if one] == [(Answer.DECLINE, False)]


def test_an_older_answer_never_overrules_a_newer_one() -> None:
    """What arrives late, or again, is judged by when it was said."""
    story = begun().accepted().apply(says(DESK.contact_id, Answer.DECLINE, at=at(50)))
    assert story.apply(says(DESK.contact_id, Answer.ACCEPT, at=at(40))).news() == []
    assert story.climb.ended is None


def test_volunteers_are_counted_until_enough_come() -> None:
    """Of four the third yes is enough: the fourth is told so, and the asking side knows how many come and when."""
    story = begun(*_crowd(), ladder=CROWD).accepted()
    (first,) = story.apply(says(VOLUNTEERS[0], eta_min=12)).news()
    assert first.answer is not None
    assert (first.answer.coming, first.answer.asked, first.answer.first) == (1, 4, True)
    assert story.wait(5).apply(says(VOLUNTEERS[1], eta_min=8)).news() == []
    (enough,) = story.wait(5).apply(says(VOLUNTEERS[2])).news()
    assert enough.answer is not None
    assert (enough.answer.coming, enough.answer.eta_min, enough.answer.first) == (3, 8, False)
    thanked = [note for note in story.emitted if note.template is Template.ENOUGH]
    assert [note.contact_id for note in thanked] == [VOLUNTEERS[3]]
    assert (story.climb.ended, thanked[0].answer and thanked[0].answer.coming) == (Ending.ENOUGH, 3)


def test_a_crowd_that_is_not_enough_is_told_in_between_and_climbed_past() -> None:
    """The second yes is told a minute after the first, and after the step's time the next rung is asked."""
    story = begun(*_crowd(), ladder=CROWD).accepted().apply(says(VOLUNTEERS[0]))
    story.wait(5).apply(says(VOLUNTEERS[1]))
    (later,) = story.wait(55).news()
    assert later.answer is not None
    assert later.answer.coming == 2
    assert story.wait(ANSWER_S - 60).alerts() == [DELEGATE.contact_id]


def test_no_of_a_volunteer_is_counted_and_not_told() -> None:
    """Fifty noes would be a storm; when all have said no the ladder moves on."""
    story = begun(*_crowd(), ladder=CROWD).accepted()
    for contact in VOLUNTEERS[:3]:
        assert story.apply(says(contact, Answer.DECLINE)).emitted == []
    assert story.apply(says(VOLUNTEERS[3], Answer.DECLINE)).alerts() == [DELEGATE.contact_id]


def _crowd() -> list[Recipient]:
    return [DESK.model_copy(update={"role": "volunteers", "contact_id": contact}) for contact in VOLUNTEERS]


def test_volunteers_whose_text_is_unsent_are_spared_when_enough_come() -> None:
    """The end of their alert says why; should it have gone out all the same, they get the word that is owed."""
    story = begun(*_crowd(), ladder=CROWD)
    *told, last = story.emitted
    story.accepted(*told).apply(*(says(contact) for contact in VOLUNTEERS[:3]))
    assert [r.reason for r in story.said if r.notification_id == last.notification_id] == [ReceiptReason.ANSWERED]
    assert [note.template for note in story.emitted if note.contact_id == last.contact_id] == []
    story.accepted(last)
    assert [(note.contact_id, note.template) for note in story.emitted] == [(last.contact_id, Template.ENOUGH)]


def test_an_empty_rung_is_skipped_with_a_reason() -> None:
    """Where nobody holds a rung's roles at its time, the next one is asked at once."""
    story = Climbing(crews=crews_of(RULES))
    bare = rules(staff=staff(volunteers=()))
    story.crews = crews_of(bare)
    story.apply(asked("ev-1", asking(DESK, CHIEF), policy_version=bare.version)).accepted()
    assert story.wait(ANSWER_S).alerts() == [DELEGATE.contact_id]
    assert story.reasons() == [ReceiptReason.NOBODY_ANSWERED, ReceiptReason.NOTHING_OWED]
    assert story.said[1].detail is not None
    assert "step 2 (volunteers) is skipped: nobody holds its roles now" in story.said[1].detail


def test_a_policy_not_read_yet_is_waited_for() -> None:
    """Nobody is skipped, and nothing is told, until the version that the decision names is known."""
    story = begun().accepted()
    known, story.crews = story.crews, NO_CREWS
    assert story.wait(2 * ANSWER_S).emitted == []
    assert story.apply(says(DESK.contact_id, Answer.RECEIVED)).emitted == []
    story.crews = known
    story.wait(10)
    assert (story.alerts(), len(story.news())) == (list(VOLUNTEERS), 1)


def test_an_incident_that_expires_while_its_policy_is_unknown_ends_with_a_reason() -> None:
    """Every request ends, even one that could never be looked after."""
    story = begun()
    story.crews = NO_CREWS
    story.wait(5 * 3600)
    assert (story.climb.ended, story.climb.next_at) == (Ending.EXPIRED, None)
    assert ReceiptReason.EXPIRED in story.reasons()


def test_expiry_ends_the_climb_and_is_told() -> None:
    """What is stale is expired with a reason, and the asking side is told of it in time to read it."""
    story = Climbing().apply(asked("ev-1", asking(DESK, CHIEF), expires_at=at(100))).accepted()
    (news,) = story.wait(100).news()
    assert (news.template, story.climb.ended) == (Template.UNANSWERED, Ending.EXPIRED)
    assert news.expires_at > at(1000)
    assert story.accepted().wait(ANSWER_S).alerts() == []


def test_a_cancel_ends_the_climb_and_reaches_all_who_were_asked() -> None:
    """Those of both rungs are told that it is over; a later answer is kept and told to nobody."""
    story = begun().accepted().wait(ANSWER_S).accepted()
    story.apply(asked("ev-2", kind=EventKind.CANCEL))
    assert {note.contact_id for note in story.emitted} == {DESK.contact_id, CHIEF.contact_id, *VOLUNTEERS}
    assert {note.template for note in story.emitted} == {Template.CANCEL}
    story.accepted().apply(says(DESK.contact_id))
    assert (story.emitted, len(story.known.answers), story.climb.ended) == ([], 1, Ending.CALLED_OFF)
    assert story.wait(2 * ANSWER_S).emitted == []


def test_an_update_reaches_those_asked_and_whom_a_later_rung_adds_gets_the_newest_facts() -> None:
    """While the second step waits the fire grows: its people get the change, the third gets a first alert of it."""
    story = begun().accepted().wait(ANSWER_S).accepted().wait(10)
    story.apply(asked("ev-2", asking(DESK, CHIEF, tankers=5), kind=EventKind.UPDATE))
    assert {note.template for note in story.emitted} == {Template.UPDATE}
    assert len(story.emitted) == 6
    story.accepted()
    (alert,) = story.wait(ANSWER_S).emitted
    assert (alert.contact_id, alert.template, alert.event_id) == (DELEGATE.contact_id, Template.HELP, "ev-2")
    assert alert.facts.needs == need(5)


def test_a_report_after_the_cancel_begins_the_ladder_anew() -> None:
    """All who were told are asked again at once, and only who was not told yet stands on a later rung."""
    story = begun().accepted().apply(asked("ev-2", kind=EventKind.CANCEL)).accepted()
    story.apply(asked("ev-3", asking(DESK, CHIEF)))
    assert story.alerts() == [DESK.contact_id, CHIEF.contact_id]
    story.accepted()
    assert story.wait(ANSWER_S).alerts() == list(VOLUNTEERS)


def test_a_report_once_more_after_silence_asks_again() -> None:
    """The asking side presses on: the texts go out as updates, and silence is told to it again."""
    story = begun(DESK, ladder=PROVEN).accepted().wait(ANSWER_S).accepted()
    story.apply(asked("ev-2", asking(DESK, ladder=PROVEN))).accepted()
    assert story.climb.ended is None
    (news,) = story.wait(ANSWER_S).news()
    assert news.template is Template.UNANSWERED


def test_those_spared_by_an_answer_get_no_update() -> None:
    """A contact whose alert was not sent, since others had answered, is not woken by what follows."""
    story = begun()
    desk, chief = story.emitted
    story.accepted(desk).apply(says(DESK.contact_id))
    assert chief.notification_id in {receipt.notification_id for receipt in story.said}
    story.apply(asked("ev-2", asking(DESK, CHIEF, tankers=2), kind=EventKind.UPDATE))
    assert [note.contact_id for note in story.emitted] == [DESK.contact_id]


def test_silence_of_a_provider_orders_the_text_by_another_once() -> None:
    """No proof of delivery in time: the same text again, marked as a repetition, not by that provider."""
    story = begun(DESK, ladder=PROVEN).accepted(by="twilio")
    assert story.wait(29).emitted == []
    (repeat,) = story.wait(1).emitted
    assert (repeat.attempt, repeat.repetition, repeat.not_by) == (2, True, ("twilio",))
    story.accepted(by="smpp")
    (third,) = story.wait(30).emitted
    assert third.not_by == ("twilio", "smpp")
    story.accepted(by="twilio")
    assert story.wait(60).emitted == []


def test_a_repeated_receipt_of_the_silent_provider_takes_no_repetition_back() -> None:
    """That it took the text is known; only proof that it arrived ends the second attempt."""
    story = begun(DESK, ladder=PROVEN)
    (first,) = story.emitted
    taken = outcome(first, Delivery.SENT, provider="twilio")
    story.apply(taken).wait(30)
    assert story.apply(taken).said == []
    story.apply(outcome(first, Delivery.DELIVERED, provider="twilio"))
    assert [receipt.reason for receipt in story.said] == [ReceiptReason.DUPLICATE]


def test_an_update_behind_a_claim_wakes_nobody_once_the_request_is_answered() -> None:
    """Should the claimed alert not arrive, its contact was never told, and nothing is left to tell."""
    story = begun()
    desk, chief = story.emitted
    story.accepted(desk).apply(claim(chief)).apply(says(DESK.contact_id))
    story.apply(asked("ev-2", asking(DESK, CHIEF, tankers=2), kind=EventKind.UPDATE))
    story.apply(outcome(chief, Delivery.FAILED_TEMP))
    assert story.emitted == []
    assert story.wait(3600).emitted == []
    told = begun()
    desk, chief = told.emitted
    told.accepted(desk).apply(claim(chief)).apply(says(DESK.contact_id))
    told.apply(asked("ev-2", asking(DESK, CHIEF, tankers=2), kind=EventKind.UPDATE)).accepted(chief)
    assert [(note.contact_id, note.template) for note in told.emitted] == [(CHIEF.contact_id, Template.UPDATE)]


def test_a_report_after_the_cancel_waits_for_its_own_acceptance() -> None:
    """What a provider took before the cancel says nothing of the new alert: its time to be sent runs anew."""
    story = begun().accepted().apply(asked("ev-2", kind=EventKind.CANCEL)).accepted()
    story.wait(10).apply(asked("ev-3", asking(DESK, CHIEF)))
    assert story.wait(SEND_S - 1).alerts() == []
    assert story.wait(1).alerts() == list(VOLUNTEERS)
    assert story.reasons() == [ReceiptReason.NOT_SENT_IN_TIME]


def test_proof_of_delivery_in_time_sends_nothing_more() -> None:
    """A delivered text is not ordered again."""
    story = begun(DESK, ladder=PROVEN)
    (alert,) = story.emitted
    story.accepted().wait(10).apply(outcome(alert, Delivery.DELIVERED))
    assert story.wait(100).emitted == []


def test_an_exercise_climbs_among_exercise_contacts() -> None:
    """Later rungs, and whom the asking side tells, are the exercise's own."""
    story = Climbing()
    desk = DESK.model_copy(update={"contact_id": "birzai-desk-x"})
    drill: dict[str, Any] = {"status": "Exercise", "origin": "exercise", "exerciseid": "drill-1"}
    story.apply(asked("ev-1", asking(desk), **drill)).accepted()
    assert set(story.wait(ANSWER_S).alerts()) == {f"{contact}-x" for contact in VOLUNTEERS}
    (news,) = story.accepted().apply(says("birzai-desk-x")).news()
    assert (news.contact_id, news.origin, news.exerciseid) == ("vecumnieki-desk-x", "exercise", "drill-1")


def test_a_request_that_reaches_nobody_is_climbed_and_its_end_told() -> None:
    """Where no rung has anybody, the asking side learns at once that nobody could be asked."""
    empty = rules(staff=staff(duty_desk=(), fire_chief=(), volunteers=(), delegate=()))
    story = Climbing(crews=crews_of(empty))
    record = asked("ev-1", asking(), policy_version=empty.version, outcome=DecisionOutcome.NO_ROUTE)
    (news,) = story.apply(record).news()
    assert (news.template, story.climb.ended, story.known.slots) == (Template.UNANSWERED, Ending.UNANSWERED, ())
    assert sum("is skipped" in (receipt.detail or "") for receipt in story.said) == 3


def test_whoever_is_on_duty_when_a_rungs_turn_comes_is_asked() -> None:
    """What held when the request was decided counts for its first step only."""
    story = begun().accepted()
    night = rules(staff=staff(volunteers=("birzai-night",)))
    story.crews = Crews(lambda _: night)
    assert story.wait(ANSWER_S).alerts() == ["birzai-night"]


def test_a_rung_may_add_a_channel_to_somebody_who_was_asked() -> None:
    """E-mail first and then SMS to the same desk: the second reaches it by what it has not been reached by."""
    email = Ladder(
        id="fire",
        steps=(
            LadderStep(roles=("duty_desk",), channels=(Channel.EMAIL,), send_within=60, answer_within=300),
            LadderStep(roles=("duty_desk",), channels=(Channel.SMS,), send_within=60, answer_within=300),
        ),
    )
    both = Staff(live=(Member(contact=DESK.contact_id, channels=(Channel.SMS, Channel.EMAIL)),))
    policy = rules(ladders=(email,), staff=staff() | {PARTNER: {"duty_desk": both}})
    story = Climbing(crews=crews_of(policy))
    desk = DESK.model_copy(update={"channels": (Channel.EMAIL,)})
    story.apply(asked("ev-1", asking(desk, ladder=email), policy_version=policy.version)).accepted()
    (alert,) = story.wait(ANSWER_S).emitted
    assert (alert.contact_id, alert.channel, alert.step) == (DESK.contact_id, Channel.SMS, 1)


def test_a_request_that_grows_into_a_call_for_help_climbs_from_the_bottom() -> None:
    """Those told get the update; whom the new ladder's first rung adds gets a first alert, and then it climbs."""
    told = asking(DESK, ladder=INFORM, action=Action.INFORM, clause="inform", reply_within_s=None)
    story = Climbing().apply(asked("ev-1", told)).accepted()
    assert (story.climb.ended, story.wait(1000).emitted) == (Ending.NOT_ASKED, [])
    story.apply(asked("ev-2", asking(DESK, CHIEF), kind=EventKind.UPDATE))
    assert [(note.contact_id, note.template) for note in story.emitted] == [
        (DESK.contact_id, Template.UPDATE),
        (CHIEF.contact_id, Template.HELP),
    ]
    assert story.accepted().wait(ANSWER_S).alerts() == list(VOLUNTEERS)


def test_an_answer_to_a_notice_that_asks_for_none_is_told() -> None:
    """'We come anyway' reaches the asking side, though nothing is climbed."""
    told = asking(DESK, ladder=INFORM, action=Action.INFORM, clause="inform", reply_within_s=None)
    story = Climbing().apply(asked("ev-1", told)).accepted().apply(says(DESK.contact_id))
    assert [news.answer and news.answer.answer for news in story.news()] == [Answer.ACCEPT]
    assert story.climb.ended is Ending.NOT_ASKED


def test_an_answer_with_a_problem_is_kept_and_is_none() -> None:
    """What the door could not take as an answer ends no climb."""
    story = begun().accepted().apply(says(DESK.contact_id, problem=ReplyProblem.TOO_LATE))
    assert (story.emitted, story.climb.ended, len(story.known.answers)) == ([], None, 1)


def test_an_answer_of_somebody_who_was_not_asked_counts_for_their_party() -> None:
    """A colleague says yes by hand; the ladder ends."""
    story = begun().accepted().apply(says("", contact_id=None, name="by-hand", role="fire_chief"))
    assert [news.answer and news.answer.role for news in story.news()] == ["fire_chief"]
    assert story.climb.ended is Ending.ACCEPTED


def test_a_storm_of_answers_is_bounded() -> None:
    """However often somebody changes their mind, what the asking side is sent stays bounded, and so does the state."""
    story = begun().accepted()
    for number in range(100):
        answer = (Answer.ACCEPT, Answer.DECLINE)[number % 2]
        story.apply(says(DESK.contact_id, answer, name=f"rs-{number}", at=at(number)))
    assert len(story.known.news) == NEWS_MAX - KEPT_FOR_ENDS
    assert len(story.known.model_dump_json(exclude_none=True)) < 250_000
    told = [news.template for _ in range(4) for news in story.wait(ANSWER_S).news()]
    assert told == [Template.UNANSWERED]


@pytest.mark.parametrize("kind", ServiceKind)
def test_a_service_event_becomes_a_text_of_its_kind_and_climbs_nothing(kind: ServiceKind) -> None:
    """A check asks its contact, a loss or return names its contact; an answer is kept and told to nobody."""
    about = None if kind is ServiceKind.CANARY else "birzai-volunteer-1"
    route = asking(DESK, agreement=SERVICE, clause=kind.value, action=Action.INFORM)
    record = asked("ev-1", route, status=Status.SYSTEM, service=Service(kind=kind, contact_id=about))
    story = Climbing().apply(record)
    (note,) = story.emitted
    assert (note.template, note.subject, note.contact_id) == (Template(kind.value), about, DESK.contact_id)
    story.accepted().apply(says(DESK.contact_id, Answer.RECEIVED))
    assert (story.emitted, len(story.known.answers)) == ([], 1)
    assert story.wait(3600).emitted == []


def stop(contact: str, *, command: str = "stop", name: str | None = None) -> Response:
    """STOP or START of somebody who is being asked."""
    return says(contact, name=name or f"rs-{contact}-{command}").model_copy(update={"answer": None, "command": command})


def test_a_stop_of_the_only_one_left_moves_the_ladder_on_at_once() -> None:
    """Nobody waits for who wants no more texts; the asking side hears of no answer, since there was none."""
    story = begun().accepted().apply(says(CHIEF.contact_id, Answer.DECLINE))
    story.apply(stop(DESK.contact_id))
    assert (story.alerts(), story.news()) == ([*VOLUNTEERS], [])
    assert story.reasons() == [ReceiptReason.NOBODY_ANSWERED]
    assert "STOP" in (story.said[0].detail or "")


def test_a_stop_beside_somebody_who_may_answer_changes_nothing_yet() -> None:
    """The step waits for the others as long as ever."""
    story = begun().accepted().apply(stop(DESK.contact_id))
    assert (story.emitted, story.said, story.climb.rung) == ([], [], 0)
    assert story.wait(ANSWER_S - 1).alerts() == []
    assert story.wait(1).alerts() == [*VOLUNTEERS]


def test_a_yes_before_or_after_a_stop_counts() -> None:
    """Who says that they come and then wants no more texts comes; so does who says so in spite of it."""
    story = begun().accepted().apply(says(DESK.contact_id)).apply(stop(DESK.contact_id))
    assert (story.climb.ended, story.emitted) == (Ending.ACCEPTED, [])
    story = begun().accepted().apply(stop(DESK.contact_id)).apply(says(DESK.contact_id))
    assert story.climb.ended is Ending.ACCEPTED


def test_a_start_is_waited_for_again() -> None:
    """STOP by mistake, then START: the step waits for this contact as before."""
    story = begun(DESK, ladder=PROVEN).accepted()
    story.apply(stop(DESK.contact_id), stop(DESK.contact_id, command="start"))
    assert (story.emitted, story.climb.ended) == ([], None)
    story.apply(stop(DESK.contact_id, name="rs-again"))
    assert story.climb.ended is Ending.UNANSWERED


def test_a_stop_outlasts_the_climb_in_which_it_was_said() -> None:
    """Reported once more after nobody answered: who said STOP is not waited for."""
    story = begun(DESK, ladder=PROVEN).accepted().apply(stop(DESK.contact_id))
    assert story.climb.ended is Ending.UNANSWERED
    story.apply(asked("ev-2", asking(DESK, ladder=PROVEN)))
    assert (story.climb.ended, len(story.news())) == (Ending.UNANSWERED, 1)


def test_a_text_that_may_be_lost_is_not_repeated_after_a_stop() -> None:
    """No other provider is ordered to send what its reader does not want."""
    story = begun(DESK, CHIEF, ladder=PROVEN).accepted().apply(stop(DESK.contact_id)).wait(31)
    assert [note.contact_id for note in story.emitted] == [CHIEF.contact_id]

"""Every figure of a small October, worked out by hand; see the table in ``october.py``."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from console.report.cases import Outcome
from console.report.figures import Figures, MonthFigures, figures_of
from console.report.fold import Ledger, folded
from console.report.month import Month
from console.report.people import People
from console.report.read import covers, read_months
from console.report.spread import Spread
from schemas.vocabulary import Answer, Delivery, EventKind, ReceiptKind, ReceiptReason
from tests.report.october import NOW, OCTOBER, after, at, october
from tests.report.scene import ListLog, Scene, Scope, policy, version


def people() -> People:
    """Who is who under the shipped policy."""
    known = People()
    known.know(version(), policy())
    return known


@cache
def ledger() -> Ledger:
    """October and the month before, folded."""
    return folded(october(), OCTOBER.before.start, OCTOBER.end, people())


def month(name: Month = OCTOBER, agreement: str | None = None) -> MonthFigures:
    """The figures of a month."""
    return figures_of(ledger(), name, NOW, agreement=agreement)


def real() -> Figures:
    """Those of real events in October."""
    return month().real


def seconds(spread: Spread) -> list[float]:
    """Its values."""
    return list(spread.values)


def test_incidents_belong_to_the_month_of_their_first_report() -> None:
    """a b c f g h i l m: not the one of September that was updated and reported again, not the one of November."""
    assert real().incidents == 9
    assert month(OCTOBER.before).real.incidents == 1


def test_incidents_are_counted_by_fate_type_place_and_agreement() -> None:
    """h stays on its side, i is refused, the other seven crossed."""
    found = real()
    assert found.fates == Counter(crossed=7, stayed=1, refused=1)
    assert found.refusals == Counter(place_unknown=1)
    assert found.by_type == Counter(peat_fire=5, flood=1, road_accident=1, other=2)
    assert found.by_unit == Counter(bauska=6, joniskis=1, dobele=1, unknown=1)
    assert found.by_agreement == Counter({"birzai-vecumnieki": 5, "tervete-joniskis": 2, "none": 2})


def test_a_repeated_event_is_one_event() -> None:
    """a was reported twice under one id; it has an update and an all-clear, g a cancel."""
    assert real().events == Counter(report=9, update=1, all_clear=1, cancel=1)


def test_time_to_partner_is_from_the_report_to_the_first_text_taken() -> None:
    """l 2, a 3 (an e-mail), c 5, m 6, g 7, f 9 (the SMS failed), b 34 (unknown is not taken): median 6, 7th of 7."""
    spread = real().to_partner
    assert seconds(spread) == [2, 3, 5, 6, 7, 9, 34]
    assert (spread.median, spread.ninetieth, spread.count) == (6, 34, 7)


def test_time_to_answer_runs_on_while_the_clock_goes_back() -> None:
    """m 30, a 61 (the no of the first of two), c 655 (in November), b 1800 (03:50 to 03:20 on the wall)."""
    spread = real().to_answer
    assert seconds(spread) == [30, 61, 655, 1800]
    assert spread.median is None


def test_time_to_yes_is_from_the_report() -> None:
    """m 36 (taken back later), a 124, c 660, b 1834; the yes after the cancel of g counts for nothing."""
    assert seconds(real().to_yes) == [36, 124, 660, 1834]


def test_outcomes_follow_the_last_word_of_everybody() -> None:
    """One yes of a group that needs three is part of the help; a yes taken back is a no."""
    assert real().outcomes == Counter(accepted=2, partial=1, called_off=1, unanswered=1, declined=1)
    assert real().asked == 6


def test_further_steps_are_counted_by_request() -> None:
    """b asked the volunteers, l them and the delegate."""
    assert real().steps == Counter({0: 4, 1: 1, 2: 1})
    assert real().climbed == 2


def test_volunteers_asked_are_those_whose_text_was_taken() -> None:
    """Three in b, one in l, where another's text was only claimed; one said yes."""
    assert (real().volunteers_asked, real().volunteers_coming) == (4, 1)


def test_texts_are_counted_once_however_often_they_were_tried() -> None:
    """SMS: a 4 (one delivered, one to the asking side, the update), b 4, c, g, m 1, l 3 and one under way."""
    assert real().texts == Counter(
        {
            ("sms", "sent"): 13,
            ("sms", "delivered"): 1,
            ("sms", "failed"): 1,
            ("sms", "waiting"): 1,
            ("email", "sent"): 2,
        }
    )
    assert real().failures == Counter({("sms", "invalid_address"): 1})


def test_a_marked_repetition_is_a_text_sent_after_an_unknown_one() -> None:
    """That of b."""
    assert real().repetitions == Counter(sms=1)


def test_answers_that_were_not_understood_are_counted() -> None:
    """That of l."""
    assert real().unclear == Counter(not_understood=1)


def test_exercises_stand_apart() -> None:
    """Two incidents of one exercise, answered after 55 s and 110 s; one boat of two is part of it."""
    found = month().exercise
    assert (found.exercises, found.incidents) == (1, 2)
    assert seconds(found.to_partner) == [5, 10]
    assert seconds(found.to_answer) == [55, 110]
    assert found.outcomes == Counter(accepted=1, partial=1)
    assert found.texts == Counter({("sms", "sent"): 2})


def test_what_is_no_event_is_left_out_and_counted() -> None:
    """Three canaries of October, a test, a replayed report; a failed canary is no failed text."""
    assert month().left_out == Counter(system=3, test=1, replayed=1)


def test_a_stop_is_counted_as_far_as_it_lies_in_the_month() -> None:
    """Half an hour for everybody, and for Biržai the last hour of October out of two."""
    assert [(one.party, one.seconds(OCTOBER, NOW)) for one in month().stopped] == [(None, 1800), ("birzai", 3600)]


def test_one_agreement_leaves_the_others_out() -> None:
    """c and f, with the texts to their four parties' people only."""
    found = month(agreement="tervete-joniskis").real
    assert found.incidents == 2
    assert seconds(found.to_partner) == [5, 9]
    assert found.texts == Counter({("sms", "sent"): 1, ("sms", "failed"): 1, ("email", "sent"): 1})
    assert found.outcomes == Counter(accepted=1)


def test_each_request_is_listed() -> None:
    """In order of the reports, with what the sums are made of."""
    lines = [(line.incident, line.to_partner, line.to_answer, line.steps, line.outcome) for line in real().requests]
    assert lines == [
        ("in-g", 7, None, 0, Outcome.CALLED_OFF),
        ("in-l", 2, None, 2, Outcome.UNANSWERED),
        ("in-m", 6, 30, 0, Outcome.DECLINED),
        ("in-a", 3, 61, 0, Outcome.ACCEPTED),
        ("in-b", 34, 1800, 1, Outcome.PARTIAL),
        ("in-c", 5, 655, 0, Outcome.ACCEPTED),
    ]


def test_the_order_in_which_topics_are_read_changes_nothing() -> None:
    """Partitions and topics interleave in a log; only one topic's order within an incident holds."""
    records = october()
    receipts = [one for one in records if one.topic in ("receipts", "responses")]
    random.Random(5).shuffle(receipts)
    others = [one for one in records if one.topic not in ("receipts", "responses")]
    mixed = folded([*receipts, *others], OCTOBER.before.start, OCTOBER.end, people())
    assert figures_of(mixed, OCTOBER, NOW).real == real()


async def test_a_log_that_is_read_gives_what_its_records_give() -> None:
    """Streamed in batches, topic by topic, with the policy that stands on it."""
    read = await read_months(ListLog(october()), OCTOBER)
    assert figures_of(read.ledger, OCTOBER, NOW) == month()
    assert figures_of(read.ledger, OCTOBER.before, NOW) == month(OCTOBER.before)
    assert read.policy == policy()
    assert covers(read.ledger, OCTOBER.before.start)


async def test_november_holds_what_october_does_not() -> None:
    """The incident of its first second, and nothing of those that were answered in it."""
    read = await read_months(ListLog(october()), OCTOBER.next)
    assert figures_of(read.ledger, OCTOBER.next, NOW).real.incidents == 1
    assert figures_of(read.ledger, OCTOBER, NOW).real == real()


async def test_a_log_without_a_policy_still_tells_who_was_told() -> None:
    """Whom the decisions name is known; volunteers are not known as such, and no group needs to be enough."""
    records = [one for one in october() if one.topic != "policy"]
    found = figures_of((await read_months(ListLog(records), OCTOBER)).ledger, OCTOBER, NOW).real
    assert found.to_partner == real().to_partner
    assert found.volunteers_asked == 0


def test_an_unread_end_leaves_requests_open() -> None:
    """Six hours have not passed, nobody has answered."""
    scene = Scene()
    scene.event(Scope("in-x"), at(9, 12))
    scene.word(Scope("in-x"), "birzai-duty", at(9, 12, 0, 3))
    early = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, at(9, 13))
    assert early.real.outcomes == Counter(open=1)
    assert early.still_followed
    assert not early.is_over


def test_what_comes_after_thirty_days_is_not_followed() -> None:
    """A receipt and an answer of the 31st day change nothing."""
    scene, scope = Scene(), Scope("in-x", lifetime=timedelta(days=30))
    scene.event(scope, at(1, 12))
    late = at(1, 12) + timedelta(days=30, seconds=1)
    scene.word(scope, "birzai-duty", late)
    scene.answer(scope, "birzai-duty", Answer.ACCEPT, late)
    found = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, NOW).real
    assert (found.never_told, found.outcomes) == (1, Counter(unanswered=1))


@pytest.mark.parametrize(
    ("words", "fate", "repetitions"),
    [
        ([(1, Delivery.SENT), (1, Delivery.DELIVERED)], "delivered", 0),
        ([(1, Delivery.SENT), (1, Delivery.FAILED_PERM)], "failed", 0),
        ([(1, Delivery.DELIVERED), (1, Delivery.FAILED_PERM)], "delivered", 0),
        ([(1, Delivery.FAILED_TEMP), (2, Delivery.SENT)], "sent", 0),
        ([(1, Delivery.UNKNOWN), (2, Delivery.FAILED_PERM)], "unknown", 0),
        ([(1, Delivery.UNKNOWN), (2, Delivery.UNKNOWN), (3, Delivery.SENT)], "sent", 2),
        ([(1, Delivery.UNKNOWN), (1, Delivery.SENT), (2, Delivery.SUPPRESSED)], "sent", 0),
        ([(1, Delivery.FAILED_TEMP), (1, Delivery.EXPIRED)], "expired", 0),
    ],
)
def test_a_text_has_one_fate(words: list[tuple[int, Delivery]], fate: str, repetitions: int) -> None:
    """What came nearest to its reader counts; *undelivered* takes back *sent*, and nothing takes back *delivered*."""
    scene, scope = Scene(), Scope("in-x")
    scene.event(scope, at(9, 12))
    for number, (attempt, delivery) in enumerate(words):
        scene.word(scope, "birzai-duty", after(at(9, 12), number), delivery, attempt=attempt)
    found = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, NOW).real
    assert found.texts == Counter({("sms", fate): 1})
    assert found.repetitions.total() == repetitions


def test_a_text_held_by_a_switch_is_counted_once() -> None:
    """However often it is held, and though it goes out later."""
    scene, scope = Scene(), Scope("in-x")
    scene.event(scope, at(9, 12))
    for second in (1, 2):
        scene.word(
            scope, "birzai-duty", at(9, 12, 0, second), None, kind=ReceiptKind.RELEASE,
            reason=ReceiptReason.STOPPED_BY_SWITCH,
        )  # fmt: skip
    scene.word(scope, "birzai-duty", at(9, 12, 30))
    found = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, NOW).real
    assert (found.held, seconds(found.to_partner)) == (1, [1800])


def test_an_incident_that_goes_on_after_a_cancel_takes_answers_again() -> None:
    """Cancelled, then updated: the yes after that counts."""
    scene, scope = Scene(), Scope("in-x")
    scene.event(scope, at(9, 12))
    scene.word(scope, "birzai-duty", at(9, 12, 0, 3))
    scene.event(scope, at(9, 12, 5), kind=EventKind.CANCEL)
    scene.event(scope, at(9, 12, 10), kind=EventKind.UPDATE)
    scene.answer(scope, "birzai-duty", Answer.ACCEPT, at(9, 12, 12))
    found = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, NOW).real
    assert found.outcomes == Counter(accepted=1)


def test_a_switch_whose_beginning_is_no_longer_on_the_log_has_no_length() -> None:
    """The topic keeps the newest record of a switch for ever, not the one before it."""
    scene = Scene()
    scene.switch(False, at(20, 10))
    scene.switch(True, datetime(2026, 11, 20, tzinfo=UTC), "birzai")
    found = figures_of(folded(scene.all, OCTOBER.start, OCTOBER.end), OCTOBER, NOW)
    assert [(one.since, one.until, one.seconds(OCTOBER, NOW)) for one in found.stopped] == [(None, at(20, 10), None)]


def test_a_month_that_the_log_does_not_hold_is_known_as_such() -> None:
    """The log begins on the 5th."""
    records = [one for one in october() if one.appended_at >= at(5, 0)]
    late = folded(records, OCTOBER.before.start, OCTOBER.end, people())
    assert figures_of(late, OCTOBER, NOW).log_begins_within
    assert not covers(late, OCTOBER.before.start)

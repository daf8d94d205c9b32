"""Which request a reply means: by its code, by being the only one open, or by being the only one unanswered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.event import Need
from schemas.incident import Climb, Ending, IncidentState, Obligation, Slot
from schemas.notification import Response
from schemas.vocabulary import Action, Answer, Channel, Delivery, EventKind, NeedKind, Origin, ReplyProblem, Template
from streams.rules.replies.record import Arrival, make_response
from streams.rules.replies.resolve import Resolved, Sender, Unresolved, resolve
from streams.rules.replies.understand import understand
from tests.contract.records import T0, notification

NOW = T0 + timedelta(minutes=10)
CHIEF = "birzai-chief"


def slot(contact: str = CHIEF, party: str = "birzai", role: str = "fire_chief", **current: Any) -> Slot:
    """A contact that was texted."""
    return Slot(
        party=party,
        role=role,
        contact_id=contact,
        channel=Channel.SMS,
        current=notification(contact_id=contact, party=party, role=role, **current),
        delivery=Delivery.SENT,
        since=T0,
        reached=True,
    )


def incident(code: str, *slots: Slot, **changes: Any) -> IncidentState:
    """An open incident in which the chief of Biržai was asked for help."""
    values: dict[str, Any] = {
        "incident_id": f"in-{code.lower()}",
        "code": code,
        "origin": Origin.LIVE,
        "asking_party": "vecumnieki",
        "opened_at": T0,
        "updated_at": T0,
        "expires_at": T0 + timedelta(hours=6),
        "slots": slots or (slot(code=code),),
    }
    return IncidentState(**{**values, **changes})


def answered(state: IncidentState, answer: Answer, contact: str = CHIEF) -> IncidentState:
    """``state`` after an answer of ``contact``."""
    response = Response(
        response_id=f"re-{answer}",
        incident_id=state.incident_id,
        contact_id=contact,
        channel="sms",
        answer=answer,
        at=T0,
    )
    return state.model_copy(update={"answers": (*state.answers, response)})


def meant(text: str, *states: IncidentState, sender: str | Sender = CHIEF) -> Resolved | Unresolved:
    """What ``text`` means to ``states``."""
    return resolve(understand(text), sender, states, NOW)


def test_a_code_means_its_incident() -> None:
    """With two requests open, the code says which."""
    got = meant("K3MP taip", incident("D7QK"), incident("K3MP"))
    assert got == Resolved(CHIEF, "in-k3mp", "K3MP", "birzai", "fire_chief", Answer.ACCEPT)


def test_without_a_code_the_one_open_request_is_meant() -> None:
    """A bare yes answers the only request; one that is over is none."""
    over = incident("K3MP", closed_by=EventKind.CANCEL)
    got = meant("taip, 20 min", incident("D7QK"), over)
    assert isinstance(got, Resolved)
    assert (got.incident_id, got.answer, got.eta_min) == ("in-d7qk", Answer.ACCEPT, 20)


def test_with_several_open_the_sender_is_asked_which() -> None:
    """Two open requests and no code: the codes of both are named, the newest first."""
    newer = incident("K3MP", updated_at=T0 + timedelta(minutes=1))
    assert meant("taip", incident("D7QK"), newer) == Unresolved(ReplyProblem.WHICH_REQUEST, ("K3MP", "D7QK"))


def test_who_is_asked_which_reads_only_the_codes_still_to_be_answered() -> None:
    """At night a list of everything open is no help: what this person has answered is not named."""
    older = answered(incident("D7QK"), Answer.DECLINE)
    newer = (incident("K3MP", updated_at=T0 + timedelta(minutes=1)), incident("PEA4"))
    assert meant("taip", older, *newer) == Unresolved(ReplyProblem.WHICH_REQUEST, ("K3MP", "PEA4"))


@pytest.mark.parametrize("answer", [Answer.ACCEPT, Answer.PARTIAL, Answer.DECLINE])
def test_the_only_one_not_yet_answered_is_meant(answer: Answer) -> None:
    """Who has answered one of two requests means the other."""
    got = meant("taip", answered(incident("D7QK"), answer), incident("K3MP"))
    assert isinstance(got, Resolved)
    assert got.incident_id == "in-k3mp"


def test_received_and_later_answer_nothing_yet() -> None:
    """After a mere "ok" to one of two, a yes may mean either."""
    got = meant("taip", answered(incident("D7QK"), Answer.RECEIVED), incident("K3MP"))
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.WHICH_REQUEST


def test_the_answer_of_another_contact_is_not_mine() -> None:
    """That a colleague has answered one request does not tell which I mean."""
    got = meant("taip", answered(incident("D7QK"), Answer.ACCEPT, "birzai-duty"), incident("K3MP"))
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.WHICH_REQUEST


def helped(code: str, minutes: float, ended: Ending = Ending.ACCEPTED, **changes: Any) -> IncidentState:
    """A request that began two hours ago, and that colleagues answered so many ``minutes`` before ``NOW``."""
    began = NOW - timedelta(hours=2)
    own = slot(code=code).model_copy(update={"since": began, "accepted_at": began} | changes)
    climb = Climb(
        policy_version="a" * 64,
        expires_at=T0 + timedelta(hours=6),
        ended=ended,
        ended_at=NOW - timedelta(minutes=minutes),
    )
    duty = Obligation(
        agreement=own.current.agreement,
        action=Action.HELP,
        partner="birzai",
        language="lt",
        asking_party="vecumnieki",
        facts=own.current.facts,
        policy_version="a" * 64,
        climb=climb,
    )
    return incident(code, own, obligations=(duty,))


def put(code: str, minutes: float) -> IncidentState:
    """A request whose text a provider took so many ``minutes`` before ``NOW``."""
    since = NOW - timedelta(minutes=minutes)
    return incident(code, slot(code=code).model_copy(update={"since": since, "accepted_at": since}))


@pytest.mark.parametrize("ended", [Ending.ACCEPTED, Ending.ENOUGH])
@pytest.mark.parametrize("text", ["taip", "negalim"])
def test_a_bare_reply_means_the_request_that_came_after_others_settled_the_rest(text: str, ended: Ending) -> None:
    """Colleagues went to the older fire 40 minutes ago; the newer one reached this person since."""
    got = meant(text, helped("D7QK", 40, ended), helped("PEA4", 50, ended), put("K3MP", 35))
    assert isinstance(got, Resolved)
    assert got.incident_id == "in-k3mp"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (helped("D7QK", 20), put("K3MP", 5)),
        (helped("D7QK", 40), put("K3MP", 45)),
        (helped("D7QK", 40, since=NOW - timedelta(minutes=10)), put("K3MP", 5)),
        (helped("D7QK", 40, waiting=notification()), put("K3MP", 5)),
        (helped("D7QK", 40, Ending.UNANSWERED), put("K3MP", 5)),
        (helped("D7QK", 40, Ending.PARTLY), put("K3MP", 5)),
        (helped("D7QK", 40), incident("K3MP")),
        (put("D7QK", 100), put("K3MP", 5)),
    ],
    ids=["lately", "open together", "told lately", "to be told", "nobody went", "part went", "not sent yet", "asking"],
)
def test_where_either_may_be_meant_the_sender_is_asked_which(older: IncidentState, newer: IncidentState) -> None:
    """A yes is never put to the wrong request: every doubt costs one more text."""
    got = meant("taip", older, newer)
    assert isinstance(got, Unresolved)
    assert (got.problem, set(got.codes)) == (ReplyProblem.WHICH_REQUEST, {"D7QK", "K3MP"})


def test_a_settled_request_is_still_answered_by_its_code_and_alone() -> None:
    """Who wants to come too says so with the code, or without where nothing else is open."""
    for text, states in (("D7QK taip", (helped("D7QK", 40), put("K3MP", 35))), ("taip", (helped("D7QK", 40),))):
        got = meant(text, *states)
        assert isinstance(got, Resolved)
        assert got.incident_id == "in-d7qk"


def test_how_long_ago_a_request_must_be_settled_is_policy() -> None:
    """A longer time asks which for longer."""
    states = (helped("D7QK", 40), put("K3MP", 35))
    got = resolve(understand("taip"), CHIEF, states, NOW, settled_after=timedelta(hours=1))
    assert isinstance(got, Unresolved)


def test_with_both_answered_a_new_answer_needs_its_code() -> None:
    """Who has answered everything and changes their mind says about which."""
    states = (answered(incident("D7QK"), Answer.ACCEPT), answered(incident("K3MP"), Answer.ACCEPT))
    got = meant("ne", *states)
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.WHICH_REQUEST


def test_one_request_may_be_answered_again() -> None:
    """Who has said yes to the only request may take it back without a code."""
    got = meant("vis dėlto negalim", answered(incident("D7QK"), Answer.ACCEPT))
    assert isinstance(got, Resolved)
    assert got.answer is Answer.DECLINE


def test_a_code_of_others_is_unknown() -> None:
    """The code of a request that another party was asked is unknown here, and my own open one is named."""
    others = incident("K3MP", slot("tervete-chief", "tervete"))
    assert meant("K3MP taip", incident("D7QK"), others) == Unresolved(ReplyProblem.UNKNOWN_CODE, ("D7QK",))


def test_a_code_that_nobody_has_is_unknown() -> None:
    """A code from another night is not taken for the one that is open."""
    got = meant("D7QM taip", incident("D7QK"))
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.UNKNOWN_CODE


def test_a_colleague_may_answer_by_the_code() -> None:
    """Somebody of the same party, not asked, answers with the code of the party's request, in a role of their own."""
    got = meant("D7QK taip", incident("D7QK"), sender=Sender("birzai-delegate", "birzai", "psdk_delegate", Origin.LIVE))
    assert got == Resolved("birzai-delegate", "in-d7qk", "D7QK", "birzai", "psdk_delegate", Answer.ACCEPT)


def test_a_colleague_needs_the_code() -> None:
    """Without a code, somebody who was asked nothing has nothing open."""
    got = meant("taip", incident("D7QK"), sender=Sender("birzai-delegate", "birzai"))
    assert got == Unresolved(ReplyProblem.NOTHING_OPEN)


def test_a_contact_of_exercises_answers_no_real_request() -> None:
    """A colleague who takes part in exercises alone cannot answer for real."""
    got = meant("D7QK taip", incident("D7QK"), sender=Sender("birzai-exercise-duty", "birzai", None, Origin.EXERCISE))
    assert got == Unresolved(ReplyProblem.UNKNOWN_CODE)


@pytest.mark.parametrize(
    "over", [{"closed_by": EventKind.ALL_CLEAR}, {"closed_by": EventKind.CANCEL}, {"expires_at": NOW}]
)
@pytest.mark.parametrize("text", ["D7QK taip", "taip"])
def test_after_the_end_it_is_too_late(text: str, over: dict[str, Any]) -> None:
    """After a cancel, an all-clear or the expiry, with or without a code, the reply belongs to it and came too late."""
    got = meant(text, incident("D7QK", **over))
    assert got == Unresolved(ReplyProblem.TOO_LATE, ("D7QK",), "in-d7qk", "birzai", "fire_chief")


def test_what_ended_days_ago_is_meant_only_by_its_code() -> None:
    """Days later a bare yes means nothing that was; the code still does."""
    old = incident("D7QK", closed_by=EventKind.CANCEL, updated_at=NOW - timedelta(days=3))
    assert meant("taip", old) == Unresolved(ReplyProblem.NOTHING_OPEN)
    got = meant("D7QK taip", old)
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.TOO_LATE


def test_a_code_given_again_means_the_open_one() -> None:
    """Two incidents had the code one after the other: the open one is meant."""
    old = incident("D7QK", incident_id="in-old", closed_by=EventKind.CANCEL, updated_at=NOW)
    got = meant("D7QK taip", old, incident("D7QK"))
    assert isinstance(got, Resolved)
    assert got.incident_id == "in-d7qk"


@pytest.mark.parametrize("text", ["D7OK taip", "D70K taip", "d7ok taip"])
def test_a_blurred_code_is_read_where_only_one_is_like_it(text: str) -> None:
    """0, O, 1 and I are in no code: what was meant is the one open code that fits."""
    got = meant(text, incident("D7QK"), incident("K3MP"))
    assert isinstance(got, Resolved)
    assert got.code == "D7QK"


def test_a_blurred_code_that_fits_two_is_asked_again() -> None:
    """Where two open codes fit, which is meant is asked."""
    got = meant("D7OK taip", incident("D7QK"), incident("D7DK"))
    assert isinstance(got, Unresolved)
    assert got.problem is ReplyProblem.WHICH_REQUEST


def test_a_name_is_no_code() -> None:
    """A signature of four letters is not taken for an unknown code, nor is a shout."""
    for text in ("taip. Asta", "TAIP RASA"):
        got = meant(text, incident("D7QK"))
        assert isinstance(got, Resolved)
        assert got.code == "D7QK"


def test_small_letters_that_are_an_open_code_are_one() -> None:
    """A code of letters alone, typed small and readable as a word, counts where such a code is open."""
    got = meant("ruta taip", incident("D7QK"), incident("RUTA"))
    assert isinstance(got, Resolved)
    assert got.code == "RUTA"


def test_what_is_not_understood_says_so() -> None:
    """A question, or a code alone, is not understood; the record belongs to the request."""
    for text in ("kas čia?", "D7QK"):
        got = meant(text, incident("D7QK"))
        assert got == Unresolved(ReplyProblem.NOT_UNDERSTOOD, ("D7QK",), "in-d7qk", "birzai", "fire_chief")
    got = meant("kas čia?", incident("D7QK"), incident("K3MP"))
    assert isinstance(got, Unresolved)
    assert (got.problem, got.incident_id) == (ReplyProblem.NOT_UNDERSTOOD, None)


def test_who_was_only_informed_was_asked_nothing() -> None:
    """Information asks for no answer, so an answer to it finds nothing open."""
    state = incident("D7QK", slot(code="D7QK", template=Template.INFORM, action=Action.INFORM))
    assert meant("taip", state) == Unresolved(ReplyProblem.NOTHING_OPEN)


def test_an_update_of_a_request_still_asks() -> None:
    """After an update of a request for help the answer is still awaited; so it is of a referral."""
    for template, action in ((Template.UPDATE, Action.HELP), (Template.REFER, Action.REFER)):
        got = meant("taip", incident("D7QK", slot(code="D7QK", template=template, action=action)))
        assert isinstance(got, Resolved)


@pytest.mark.parametrize("text", ["ok", "ne", "kas čia?", "D7QK", "labas"])
def test_any_reply_answers_a_check(text: str) -> None:
    """Whatever somebody replies to a check of the contact is a sign of life."""
    state = incident("D7QK", slot(code="D7QK", template=Template.CHECK, action=Action.INFORM))
    got = meant(text, state)
    assert isinstance(got, Resolved)
    assert got.answer is Answer.RECEIVED


def test_a_check_does_not_stand_in_the_way_of_a_request() -> None:
    """With a check and a request open, a yes is for the request."""
    check = incident("K3MP", slot(code="K3MP", template=Template.CHECK, action=Action.INFORM))
    got = meant("taip", check, incident("D7QK"))
    assert isinstance(got, Resolved)
    assert (got.incident_id, got.answer) == ("in-d7qk", Answer.ACCEPT)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("taip, 1 autocisterna", Answer.PARTIAL),
        ("taip, 2 autocisternos", Answer.ACCEPT),
        ("taip, 4 žmonės", Answer.ACCEPT),
        ("taip", Answer.ACCEPT),
    ],
)
def test_a_yes_with_less_than_was_asked_for_is_a_part(text: str, answer: Answer) -> None:
    """One tanker for a request of two is partial, so that the other is still looked for."""
    facts = notification().facts.model_copy(update={"needs": (Need(kind=NeedKind.FIRE_TANKER, count=2),)})
    got = meant(text, incident("D7QK", slot(code="D7QK", facts=facts)))
    assert isinstance(got, Resolved)
    assert got.answer is answer


def test_the_record_holds_what_was_typed_without_personal_data() -> None:
    """Who, what and which request stand in the record; a telephone number in the text does not."""
    text = "TAIP 1 autocisterna 20 min, skambinkit +370 612 34567\u0000"
    understood = understand(text)
    sender = Sender(CHIEF, "birzai", "fire_chief")
    meaning = resolve(understood, sender, [incident("D7QK")], NOW)
    got = make_response(Arrival("re-1", "sms", text, NOW, "twilio", "SM1", "lt"), understood, meaning, sender)
    assert got.text == "TAIP 1 autocisterna 20 min, skambinkit […]"
    assert (got.incident_id, got.code, got.party, got.role) == ("in-d7qk", "D7QK", "birzai", "fire_chief")
    assert (got.answer, got.eta_min, got.problem) == (Answer.ACCEPT, 20, None)


def test_a_late_yes_keeps_its_answer_beside_the_problem() -> None:
    """The record of a late answer says what it would have been, and that it is none."""
    understood = understand("D7QK taip")
    meaning = resolve(understood, CHIEF, [incident("D7QK", closed_by=EventKind.CANCEL)], NOW)
    got = make_response(Arrival("re-1", "sms", "D7QK taip", NOW), understood, meaning, Sender(CHIEF))
    assert (got.answer, got.problem, got.incident_id) == (Answer.ACCEPT, ReplyProblem.TOO_LATE, "in-d7qk")


def test_a_text_of_nothing_is_kept_as_nothing() -> None:
    """An empty text, a stop, an unknown number: the record says no more than is known."""
    understood = understand(" \u200b ")
    got = make_response(Arrival("re-1", "sms", " \u200b ", NOW), understood, Unresolved(ReplyProblem.UNKNOWN_NUMBER))
    assert (got.text, got.contact_id, got.answer) == (None, None, None)
    stop = make_response(Arrival("re-2", "sms", "STOP", NOW), understand("STOP"), None, Sender(CHIEF, "birzai"))
    assert (stop.command, stop.incident_id, stop.party) == ("stop", None, "birzai")


def test_an_answer_for_a_party_needs_no_contact() -> None:
    """An operator writes the answer of a party without naming who called."""
    understood = replace(understand("taip"), code="D7QK", code_sure=True)
    got = resolve(understood, Sender(None, "birzai"), [incident("D7QK")], NOW)
    assert got == Resolved(None, "in-d7qk", "D7QK", "birzai", None, Answer.ACCEPT)

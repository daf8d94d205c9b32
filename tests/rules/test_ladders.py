"""A request climbs its ladder until somebody says yes, or the asking side knows that nobody did."""

from schemas.incident import Ending
from schemas.vocabulary import Answer, ReceiptReason, Template
from tests.rules.ladders import (
    ANSWER_S,
    CHIEF,
    DELEGATE,
    DESK,
    PARTNER,
    VOLUNTEERS,
    begun,
    need,
    says,
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

"""One SMS for several routine ones: the newest by code, how many more, in three parts at most, marked as the others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from notifiers.texts import Unrenderable, addressee_marks, may_be_digested, render_digest, render_email, render_sms
from notifiers.texts.gsm import MAX_SEGMENTS, Encoding, measure
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.texts import Texts
from schemas.vocabulary import Action, Channel, EventType, Lane, Origin, Status, Template
from tests.texts.policy_fixture import LANGUAGES, POLICY, notification, source

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def news(number: int, **changes: object) -> Notification:
    """The ``number``-th piece of routine news, with a code of its own."""
    code = "A" + "".join(ALPHABET[number // 32**power % 32] for power in (2, 1, 0))
    fixed = {"template": Template.INFORM, "action": Action.INFORM, "lane": Lane.ROUTINE, "code": code}
    return notification(**{**fixed, **changes})


def test_the_newest_stand_first_with_code_kind_event_and_place() -> None:
    """And how many there are before everything."""
    first, last = news(1), news(2, template=Template.UPDATE, about={"event_type": EventType.FLOOD})
    sms = render_digest([first, last], POLICY, language="en", script=Script.NATIVE)
    head, _, listed = sms.body.partition(": ")
    assert head == "Messages (2)"
    newest, oldest = listed.split("; ")
    assert newest.startswith(f"{last.code} {POLICY.texts['en'].headers[Template.UPDATE]}, flood")
    assert oldest.startswith(first.code)
    assert "Tel. +" in oldest


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("script", list(Script))
@settings(deadline=None)  # the first call reads the words
@given(count=st.integers(2, 50), event_type=st.sampled_from(EventType))
def test_whatever_is_told_together_fits_and_counts_what_it_leaves_out(
    language: Lang, script: Script, count: int, event_type: EventType
) -> None:
    """At most three parts; shown and left out make all; with a mark in front as well."""
    several = [news(number, about={"event_type": event_type}) for number in range(count)]
    for mark in (None, addressee_marks(several[-1])[0]):
        sms = render_digest(several, POLICY, language=language, script=script, in_front=mark)
        size = measure(sms.body)
        assert (sms.segments, sms.characters, sms.encoding) == (size.segments, size.characters, size.encoding)
        assert sms.segments <= MAX_SEGMENTS
        shown = [one for one in several if one.code in sms.body]
        assert shown == several[count - len(shown) :]
        assert shown
        assert f"({count})" in sms.body
        assert len(shown) == count or str(count - len(shown)) in sms.body.partition(")")[2]


def test_an_exercise_says_so_first() -> None:
    """Also where several are told of in one text."""
    drill = {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"}
    sms = render_digest([news(1, **drill), news(2, **drill)], POLICY, language="lt", script=Script.NATIVE)
    assert sms.body.startswith("PRATYBOS! Tai nėra tikras įvykis. Pranešimai (2): ")


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"template": Template.CANCEL}, True),
        ({"template": Template.UPDATE, "action": Action.REFER}, True),
        ({"lane": Lane.URGENT}, False),
        ({"channel": Channel.EMAIL}, False),
        ({"template": Template.HELP, "action": Action.HELP}, False),
        ({"template": Template.UPDATE, "action": Action.HELP}, False),
        ({"repetition": True}, False),
        ({"replayid": "re-1"}, False),
        ({"template": Template.UNANSWERED}, False),
        ({"template": Template.CANARY}, False),
    ],
)
def test_only_news_that_asks_for_nothing_may_be_told_together(changes: dict[str, object], may: bool) -> None:
    """Nothing urgent, nothing that wants an answer, nothing about the system itself."""
    assert may_be_digested(news(1, **changes)) is may


def test_a_policy_without_words_for_it_tells_each_by_itself() -> None:
    """The digest cannot be rendered, and its caller sends one by one."""
    texts = {lang: words.model_copy(update={"digest": None}) for lang, words in POLICY.texts.items()}
    silent = POLICY.model_copy(update={"texts": texts})
    with pytest.raises(Unrenderable, match="several texts in one"):
        render_digest([news(1), news(2)], silent, language="lv", script=Script.NATIVE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("script", list(Script))
def test_the_addressee_stands_in_front_and_the_text_still_fits(language: Lang, script: Script) -> None:
    """Parts are counted with it; plain letters stay plain."""
    told = notification(contact_id="birzai-duty", role="duty_desk")
    mark = addressee_marks(told)[0]
    sms = render_sms(told, POLICY, language=language, script=script, in_front=mark)
    bare = render_sms(told, POLICY, language=language, script=script)
    arrow = "->" if measure(bare.body).encoding is Encoding.GSM_7 else "→"
    assert sms.body.startswith(f"[{arrow} birzai-duty, duty_desk] ")
    assert sms.segments == measure(sms.body).segments <= MAX_SEGMENTS
    assert told.code in sms.body
    assert measure(sms.body).encoding == measure(bare.body).encoding


def test_a_mail_has_its_addressee_in_subject_and_text() -> None:
    """In HTML too."""
    told = notification(contact_id="birzai-duty", channel=Channel.EMAIL)
    mark = f"[→ birzai-duty, {told.role}]"
    mail = render_email(told, POLICY, language="en", in_front=addressee_marks(told)[0])
    assert mail.subject.startswith(f"{mark} ")
    assert mail.text.startswith(mark)
    assert mark in mail.html


def test_the_marks_of_a_long_addressee_get_shorter() -> None:
    """The text needs the room more than the addressee's full name."""
    marks = addressee_marks(notification(contact_id="x" * 64, role="y" * 64))
    assert [len(mark) for mark in marks] == sorted((len(mark) for mark in marks), reverse=True)
    assert marks[-1] == f"[→ {'x' * 19}…]"


def test_a_digest_without_its_count_is_no_digest() -> None:
    """Words whose blank is misspelt are refused with the policy."""
    words = source("lv")
    words["digest"]["more"] = "un vēl {{ number }}"
    with pytest.raises(ValidationError, match="more: must use"):
        Texts.model_validate(words)

"""Replies as people type them: nearly all are understood, and none is taken as a yes that is none."""

import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.ids import reply_code
from schemas.policy.reply_lexicon import ReplyLexicon, WordKind
from schemas.policy.source import read_source
from schemas.topics import MAX_PARTITIONS
from schemas.vocabulary import Answer
from streams.rules.replies.lexicon import default_lexicon, lexicon_of
from streams.rules.replies.understand import Understood, understand
from tests.contract.records import shipped_policy
from tests.rules.replies.table import HERE, NOW, YES, ZONE, Typed, read, rows, same, told

REPLIES = [*rows("replies.yaml"), *rows("more_replies.yaml")]
DANGEROUS: list[str] = read_source(HERE / "dangerous.yaml", "dangerous.yaml").data  # type: ignore[assignment]
ENOUGH = 0.95

REFUSALS = ("ne", "nē", "NĒ", "nevaram", "negalim", "negaliu", "nevaru", "нет", "cannot", "nav mašīnas", "nebus")
WORDS = sorted({word for reply in REPLIES for word in reply.text.split()})


def test_at_least_300_replies_are_understood_in_all_they_say_19_of_20_times() -> None:
    """Of the replies of the tables at least 95 % are understood with code, answer, amounts, time and command."""
    missed = [reply for reply in REPLIES if not same(read(reply.text), reply.expected)]
    for reply in missed:
        print(f"{reply.text!r}: {told(read(reply.text))}, meant {told(reply.expected)}")
    assert len(REPLIES) >= 300
    assert len(missed) <= (1 - ENOUGH) * len(REPLIES)


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text[:40])
def test_no_reply_of_the_tables_is_taken_as_a_yes_that_is_none(reply: Typed) -> None:
    """A reply that is no accept and no partial is not understood as one, and a yes not as a no."""
    got = read(reply.text)
    if reply.expected.answer not in YES:
        assert got.answer not in YES
    else:
        assert got.answer in (*YES, None)


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_only_looks_like_a_yes_is_none(text: str) -> None:
    """Refusals, ifs, maybes, questions, jokes and echoes are never accept or partial, with or without diacritics."""
    for form in (text, text.upper(), plain(text)):
        assert read(form).answer not in YES


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text[:40])
def test_case_makes_no_difference(reply: Typed) -> None:
    """In capitals or in small letters a reply says the same."""
    assert read(reply.text.lower()).answer == read(reply.text.upper()).answer == read(reply.text).answer


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text[:40])
def test_diacritics_left_out_change_no_answer_into_another(reply: Typed) -> None:
    """Without diacritics a reply says the same, or is asked for again where "jā" could have become "if"."""
    before, after = read(reply.text), read(plain(reply.text))
    assert after.answer in (before.answer, None)
    assert after.amounts == before.amounts or after.answer is None


@settings(deadline=None)
@given(st.text(max_size=200))
@example("JĀ\u0000")
@example("\U0001f44d\u200d\u200d")
@example("½ ² ٣ 20 min jā")
@example("ǅ ŉ ﬁ 7F2K JĀ")
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever a phone sends is understood or not, and never an error."""
    assert isinstance(read(text), Understood)


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.sampled_from(REFUSALS), st.data())
def test_a_no_anywhere_in_a_reply_leaves_no_accept(words: list[str], refusal: str, data: st.DataObject) -> None:
    """A reply with a refusal in it is never an accept, wherever it stands and whatever stands around it."""
    at = data.draw(st.integers(0, len(words)))
    text = " ".join((*words[:at], refusal, *words[at:]))
    if ">" not in text and "\n" not in text:
        assert read(text).answer is not Answer.ACCEPT


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(("ja", "braucam", "ne", "20", "min", "7F2K", "?", "mašīna", ",", "if", "\n", ">", "—")))
)
def test_a_question_or_a_condition_alone_is_no_yes(words: list[str]) -> None:
    """Whatever is made of these words, no accept comes without a word that says yes."""
    answer = read(" ".join(words)).answer
    assert answer is not Answer.ACCEPT or {"ja", "braucam"} & set(words) or {"20", "min", "mašīna"} <= set(words)


@pytest.mark.parametrize(
    "unit", ["ja ", "JĀ?", "7F2K ", "1 no 2 ", "> ", "1-", "PALĪDZĪBA VAJADZĪGA 7F2K. ", "7 F 2 K ", "a\n"]
)
@pytest.mark.timeout(20)
def test_the_longest_text_keeps_nobody_waiting(unit: str) -> None:
    """A text of 1,600 characters is read without hanging, whatever it is made of."""
    assert isinstance(read((unit * 1600)[:1600]), Understood)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("jā, 20 min", 20),
        ("jā 20min", 20),
        ("jā, 10-15 min", 15),
        ("jā, pusstundu", 30),
        ("taip, pusvalandį", 30),
        ("taip, po pusvalandžio", 30),
        ("jā, 1 h", 60),
        ("jā, 1,5 h", 90),
        ("jā, 1 h 20 min", 80),
        ("jā, stundu", 60),
        ("taip, už dviejų valandų", 120),
        ("taip, 2 val", 120),
        ("izbraucam pēc 5 min, būsim pēc 25 min", 25),
        ("jā, pēc 20", 20),
        ("jā, 21.40", 20),
        ("jā, uz 21:40", 20),
        ("taip, 22 val.", 40),
        ("jā, 00.10", 170),
        ("jā, 21.10", None),
        ("jā, 48 h", None),
        ("izbraucām pirms 10 min", None),
        ("važiuojam, išvykom prieš 5 min", None),
    ],
)
def test_the_time_of_arrival_is_minutes_from_now(text: str, minutes: int | None) -> None:
    """Durations, ranges (the longer), and times of day become minutes; a time that has gone by says nothing."""
    got = read(text)
    assert (got.answer, got.eta_min) == (Answer.ACCEPT, minutes)


def test_a_time_of_day_needs_a_clock() -> None:
    """Without the time and the zone, a time of day is left out and the answer stands."""
    assert understand("jā, būsim 21.40") == Understood(answer=Answer.ACCEPT)


def test_a_time_of_day_is_right_in_the_night_the_clock_goes_back() -> None:
    """At half past two before the clock goes back, four o'clock is two and a half hours away."""
    zone = ZoneInfo("Europe/Vilnius")
    now = datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    assert understand("taip, būsim 4.00", now=now, zone=zone).eta_min == 150


@pytest.mark.parametrize(
    ("text", "code", "near"),
    [
        ("7F2K ja", "7F2K", ()),
        ("ja7f2k", None, ()),
        ("7f2k", "7F2K", ()),
        ("DFBS taip", "DFBS", ()),
        ("taip. Asta", None, ("ASTA",)),
        ("BAUK jā", "BAUK", ()),
        ("7F2O jā", None, ("7F2O",)),
        ("7F21 jā", None, ("7F21",)),
        ("ja 7F 2K", "7F2K", ()),
        ("7-F-2-K ja", "7F2K", ()),
        ("7F2K K3MP jā", None, ("7F2K", "K3MP")),
        ("2026 jā", None, ()),
        ("TAIP ESAM KELYJE", None, ()),
        ("VEDU", None, ()),
        ("jā 2x cisternas 25 min", None, ()),
    ],
)
def test_codes_are_told_from_words_and_numbers(text: str, code: str | None, near: tuple[str, ...]) -> None:
    """A code is found whole or in pieces; what might be one is named as such; words and years are none."""
    got = read(text)
    assert (got.code, got.near_codes) == (code, near)


def test_a_policy_can_teach_a_word() -> None:
    """A word in a policy's texts wins over what comes with the project."""
    assert understand("ok").answer is Answer.RECEIVED
    policy = shipped_policy()
    lv = policy.texts["lv"].model_copy(
        update={"reply_lexicon": ReplyLexicon(words={WordKind.YES: ("ok",), WordKind.GOING: ("žvangam",)})}
    )
    taught = policy.model_copy(update={"texts": {**policy.texts, "lv": lv}, "version": "f" * 64})
    lexicon = lexicon_of(taught)
    assert understand("ok", lexicon).answer is Answer.ACCEPT
    assert understand("zvangam 7F2K", lexicon).answer is Answer.ACCEPT


def test_words_that_come_with_the_project_deny_with_every_form_of_no() -> None:
    """No word of refusal is filed as anything else by another language."""
    lexicon = default_lexicon()
    for word in ("ne", "nevaram", "negalim", "нет", "nope", "nebus"):
        assert lexicon.kind(word) is WordKind.NO


def plain(text: str) -> str:
    """``text`` without diacritics."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def test_the_tables_are_read_in_summer_time() -> None:
    """The evening of the tables is one in Riga."""
    assert NOW.astimezone(ZONE).hour == 21


@settings(max_examples=200)
@given(st.integers(0, MAX_PARTITIONS - 1), st.integers(0, 100_000))
def test_every_code_that_is_given_out_is_read_back(partition: int, number: int) -> None:
    """No code is a word: written before or behind an answer, in capitals or small letters, it stays the code."""
    code = reply_code(partition, f"in-{number}", 0)
    for answer in ("TAIP", "JĀ", "nē", "negalim", "taip, 1 autocisterna", "taip 20 min"):
        for text in (f"{code} {answer}", f"{answer} {code}", f"{code.lower()} {answer}"):
            got = understand(text)
            assert code == got.code or code in got.near_codes, text

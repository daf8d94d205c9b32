"""Ids need no store: a repeat of the same report has the same ids."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import event_id, incident_id, notification_id, partition_of_code, reply_code
from schemas.topics import MAX_PARTITIONS

WORDS = st.text(max_size=40)


@given(WORDS, WORDS)
def test_the_same_input_gives_the_same_id(sender: str, key: str) -> None:
    """A repeated post is recognised, and its event is not its incident."""
    assert event_id(sender, key) == event_id(sender, key)
    assert re.fullmatch(r"ev-[a-z2-7]{26}", event_id(sender, key))
    assert re.fullmatch(r"in-[a-z2-7]{26}", incident_id(sender, key))
    assert event_id(sender, key)[3:] != incident_id(sender, key)[3:]


@given(WORDS, WORDS, WORDS, WORDS)
def test_other_input_gives_another_id(sender: str, key: str, other_sender: str, other_key: str) -> None:
    """Where one word ends and the next begins makes a difference, too."""
    same = (sender, key) == (other_sender, other_key)
    assert (event_id(sender, key) == event_id(other_sender, other_key)) is same


def test_words_are_kept_apart() -> None:
    """Moving letters from one part to the next gives another id."""
    assert event_id("ab", "c") != event_id("a", "bc")
    assert notification_id("ev", 1, "1a", "sms") != notification_id("ev", 11, "a", "sms")


def test_ids_stay_what_they_were() -> None:
    """Ids written last year are found again: their making never changes."""
    assert event_id("birzai", "42") == "ev-5dasztqx7edt265cwpquqzuo7b"
    assert incident_id("birzai", "42") == "in-2vtovmtalcl5xy7r3io6iq6p6i"
    assert notification_id("ev-1", 0, "birzai-chief", "sms") == "nt-vt5gys5taa3vbdybegmn6rzdss"
    assert reply_code(3, "in-1", 0) == "DM7A"


@given(st.integers(0, MAX_PARTITIONS - 1), WORDS, st.integers(0, 1000))
def test_the_first_letter_of_a_code_is_its_partition(partition: int, incident: str, attempt: int) -> None:
    """An answer finds its partition by its code alone, in capitals or not; nothing looks like 0, O, 1 or I."""
    code = reply_code(partition, incident, attempt)
    assert re.fullmatch(r"[A-HJ-NP-Z][A-HJ-NP-Z2-9]{3}", code)
    assert not code.isalpha(), "letters alone may be a word of an answer"
    assert partition_of_code(code) == partition_of_code(code.lower()) == partition


def test_letters_of_partitions_differ() -> None:
    """Twenty-four partitions have twenty-four letters."""
    assert len({reply_code(partition, "in-1", 0)[0] for partition in range(24)}) == 24


@pytest.mark.parametrize("partition", [-1, 24, 100])
def test_a_partition_without_a_letter_is_refused(partition: int) -> None:
    """More partitions than letters is a mistake of configuration that shows at once."""
    with pytest.raises(ValueError, match=f"partition {partition} has no letter"):
        reply_code(partition, "in-1", 0)


def test_a_taken_code_has_a_next_candidate() -> None:
    """Candidates of one incident differ, so that a code in use can be passed over."""
    assert len({reply_code(3, "in-1", attempt) for attempt in range(50)}) > 45


@pytest.mark.parametrize("code", ["", "1ABC", "OABC", "0ABC", "IABC", "?"])
def test_a_letter_of_no_partition_names_none(code: str) -> None:
    """What is no code leads nowhere."""
    assert partition_of_code(code) is None

"""Writing without diacritics."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.texts.gsm import is_gsm
from notifiers.texts.letters import to_ascii


@given(st.text(max_size=200))
def test_anything_becomes_printable_ascii(text: str) -> None:
    """Whatever comes in, what goes out is printable ASCII of the GSM alphabet, in single spaces."""
    plain = to_ascii(text)
    assert plain.isascii()
    assert is_gsm(plain)
    assert plain == " ".join(plain.split())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("āčēģīķļņšūž ĀČĒĢĪĶĻŅŠŪŽ", "acegiklnsuz ACEGIKLNSUZ"),
        ("ąčęėįšųūž ĄČĘĖĮŠŲŪŽ", "aceeisuuz ACEEISUUZ"),
        ("„Ilzu ezers” – 80 ha…", '"Ilzu ezers" - 80 ha...'),
        ("Müllerova ﬁrma", "Mullerova firma"),
        ("Вецумниеки", "??????????"),
        ("😀 Birži", "? Birzi"),
        ("a\u00a0b\u2028c", "a b c"),
        ("`x´", "'x'"),
    ],
)
def test_letters(text: str, plain: str) -> None:
    """Marks fall, signs become plain ones, and what has no plain form is seen to be missing."""
    assert to_ascii(text) == plain


@given(st.text(alphabet="āčēģīķļņšūžąęėįųĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲ", max_size=50))
def test_composed_and_decomposed_letters_are_the_same(text: str) -> None:
    """A letter written as base and mark is stripped like the composed one, one letter for one."""
    assert to_ascii(unicodedata.normalize("NFD", text)) == to_ascii(text)
    assert len(to_ascii(text)) == len(text)

"""How long a text is, held against another library's count."""

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from notifiers.texts.gsm import Encoding, is_gsm, measure

GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./059:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€\f"


def _agrees(text: str) -> None:
    other, ours = smsutil.split(text), measure(text)
    unit = 1 if ours.encoding is Encoding.GSM_7 else 2
    assert (ours.encoding is Encoding.GSM_7) == (other.encoding == "gsm0338")
    assert ours.characters * unit == other.total_bytes
    assert ours.segments == max(1, len(other.parts))


@given(st.text(alphabet=GSM, min_size=1, max_size=500))
@example("{" * 80)
@example("{" * 81)
@example("a" * 152 + "{" + "a" * 20)
def test_gsm_texts_measure_as_smsutil_says(text: str) -> None:
    """A text of the GSM alphabet has the length and parts that smsutil counts."""
    _agrees(text)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1b"), min_size=1, max_size=300))
@example("😀" * 35)
@example("😀" * 36)
@example("ā" * 66 + "😀" + "ā" * 10)
def test_any_text_measures_as_smsutil_says(text: str) -> None:
    """Any text, emoji and all, has the length and parts that smsutil counts."""
    _agrees(text)


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 459, "GSM-7", 459, 3),
        ("a" * 460, "GSM-7", 460, 4),
        ("€" * 80, "GSM-7", 160, 1),
        ("ā" * 70, "UCS-2", 70, 1),
        ("ā" * 71, "UCS-2", 71, 2),
        ("ā" * 201, "UCS-2", 201, 3),
        ("ā" * 202, "UCS-2", 202, 4),
        ("😀" * 67, "UCS-2", 134, 3),
    ],
)
def test_limits(text: str, encoding: str, characters: int, segments: int) -> None:
    """One part holds 160 septets or 70 units, of several each 153 or 67, and no character is split."""
    size = measure(text)
    assert (size.encoding, size.characters, size.segments) == (encoding, characters, segments)


@pytest.mark.parametrize("letter", "āčēģīķļņšūžąęėįųĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲ„”–…°")
def test_no_letter_of_ours_is_gsm(letter: str) -> None:
    """Every Latvian and Lithuanian letter with a mark, and every typographic sign, makes a text UCS-2."""
    assert not is_gsm(letter)

"""The mail as it stands on the wire: what a mailbox reads is what was written, letter for letter."""

import random
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import compat32, default
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.mail_format import compose
from notifiers.message import Message
from tests.notifiers.stage import order

T0 = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)
WORDS = (
    "INFORMACIJA", "CRMH:", "Žolės", "gaisras,", "Bauskės", "savivaldybė", "(LV)", "PALĪDZĪBA", "VAJADZĪGA", "D7QK:",
    "Skaistkalnes", "pag.", "a", "š", "„kūdra“", "–", "bīstamo", "vielu", "noplūde", "pavojingųjų", "medžiagų",
)  # fmt: skip


def read(raw: bytes) -> EmailMessage:
    """The mail as a mailbox takes it apart."""
    return BytesParser(policy=default).parsebytes(raw)


def mail(subject: str, sender_name: str = "Safe Borderlands") -> bytes:
    """The bytes of a mail with ``subject``."""
    message = Message(order("a" * 64), "chief@example.org", "Teksts", subject=subject, html="<p>Teksts</p>")
    return compose(message, sender="alerts@example.org", sender_name=sender_name, now=T0).as_bytes()


def test_no_subject_loses_a_space_where_it_is_folded() -> None:
    """Three thousand subjects of the words of our texts arrive as they were written, in lines a relay may carry."""
    dice = random.Random(7)
    for _ in range(3000):
        subject = " ".join(dice.choices(WORDS, k=dice.randint(1, 14)))
        raw = mail(subject)
        assert read(raw)["Subject"] == subject
        assert max(len(line) for line in raw.split(b"\r\n")) <= 78


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=120))
def test_any_word_is_a_subject(subject: str) -> None:
    """Letters outside the alphabets of our languages come through as well."""
    assert read(mail(f"A {subject} B"))["Subject"] == f"A {subject} B"


@pytest.mark.parametrize("name", ["Drošās pierobežas palīdzības dienests Žagarė", "Safe Borderlands", "A, B (c)", ""])
def test_a_sender_is_read_as_it_was_set(name: str) -> None:
    """Neither diacritics nor signs that mean something in an address change the name or the address."""
    # The library's newer parser doubles a space between two encoded words of a name; its older one does not.
    plain = BytesParser(policy=compat32).parsebytes(mail("x", sender_name=name))["From"]
    display_name, address = parseaddr(plain)
    assert (str(make_header(decode_header(display_name))), address) == (name, "alerts@example.org")

"""Who may speak: the provider's own validator is the oracle of signatures."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from gateway.signature import MAX_FIELDS, NotAForm, Seal, form_of

TOKEN = "a-token"
PUBLIC = "https://alerts.example.org/sb"
SEAL = Seal(TOKEN, PUBLIC)

letters = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
fields = st.dictionaries(st.text(letters, min_size=1, max_size=12), st.text(letters, max_size=40), max_size=8)


def signed(address: str, form: dict[str, str]) -> str:
    """The provider's signature."""
    return str(RequestValidator(TOKEN).compute_signature(address, form))


@given(fields)
def test_what_the_provider_signs_holds(form: dict[str, str]) -> None:
    """Any form, with letters of any language, holds over the public address, whatever address the request came to."""
    signature = signed(f"{PUBLIC}/twilio/status?incident=in-1", form)
    assert SEAL.holds("/twilio/status", "incident=in-1", form_of(urlencode(form).encode()), signature)


@pytest.mark.parametrize(
    ("path", "query", "form"),
    [
        ("/twilio/inbound", "incident=in-1", {"Body": "7F2K JĀ"}),
        ("/twilio/status", "incident=in-2", {"Body": "7F2K JĀ"}),
        ("/twilio/status", "", {"Body": "7F2K JĀ"}),
        ("/twilio/status", "incident=in-1&incident=in-2", {"Body": "7F2K JĀ"}),
        ("/twilio/status", "incident=in-1", {"Body": "7F2K JA"}),
        ("/twilio/status", "incident=in-1", {"Body": "7F2K JĀ", "From": "+37120001101"}),
        ("/twilio/status", "incident=in-1", {}),
    ],
)
def test_a_signature_covers_path_query_and_every_field(path: str, query: str, form: dict[str, str]) -> None:
    """Nothing of a request can be changed, left out or added."""
    signature = signed(f"{PUBLIC}/twilio/status?incident=in-1", {"Body": "7F2K JĀ"})
    assert not SEAL.holds(path, query, form_of(urlencode(form).encode()), signature)


@pytest.mark.parametrize("signature", [None, "", "x", "=" * 28, "ā" * 28])
def test_a_missing_or_made_up_signature_does_not_hold(signature: str | None) -> None:
    """Without the token nobody can sign."""
    assert not SEAL.holds("/twilio/inbound", "", form_of(b"Body=x"), signature)


def test_another_accounts_token_does_not_sign_for_us() -> None:
    """A signature is made with one account's token."""
    signature = str(RequestValidator("another").compute_signature(f"{PUBLIC}/twilio/inbound", {"Body": "x"}))
    assert not SEAL.holds("/twilio/inbound", "", form_of(b"Body=x"), signature)


@pytest.mark.parametrize("body", ["Body=ā".encode(), b"Body=%FF", b"&".join(b"a=1" for _ in range(MAX_FIELDS + 1))])
def test_rubbish_is_no_form(body: bytes) -> None:
    """Raw letters, escapes that are no UTF-8, and more fields than any callback has are refused."""
    with pytest.raises(NotAForm):
        form_of(body)

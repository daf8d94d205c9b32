"""Is it the provider who calls? It signs the address as it knows it, and every field of the form."""

from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

MAX_FIELDS = 100
"""A callback of the provider has about twenty."""

Form = ImmutableMultiDict[str, str]


class NotAForm(ValueError):
    """The body is no form in UTF-8, or has more fields than any callback."""


def form_of(body: bytes) -> Form:
    """The fields of an ``application/x-www-form-urlencoded`` body.

    Raises:
        NotAForm: it is none.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise NotAForm(type(error).__name__) from error
    return ImmutableMultiDict(pairs)


class Seal:
    """Checks signatures made with the account's token over addresses that begin with ``public_url``."""

    def __init__(self, token: str, public_url: str) -> None:
        self._validator = RequestValidator(token)
        self._public_url = public_url.rstrip("/")

    def holds(self, path: str, query: str, form: Form, signature: str | None) -> bool:
        """Whether ``signature`` was made for this path, query (both as sent) and form."""
        if not signature or not signature.isascii():
            return False
        address = f"{self._public_url}{path}" + (f"?{query}" if query else "")
        return bool(self._validator.validate(address, form, signature))

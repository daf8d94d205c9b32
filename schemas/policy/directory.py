"""The private directory: contact id to person. It is a file with tight permissions, never a topic."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

import phonenumbers
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from schemas.base import E164, Country, Id, Lang, Line, Model
from schemas.vocabulary import Channel, Origin

_REGION_OF_LANGUAGE = {"lv": "LV", "lt": "LT"}
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


class Script(StrEnum):
    """How a contact wants letters: with diacritics (more SMS parts) or stripped to plain ASCII."""

    NATIVE = "native"
    ASCII = "ascii"


def _mailbox(address: str) -> str:
    local, _, domain = address.partition("@")
    if not local or "." not in domain or any(char.isspace() for char in address) or not address.isascii():
        raise ValueError("not an e-mail address of the form name@example.org")
    return address


def mobile_number(text: str, region: str | None) -> str:
    """``text`` in international form. ``region`` (LV, LT) reads national forms: ``2612 3450``, ``8 612 34567``.

    Raises:
        ValueError: not a number, an emergency number, a number that does not exist, or no mobile one.
    """
    if phonenumbers.is_emergency_number(text, region or "LV"):
        raise ValueError("an emergency number; this system never calls one, it works after 112")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a telephone number; write it as +371 2… or +370 6…") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such number exists; check its digits and its country code")
    if phonenumbers.number_type(number) not in _MOBILE:
        raise ValueError("a landline cannot receive SMS; give a mobile number (+371 2…, +370 6…) or use email")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class Contact(Model):
    """A person behind a contact id. ``purpose`` keeps people for real events and for exercises apart.

    ``country`` says how to read a number in national form; without it the language does. A ``test_phone`` belongs to
    nobody: canaries go to such a contact, and to no other.
    """

    name: Line
    language: Lang
    country: Country | None = None
    script: Script = Script.NATIVE
    purpose: Origin = Origin.LIVE
    sms: E164 | None = None
    email: Annotated[str, Field(max_length=254), AfterValidator(_mailbox)] | None = None
    test_phone: bool = False

    @field_validator("sms", mode="before")
    @classmethod
    def _mobile(cls, text: object, info: ValidationInfo) -> object:
        if not isinstance(text, str):
            return text
        language = info.data.get("language")
        return mobile_number(text, info.data.get("country") or _REGION_OF_LANGUAGE.get(str(language)))

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.sms is None and self.email is None:
            raise ValueError("a contact needs a channel; give sms, email or both")
        return self

    def address(self, channel: Channel) -> str | None:
        """The number or mailbox for ``channel``, or None."""
        return self.sms if channel is Channel.SMS else self.email


class Directory(Model):
    """All contacts. A ``fictional`` directory is refused by every provider that is not on this machine.

    ``retired`` are ids of people who left, and since when; an id is never given to anybody else, since records of
    years cite it.
    """

    fictional: bool
    contacts: dict[Id, Contact]
    retired: dict[Id, date] = Field(default_factory=dict)

"""The private directory: contact id to person. It is a file with tight permissions, never a topic."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.base import E164, Id, Lang, Line, Model
from schemas.vocabulary import Channel, Origin


class Script(StrEnum):
    """How a contact wants letters: with diacritics (more SMS parts) or stripped to plain ASCII."""

    NATIVE = "native"
    ASCII = "ascii"


def _mailbox(address: str) -> str:
    local, _, domain = address.partition("@")
    if not local or "." not in domain or any(char.isspace() for char in address) or not address.isascii():
        raise ValueError("not an e-mail address of the form name@example.org")
    return address


class Contact(Model):
    """A person behind a contact id. ``purpose`` keeps people for real events and for exercises apart."""

    name: Line
    language: Lang
    script: Script = Script.NATIVE
    purpose: Origin = Origin.LIVE
    sms: E164 | None = None
    email: Annotated[str, Field(max_length=254), AfterValidator(_mailbox)] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.sms is None and self.email is None:
            raise ValueError("a contact needs a channel: give sms, email or both")
        return self

    def address(self, channel: Channel) -> str | None:
        """The number or mailbox for ``channel``, or None."""
        return self.sms if channel is Channel.SMS else self.email


class Directory(Model):
    """All contacts. A ``fictional`` directory is refused by every provider that is not on this machine."""

    fictional: bool
    contacts: dict[Id, Contact]

"""Who changes a policy: the person as stated, and what this machine knows of who that is."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LOGIN_UID = Path("/proc/self/loginuid")
_NOBODY = 2**32 - 1
"""The login uid of a process that no login led to: a service, a container."""


@dataclass(frozen=True)
class Person:
    """Who does something: ``name`` as stated with ``--by`` or else the account, ``account`` as this machine knows it.

    ``account`` names where it is from: ``login`` (kept by the kernel through sudo and su), ``sudo`` (a variable, which
    whoever has the account can set) or ``uid`` (the account the command runs under).
    """

    name: str
    account: str

    def is_same_as(self, name: str) -> bool:
        """Whether this person goes by ``name``, however it is spelt."""
        return _plain(self.name) == _plain(name)


def who(stated: str | None) -> Person:
    """The person at this terminal, who may have ``stated`` a name."""
    account = account_name(_login_uid(), os.environ, os.getuid())
    return Person(stated or account.partition(" ")[0], account)


def account_name(login_uid: int | None, environment: Mapping[str, str], uid: int) -> str:
    """The account, and how it is known: ``ruta (login)``. What proves most counts: login, then sudo, then uid."""
    if login_uid is not None:
        return f"{_name_of(login_uid)} (login)"
    if environment.get("SUDO_USER"):
        return f"{environment['SUDO_USER'][:60]} (sudo)"
    return f"{_name_of(uid)} (uid)"


def _login_uid() -> int | None:
    try:
        uid = int(_LOGIN_UID.read_text())
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY else uid


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())

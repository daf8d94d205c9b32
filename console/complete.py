"""What a shell completes after an option: party ids, roles and topics, read where that is cheap.

Ids are picked out of the policy's files line by line: loading a policy takes a second, and a key press must not.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

_ITEM = re.compile(r"^  - \{?id: *\"?([a-z0-9][a-z0-9._-]*)")


def _ids(name: str) -> Iterator[str]:
    """The ids of the items of a policy file, in its order; none where it cannot be read."""
    from console.files import shipped_policy

    try:
        lines = (shipped_policy() / name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    yield from (found[1] for line in lines if (found := _ITEM.match(line)))


def party_ids(incomplete: str) -> list[str]:
    """Ids of parties that begin so."""
    return [name for name in _ids("parties.yaml") if name.startswith(incomplete)]


def role_ids(incomplete: str) -> list[str]:
    """Ids of roles that begin so."""
    return [name for name in _ids("roles.yaml") if name.startswith(incomplete)]


def party_or_role_ids(incomplete: str) -> list[str]:
    """Both, parties first."""
    return [*party_ids(incomplete), *role_ids(incomplete)]


def topic_names(incomplete: str) -> list[str]:
    """Names of topics that begin so."""
    from schemas.topics import TOPICS

    return [name for name in TOPICS if name.startswith(incomplete)]


HomeOption = Annotated[Path, typer.Option(help="Home of the system.")]

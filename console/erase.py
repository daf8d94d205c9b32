"""Taking a leaver out of the private directory: the lines of one contact go, its id is retired, all else stays.

Lines are cut out of the text, so that comments, order and the way numbers are written stay as the administrator left
them; the result is read again and must hold what it held before, without the contact.
"""

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from schemas.policy.directory import Contact, Directory
from schemas.policy.directory_file import read_directory
from schemas.policy.mistakes import PolicyMistakes, errors_of

DIGITS_TOLD = 7
"""A run of so many last digits of a number tells whose it is, with or without its country code."""


class CannotErase(Exception):
    """The contact was not erased; the text says why and what to do."""


@dataclass(frozen=True)
class Erased:
    """What was done. ``left`` are lines of the file that still seem to name the person: comments."""

    contact: str
    left: tuple[int, ...]


def erase(path: Path, contact: str, on: date) -> Erased:
    """Remove ``contact`` from the directory file ``path`` and retire its id as of the day ``on``.

    The file is replaced at once or not at all, with the owner and permissions it had.

    Raises:
        CannotErase: the file has mistakes, holds no such contact, or is written in a way this cannot change.
        OSError: it cannot be read or written.
    """
    before = _read(path)
    if contact in before.retired:
        raise CannotErase(f"'{contact}' was erased on {before.retired[contact]}")
    if contact not in before.contacts:
        raise CannotErase(
            f"the directory holds no '{contact}'; `borderlands contacts status` lists those of the policy"
        )
    if len(before.contacts) == 1:
        raise CannotErase("this is the last contact; a directory without people cannot be used")
    text = path.read_text(encoding="utf-8-sig")
    after = _with_retired(_without(text, contact), contact, on)
    _replace(path, after, expected=_expected(before, contact, on))
    return Erased(contact, _left(after, before.contacts[contact]))


def _read(path: Path) -> Directory:
    loaded = read_directory(path)
    if loaded.directory is None:
        raise CannotErase(f"the directory has mistakes; mend them first:\n{PolicyMistakes(errors_of(loaded.mistakes))}")
    return loaded.directory


def _expected(before: Directory, contact: str, on: date) -> Directory:
    contacts = {name: one for name, one in before.contacts.items() if name != contact}
    return before.model_copy(update={"contacts": contacts, "retired": before.retired | {contact: on}})


def _without(text: str, contact: str) -> str:
    """``text`` without the lines of ``contact``, from its key to the next one's, less the comments that lead there."""
    contacts = _value_of(_root(text), "contacts")
    keys = [(cast(ScalarNode, key), value) for key, value in cast(MappingNode, contacts).value]
    position = next(number for number, (key, _) in enumerate(keys) if key.value == contact)
    key, value = keys[position]
    lines = text.splitlines(keepends=True)
    first, column = key.start_mark.line, key.start_mark.column
    last = max(first, _last_line(value))
    while last + 1 < len(lines) and _belongs(lines[last + 1], column):
        last += 1  # a comment or an empty line inside the block
    return "".join((*lines[:first], *lines[last + 1 :]))


def _belongs(line: str, column: int) -> bool:
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > column


def _last_line(node: Node) -> int:
    if isinstance(node, MappingNode) and node.value:
        return max(_last_line(value) for _, value in node.value)
    return int(node.end_mark.line)


def _with_retired(text: str, contact: str, on: date) -> str:
    """``text`` with one more line under ``retired``, which is made at the end where there is none."""
    if text and not text.endswith("\n"):
        text += "\n"
    try:
        retired = _value_of(_root(text), "retired")
    except KeyError:
        return f"{text}\n# Ids of people who left: never given to anybody else.\nretired:\n  {contact}: {on}\n"
    if not isinstance(retired, MappingNode) or not retired.value or retired.flow_style:
        raise CannotErase("write the entries under 'retired:' one per line, as 'id: date', and try again")
    lines = text.splitlines(keepends=True)
    key, value = retired.value[-1]
    lines.insert(_last_line(value) + 1, f"{' ' * key.start_mark.column}{contact}: {on}\n")
    return "".join(lines)


def _root(text: str) -> MappingNode:
    return cast(MappingNode, YAML(typ="safe", pure=True).compose(text))


def _value_of(root: MappingNode, name: str) -> Node:
    for key, value in root.value:
        if key.value == name:
            return cast(Node, value)
    raise KeyError(name)


def _replace(path: Path, text: str, *, expected: Directory) -> None:
    """Write ``text`` beside ``path``, make sure that it says what it must, and put it in its place."""
    path = path.resolve()  # the file itself, where the path is a link to it
    stat = path.stat()
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".yaml")
    draft = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), stat.st_mode & 0o7777)
            with suppress(PermissionError):  # only an administrator may give files away
                os.fchown(file.fileno(), stat.st_uid, stat.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        found = read_directory(draft).directory
        if found != expected:
            raise CannotErase(
                "the file is written in a way that lines cannot be cut out of; remove the contact by hand"
            )
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _left(text: str, contact: Contact) -> tuple[int, ...]:
    """Lines that hold the number, the mailbox or a name of ``contact``: a comment may, and nobody else knows."""
    words = {word.casefold() for word in re.findall(r"\w{4,}", contact.name)}
    number = re.sub(r"\D", "", contact.sms or "")[-DIGITS_TOLD:]
    found = []
    for line, said in enumerate(text.splitlines(), start=1):
        if "#" not in said:
            continue
        comment = said.partition("#")[2].casefold()
        digits = re.sub(r"\D", "", comment)
        mailbox = contact.email is not None and contact.email.casefold() in comment
        if (number and number in digits) or mailbox or words & set(re.findall(r"\w{4,}", comment)):
            found.append(line)
    return tuple(found)

"""Reads YAML 1.2 into plain data and remembers on which line every key and item stands.

A subset on purpose: no aliases, no tags, no second document, so that a file says what it seems to say. ``NO``
is the text NO, and a number written ``+371…`` or ``0025000`` stays text, since it is a name made of digits.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from schemas.policy.mistakes import Mistake

MAX_BYTES = 2 * 1024 * 1024
"""No policy file is larger; a larger one is not read."""

Loc = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"


@dataclass
class Source:
    """One file as read: ``data`` is plain (None if nothing could be read), ``lines`` maps a path of keys and
    indices to (line, column), both from 1; ``mistakes`` are those of the YAML itself."""

    name: str
    data: object = None
    lines: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line_of(self, path: Loc) -> int:
        """The line of ``path``, or of its nearest ancestor that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, (1, 1))[0]

    def place_of(self, path: Loc) -> str:
        """``file:line:column`` of ``path`` or its nearest ancestor."""
        while path and path not in self.lines:
            path = path[:-1]
        line, column = self.lines.get(path, (1, 1))
        return f"{self.name}:{line}:{column}"

    def mistake(self, path: Loc, problem: str, mend: str, *, warning: bool = False) -> Mistake:
        """A mistake at ``path`` of this file."""
        where = ".".join(str(part) for part in path)
        return Mistake(self.name, self.line_of(path), where, problem, mend, "warning" if warning else "error")


def read_source(path: Path, name: str) -> Source:
    """Read the YAML file ``path``, called ``name`` in messages. Never raises for what is in the file.

    What was read before is not parsed again, so a ``Source`` is a value: nobody changes it.
    """
    try:
        return _parsed(name, _read_text(path))
    except _Unreadable as unreadable:
        return Source(name, mistakes=[Mistake(name, unreadable.line, "", unreadable.problem, unreadable.mend)])


class _Unreadable(Exception):
    """A file that is not text we can parse."""

    def __init__(self, line: int, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.line, self.problem, self.mend = line, problem, mend


@lru_cache(maxsize=64)
def _parsed(name: str, text: str) -> Source:
    source = Source(name)
    try:
        node = _composed(text)
    except _Unreadable as unreadable:
        source.mistakes.append(Mistake(name, unreadable.line, "", unreadable.problem, unreadable.mend))
    else:
        source.data = _Plain(source).plain(node, ())
    return source


def _composed(text: str) -> Node:
    if any(line.startswith("%") for line in text.splitlines()):
        raise _Unreadable(1, "the file has a %YAML or %TAG directive", "remove it: all files are YAML 1.2")
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if isinstance(mark, StringMark) else 1
        raise _Unreadable(line, f"not YAML: {error.problem}", "look at this line and the one above it") from error
    except (YAMLError, RecursionError) as error:
        problem = str(error).splitlines()[0][:200]
        raise _Unreadable(1, f"not YAML: {problem}", "save it as plain UTF-8 text, nested less deeply") from error
    if node is None:
        raise _Unreadable(1, "the file is empty", "write its keys, or restore it")
    return node


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _Unreadable(0, f"the file is larger than {MAX_BYTES} bytes", "is it the right file? shorten it")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise _Unreadable(0, "the file is missing", f"create {path.name}, or restore it") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _Unreadable(line, "not UTF-8 text", "save the file as UTF-8") from error
    except OSError as error:
        mend = "check the file and its permissions"
        raise _Unreadable(0, f"cannot be read: {error.strerror}", mend) from error


class _Plain:
    """Turns a composed node into plain data, noting lines and mistakes in ``source``."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()

    def plain(self, node: Node, path: Loc) -> object:
        mark = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.source.lines.setdefault(path, mark)
        if id(node) in self.seen:
            self._add(mark[0], path, "an alias (*name) is not supported", "write the value out")
            return None
        self.seen.add(id(node))
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
            case _:
                return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Loc) -> dict[str, object]:
        plain: dict[str, object] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._add(line, path, "a key is not a plain word", "write keys as words")
                continue
            key = str(key_node.value)
            if key in first:
                problem = f"the key '{key}' stands twice: here and on line {first[key]}"
                self._add(line, (*path, key), problem, "remove or rename one of the two")
                continue
            first[key] = line
            self.source.lines[(*path, key)] = (line, key_node.start_mark.column + 1)
            plain[key] = self.plain(value_node, (*path, key))
        return plain

    def _scalar(self, node: Node, path: Loc) -> object:
        text, tag = str(node.value), str(node.tag)
        if not tag.startswith(_TAG) or "/" in tag.removeprefix(_TAG):
            self._add(node.start_mark.line + 1, path, f"the tag {tag} is not supported", "remove it")
            return None
        match tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
                return int(text)
            case "float" if re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}(e[+-]?[0-9]{1,2})?", text):
                return float(text)
            case _:
                return text

    def _add(self, line: int, path: Loc, problem: str, mend: str) -> None:
        where = ".".join(str(part) for part in path)
        self.source.mistakes.append(Mistake(self.source.name, line, where, problem, mend))

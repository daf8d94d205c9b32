"""``python -m tests.explain.commands_page``: write the tables of docs/commands.md anew, and leave its prose alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
BEGIN, END = "<!-- commands: begin -->", "<!-- commands: end -->"


def table(words: str, command: Any) -> str:
    """What the page says of one command: its purpose, its arguments and its options."""
    return "\n".join(_lines(words, command))


def _lines(words: str, command: Any) -> Iterator[str]:
    yield f"### `borderlands {words}`"
    yield ""
    yield " ".join((command.help or "").split())
    yield ""
    yield "| argument or option | what it is | default |"
    yield "|---|---|---|"
    for one in command.params:
        if "--help" in one.opts:
            continue
        name = (one.name or "").upper() if one.param_type_name == "argument" else ", ".join(one.opts)
        default = "" if one.default in (None, False, ()) or callable(one.default) else f"`{one.default}`"
        needed = "required" if one.required else default
        yield f"| `{name}` | {_cell(one.help or '')} | {needed} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    from tests.explain.test_commands import KNOWN

    page = PAGE.read_text(encoding="utf-8")
    body = "\n\n".join(table(words, command) for words, command in KNOWN.items())
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: f"{BEGIN}\n\n{body}\n\n{END}", page), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How the command speaks: what it was given comes out letter by letter, behind the right name."""

import pytest

from console.output import Exit, fail, out
from console.up import prefixed

HARSH = "Signs [red] and [/] and \\[x] and :fire: at 12:00:30"


def test_texts_are_printed_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like markup or an emoji code is shown as it was sent."""
    out.print(HARSH, markup=False)
    assert capsys.readouterr().out == f"{HARSH}\n"


def test_a_failure_is_said_letter_by_letter_and_ends_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Problem and mend go to standard error, nothing to standard output."""
    with pytest.raises(SystemExit) as ended:
        fail(HARSH, Exit.DATA, mend=HARSH)
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err) == (65, "", f"✗ {HARSH}\n  → {HARSH}\n")


def test_each_line_stands_behind_the_name_of_its_process(capsys: pytest.CaptureFixture[str]) -> None:
    """One column of names, coloured only on a terminal."""
    say = prefixed(colour=False)
    say("router", "ready [1]")
    say("notifier-email-routine", "ready")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("│ ") for line in lines] == [
        ["router                ", "ready [1]"],
        ["notifier-email-routine", "ready"],
    ]
    prefixed(colour=True)("router", "ready")
    assert capsys.readouterr().out.startswith("\x1b[36mrouter")

"""A log whose reader has stopped."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.log_stream import NeverWaiting, never_waiting

LINES = 20_000


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe: to read from and to write to."""
    readable, writable = os.pipe()
    yield readable, writable
    for fd in (readable, writable):
        try:
            os.close(fd)
        except OSError:
            continue


def say(stream: NeverWaiting, line: str) -> None:
    """Log one line, as a logger does."""
    stream.write(line)
    stream.write("\n")
    stream.flush()


def drained(fd: int) -> str:
    """What stands in the pipe now."""
    os.set_blocking(fd, False)
    text = b""
    try:
        while piece := os.read(fd, 65536):
            text += piece
    except BlockingIOError:
        pass
    return text.decode()


def test_a_reader_that_stops_holds_nobody_up(pipe: tuple[int, int]) -> None:
    """Far more than a pipe holds is logged without waiting; what is read later are whole lines and a count."""
    readable, writable = pipe
    stream = NeverWaiting(writable)
    for number in range(LINES):
        say(stream, f"line {number} ā {'x' * 40}")
    text = ""
    for _ in range(100):
        text += drained(readable)
        stream.flush()
    lines = text.splitlines()
    told = [line for line in lines if line.startswith("line ")]
    missing = sum(int(found[1]) for line in lines if (found := re.search(r"(\d+) lines are missing", line)))
    assert told == [f"line {number} ā {'x' * 40}" for number in range(len(told))]
    assert 0 < missing == LINES - len(told)
    say(stream, "and on it goes")
    assert drained(readable) == "and on it goes\n"


def test_a_reader_that_is_gone_disturbs_nobody(pipe: tuple[int, int]) -> None:
    """Nothing is raised where nobody can ever read it."""
    readable, writable = pipe
    os.close(readable)
    stream = NeverWaiting(writable)
    say(stream, "to nobody")
    say(stream, "again")


def test_files_and_terminals_are_written_as_ever(tmp_path: Path) -> None:
    """Only a pipe or a socket has a reader that can stop."""
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        assert never_waiting(file) is file
    memory = io.StringIO()
    assert never_waiting(memory) is memory

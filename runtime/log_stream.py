"""A log must not hold up what it tells of: lines for a pipe whose reader has stopped are dropped, and counted."""

import atexit
import os
import select
import stat
from typing import TextIO

_AT_ONCE = select.PIPE_BUF
"""Bytes that a pipe which has room for anything takes without waiting."""

MAX_WAITING = 256 * 1024
"""Bytes of lines that wait for the reader; of what comes on top, only the number of lines is kept."""


class NeverWaiting:
    """The text file of a logger on the pipe or socket ``fd``. Lines come out whole, or not at all."""

    def __init__(self, fd: int) -> None:
        self._fd, self._poll = fd, select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._line, self._waiting, self._dropped = "", bytearray(), 0
        atexit.register(self.flush)

    def write(self, text: str) -> int:
        """Take a part of a line; ``flush`` sends it."""
        self._line += text
        return len(text)

    def flush(self) -> None:
        """Send what has been written, as far as the reader takes it now."""
        line, self._line = self._line.encode(errors="backslashreplace"), ""
        if len(self._waiting) + len(line) > MAX_WAITING:
            self._dropped += line.count(b"\n")
        else:
            self._waiting += line
        self._send()
        if self._dropped and not self._waiting:
            self._waiting += f"(the reader of this log had stopped: {self._dropped} lines are missing here)\n".encode()
            self._dropped = 0
            self._send()

    def _send(self) -> None:
        try:
            while self._waiting and self._poll.poll(0):
                del self._waiting[: os.write(self._fd, self._waiting[:_AT_ONCE])]
        except OSError:  # nobody is left to read
            self._waiting.clear()


def never_waiting(stream: TextIO) -> TextIO | NeverWaiting:
    """``stream`` itself, or in its place one that does not wait where it is a pipe or a socket."""
    try:
        fd = stream.fileno()
        kind = os.fstat(fd).st_mode
    except (OSError, ValueError):
        return stream
    return NeverWaiting(fd) if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) else stream

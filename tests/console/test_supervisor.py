"""What keeps the processes of one machine running: it restarts, says so, gives up only on a wrong set-up, ends all."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deploy.local.supervisor import ProcessSpec, SetUpWrongly, Supervisor
from tests.local.processes import alive, eventually

PATIENCE_S = 20.0
NAP = "import signal; signal.pause()"


@dataclass
class News:
    """What the supervisor said, by process."""

    said: list[tuple[str, str]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, process: str, line: str) -> None:
        """Take one line."""
        self.said.append((process, line))
        self.more.set()

    def lines(self, process: str) -> list[str]:
        """The lines of one process."""
        return [line for name, line in self.said if name == process]

    async def until(self, true: Callable[[], bool]) -> None:
        """Return when ``true`` of what was said."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self.more.clear()
                await self.more.wait()


@pytest.fixture
def news() -> News:
    """Nothing said yet."""
    return News()


@pytest.fixture
async def supervisor(news: News) -> AsyncIterator[Supervisor]:
    """A supervisor with little patience; whatever it runs is ended."""
    supervisor = Supervisor(news.say, stop_within_s=0.5)
    yield supervisor
    await supervisor.stop()


def python(name: str, code: str) -> ProcessSpec:
    """A process that runs ``code``."""
    return ProcessSpec(name, (sys.executable, "-c", code), os.environ)


async def test_what_dies_is_started_again_after_longer_and_longer_waits(news: News, supervisor: Supervisor) -> None:
    """Each end and each wait is said, behind the process's own last words."""
    supervisor.start(python("router", "print('cannot go on'); raise SystemExit(3)"))
    await news.until(lambda: len(news.lines("router")) >= 6)
    assert news.lines("router")[:6] == [
        "cannot go on",
        "ended with exit code 3; starting it again in 0.2 s",
        "cannot go on",
        "ended with exit code 3; starting it again in 0.5 s",
        "cannot go on",
        "ended with exit code 3; starting it again in 1 s",
    ]


async def test_a_killed_process_is_named_by_its_signal(news: News, supervisor: Supervisor) -> None:
    """An operator reads SIGKILL, not 137."""
    supervisor.start(python("router", "import os; os.kill(os.getpid(), 9)"))
    await news.until(lambda: any("signal SIGKILL" in line for line in news.lines("router")))


async def test_a_wrong_set_up_at_the_first_start_ends_the_watch(news: News, supervisor: Supervisor) -> None:
    """Exit code 78 means that no restart would help; the others are still there to be stopped."""
    supervisor.start(python("sandbox", NAP))
    supervisor.start(python("router", "print('BORDERLANDS_PARTITIONS: 99 is too many'); raise SystemExit(78)"))
    with pytest.raises(SetUpWrongly, match="router cannot run as it is set up"):
        async with asyncio.timeout(PATIENCE_S):
            await supervisor.watch(asyncio.Event())
    assert news.lines("router") == ["BORDERLANDS_PARTITIONS: 99 is too many"]


async def test_a_wrong_set_up_later_is_waited_out(news: News, supervisor: Supervisor, tmp_path: Path) -> None:
    """A process that has run before keeps being tried: what it misses may come back."""
    code = (
        f"import pathlib; flag = pathlib.Path({str(tmp_path / 'ran')!r}); first = not flag.exists(); flag.touch(); "
        "raise SystemExit(1 if first else 78)"
    )
    supervisor.start(python("router", code))
    await news.until(lambda: any("exit code 78; starting it again" in line for line in news.lines("router")))


async def test_a_restart_that_cannot_be_prepared_is_tried_again(news: News, supervisor: Supervisor) -> None:
    """A full disk at the moment of a restart ends neither the process for good nor the watch over the others."""
    prepared = 0

    async def prepare() -> None:
        nonlocal prepared
        prepared += 1
        if prepared in (2, 3):
            raise OSError(28, "No space left on device")

    supervisor.start(replace(python("kafka", "print('up'); raise SystemExit(1)"), prepare=prepare))
    await news.until(lambda: news.lines("kafka").count("up") == 2)
    assert [line for line in news.lines("kafka") if "cannot be started" in line] == [
        "cannot be started: OSError: [Errno 28] No space left on device"
    ] * 2


async def test_a_first_start_that_cannot_be_prepared_ends_the_watch(supervisor: Supervisor) -> None:
    """What is wrong from the beginning is told to whoever starts the system."""

    async def prepare() -> None:
        raise OSError(13, "Permission denied")

    supervisor.start(replace(python("kafka", NAP), prepare=prepare))
    with pytest.raises(PermissionError):
        async with asyncio.timeout(PATIENCE_S):
            await supervisor.watch(asyncio.Event())


async def test_being_asked_to_stop_ends_the_watch(supervisor: Supervisor) -> None:
    """Ctrl-C while all is well is no error."""
    supervisor.start(python("router", NAP))
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await supervisor.watch(stop)


async def test_foundations_are_stopped_last(news: News, supervisor: Supervisor) -> None:
    """Kafka hears of the end when nobody needs it any more, and a stop is not followed by a restart."""
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(print('bye'))); print('up', flush=True); "
    for name in ("kafka", "sandbox", "router", "dispatcher"):
        spec = replace(python(name, code + "signal.pause()"), foundation=name in ("kafka", "sandbox"))
        supervisor.start(spec)
        await news.until(lambda name=name: "up" in news.lines(name))  # type: ignore[misc]
    await supervisor.stop()
    ended = [name for name, line in news.said if line == "bye"]
    assert sorted(ended[:2]) == ["dispatcher", "router"]
    assert ended[2:] == ["sandbox", "kafka"]
    assert not any("starting it again" in line for _, line in news.said)


async def test_a_process_that_ignores_sigterm_is_killed(news: News, supervisor: Supervisor) -> None:
    """Its patience at an end, the supervisor kills the process itself, not only the tether before it."""
    code = "import os, signal; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); signal.pause()"
    supervisor.start(python("router", "while True:\n    " + code.replace("; ", "\n    ")))
    await news.until(lambda: bool(news.lines("router")))
    pid = int(news.lines("router")[0])
    await supervisor.stop()
    assert "did not end within 0.5 s of SIGTERM" in news.lines("router")
    assert eventually(lambda: not alive(pid))


async def test_a_stop_while_a_process_is_being_prepared_starts_nothing(news: News, supervisor: Supervisor) -> None:
    """Whoever is still getting ready when the end comes never begins."""
    preparing, never = asyncio.Event(), asyncio.Event()

    async def prepare() -> None:
        preparing.set()
        await never.wait()

    spec = ProcessSpec("kafka", (sys.executable, "-c", "print('up')"), os.environ, prepare=prepare)
    supervisor.start(spec)
    async with asyncio.timeout(PATIENCE_S):
        await preparing.wait()
    await supervisor.stop()
    assert supervisor.processes["kafka"].pid is None
    assert news.said == []


async def test_lines_of_any_length_and_any_bytes_do_not_stop_the_output(news: News, supervisor: Supervisor) -> None:
    """What cannot be shown is said to be so; the lines after it are shown."""
    code = (
        "import sys, signal; out = sys.stdout.buffer; out.write(b'x' * 300_000 + b'\\n'); "
        "out.write(b'\\xff\\xfe \\xc4\\x81\\n'); out.write(b'after\\n'); out.flush(); signal.pause()"
    )
    supervisor.start(python("router", code))
    await news.until(lambda: "after" in news.lines("router"))
    lines = news.lines("router")
    assert "(a line too long to show)" in lines
    assert lines[-2:] == ["\ufffd\ufffd ā", "after"]


OWNER = """
import asyncio, os, sys
from deploy.local.supervisor import ProcessSpec, Supervisor

async def main():
    supervisor = Supervisor(lambda name, line: print(line, flush=True))
    child = "import os, signal; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True)\\nwhile True: signal.pause()"
    for name in ("router", "dispatcher"):
        supervisor.start(ProcessSpec(name, (sys.executable, "-c", child), os.environ))
    await supervisor.watch(asyncio.Event())

asyncio.run(main())
"""  # noqa: E501 - a program, kept as it would be typed


def test_no_process_outlives_a_supervisor_that_is_killed() -> None:
    """Even a process that ignores SIGTERM is gone after a kill -9 of its supervisor."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        children = [int(owner.stdout.readline()) for _ in range(2)]
        assert all(map(alive, children))
        owner.send_signal(signal.SIGKILL)
        owner.wait(10)
        assert eventually(lambda: not any(map(alive, children)), 10)

"""How a process starts and ends: settings, logs, signals, one place where any failure becomes an exit code."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import uvloop

from runtime import log
from runtime.health import Health, serve
from runtime.instance import InstanceLock, InstanceRunning
from runtime.policies import NoActivePolicy
from runtime.settings import Settings, SettingsMistake, load_settings
from runtime.topics import TopicsDiffer

EXIT_FAILED = 70
EXIT_CONFIGURATION = 78
STOP_WITHIN_S = 15.0

READY_POLL_S = 0.2
YOUNG_OBJECTS = 50_000
"""New objects before the collector looks for cycles among them; Python's own 700 is a few messages in hand."""

Body = Callable[[Settings, Health, asyncio.Event], Awaitable[None]]


class ConfigurationMistake(Exception):
    """The process cannot do its work as it is set up; the text says what to mend. Restarting does not help."""


def run(process: str, body: Body) -> None:
    """Run ``body(settings, health, stop)`` as this process and exit.

    ``body`` returns when ``stop`` is set. Exit codes: 0 stopped as asked, 70 failed (a supervisor restarts it),
    78 set up wrongly.
    """
    try:
        settings = load_settings()
    except SettingsMistake as mistake:
        print(f"{process}: {mistake}", file=sys.stderr)  # noqa: T201 - there is no log yet
        sys.exit(EXIT_CONFIGURATION)
    log.configure(process, settings.log_format)
    sys.exit(uvloop.run(_supervised(process, settings, body)))


async def _supervised(process: str, settings: Settings, body: Body) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked_to_stop() -> None:
        stop.set()
        _arm_exit(STOP_WITHIN_S)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, asked_to_stop)
    health = Health(settings.instance or process)
    try:
        with InstanceLock(settings.home, settings.instance or f"{process}-{os.getpid()}"):
            runner, port = await serve(health, settings.health_port)
            log.logger().info("starting", instance=settings.instance, health=f"http://127.0.0.1:{port}/health")
            settling = asyncio.create_task(_settle_memory(health), name="settle-memory")
            try:
                await body(settings, health, stop)
            finally:
                settling.cancel()
                _arm_exit(STOP_WITHIN_S)
                await runner.cleanup()
    except NoActivePolicy as missing:
        log.logger().error("cannot_start_yet", problem=str(missing))
        return EXIT_FAILED  # another start may find one: it is activated while processes start
    except (ConfigurationMistake, InstanceRunning, TopicsDiffer) as mistake:
        log.logger().error("cannot_start", problem=str(mistake))
        return EXIT_CONFIGURATION
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the one boundary of the process
        # Anything unforeseen ends it. Nobody cancels this task: a cancellation that comes here escaped from a Kafka
        # client that was being closed because of another failure, which is its context.
        log.logger().error("failed", error=repr(error)[:1000], exc_info=error)
        _arm_exit(5.0)
        return EXIT_FAILED
    log.logger().info("stopped")
    return 0


async def _settle_memory(health: Health) -> None:
    """Once the process has read its policies, take what is in memory out of the garbage collector's rounds.

    A policy is hundreds of thousands of objects that live as long as the process. Looking through them again and
    again cost a busy notifier a third of its time, a tenth of a second at once.
    """
    while not health.ready:  # noqa: ASYNC110 - a plain value, which whoever answers for health reads as well
        await asyncio.sleep(READY_POLL_S)
    settle_memory()


def settle_memory() -> None:
    """Have the garbage collector pass over everything that is in memory now, and look at new objects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


async def nap(stop: asyncio.Event, seconds: float) -> None:
    """Return after ``seconds``, or as soon as ``stop`` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _arm_exit(seconds: float) -> None:
    """A clean-up that hangs must not leave a process that neither works nor ends."""
    timer = threading.Timer(seconds, os._exit, (EXIT_FAILED,))
    timer.daemon = True
    timer.start()

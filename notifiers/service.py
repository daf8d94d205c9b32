"""A notifier process: one channel, one or both lanes, everything wired together."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from notifiers.claims import ClaimDesk
from notifiers.delivery import Courier, Policies
from notifiers.email_smtp import SmtpEmail
from notifiers.message import Provider
from notifiers.pace import Pace
from notifiers.receipts_view import ReceiptsView
from notifiers.sms_twilio import TwilioSms
from notifiers.tries import Windows
from notifiers.worker import Bounds, LaneWorker
from runtime.directory import DirectoryFile, anybody, for_real_people
from runtime.health import SILENT_S, Health
from runtime.kafka import make_consumer, make_producer
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from runtime.this_machine import is_local_url, is_loopback
from runtime.topics import await_topics
from schemas.topics import NOTIFY
from schemas.vocabulary import Channel, Lane

REPORT_EVERY_S = 0.5
POLICY_PATIENCE_S = 15.0
"""A notification that waits longer than this for its policy makes the process unhealthy."""

WAITING_HEARD_S = 2.0
DRAIN_S = 12.0
CLAIM_FETCH_WAIT_MS = 50


class PolicyFollowerFailed(Exception):
    """Policies are no longer being read; the process must start anew."""


def is_this_machine(settings: Settings, channel: Channel) -> bool:
    """Whether the channel's provider runs on this machine, so that it reaches no real people."""
    if channel is Channel.EMAIL:
        return is_loopback(settings.smtp.host)
    return is_local_url(settings.twilio.base_url)


def make_provider(settings: Settings, channel: Channel) -> Provider:
    """The provider of ``channel``; must be called inside a running event loop.

    Raises:
        ConfigurationMistake: its settings do not suffice.
    """
    if channel is Channel.SMS:
        return TwilioSms(settings.twilio, reconcile_pause_s=settings.notifier.reconcile_pause_s)
    return SmtpEmail(settings.smtp)


async def serve_notifier(
    settings: Settings, health: Health, stop: asyncio.Event, *, channel: Channel, lanes: Sequence[Lane]
) -> None:
    """Deliver the notifications of ``channel`` and ``lanes`` until ``stop`` is set.

    Raises:
        ConfigurationMistake: provider or directory cannot be used as set up.
        TopicsDiffer: the broker's topics are not the contract's.
        ExceptionGroup: something failed while running; a supervisor starts the process anew.
    """
    acceptable = anybody if is_this_machine(settings, channel) else for_real_people(f"the {channel.value} provider")
    directory = DirectoryFile(settings.directory, acceptable)
    async with AsyncExitStack() as stack:
        provider = make_provider(settings, channel)
        stack.push_async_callback(provider.close)
        await await_topics(settings)
        policies = await stack.enter_async_context(PolicyFollower(settings))
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)
        waits = _PolicyWaits(health)
        shared = _Shared(settings, channel, provider, producer, policies, directory, stop, waits)
        workers = {lane: await shared.worker(lane, stack) for lane in lanes}
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(directory.watch(), name="directory")
            reporting = group.create_task(_report(health, channel, workers, policies, waits), name="health")
            running = [group.create_task(worker.run(DRAIN_S), name=f"lane-{lane}") for lane, worker in workers.items()]
            health.ready = True
            await asyncio.wait(running)
            watching.cancel()
            reporting.cancel()


class _PolicyWaits:
    """Turns long waits for a policy into a fault of the process, and takes the fault back."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._heard: dict[str, tuple[float, float]] = {}

    def heard(self, version: str, waited_s: float) -> None:
        """A notification has waited ``waited_s`` seconds for policy ``version``, and goes on waiting."""
        longest_s = max(waited_s, self._heard.get(version, (0.0, 0.0))[0])
        self._heard[version] = (longest_s, time.monotonic())

    def judge(self) -> None:
        """Set the fault, or clear it when nobody waits any more."""
        since_s = time.monotonic() - WAITING_HEARD_S
        self._heard = {version: heard for version, heard in self._heard.items() if heard[1] >= since_s}
        late = [version[:12] for version, (longest_s, _) in self._heard.items() if longest_s >= POLICY_PATIENCE_S]
        self._health.fault = f"notifications wait for unknown policies: {', '.join(late)}" if late else None


@dataclass(frozen=True)
class _Shared:
    """What the lanes of a process share."""

    settings: Settings
    channel: Channel
    provider: Provider
    producer: AIOKafkaProducer
    policies: Policies
    directory: DirectoryFile
    stop: asyncio.Event
    waits: _PolicyWaits

    async def worker(self, lane: Lane, stack: AsyncExitStack) -> LaneWorker:
        """Start the lane's clients, to be stopped by ``stack``, and its worker, not yet running."""
        settings, name = self.settings, f"notifier-{self.channel.value}-{lane.value}"
        receipts = make_consumer(settings, fetch_wait_ms=CLAIM_FETCH_WAIT_MS)
        await receipts.start()
        stack.push_async_callback(receipts.stop)
        view = ReceiptsView(receipts, self.channel)
        courier = Courier(
            self.provider,
            ClaimDesk(self.producer, view, source=name),
            self.policies,
            self.directory.current,
            Windows(claim_fresh_s=settings.notifier.claim_fresh_s, try_for_s=settings.notifier.try_for_s),
            Pace(settings.notifier.concurrency),
            self.stop,
            self.waits.heard,
        )
        instance = f"{settings.instance}-{lane.value}" if settings.instance else None
        consumer = make_consumer(settings, group=name, instance=instance)
        topic = NOTIFY[self.channel, lane]
        worker = LaneWorker(topic, (self.channel, lane), consumer, self.producer, view, courier, self.stop, Bounds())
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        return worker


async def _report(
    health: Health,
    channel: Channel,
    workers: dict[Lane, LaneWorker],
    policies: PolicyFollower,
    waits: _PolicyWaits,
) -> None:
    while True:
        if policies.failed is not None:
            raise PolicyFollowerFailed(repr(policies.failed)) from policies.failed
        waits.judge()
        if all(worker.heard_s_ago() <= SILENT_S for worker in workers.values()):
            lag = {NOTIFY[channel, lane].name: worker.lag for lane, worker in workers.items()}
            health.report(lag, sum(worker.take_handled() for worker in workers.values()))
        await asyncio.sleep(REPORT_EVERY_S)

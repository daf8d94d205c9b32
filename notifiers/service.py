"""A notifier process: one channel, one or both lanes, everything wired together."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiokafka import AIOKafkaProducer

from notifiers.chain import Chain, Link
from notifiers.claims import ClaimDesk
from notifiers.delivery import Courier, Policies
from notifiers.directory import DirectoryFile, anybody, for_real_people
from notifiers.email_smtp import SmtpEmail, is_loopback
from notifiers.message import Provider
from notifiers.pace import Pace
from notifiers.receipts_view import ReceiptsView
from notifiers.sms_smpp import SmppSms
from notifiers.sms_twilio import TwilioSms
from notifiers.tries import Windows
from notifiers.worker import Bounds, LaneWorker
from runtime.health import Health
from runtime.kafka import make_consumer, make_producer
from runtime.policies import PolicyFollower
from runtime.settings import Settings
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
    """Whether all of the channel's providers run on this machine, so that they reach no real people."""
    if channel is Channel.EMAIL:
        hosts = {"smtp": settings.smtp.host, "smtp2": settings.smtp2.host}
        return all(is_loopback(hosts[name]) for name in settings.email_providers)
    hosts = {"twilio": urlsplit(settings.twilio.base_url or "").hostname or "", "smpp": settings.smpp.host}
    return all(is_loopback(hosts[name]) for name in settings.sms_providers)


async def make_providers(settings: Settings, channel: Channel, stack: AsyncExitStack) -> list[Provider]:
    """The providers of ``channel`` in their order, to be closed by ``stack``.

    Raises:
        ConfigurationMistake: the settings of one of them do not suffice.
    """
    names: Sequence[str] = settings.sms_providers if channel is Channel.SMS else settings.email_providers
    providers = []
    for name in names:
        provider = _make_provider(settings, name)
        stack.push_async_callback(provider.close)
        providers.append(provider)
    return providers


def _make_provider(settings: Settings, name: str) -> Provider:
    match name:
        case "twilio":
            return TwilioSms(settings.twilio, reconcile_pause_s=settings.notifier.reconcile_pause_s)
        case "smpp":
            return SmppSms(settings.smpp)
        case "smtp2":
            return SmtpEmail(settings.smtp2, name=name)
        case _:
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
        providers = await make_providers(settings, channel, stack)
        await await_topics(settings)
        policies = await stack.enter_async_context(PolicyFollower(settings))
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)
        waits = _PolicyWaits(health)
        shared = _Shared(settings, channel, providers, producer, policies, directory, stop, waits)
        chains = {lane: shared.chain() for lane in lanes}
        workers = {lane: await shared.worker(lane, chain, stack) for lane, chain in chains.items()}
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(directory.watch(), name="directory")
            reporting = group.create_task(_report(health, workers, chains, policies, waits), name="health")
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
    providers: Sequence[Provider]
    producer: AIOKafkaProducer
    policies: Policies
    directory: DirectoryFile
    stop: asyncio.Event
    waits: _PolicyWaits

    def chain(self) -> Chain:
        """The providers in their order, with a breaker each for one lane."""
        most = self.settings.notifier.concurrency
        at_once = {provider.name: min(most, provider.calls_at_once or most) for provider in self.providers}
        links = [Link(one, Pace(at_once[one.name], provider=one.name)) for one in self.providers]
        return Chain(self.channel, links)

    async def worker(self, lane: Lane, chain: Chain, stack: AsyncExitStack) -> LaneWorker:
        """Start the lane's clients, to be stopped by ``stack``, and its worker, not yet running."""
        settings, name = self.settings, f"notifier-{self.channel.value}-{lane.value}"
        receipts = make_consumer(settings, fetch_wait_ms=CLAIM_FETCH_WAIT_MS)
        await receipts.start()
        stack.push_async_callback(receipts.stop)
        view = ReceiptsView(receipts, self.channel)
        courier = Courier(
            chain,
            ClaimDesk(self.producer, view, source=name),
            self.policies,
            self.directory.current,
            Windows(
                claim_fresh_s=settings.notifier.claim_fresh_s,
                try_for_s=settings.notifier.try_for_s,
                refused_number_elsewhere=settings.notifier.refused_number_elsewhere,
            ),
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
    workers: dict[Lane, LaneWorker],
    chains: dict[Lane, Chain],
    policies: PolicyFollower,
    waits: _PolicyWaits,
) -> None:
    while True:
        if policies.failed is not None:
            raise PolicyFollowerFailed(repr(policies.failed)) from policies.failed
        waits.judge()
        lag = {NOTIFY[chains[lane].channel, lane].name: worker.lag for lane, worker in workers.items()}
        health.facts |= {f"providers_{lane.value}": chain.standing for lane, chain in chains.items()}
        health.report(lag, sum(worker.take_handled() for worker in workers.values()))
        await asyncio.sleep(REPORT_EVERY_S)

"""A notifier process: one channel, one or both lanes, everything wired together."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from notifiers.backlog import Bounds
from notifiers.chain import Chain, Link
from notifiers.claims import ClaimDesk
from notifiers.delivery import Courier
from notifiers.email_smtp import SmtpEmail
from notifiers.gate import Gate
from notifiers.message import OnlyTo, Provider
from notifiers.only_me import only_me
from notifiers.pace import Pace
from notifiers.rates import ContactPaces, LaneRate
from notifiers.receipts_view import ReceiptsView
from notifiers.reporter import Reporter
from notifiers.routine import Routine
from notifiers.sms_smpp import SmppSms
from notifiers.sms_twilio import TwilioSms
from notifiers.together import Together
from notifiers.tries import Windows
from notifiers.worker import LaneWorker
from runtime.control import ControlFollower
from runtime.directory import DirectoryFile, anybody, for_real_people
from runtime.health import SILENT_S, Health
from runtime.kafka import make_consumer, make_producer
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from runtime.this_machine import is_local_url, is_loopback
from runtime.topics import await_topics
from schemas.policy.rates import Rates
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


class ControlFollowerFailed(Exception):
    """Switches are no longer being read, so nothing may be sent; the process must start anew."""


def is_this_machine(settings: Settings, channel: Channel) -> bool:
    """Whether all of the channel's providers run on this machine, so that they reach no real people."""
    if channel is Channel.EMAIL:
        hosts = {"smtp": settings.smtp.host, "smtp2": settings.smtp2.host}
        return all(is_loopback(hosts[name]) for name in settings.email_providers)
    local = {"twilio": is_local_url(settings.twilio.base_url), "smpp": is_loopback(settings.smpp.host)}
    return all(local[name] for name in settings.sms_providers)


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
    only_to = only_me(settings)
    reaches_anybody = not is_this_machine(settings, channel) and only_to is None
    acceptable = for_real_people(f"the {channel.value} provider") if reaches_anybody else anybody
    directory = DirectoryFile(settings.directory, acceptable)
    async with AsyncExitStack() as stack:
        providers = await make_providers(settings, channel, stack)
        await await_topics(settings)
        policies = await stack.enter_async_context(PolicyFollower(settings))
        control = await stack.enter_async_context(ControlFollower(settings))
        gate = Gate(control, stop)
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)
        waits = _PolicyWaits(health)
        shared = _Shared(settings, channel, providers, producer, policies, directory, gate, stop, waits, only_to)
        chains = {lane: shared.chain() for lane in lanes}
        workers = {lane: await shared.worker(lane, chain, stack) for lane, chain in chains.items()}
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(directory.watch(), name="directory")
            reporting = group.create_task(_report(health, workers, chains, policies, directory, waits), name="health")
            looking = group.create_task(_keep_open(gate, control), name="control")
            switches = group.create_task(_show_switches(health, workers, control), name="switches")
            running = [group.create_task(worker.run(DRAIN_S), name=f"lane-{lane}") for lane, worker in workers.items()]
            if only_to is not None:
                health.facts["only_to"] = only_to.line
            health.ready = True
            await asyncio.wait(running)
            for task in (watching, reporting, looking, switches):
                task.cancel()


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
    policies: PolicyFollower
    directory: DirectoryFile
    gate: Gate
    stop: asyncio.Event
    waits: _PolicyWaits
    only_to: OnlyTo | None

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
        desk = ClaimDesk(self.producer, view, source=name)
        windows = self._windows()
        rate = LaneRate(lambda: self._rates().of(self.channel, lane), settings.partitions, self.stop)
        only_to = self.only_to.address(self.channel) if self.only_to else None
        reporter = Reporter(desk, self.channel, only_to)
        courier = Courier(
            chain,
            desk,
            reporter,
            self.policies,
            self.directory.current,
            windows,
            self.gate,
            self.stop,
            self.waits.heard,
            rate,
            only_to,
        )
        routine = None
        if (self.channel, lane) == (Channel.SMS, Lane.ROUTINE):
            directory = self.directory.current
            together = Together(reporter, chain, desk, self.policies, directory, windows, self.gate, rate, only_to)
            routine = Routine(ContactPaces(lambda: self._rates().routine_texts), together)
        instance = f"{settings.instance}-{lane.value}" if settings.instance else None
        consumer = make_consumer(settings, group=name, instance=instance)
        topic = NOTIFY[self.channel, lane]
        lane_of, stop = (self.channel, lane), self.stop
        worker = LaneWorker(
            topic, lane_of, consumer, self.producer, view, courier, self.gate, stop, Bounds(), rate, routine
        )
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        return worker

    def _windows(self) -> Windows:
        notifier = self.settings.notifier
        return Windows(
            claim_fresh_s=notifier.claim_fresh_s,
            try_for_s=notifier.try_for_s,
            refused_number_elsewhere=notifier.refused_number_elsewhere,
        )

    def _rates(self) -> Rates:
        """How fast the active policy lets messages go out; without one, as fast as the provider takes them."""
        return self.policies.active.rates if self.policies.active else Rates()


async def _report(
    health: Health,
    workers: dict[Lane, LaneWorker],
    chains: dict[Lane, Chain],
    policies: PolicyFollower,
    directory: DirectoryFile,
    waits: _PolicyWaits,
) -> None:
    while True:
        if policies.failed is not None:
            raise PolicyFollowerFailed(repr(policies.failed)) from policies.failed
        waits.judge()
        health.facts["directory"] = directory.facts
        health.facts |= {f"providers_{lane.value}": chain.standing for lane, chain in chains.items()}
        if all(worker.heard_s_ago() <= SILENT_S for worker in workers.values()):
            lag = {NOTIFY[chains[lane].channel, lane].name: worker.lag for lane, worker in workers.items()}
            health.report(lag, sum(worker.take_handled() for worker in workers.values()))
        await asyncio.sleep(REPORT_EVERY_S)


async def _keep_open(gate: Gate, control: ControlFollower) -> None:
    try:
        await gate.keep_open()
    except Exception as error:
        raise ControlFollowerFailed(repr(control.failed or error)) from error


async def _show_switches(health: Health, workers: dict[Lane, LaneWorker], control: ControlFollower) -> None:
    """Report which switches are on and how much they hold, and end the process where they are no longer followed."""
    while True:
        if control.failed is not None:
            raise ControlFollowerFailed(repr(control.failed)) from control.failed
        health.facts["held"] = sum(worker.held for worker in workers.values())
        health.facts["stopped"] = "; ".join(one.line for one in control.current.switches.values())
        await asyncio.sleep(REPORT_EVERY_S)

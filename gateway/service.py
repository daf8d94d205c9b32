"""The gateway's process: everything wired together, the door opened last."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import KafkaError

from gateway import web
from gateway.courtesy import Courtesy, Way
from gateway.desk import Desk
from gateway.inbound import TWILIO, InboundText, inbound_of, is_message
from gateway.known import known_since
from gateway.log import SOURCE, Log, LogAway
from gateway.missed import AT_MOST, OVERLAP, Missed
from gateway.reading import Reader
from gateway.recent import Did, Once
from gateway.reports import receipt_of
from gateway.requests import RequestsFollower
from gateway.sent_texts import SentTexts
from gateway.signature import Form, Seal
from gateway.smpp import PROVIDER as SMPP
from gateway.smpp import NotKept, SmppDoor
from gateway.smpp_replies import SmppReplies, numbers_of
from gateway.stops import Stops
from gateway.twilio_texts import TwilioTexts
from runtime.control import ControlFollower
from runtime.directory import DirectoryFile, anybody, for_real_people
from runtime.health import SILENT_S, Health
from runtime.kafka import make_producer
from runtime.log import logger
from runtime.log_clock import LogClock
from runtime.policies import PolicyFollower
from runtime.process import ConfigurationMistake
from runtime.settings import Settings
from runtime.status_callback import About
from runtime.this_machine import is_local_url, is_loopback
from runtime.topics import await_topics
from schemas.control import OperationsNote
from schemas.notification import Receipt
from schemas.topics import CONTROL, INCIDENTS, RECEIPTS, RESPONSES

CATCH_UP_WITHIN_S = 120.0
FIRST_LOOK_WITHIN_S = 10.0
LISTED_WITHIN_S = 30.0
REPORT_EVERY_S = 0.5
UNBOUND = "not bound: replies and receipts by SMPP wait at the provider"
"""What health says while the second door is shut."""


class FollowingEnded(Exception):
    """A topic is no longer being followed; the process must start anew."""


async def serve_gateway(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Take what providers say until ``stop`` is set.

    Raises:
        ConfigurationMistake: the provider's account or the directory cannot be used as set up.
        TopicsDiffer: the broker's topics are not the contract's.
        ExceptionGroup: something failed while running; a supervisor starts the process anew.
    """
    numbers = _checked(settings)
    acceptable = anybody if _on_this_machine(settings) else for_real_people("the sms provider")
    directory = DirectoryFile(settings.directory, acceptable)
    async with AsyncExitStack() as stack:
        await await_topics(settings)
        parts = _Parts(settings, directory, numbers)
        await parts.start(stack)
        await parts.read_back()
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(directory.watch(), name="directory"),
                group.create_task(parts.watch(health), name="health"),
            ]
            await parts.look_first()
            helpers.append(group.create_task(parts.missed.run(stop, settings.gateway.poll_s), name="listing"))
            helpers += [group.create_task(work, name="smpp") for work in parts.by_smpp()]
            await parts.serve(health, stop)
            for helper in helpers:
                helper.cancel()


def _checked(settings: Settings) -> Sequence[str]:
    """Our numbers; none where no account of the provider is set up at all.

    Raises:
        ConfigurationMistake: an account is set up by half; it names every variable that is missing.
    """
    twilio = settings.twilio
    needed = {
        "ACCOUNT_SID": twilio.account_sid,
        "AUTH_TOKEN": twilio.auth_token.get_secret_value(),
        "FROM_URGENT": twilio.from_urgent,
        "FROM_ROUTINE": twilio.from_routine,
    }
    missing = [f"BORDERLANDS_TWILIO__{name}" for name, value in needed.items() if not value]
    if len(missing) == len(needed):
        logger().warning("no_twilio_account", mend=f"set {', '.join(missing)} to hear replies through it")
        return []
    if missing:
        raise ConfigurationMistake(f"the gateway, too, needs {', '.join(missing)}")
    return [number for number in (twilio.from_urgent, twilio.from_routine) if number is not None]


def _on_this_machine(settings: Settings) -> bool:
    """Whether every provider that brings texts runs on this machine, so that nobody real is heard or answered."""
    by_smpp = SMPP in settings.sms_providers
    return is_local_url(settings.twilio.base_url) and (not by_smpp or is_loopback(settings.smpp.host))


class _Parts:
    """What the gateway is made of."""

    def __init__(self, settings: Settings, directory: DirectoryFile, numbers: Sequence[str]) -> None:
        self._settings, self._directory, self._numbers = settings, directory, numbers
        self._reports: Once[tuple[str, str]] = Once(remembered=100_000, at_once=4000)
        self._handled = 0
        self._smpp: SmppDoor | None = None

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the clients, to be closed by ``stack``."""
        settings = self._settings
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)
        clock = LogClock()
        self._log = Log(producer, clock)
        # The broker's answer tells its time. By this machine's, a reply could be too late, or an old one the newer.
        started = OperationsNote(note="a gateway starts", by=settings.instance or SOURCE, at=clock.now())
        await self._log.write(CONTROL, started, partition=0, key="note.gateway")
        self._policies = await stack.enter_async_context(PolicyFollower(settings))
        self._control = await stack.enter_async_context(ControlFollower(settings))
        self._follower = await stack.enter_async_context(RequestsFollower(settings))
        self._twilio = TwilioTexts(settings.twilio)
        stack.push_async_callback(self._twilio.close)
        courtesy = Courtesy(
            settings, self._ways(), lambda: self._policies.active, lambda: self._control.current, clock.now
        )
        self._reader = Reader(lambda: self._policies.active)
        stops = Stops(self._log, lambda: self._control.current, lambda: self._policies.active, settings.partitions)
        self._desk = Desk(
            self._log, self._follower, self._directory.current, self._reader, stops, courtesy, settings.partitions
        )
        for closing in (self._reports.close, self._desk.once.close, courtesy.close):
            stack.push_async_callback(closing)

    def _ways(self) -> dict[str, Way]:
        """How replies go out, by the provider that a text came by."""
        by_twilio = {TWILIO: Way(self._twilio.send, tuple(self._numbers))}
        if SMPP not in self._settings.sms_providers:
            return by_twilio
        smpp = self._settings.smpp
        replies = SmppReplies(smpp, lambda: self._smpp.session if self._smpp is not None else None)
        return by_twilio | {SMPP: Way(replies.send, numbers_of(smpp))}

    def by_smpp(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run for the SMPP provider's replies and receipts to be taken; nothing where it is not in use."""
        if SMPP not in self._settings.sms_providers:
            return
        sent = SentTexts(self._settings, SMPP)
        yield sent.run()
        self._smpp = SmppDoor(self._settings.smpp, sent, self._smpp_text, self._smpp_receipt, now=self._log.clock.now)
        yield self._smpp.run()

    async def read_back(self) -> None:
        """Know the requests and the texts that stand on the log, before anything is judged by them."""
        now, settings = datetime.now(UTC), self._settings.gateway
        self._reader.prepare()
        await self._follower.read_through(CATCH_UP_WITHIN_S)
        known = await known_since(self._settings, now - AT_MOST)
        for name in known.texts:
            self._desk.once.done.add(name)
        look_back = now - timedelta(seconds=settings.look_back_s)
        since = min(known.newest_at or look_back, look_back) - OVERLAP
        self.missed = Missed(self._twilio.received, self._listed, self._numbers, since, self._learn)
        logger().info("read_back", incidents=len(self._follower.requests), texts=len(known.texts))

    async def _learn(self, texts: Sequence[InboundText]) -> None:
        """Know which of ``texts`` another gateway has taken: one that takes this one's place, or stands beside it.

        Raises:
            LogAway: the log cannot be read.
        """
        unknown = [text.at for text in texts if (text.provider, text.ref) not in self._desk.once.done]
        if not unknown:
            return
        try:
            known = await known_since(self._settings, min(unknown))
        except (KafkaError, TimeoutError) as error:
            raise LogAway(f"reading {RESPONSES.name}: {type(error).__name__}") from error
        for name in known.texts:
            self._desk.once.done.add(name)

    async def look_first(self) -> None:
        """Fetch what was missed, so that an old STOP does not come after a new START; but not for long."""
        try:
            async with asyncio.timeout(FIRST_LOOK_WITHIN_S):
                await self.missed.look()
        except TimeoutError:
            logger().warning("listing_put_off", problem=f"the provider's list took over {FIRST_LOOK_WITHIN_S:g} s")

    async def serve(self, health: Health, stop: asyncio.Event) -> None:
        """Open the door until ``stop``; without a public address only the list brings replies."""
        settings = self._settings.gateway
        if settings.public_url is None or not self._numbers:
            logger().warning("no_door", mend="set BORDERLANDS_GATEWAY__PUBLIC_URL to hear of replies at once")
            health.ready = True
            await stop.wait()
            return
        seal = Seal(self._settings.twilio.auth_token.get_secret_value(), settings.public_url)
        door = web.Door(settings, seal, self._status, self._text)
        bound = web.listen(settings)
        health.facts["door"] = f"{settings.host}:{bound.getsockname()[1]}"
        health.ready = True
        await web.serve(door.app(), bound, settings, stop)

    async def watch(self, health: Health) -> None:
        """Tell ``health`` how far behind we are, twice a second."""
        while True:
            for follower in (self._policies, self._control, self._follower):
                if follower.failed is not None:
                    raise FollowingEnded(repr(follower.failed)) from follower.failed
            if self._smpp is not None:
                health.facts["smpp"] = "bound" if self._smpp.bound else UNBOUND
            health.facts["directory"] = self._directory.facts
            self._reader.prepare()
            handled, self._handled = self._handled + self._follower.applied, 0
            self._follower.applied = 0
            if self._follower.heard_s_ago() < SILENT_S:  # a lag nobody measured is not reported: health turns by itself
                health.report({INCIDENTS.name: await self._follower.lag()}, handled)
            await asyncio.sleep(REPORT_EVERY_S)

    async def _text(self, form: Form) -> str:
        text = inbound_of(form, self._log.clock.now())
        if text is None:
            raise web.Refused(400, "malformed")
        return (await self._take(text, self._settings.gateway.answer_within_s)).value

    async def _listed(self, text: InboundText) -> Did:
        return await self._take(text, LISTED_WITHIN_S)

    async def _take(self, text: InboundText, within_s: float) -> Did:
        did = await self._desk.take(text, within_s)
        self._handled += 1
        return did

    async def _smpp_text(self, sender: str, to: str, text: str, ref: str, at: datetime) -> None:
        try:
            await self._take(InboundText(SMPP, ref, sender, to, text, at), self._settings.gateway.answer_within_s)
        except LogAway as away:
            raise NotKept(str(away)) from away

    async def _smpp_receipt(self, receipt: Receipt, partition: int) -> None:
        try:
            await self._log.write(
                RECEIPTS, receipt, partition=partition, key=receipt.incident_id, cause=receipt.notification_id
            )
        except LogAway as away:
            raise NotKept(str(away)) from away
        self._handled += 1

    async def _status(self, about: About, form: Form) -> str:
        """Put what a status callback says onto the partition of its notification, once."""
        if not is_message(form.get("MessageSid")) or about.partition >= self._settings.partitions:
            raise web.Refused(400, "malformed")
        receipt = receipt_of(about, form, self._log.clock.now())
        if receipt is None:
            return "ignored"

        async def write() -> None:
            await self._log.write(
                RECEIPTS, receipt, partition=about.partition, key=about.incident, cause=about.notification
            )

        key = (form["MessageSid"], str(receipt.delivery))
        did = await self._reports.do(key, write, within_s=self._settings.gateway.answer_within_s)
        self._handled += 1
        return did.value

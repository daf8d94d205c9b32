"""Short polite replies to texts that are no answer: at most once each, few to a number, never to another robot."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.inbound import InboundText
from gateway.people import post_of
from gateway.recent import Recent
from notifiers.texts import Unrenderable
from notifiers.texts.replies import render_reply
from runtime import metrics
from runtime.control import Control
from runtime.log import logger
from runtime.settings import Settings
from schemas.base import Lang
from schemas.policy.directory import Contact, Script
from schemas.policy.models import Policy
from schemas.vocabulary import ReplyKind

FRESH = timedelta(minutes=15)
"""Whoever wrote longer ago is not written to any more: they wait for no reply."""

NUMBERS_MAX = 10_000
DAY_S, MINUTE_S = 86_400.0, 60.0
_LANGUAGES: dict[str, Lang] = {"+371": "lv", "+370": "lt"}


class NotTaken(Exception):
    """The provider did not take a reply; the text says why, without numbers."""


SendText = Callable[[str, str, str], Awaitable[None]]
"""``send(to, sender, body)`` hands one text to the provider; raises NotTaken."""


@dataclass(frozen=True)
class Way:
    """A provider by which texts come in: how replies go out by it, and which of its numbers are ours."""

    send: SendText
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Occasion:
    """Why somebody is written to, and who it is where the number is known."""

    kind: ReplyKind
    codes: tuple[str, ...] = ()
    contact_id: str | None = None
    contact: Contact | None = None


class Allowance:
    """How many replies may go out: some a day to one number, some a minute to all."""

    def __init__(self, a_day: int, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_day, self._a_minute, self._clock = a_day, a_minute, clock
        self._to: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def refuses(self, number: str) -> str | None:
        """Why no reply may go to ``number`` now, or None; then it is counted as gone."""
        now = self._clock()
        sent = self._to.setdefault(number, deque())
        self._to.move_to_end(number)
        while len(self._to) > NUMBERS_MAX:
            self._to.popitem(last=False)
        _drop_before(sent, now - DAY_S)
        _drop_before(self._all, now - MINUTE_S)
        if len(sent) >= self._a_day:
            return "enough_for_this_number"
        if len(self._all) >= self._a_minute:
            return "enough_for_now"
        sent.append(now)
        self._all.append(now)
        return None


def _drop_before(times: deque[float], since: float) -> None:
    while times and times[0] <= since:
        times.popleft()


def language_of(number: str) -> Lang:
    """The language to try with a number nobody knows: that of its country, else English."""
    return next((language for prefix, language in _LANGUAGES.items() if number.startswith(prefix)), "en")


class Courtesy:
    """Sends replies behind the back of the request that caused them. What cannot be sent now is never sent."""

    def __init__(
        self,
        settings: Settings,
        ways: Mapping[str, Way],
        policy: Callable[[], Policy | None],
        control: Callable[[], Control],
        now: Callable[[], datetime],
    ) -> None:
        """``ways`` are the providers by name: a text is answered by the one it came by, from the number it went to.
        None of our own numbers is ever written to. ``now`` is the time by which texts are stamped.
        """
        self._ways, self._policy, self._control = ways, policy, control
        self._ours = frozenset(number for way in ways.values() for number in way.numbers)
        self._now, self._only_to = now, settings.notifier.only_to
        self._allowance = Allowance(settings.gateway.replies_a_day, settings.gateway.replies_a_minute)
        self._answered: Recent[tuple[str, str]] = Recent(NUMBERS_MAX)
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, text: InboundText, occasion: Occasion) -> None:
        """Reply to ``text``, whose record is on the log, if a reply is due; returns at once."""
        number, way = text.number, self._ways.get(text.provider)
        if number is None or way is None or not way.numbers:
            self._count(occasion, "no_number" if number is None else "no_sender")
            return
        refusal = self._refusal(text, number, occasion)
        if refusal is not None:
            self._count(occasion, refusal)
            return
        body = self._body(number, occasion)
        if body is None:
            self._count(occasion, "no_words")
            return
        sender = text.to if text.to in way.numbers else way.numbers[0]
        task = asyncio.create_task(self._reply(way.send, number, sender, body, occasion))
        self._tasks.add(task)  # bounded by the allowance of a minute, and by the provider's time-out
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is being sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refusal(self, text: InboundText, number: str, occasion: Occasion) -> str | None:
        if number in self._ours:
            return "our_own_number"
        if self._now() - text.at > FRESH:
            return "too_old"
        if self._only_to not in (None, number):
            return "text_only_me"
        control, party = self._control(), self._party(occasion)
        if (control.stopped(party) if party else control.stopped()) is not None:
            return "stop_switch"
        if occasion.contact_id in control.stopped_contacts and occasion.kind not in (
            ReplyKind.STOPPED,
            ReplyKind.STARTED,
        ):
            return "contact_stopped"
        same = (number, " ".join(text.body.split()).casefold())
        if same in self._answered:
            return "answered_before"
        refusal = self._allowance.refuses(number)
        if refusal is None:
            self._answered.add(same)
        return refusal

    def _party(self, occasion: Occasion) -> str | None:
        contact, name = occasion.contact, occasion.contact_id
        post = post_of(self._policy(), name, contact.purpose) if contact and name else None
        return post.party if post else None

    def _body(self, number: str, occasion: Occasion) -> str | None:
        policy, contact = self._policy(), occasion.contact
        if policy is None:
            return None
        language = contact.language if contact else language_of(number)
        script = contact.script if contact else Script.NATIVE
        try:
            return render_reply(occasion.kind, policy, language=language, script=script, codes=occasion.codes).body
        except Unrenderable as error:
            logger().error("courtesy_has_no_words", kind=occasion.kind.value, problem=error.detail[:200])
            return None

    async def _reply(self, send: SendText, number: str, sender: str, body: str, occasion: Occasion) -> None:
        try:
            await send(number, sender, body)
        except NotTaken as refusal:
            self._count(occasion, "not_taken", problem=str(refusal))
            return
        self._count(occasion, "sent")

    @staticmethod
    def _count(occasion: Occasion, result: str, **more: str) -> None:
        metrics.COURTESY.labels(occasion.kind.value, result).inc()
        logger().info("courtesy_reply", kind=occasion.kind.value, result=result, contact=occasion.contact_id, **more)

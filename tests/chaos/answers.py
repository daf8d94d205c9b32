"""People who answer: requests for help, what a phone says to them, and what the asking side must then read.

As in ``load``, who is asked, who is told and in which words is written by hand from the agreements, not asked of the
system. Each request is answered by a yes in the end, long before the next rung of its ladder would be woken.
"""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import ClientError

from deploy.local.system import SANDBOX_URGENT_SENDER
from schemas.policy.directory import Directory
from schemas.vocabulary import Channel
from tests.chaos.books import News, Owed, missing
from tests.chaos.ground import PATIENCE_S, Ground
from tests.chaos.load import NEAR_BIRZAI, NEAR_VECUMNIEKI, Kind, Reported, Told

TANKERS = 2
"""So many are asked for: one is a part."""

_PAUSE_S = (0.2, 1.5)
_AGAIN_S = 1.0
_CODE = re.compile(r"(?:Atsakykite: (\w{4}) TAIP|Atbildiet: (\w{4}) J[ĀA])")
_BOTH = (Channel.SMS, Channel.EMAIL)
_LV, _LV_ASCII = ("PALĪDZĪBA VAJADZĪGA", "Meža ugunsgrēks"), ("PALIDZIBA VAJADZIGA", "Meza ugunsgreks")
_LT, _LT_ASCII = ("REIKIA PAGALBOS", "Miško gaisras"), ("REIKIA PAGALBOS", "Misko gaisras")


def _asking(name: str, party: str, corner: tuple[float, float], *told: Told) -> Kind:
    return Kind(name, party, "forest_fire", "Severe", corner, told, tankers=TANKERS)


HELP_TO_LT = _asking(
    "help-to-lt", "vecumnieki", NEAR_VECUMNIEKI, Told("birzai-duty", _BOTH, _LT), Told("birzai-chief", _BOTH, _LT)
)
HELP_TO_LV = _asking(
    "help-to-lv", "birzai", NEAR_BIRZAI,
    Told("vecumnieki-duty", _BOTH, _LV), Told("vecumnieki-chief", _BOTH, _LV_ASCII, _LV),
)  # fmt: skip
HELP_TO_JONISKIS = _asking(
    "help-to-joniskis", "tervete", (56.47, 23.36),
    Told("joniskis-duty", _BOTH, _LT_ASCII, _LT), Told("joniskis-chief", _BOTH, _LT),
)  # fmt: skip
HELP_TO_TERVETE = _asking(
    "help-to-tervete", "joniskis", (56.2, 23.5),
    Told("tervete-duty", _BOTH, _LV), Told("tervete-chief", _BOTH, _LV_ASCII, _LV),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What ``contact`` types, with ``{code}`` where the code stands, and what the asking side reads of it."""

    contact: str
    says: str
    news: News
    words: tuple[str, ...]
    mail_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """A request, who of the asking side is told of answers, and the answers, one after the other."""

    kind: Kind
    asker: str
    lines: tuple[Line, ...]


_HELPS_LV, _HELPS_LT = ("PALĪDZĪBA NĀK", "dežurants"), ("PAGALBA ATVYKSTA", "budėtojas")
_CHIEF_LV, _CHIEF_LT = ("PALĪDZĪBA NĀK", "ugunsdzēsēju vadītājs"), ("PAGALBA ATVYKSTA", "ugniagesių vadovas")
_PART_SMS, _PART_MAIL = ("DAĻĒJA PALĪDZĪBA", "autocisterna 1"), ("DAĻĒJA PALĪDZĪBA", "1 autocisterna")

STORIES = (
    Story(HELP_TO_LT, "vecumnieki-duty", (Line("birzai-duty", "{code} TAIP", "yes", _HELPS_LV),)),
    Story(HELP_TO_LV, "birzai-duty", (Line("vecumnieki-chief", "ja {code}", "yes", _CHIEF_LT),)),
    Story(HELP_TO_LT, "vecumnieki-duty", (
        Line("birzai-duty", "negalim {code}", "no", ("PALĪDZĒT NEVAR", "dežurants")),
        Line("birzai-chief", "{code} taip, atvyksime", "yes", _CHIEF_LV),
    )),
    Story(HELP_TO_LV, "birzai-duty", (
        Line("vecumnieki-duty", "{code} nē", "no", ("PADĖTI NEGALI", "budėtojas")),
        Line("vecumnieki-chief", "{code} JĀ", "yes", _CHIEF_LT),
    )),
    Story(HELP_TO_LT, "vecumnieki-duty", (
        Line("birzai-chief", "{code} taip, 1 autocisterna", "part", _PART_SMS, _PART_MAIL),
        Line("birzai-duty", "{code} TAIP", "more", ("JAUNA INFORMĀCIJA", "Palīdzība nāk", "dežurants")),
    )),
)  # fmt: skip
"""With codes: several requests may be open for these people at once."""

WITHOUT_CODE = (
    Story(HELP_TO_JONISKIS, "tervete-duty", (Line("joniskis-duty", "Taip", "yes", _HELPS_LV),)),
    Story(HELP_TO_TERVETE, "joniskis-duty", (
        Line("tervete-duty", "Jā", "yes", ("PAGALBA ATVYKSTA", "budetojas"), _HELPS_LT),
    )),
)  # fmt: skip
"""At most one of each is open and unanswered at a time, so that a reply without a code has one meaning."""


async def told_and_answered(ground: Ground, dice: random.Random, stop: asyncio.Event) -> None:
    """Requests of each sort, reported, read by everybody who is asked, and answered; again and again until ``stop``."""

    async def tell(stories: tuple[Story, ...]) -> None:
        while not stop.is_set():
            await _play(ground, dice.choice(stories))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(dice.uniform(*_PAUSE_S)):
                    await stop.wait()

    async with asyncio.TaskGroup() as group:
        for stories in (STORIES, WITHOUT_CODE):
            group.create_task(tell(stories))


async def _play(ground: Ground, story: Story) -> None:
    reported = await ground.load.report(story.kind)
    # Whoever is told that others help before the first text has left is owed none: so all are waited for.
    if not await _arrived(ground, list(reported.owed())):
        return  # lost, as the books will say
    for line in story.lines:
        said = line.says.format(code=_code(ground, reported, line.contact))
        ground.load.answered += (answer := list(_owed(reported, story, line)))
        await say_from(ground, line.contact, said)
        if not await _arrived(ground, answer):
            return


def _owed(reported: Reported, story: Story, line: Line) -> Iterator[Owed]:
    for channel in _BOTH:
        words = line.mail_words if channel is Channel.EMAIL and line.mail_words else line.words
        yield Owed(reported.marker, story.asker, channel, words, time.time(), line.news)


async def _arrived(ground: Ground, owed: list[Owed], within_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + within_s
    wanted = [one for one in owed if (one.contact, one.channel) not in ground.refused]
    while missing(wanted, ground.ledgers.arrived):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
        ground.ledgers.read()
    return True


def _code(ground: Ground, reported: Reported, contact: str) -> str:
    """The code that ``contact`` reads in the text about ``reported``."""
    for one in reversed(ground.ledgers.arrived):
        if (one.contact, one.channel, one.marker) == (contact, Channel.SMS, reported.marker):
            found = _CODE.search(one.body)
            assert found is not None, f"no code to answer with: {one.body!r}"
            return found[1] or found[2]
    raise AssertionError(f"{contact} has no text about {reported.marker}")


async def say_from(ground: Ground, contact: str, text: str) -> None:
    """Have a phone send ``text``; again, as people do, where the provider does not take it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            async with asyncio.timeout(10), ground.sandbox() as sandbox:
                await sandbox.reply(_number(ground.directory, contact), SANDBOX_URGENT_SENDER, text)
                return
        except (OSError, TimeoutError, ClientError):  # nothing runs between the supervisor's death and its return
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_AGAIN_S)


def _number(directory: Directory, contact: str) -> str:
    number = directory.contacts[contact].sms
    assert number is not None
    return number

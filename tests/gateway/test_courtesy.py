"""To whom a polite reply goes, and to whom none does."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.courtesy import Courtesy, NotTaken, Occasion, Way
from gateway.inbound import InboundText
from runtime.control import Control
from runtime.settings import NotifierSettings, Settings
from schemas.control import StopSwitch
from schemas.policy.directory import Contact, Script
from schemas.policy.models import Policy
from schemas.vocabulary import ReplyKind

OURS = ("+37167000001", "+37167000002")
SHORT = ("+37060000007", "1188")
RUTA = Contact(name="Rūta", language="lt", script=Script.ASCII, sms="+37061200001")
WRONG_CODE = Occasion(ReplyKind.UNKNOWN_CODE, ("7F2K",), "birzai-duty", RUTA)


def text(**changes: Any) -> InboundText:
    """A text of now, from Rūta's phone to our second number."""
    values: dict[str, Any] = {
        "provider": "twilio", "ref": "SM1", "sender": "+37061200001", "to": OURS[1], "body": "7F2K taip",
        "at": datetime.now(UTC), **changes,
    }  # fmt: skip
    return InboundText(**values)


def switch(party: str | None) -> Control:
    """A stop switch that is on, for everybody or for one party."""
    stop = StopSwitch(stopped=True, reason="a storm", party=party, by="operator", at=datetime.now(UTC))
    return Control(switches={stop.key: stop})


def _now() -> datetime:
    return datetime.now(UTC)


class Mouth:
    """Courtesy with a provider that only remembers."""

    def __init__(self, policy: Policy | None, control: Control | None = None, settings: Settings | None = None) -> None:
        self.said: list[tuple[str, str, str]] = []
        self.refuses = False
        holds = control or Control()
        self.courtesy = Courtesy(
            settings or Settings(),
            {"twilio": Way(self._send, OURS), "smpp": Way(self._send_by_smpp, SHORT)},
            lambda: policy,
            lambda: holds,
            lambda: datetime.now(UTC),
        )

    async def offered(self, inbound: InboundText, occasion: Occasion = WRONG_CODE) -> list[tuple[str, str, str]]:
        """What has been said once ``inbound`` was offered a reply."""
        self.courtesy.offer(inbound, occasion)
        for _ in range(3):
            await asyncio.sleep(0)
        return self.said

    async def _send(self, to: str, sender: str, body: str) -> None:
        if self.refuses:
            raise NotTaken("HTTP 400, code 21610")
        self.said.append((to, sender, body))

    async def _send_by_smpp(self, to: str, sender: str, body: str) -> None:
        self.said.append((to, f"smpp {sender}", body))


async def test_a_reply_comes_from_the_number_written_to_in_the_readers_language_and_letters(policy: Policy) -> None:
    """A contact is answered as the directory says; a stranger in the language of their country."""
    mouth = Mouth(policy)
    said = await mouth.offered(text())
    assert said == [("+37061200001", OURS[1], "Kodas 7F2K nezinomas. Patikrinkite ir siuskite dar karta.")]
    stranger = text(sender="+371 26 000 001", to="someone else's", body="?")
    to, sender, body = (await mouth.offered(stranger, Occasion(ReplyKind.UNKNOWN_NUMBER)))[1]
    assert (to, sender) == ("+37126000001", OURS[0])
    assert "112" in body
    assert "ī" in body


async def test_a_reply_goes_out_by_the_provider_that_the_text_came_by(policy: Policy) -> None:
    """Who wrote to a number of the local operator hears from it, and from no number they do not know."""
    mouth = Mouth(policy)
    await mouth.offered(text(provider="smpp", to="1188"))
    await mouth.offered(text(provider="smpp", to="37060000009", body="?"))
    await mouth.offered(text(provider="pigeon", body="!"))
    assert [sender for _, sender, _ in mouth.said] == ["smpp 1188", "smpp +37060000007"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": OURS[0]},
        {"sender": SHORT[0]},
        {"sender": "Bank"},
        {"sender": "1188"},
        {"at": datetime.now(UTC) - timedelta(hours=1)},
    ],
)
async def test_some_texts_are_not_answered(policy: Policy, changes: dict[str, Any]) -> None:
    """Our own numbers, names and short numbers, and what was written long ago."""
    assert await Mouth(policy).offered(text(**changes)) == []


@pytest.mark.parametrize(
    "control", [switch(None), switch("birzai"), Control(stopped_contacts=frozenset({"birzai-duty"}))]
)
async def test_nobody_is_written_to_who_must_not_be(policy: Policy, control: Control) -> None:
    """While sending is stopped for everybody or for the contact's party, and after STOP."""
    assert await Mouth(policy, control).offered(text()) == []


async def test_a_switch_of_another_party_silences_nobody_else(policy: Policy) -> None:
    """A party's switch is for its own contacts."""
    assert len(await Mouth(policy, switch("akniste")).offered(text())) == 1


async def test_a_stop_is_confirmed_to_whoever_said_it(policy: Policy) -> None:
    """The wish is on the log by then, and its confirmation is the last text."""
    control = Control(stopped_contacts=frozenset({"birzai-duty"}))
    stopped = Occasion(ReplyKind.STOPPED, (), "birzai-duty", RUTA)
    assert "START" in (await Mouth(policy, control).offered(text(body="STOP"), stopped))[0][2]


async def test_on_the_first_day_only_one_number_is_written_to(policy: Policy) -> None:
    """*Text only me* holds for replies as well."""
    only_me = Settings(notifier=NotifierSettings(only_to="+37061200009"))
    assert await Mouth(policy, settings=only_me).offered(text()) == []
    assert len(await Mouth(policy, settings=only_me).offered(text(sender="+37061200009"))) == 1


async def test_without_words_nothing_is_said() -> None:
    """Before a policy is active there are none."""
    assert await Mouth(None).offered(text()) == []


async def test_a_reply_that_the_provider_refuses_is_not_tried_again(policy: Policy) -> None:
    """At most once: the same text of theirs is not answered a second time either."""
    mouth = Mouth(policy)
    mouth.refuses = True
    await mouth.offered(text())
    mouth.refuses = False
    assert await mouth.offered(text(ref="SM2", body=" 7f2k  TAIP ")) == []
    assert len(await mouth.offered(text(ref="SM3", body="7F2K ne"))) == 1

"""The gate: closed to what a switch covers, and to everything while nobody knows what is switched off."""

import asyncio
from datetime import UTC, datetime

import pytest

from notifiers import gate as gate_module
from notifiers.gate import Gate, HeldBack
from notifiers.pace import Stopping
from runtime.control import Control
from schemas.control import StopSwitch
from tests.notifiers.stage import NothingStopped, order

ORDER = order("f" * 64)


def switch(party: str | None) -> StopSwitch:
    """A switch that is on."""
    return StopSwitch(stopped=True, reason="a test", party=party, by="operator", at=datetime.now(UTC))


class _View(NothingStopped):
    """A view of ``control`` that can stop being read."""

    def __init__(self, *switches: StopSwitch) -> None:
        self.current = Control({one.key: one for one in switches})
        self.readable = asyncio.Event()
        self.readable.set()

    async def confirm(self) -> None:
        """Everything has been read, as soon as it can be."""
        await self.readable.wait()


async def _open(view: _View) -> tuple[Gate, asyncio.Event, asyncio.Task[None]]:
    stop = asyncio.Event()
    gate = Gate(view, stop)
    return gate, stop, asyncio.create_task(gate.keep_open())


@pytest.mark.parametrize("party", [None, ORDER.party, ORDER.asking_party])
async def test_what_a_switch_covers_is_held_back(party: str | None) -> None:
    """The switch for everybody, for the party told and for the party that asked; the claim made on it is named."""
    gate, _, keeping = await _open(_View(switch(party)))
    with pytest.raises(HeldBack) as held:
        await gate.pass_by(ORDER, "c-1")
    assert held.value.claim_id == "c-1"
    keeping.cancel()


async def test_what_no_switch_covers_passes() -> None:
    """Another party's switch is nothing to it."""
    gate, _, keeping = await _open(_View(switch("rokiskis")))
    await gate.pass_by(ORDER)
    keeping.cancel()


async def test_while_control_cannot_be_read_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not knowing of a switch is no permission; what waited passes when control is read again."""
    monkeypatch.setattr(gate_module, "KNOWN_FOR_S", 0.1)
    monkeypatch.setattr(gate_module, "CONFIRM_EVERY_S", 0.02)
    view = _View()
    gate, _, keeping = await _open(view)
    await gate.pass_by(ORDER)
    view.readable.clear()
    await asyncio.sleep(0.2)
    waiting = asyncio.create_task(gate.pass_by(ORDER))
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    view.readable.set()
    async with asyncio.timeout(5):
        await waiting
    keeping.cancel()


async def test_who_waits_to_know_gives_way_when_the_process_is_stopped() -> None:
    """It holds nothing that somebody would have to find out about."""
    view = _View()
    view.readable.clear()
    gate, stop, keeping = await _open(view)
    waiting = asyncio.create_task(gate.pass_by(ORDER))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(5):
        with pytest.raises(Stopping):
            await waiting
    keeping.cancel()


async def test_reading_that_fails_ends_the_keeping() -> None:
    """Whoever runs it ends the process then: a notifier that knows of no switch must not send."""

    class _Broken(NothingStopped):
        async def confirm(self) -> None:
            raise OSError("no broker")

    with pytest.raises(OSError, match="no broker"):
        await Gate(_Broken(), asyncio.Event()).keep_open()

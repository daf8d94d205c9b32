"""``borderlands stop-sending`` and ``resume``: the stop switch, for everybody or for one municipality."""

import asyncio
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.complete import party_ids
from console.connect import connection
from console.output import Exit, JsonOption, err, fail, out, print_json
from runtime.control import Control, ControlFollower
from runtime.kafka import make_producer
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import StopSwitch
from schemas.policy.shape import nearest
from schemas.privacy import mask
from schemas.topics import CONTROL

PartyOption = Annotated[
    str | None,
    typer.Option(help="Only texts to or on behalf of this party; default: all.", autocompletion=party_ids),
]
ReasonOption = Annotated[str, typer.Option(help="Why, for the log and for everybody who looks.")]
HomeOption = Annotated[Path, typer.Option(help="Home of the system.")]

REASON_MAX = 500


def stop_sending(
    reason: ReasonOption,
    party: PartyOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Stop every notifier within a second. What is due waits; what a provider has taken cannot be recalled."""
    now_on = _switch(home, reason, party, stopped=True)
    if as_json:
        print_json(now_on.model_dump(mode="json", exclude_none=True))
        return
    out.print(f"■ {now_on.line}", markup=False)
    out.print("What is due waits until `borderlands resume`; what a provider has taken already cannot be recalled.")


def resume(
    reason: ReasonOption,
    party: PartyOption = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Take the stop switch off: what expired meanwhile ends with that reason, the rest goes out now."""
    now_off = _switch(home, reason, party, stopped=False)
    still_on = asyncio.run(switches_on(connection(home))).switches.values()
    if as_json:
        left_on = [left.model_dump(mode="json", exclude_none=True) for left in still_on]
        print_json({**now_off.model_dump(mode="json", exclude_none=True), "still_on": left_on})
        return
    out.print(f"✓ sending goes on for {'everybody' if party is None else party}")
    for left in still_on:
        err.print(f"! still on: {left.line}", markup=False)


def _switch(home: Path, reason: str, party: str | None, *, stopped: bool) -> StopSwitch:
    text = " ".join(reason.split())
    if not text or len(text) > REASON_MAX:
        fail(f"a reason has 1 to {REASON_MAX} characters, not {len(text)}", Exit.USAGE, mend="say in a sentence why")
    masked = mask(text).text
    if masked != text:
        err.print(f"! personal data were masked, the log keeps: {masked}", markup=False)
    switch = StopSwitch(stopped=stopped, reason=masked, party=party, by=getpass.getuser(), at=datetime.now(UTC))
    try:
        asyncio.run(_write(connection(home), switch))
    except _NotToBeDone as problem:
        fail(str(problem), problem.code, mend=problem.mend)
    except (KafkaError, OSError) as problem:
        fail(
            f"Kafka cannot be reached, nothing was switched: {problem}",
            Exit.UNAVAILABLE,
            mend="end the notifier processes by hand to stop sending" if stopped else "start the system, then resume",
        )
    return switch


class _NotToBeDone(Exception):
    def __init__(self, problem: str, code: Exit, mend: str) -> None:
        super().__init__(problem)
        self.code, self.mend = code, mend


async def _write(settings: Settings, switch: StopSwitch) -> None:
    if switch.party is not None and switch.stopped:
        await _must_exist(settings, switch.party)
    if not switch.stopped:
        on = await switches_on(settings)
        if switch.key not in on.switches:
            there = "; ".join(one.line for one in on.switches.values()) or "nothing is stopped"
            whom = "everybody" if switch.party is None else switch.party
            raise _NotToBeDone(f"no switch is on for {whom}", Exit.NO_INPUT, there)
    producer = make_producer(settings)
    await producer.start()
    try:
        encoded = encode(CONTROL, switch, source="console", at=switch.at)
        await producer.send_and_wait(
            CONTROL.name, key=switch.key.encode(), value=encoded.value, headers=encoded.headers, partition=0
        )
    finally:
        await producer.stop()


async def _must_exist(settings: Settings, party: str) -> None:
    """A misspelt party would stop nobody. Without an active policy there is nothing to compare with."""
    async with PolicyFollower(settings) as policies:
        known = {one.id for one in policies.active.parties} if policies.active else {party}
    if party not in known:
        guess = nearest(party, known)
        mend = f"did you mean '{guess}'?" if guess else f"parties: {', '.join(sorted(known))}"
        raise _NotToBeDone(f"the active policy has no party '{party}', nothing was stopped", Exit.DATA, mend)


async def switches_on(settings: Settings) -> Control:
    """What stands on ``control`` now."""
    async with ControlFollower(settings) as control:
        return control.current

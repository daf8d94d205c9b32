"""Checks of ``rates.yaml``."""

from collections.abc import Iterator

from schemas.policy.mistakes import Mistake
from schemas.policy.parts import RATES, Parts
from schemas.policy.rates import Rates
from schemas.vocabulary import Channel, Lane


def check_rates(parts: Parts) -> Iterator[Mistake]:
    """Each lane of a channel has one line, only an SMS has segments, and urgent is not slower than routine."""
    file = parts.get(RATES, Rates)
    if file is None:
        return
    source, seen = parts.sources[RATES], dict[tuple[Channel, Lane], int]()
    for index, rate in enumerate(file.rates):
        what = f"{rate.channel.value} {rate.lane.value}"
        first = seen.setdefault((rate.channel, rate.lane), index)
        if first != index:
            line = source.line_of(("rates", first))
            problem = f"{what} stands twice: here and on line {line}"
            yield source.mistake(("rates", index), problem, "remove one of the two")
        if rate.unit == "segments" and rate.channel is not Channel.SMS:
            problem = f"{rate.channel.value} has no segments"
            yield source.mistake(("rates", index, "unit"), problem, "write messages")
        routine = file.of(rate.channel, Lane.ROUTINE)
        if rate.lane is Lane.URGENT and (routine is None or routine.per_second > rate.per_second):
            problem = f"{what} is slower than routine"
            yield source.mistake(("rates", index, "per_second"), problem, "is that meant?", warning=True)

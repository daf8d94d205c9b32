"""What one notifier process sends a second by SMPP, beside Twilio in the same run."""

from statistics import median

import uvloop

from schemas.policy.models import Policy
from schemas.vocabulary import Channel
from tests.bench.figures import Figure, number
from tests.bench.notifying import NotifierBench, Round
from tests.bench.policies import shipped
from tests.bench.systems import fresh_home
from tests.bench.workshop import Workshop, workshop

ROUNDS, TEXTS, WARM_UP = 3, 1_500, 200
WINDOWS = (10, 100)
"""The shipped bound of texts without an answer, and as many as Twilio is given at once."""


def bench_smpp() -> list[Figure]:
    """Texts a second through one notifier by Twilio and by SMPP, in turn."""
    policy = shipped()
    by_twilio: list[Round] = []
    by_smpp: dict[int, list[Round]] = {window: [] for window in WINDOWS}
    with fresh_home() as home, workshop(home, policy) as shop:
        for _ in range(ROUNDS):
            by_twilio.append(_round(shop, policy, SMS_PROVIDERS="twilio"))
            for window, rounds in by_smpp.items():
                rounds.append(_round(shop, policy, SMS_PROVIDERS="smpp", SMPP__WINDOW=str(window)))
    twilio = _rate(by_twilio)
    figures = [Figure("smpp", "one notifier, texts by Twilio", twilio, "/s", None, _span(by_twilio))]
    for window, rounds in by_smpp.items():
        rate, name = _rate(rounds), f"texts by SMPP, window {window}"
        figures.append(Figure("smpp", f"one notifier, {name}", rate, "/s", None, _span(rounds)))
        figures.append(Figure("smpp", f"{name}, against Twilio", rate / twilio, "×"))
    for what, rounds in (("Twilio", by_twilio), (f"SMPP, window {WINDOWS[-1]}", by_smpp[WINDOWS[-1]])):
        value = median(one.cpu_ms_each("notifier") for one in rounds)
        figures.append(Figure("smpp", f"CPU of the notifier for 1,000 texts by {what}", value, "s"))
    return figures


def _round(shop: Workshop, policy: Policy, **changes: str) -> Round:
    """A notifier of its own, warmed up, and one measured round."""
    with shop.process("notifiers", "sms", "--lane", "urgent", **changes) as notifier:
        bench = NotifierBench(shop, policy, Channel.SMS, notifier.pid)
        uvloop.run(bench.through_notifier(WARM_UP))
        return uvloop.run(bench.through_notifier(TEXTS))


def _rate(rounds: list[Round]) -> float:
    return median(one.rate for one in rounds)


def _span(rounds: list[Round]) -> str:
    rates = [one.rate for one in rounds]
    return f"median of {ROUNDS} rounds of {TEXTS} texts, in turn; {number(min(rates))} to {number(max(rates))}"

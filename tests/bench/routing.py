"""How long ``route()`` takes, and where its time goes."""

import cProfile
import json
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import TypeVar

from schemas.codec import encode
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.topics import EVENTS
from schemas.vocabulary import DecisionOutcome
from streams.router.batches import Incoming
from streams.router.decide import Decider
from streams.rules.routing.index import index_of
from streams.rules.routing.route import route
from tests.bench.figures import AtMost, Figure, number
from tests.bench.policies import shipped, with_generated_agreements
from tests.bench.reports import Reports, by_code, by_point, with_text

T = TypeVar("T")

MANY = 3_000
MANY_COST = 1.5
BATCH, BATCHES = 500, 9
PROFILED, SHOWN = 4_000, 12


class NotRouted(Exception):
    """An event that is to be measured reaches nobody: its time would say nothing."""


def bench_route() -> list[Figure]:
    """Microseconds a call by the shipped policy, with and without free text, and how it grows with agreements; then
    what a call costs that no call before it has made cheaper, what the router does around it, and a yardstick."""
    few = shipped()
    many = with_generated_agreements(few, MANY)
    figures: list[Figure] = []
    for where, reports, goal_us in (("administrative code", by_code, 60.0), ("only a point", by_point, 120.0)):
        cost, among = cost_us(few, reports(few)), cost_us(many, reports(few))
        told, written = f"{where}, {len(few.agreements)} agreements", cost_us(few, with_text(reports(few)))
        figures += [
            Figure("route", told, cost.usual, "µs", AtMost(goal_us), f"CPU time; best batch {number(cost.best)} µs"),
            Figure(
                "route", f"{told}, a sentence of free text", written.usual, "µs", AtMost(goal_us),
                f"the text is searched for personal data; best batch {number(written.best)} µs",
            ),
            Figure(
                "route", f"{where}, {len(many.agreements)} agreements, against {len(few.agreements)}",
                among.usual / cost.usual, "×", AtMost(MANY_COST), f"{number(among.usual)} µs",
            ),
        ]  # fmt: skip
    figures += _around(few)
    return figures


def _around(policy: Policy) -> list[Figure]:
    index, events = index_of(policy), list(islice(with_text(by_point(policy)), BATCH))
    values = [encode(EVENTS, event, source="bench", at=event.reported_at).value for event in events]
    records = [Incoming(b"key", value, 0, 0, time.time()) for value in values]
    decide = Decider(lambda: policy, 12)

    def anew(event: EmergencyEvent) -> None:
        index.rulings.forget()
        route(event, policy)

    first = _usual_us(anew, list(islice(by_code(policy), BATCH)))
    whole = _usual_us(decide, records)
    yardstick = _usual_us(json.loads, values)
    return [
        Figure("route", "administrative code, the first event of its kind at its place", first, "µs", None,
               "its ruling is worked out, not remembered"),
        Figure("route", "decode, route, encode: only a point, a sentence of free text", whole, "µs", None,
               "all the router does with an event but reading and writing"),
        Figure("route", "yardstick: json.loads of such an event", yardstick, "µs", None, "to compare machines by"),
    ]  # fmt: skip


def _usual_us(call: Callable[[T], object], given: list[T]) -> float:
    """CPU microseconds of one call, in the median of ``BATCHES`` rounds over ``given``."""
    took_us = []
    for _ in range(BATCHES):
        began_s = time.process_time()
        for one in given:
            call(one)
        took_us.append((time.process_time() - began_s) / len(given) * 1e6)
    return median(took_us)


@dataclass(frozen=True)
class Cost:
    """CPU microseconds of one call, in the median batch and in the best one."""

    usual: float
    best: float


def cost_us(policy: Policy, reports: Reports) -> Cost:
    """What a call costs in CPU time: ``route()`` waits for nothing, and other programs' time does not count.

    Raises:
        NotRouted: an event of the first batch reaches nobody.
    """
    for event in islice(reports, BATCH):  # also compiles the policy, once in a router's life
        decision = route(event, policy)
        if decision.outcome is not DecisionOutcome.ROUTED:
            raise NotRouted(f"{event.place}: {[verdict.detail for verdict in decision.verdicts]}")
    took_us = []
    for _ in range(BATCHES):
        events = list(islice(reports, BATCH))
        began_s = time.process_time()
        for event in events:
            route(event, policy)
        took_us.append((time.process_time() - began_s) / BATCH * 1e6)
    return Cost(median(took_us), min(took_us))


def bench_profile() -> list[Figure]:
    """Print where calls with a point and free text spend their time; no figures: a profiler slows what it measures."""
    policy = shipped()
    reports = with_text(by_point(policy))
    route(next(reports), policy)
    events = list(islice(reports, PROFILED))
    profile = cProfile.Profile()
    profile.enable()
    for event in events:
        route(event, policy)
    profile.disable()
    print(f"route(), {PROFILED} events with only a point and a sentence of text, by the time within each function:")
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(SHOWN)
    return []

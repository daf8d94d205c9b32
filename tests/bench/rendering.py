"""How many SMS texts a second are made."""

import time
from itertools import islice
from statistics import median

from console.preview import notification_of
from notifiers.texts.sms import Sms, render_sms
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.vocabulary import Hazard, NeedKind
from streams.rules.routing.route import route
from tests.bench.figures import Figure
from tests.bench.policies import shipped
from tests.bench.reports import by_code, by_point, one_to_tell, report

LANGUAGES: tuple[Lang, ...] = ("lv", "lt", "en")
NOTIFICATIONS, BATCHES = 60, 7


def bench_texts() -> list[Figure]:
    """Renderings a second, of texts that fit and of texts that must be shortened, on one core."""
    policy = shipped()
    usual = _notifications(policy)
    long = [_long(policy)]
    shortened = _render(long, policy)
    if not all(sms.dropped for sms in shortened):
        raise RuntimeError("the long event is not shortened any more: make it longer")
    return [
        _figure("usual texts", usual, policy, "lv, lt, en; with diacritics and plain"),
        _figure("texts that must be shortened", long, policy, f"{len(shortened[0].dropped)} kinds of parts fall away"),
    ]


def _figure(name: str, notifications: list[Notification], policy: Policy, note: str) -> Figure:
    return Figure("texts", name, _rate(notifications, policy), "SMS/s", None, note)


def _rate(notifications: list[Notification], policy: Policy) -> float:
    """Texts per second of CPU time."""
    rates = []
    for _ in range(BATCHES):
        began_s = time.process_time()
        made = len(_render(notifications, policy))
        rates.append(made / (time.process_time() - began_s))
    return median(rates)


def _render(notifications: list[Notification], policy: Policy) -> list[Sms]:
    return [
        render_sms(notification, policy, language=language, script=script)
        for notification in notifications
        for language in LANGUAGES
        for script in Script
    ]


def _notifications(policy: Policy) -> list[Notification]:
    """What the first recipients of usual events get."""
    each = NOTIFICATIONS // 3
    events = [*islice(by_code(policy), each), *islice(by_point(policy), each), *islice(one_to_tell(policy), each)]
    return [
        notification_of(decision, way) for decision in (route(event, policy) for event in events)
        for way in decision.routes
    ]  # fmt: skip


def _long(policy: Policy) -> Notification:
    """A report with everything that can be said."""
    event = report(
        0,
        "vecumnieki",
        {"name": "Skaistkalne", "parish": "Skaistkalnes pagasts", "point": {"lat": 56.3801, "lon": 24.6402}},
        event_type="peat_fire",
        severity="Extreme",
        needs=tuple({"kind": kind, "count": 7} for kind in list(NeedKind)[:12]),
        hazards=tuple(Hazard),
        casualties={"dead": 1, "injured": 12, "missing": 3, "trapped": 4, "evacuated": 120},
    )
    decision = route(event, policy)
    return notification_of(decision, decision.routes[0])

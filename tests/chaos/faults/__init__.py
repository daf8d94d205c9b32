"""Everything that is done to the system, by name: see ``FAULTS``."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from deploy.local.sandbox.models import FaultKind, MailFaultKind
from schemas.topics import TOPICS
from tests.chaos.faults import clocks, disk, members, poison, policies, providers, replies, signals
from tests.chaos.ground import Ground
from tests.chaos.load import KINDS, URGENT_TO_LT, URGENT_TO_LV, Kind
from tests.chaos.rig import BROKER, EVERYBODY, NOTIFIERS, PROCESSES, SUPERVISOR

Play = Callable[[Ground], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """One thing that is done in a round, from hurting to healing. ``kinds`` is what is reported meanwhile.

    ``small_disk`` says that it needs Kafka on a disk of its own.
    """

    name: str
    play: Play
    kinds: Sequence[Kind] = KINDS
    small_disk: bool = False


async def nothing(ground: Ground) -> None:
    """No fault: the books must balance without one, and this silence is the normal one."""
    ground.note("nothing is done")


def _all() -> Iterator[Fault]:
    yield Fault("nothing", nothing)
    for victim in (*EVERYBODY, SUPERVISOR, BROKER):
        yield Fault(f"kill-{victim}", partial(signals.kill, victim=victim))
        yield Fault(f"term-{victim}", partial(signals.term, victim=victim))
        yield Fault(f"freeze-{victim}", partial(signals.freeze, victim=victim))
    yield Fault("starve-everybody", signals.starve)
    yield from _of_providers()
    yield from _of_members()
    yield Fault("disk-full", disk.full, small_disk=True)
    for name in EVERYBODY:
        for way, seconds in (("ahead", clocks.HOUR_S), ("behind", -clocks.HOUR_S)):
            yield Fault(f"clock-{way}-{name}", partial(clocks.jump, name=name, seconds=seconds))
    yield Fault("callbacks-lost", replies.lost)
    yield Fault("reports-lost", replies.unreported)
    yield Fault("contact-stops", replies.stopped)
    yield Fault("stop-switch", replies.switched)
    yield Fault("newer-policy", policies.newer)
    for topic in TOPICS:
        yield Fault(f"poison-{topic}", partial(poison.poison, name=topic))


def _of_providers() -> Iterator[Fault]:
    sms, mail = providers.sms, providers.mail
    yield Fault("sms-refused", partial(sms, kind=FaultKind.REFUSE))
    yield Fault("sms-hangs-before", partial(sms, kind=FaultKind.HANG_BEFORE, at_most=12))
    yield Fault("sms-hangs-after", partial(sms, kind=FaultKind.HANG_AFTER, at_most=12))
    yield Fault("sms-429", partial(sms, kind=FaultKind.THROTTLE))
    yield Fault("sms-5xx", partial(sms, kind=FaultKind.HTTP_ERROR))
    yield Fault("sms-reset", partial(sms, kind=FaultKind.RESET))
    # A routine text of which nothing can be learnt is not repeated, by promise: only urgent ones are sent here.
    urgent = (URGENT_TO_LT, URGENT_TO_LV)
    yield Fault("sms-blind-refused", partial(sms, kind=FaultKind.REFUSE, blind=True), urgent)
    yield Fault("sms-blind-5xx", partial(sms, kind=FaultKind.HTTP_ERROR, blind=True), urgent)
    yield Fault("sms-blind-reset", partial(sms, kind=FaultKind.RESET, blind=True), urgent)
    yield Fault("mail-down", partial(mail, kind=MailFaultKind.REFUSE_CONNECTION))
    yield Fault("mail-no-greeting", partial(mail, kind=MailFaultKind.HANG_CONNECTION, at_most=8))
    yield Fault("mail-deferred", partial(mail, kind=MailFaultKind.DEFER_DATA))
    yield Fault("mail-hangs-after-data", partial(mail, kind=MailFaultKind.HANG_DATA, at_most=6, unclear=True))
    yield Fault("mail-drops-after-data", partial(mail, kind=MailFaultKind.DROP_AFTER_DATA, at_most=12, unclear=True))
    yield Fault("mail-one-refused", partial(providers.one_recipient, kind=MailFaultKind.REFUSE_RECIPIENT))
    yield Fault("mail-one-deferred", partial(providers.one_recipient, kind=MailFaultKind.DEFER_RECIPIENT))
    yield Fault("providers-dead", providers.dead, urgent)
    yield Fault("providers-frozen", providers.frozen, urgent)


def _of_members() -> Iterator[Fault]:
    yield Fault("twin-on-this-machine", members.twin_here)
    for name in PROCESSES:
        yield Fault(f"twin-elsewhere-{name}", partial(members.twin_elsewhere, name=name))
    for name in PROCESSES:
        yield Fault(f"join-{name}", partial(members.join, name=name))
    for name in NOTIFIERS:
        yield Fault(f"freeze-one-of-two-{name}", partial(members.freeze_beside_another, name=name))


FAULTS: dict[str, Fault] = {fault.name: fault for fault in _all()}
"""Every fault by name, in the order of the table."""

SHORT = (
    "kill-router", "kill-dispatcher", "kill-notifier-email-urgent", "kill-kafka", "kill-supervisor",
    "kill-gateway", "freeze-dispatcher", "sms-hangs-after", "mail-drops-after-data", "stop-switch",
    "twin-on-this-machine", "poison-decisions",
)  # fmt: skip
"""What is played where no number of rounds is given, and by `make test`: one of each sort, without the slow ones."""

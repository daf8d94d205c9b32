"""Everybody who was not told is named, with the first thing that stopped it."""

import json
from datetime import timedelta

from console.explain.messages import Message
from console.explain.report import Report
from console.explain.untold import Stopped, Untold
from schemas.control import DutySwap
from schemas.policy.models import Policy
from schemas.vocabulary import Answer, Delivery, ReceiptReason, Severity, Status
from tests.explain.conftest import Explain
from tests.explain.evening import REPORT, START, Evening


def left_out(report: Report, party: str, role: str | None = None, contact: str | None = None) -> Untold:
    """The one entry about them."""
    (found,) = [one for one in report.untold if (one.party, one.role, one.contact) == (party, role, contact)]
    return found


def message(report: Report, contact: str, channel: str = "sms") -> Message:
    """The text to ``contact``."""
    (found,) = [one for one in report.messages if (one.order.contact_id, one.order.channel.value) == (contact, channel)]
    return found


def test_a_party_without_an_agreement_with_the_reporter_is_named(policy: Policy, explain: Explain) -> None:
    """Aknīste, Rokiškis, Tērvete and Joniškis have promised Vecumnieki nothing."""
    report = explain(Evening(policy).report().send())
    alone = {one.party for one in report.untold if one.stopped is Stopped.NO_AGREEMENT}
    assert alone == {"akniste", "rokiskis", "tervete", "joniskis"}


def test_the_verdict_that_stopped_a_partner_is_quoted(policy: Policy, explain: Explain) -> None:
    """A report that has expired stops at intake, for every party alike."""
    late = Evening(policy)
    late.report(recorded_at=START + timedelta(days=3))
    found = left_out(explain(late), "birzai")
    assert (found.stopped, found.stage, found.reason) == (Stopped.VERDICT, "intake", "expired")


def test_below_the_severity_of_the_clause(policy: Policy, explain: Explain) -> None:
    """What no clause takes stops at the clause, with what the agreement asks for."""
    evening = Evening(policy, json.dumps(json.loads(REPORT) | {"event_type": "joint_patrol"}).encode())
    evening.report(severity=Severity.MINOR, needs=())
    found = [one for one in explain(evening).untold if one.party == "birzai"]
    assert found
    assert all(one.stage in ("clause", "ladder", "sending") for one in found)


def test_steps_that_did_not_come_say_why(policy: Policy, explain: Explain) -> None:
    """Not yet while the ladder climbs; not reached once somebody has said yes."""
    evening = Evening(policy).report().send()
    assert left_out(explain(evening), "birzai", "psdk_delegate").stopped is Stopped.NOT_YET
    evening.answer("birzai-chief", Answer.ACCEPT, "TAIP")
    found = left_out(explain(evening), "birzai", "psdk_delegate")
    assert (found.stopped, found.reason) == (Stopped.NOT_REACHED, "accepted")
    assert "answered with a yes" in found.line


def test_a_swap_of_duty_says_whose_duty_it_was(policy: Policy, explain: Explain) -> None:
    """The chief gave the night away: the substitute is told, and the chief's line names the swap."""
    swap = DutySwap(
        swap_id="birzai-1112-abcd", party="birzai", role="fire_chief", contact_id="birzai-chief",
        substitute="birzai-delegate", start=START - timedelta(hours=3), end=START + timedelta(hours=3), by="somebody",
        at=START,
    )  # fmt: skip
    report = explain(Evening(policy, swaps=(swap,)).report().send())
    assert message(report, "birzai-delegate").told
    found = left_out(report, "birzai", "fire_chief", "birzai-chief")
    assert found.stopped is Stopped.NOT_ON_DUTY
    assert "birzai-delegate stood in by swap birzai-1112-abcd" in found.detail


def test_a_swap_that_was_written_later_changes_nothing_of_the_past(policy: Policy, explain: Explain) -> None:
    """Who was on duty is judged by what stood on the log at that minute."""
    evening = Evening(policy).report().send()
    evening.swap_later("birzai", "birzai-chief", "birzai-delegate")
    assert message(explain(evening), "birzai-chief").told


def test_a_text_that_did_not_go_out_says_what_held_it(policy: Policy, explain: Explain) -> None:
    """STOP of a contact, a stop switch, expiry and an address that is wrong are told apart."""
    evening = Evening(policy).report()
    evening.send("birzai-duty", delivery=Delivery.FAILED_PERM, reason=ReceiptReason.RECIPIENT_STOPPED)
    evening.hold("birzai-chief")
    report = explain(evening)
    found = {(one.contact, one.stopped) for one in report.untold if one.contact}
    assert ("birzai-duty", Stopped.RECIPIENT_STOPPED) in found
    assert ("birzai-chief", Stopped.HELD) in found
    assert not message(report, "birzai-chief").told


def test_those_spared_since_enough_come_are_dismissed(policy: Policy, explain: Explain) -> None:
    """Of the volunteers three are enough: what was not sent to a fourth ended with that reason."""
    evening = Evening(policy).report().send().wait(minutes=6).send("birzai-volunteer-1", "birzai-volunteer-2")
    evening.answer("birzai-chief", Answer.ACCEPT, "TAIP")
    found = left_out(explain(evening), "birzai", "volunteer_firefighters", "birzai-volunteer-3")
    assert found.stopped in (Stopped.DISMISSED, Stopped.UNDER_WAY)
    if found.stopped is Stopped.UNDER_WAY:  # the notifier has it in hand and looks at the answer itself
        assert found.reason == "pending"


def test_an_event_without_a_decision_is_undecided(policy: Policy, explain: Explain) -> None:
    """The router has not come to it: that is said, and nothing is invented."""
    evening = Evening(policy)
    evening.report_only()
    (found,) = explain(evening).untold
    assert (found.party, found.stopped) == ("everybody", Stopped.UNDECIDED)


def test_a_draft_tells_nobody(policy: Policy, explain: Explain) -> None:
    """What is not for sending stops at intake."""
    found = left_out(explain(Evening(policy).report(status=Status.DRAFT)), "birzai")
    assert (found.stage, found.reason) == ("intake", "not_for_sending")

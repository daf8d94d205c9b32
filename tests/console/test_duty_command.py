"""``borderlands duty``: who is called, gaps, and swaps on the running system."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.duty_swaps import write_swap
from console.publish import publish
from deploy.local.kafka import EmbeddedKafka
from runtime.control import ControlFollower
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.control import DutySwap
from schemas.policy.models import Policy
from tests.console.conftest import SHIPPED, Run

DIFFERENT, USAGE, DATA, NO_INPUT, UNAVAILABLE = 1, 2, 65, 66, 69
NIGHT = "2026-12-24T23:00"

ROLES = "        - {contact: akniste-duty, channels: [sms, email]}"
ROSTER = """
  akniste:
    duty_desk:
      shifts:
        - {days: mon-fri, hours: "06:00-22:00", call: [akniste-duty]}
        - {days: mon-fri, hours: "22:00-06:00", call: [akniste-night, akniste-duty]}
        - {days: "sat-sun, holidays", hours: "06:00-22:00", call: [akniste-night]}
        - {days: "sat-sun, holidays", hours: "22:00-06:00", call: [akniste-duty]}
      exceptions:
        - {dates: 2026-12-24, note: Christmas Eve, shifts: [{hours: "06:00-22:00", call: [akniste-duty]}]}
"""


@pytest.fixture
def rostered(tmp_path: Path) -> Path:
    """The shipped policy with two people in turn at the desk of Aknīste, and nobody in one night."""
    copy = Path(shutil.copytree(SHIPPED, tmp_path / "policy"))
    roles, rosters = copy / "roles.yaml", copy / "rosters.yaml"
    more = f"{ROLES}\n{ROLES.replace('akniste-duty', 'akniste-night')}"
    roles.write_text(roles.read_text(encoding="utf-8").replace(ROLES, more), encoding="utf-8")
    text = rosters.read_text(encoding="utf-8")
    begin = text.index("\n  akniste:\n    duty_desk")
    end = text.index("    fire_chief", begin)
    rosters.write_text(text[:begin] + ROSTER + text[end:], encoding="utf-8")
    return copy


def test_who_would_be_called_is_said_with_order_and_reason(borderlands: Run, rostered: Path) -> None:
    """A Tuesday night, by role and by ladder; contacts only."""
    done = borderlands("duty", "--at", "2026-06-02T23:00", "--party", "akniste", "--policy", rostered)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("akniste, Aknīste Municipality, today Jēkabpils Municipality: Tue 2 June 2026 23:00")
    desk = [line.split() for line in lines[2:4]]
    assert [line[:2] for line in desk] == [["1", "akniste-night"], ["2", "akniste-duty"]]
    assert "shift mon-fri 22:00-06:00, until 06:00" in lines[2]
    assert "    step 1  akniste-night, akniste-duty, akniste-chief" in lines
    assert "swaps of the running system are not looked at" in lines[-1]
    assert "+371" not in done.output


@pytest.mark.parametrize(
    ("at", "who", "why"),
    [
        ("2026-11-18T12:00", ["akniste-night"], "holiday Republic of Latvia Proclamation Day 06:00-22:00"),
        ("2026-12-24T12:00", ["akniste-duty"], "exception Christmas Eve 06:00-22:00"),
        (NIGHT, ["akniste-duty", "akniste-night"], "holds the role"),
    ],
)
def test_the_reason_is_the_shift_the_holiday_the_exception_or_nobody(
    borderlands: Run, rostered: Path, at: str, who: list[str], why: str
) -> None:
    """As JSON, with the time in the party's zone."""
    done = borderlands("duty", "--at", at, "--party", "akniste", "--policy", rostered, "--json")
    (party,) = json.loads(done.stdout)
    desk = party["roles"]["duty_desk"]
    assert party["at"] == f"{at}:00+02:00"
    assert [one["contact"] for one in desk["people"]] == who
    assert why in desk["people"][0]["why"]
    assert desk["nobody_on_duty"] == (at == NIGHT)
    assert party["ladders"]["inform_duty_desk"] == [who]


def test_all_parties_answer_in_their_own_time(borderlands: Run) -> None:
    """Six of them, and now unless a time is given."""
    done = borderlands("duty", "--policy", SHIPPED, "--json")
    answer = json.loads(done.stdout)
    assert len(answer) == 6
    now = datetime.now(UTC)
    assert all(abs(datetime.fromisoformat(one["at"]) - now) < timedelta(minutes=5) for one in answer)
    assert {one["time_zone"] for one in answer} == {"Europe/Riga", "Europe/Vilnius"}


@pytest.mark.parametrize(
    ("arguments", "said", "mend"),
    [
        (["--at", "2026-10-25T03:30"], "stands twice", "2026-10-25T03:30+03:00 or 2026-10-25T03:30+02:00"),
        (["--at", "2026-03-29T03:30"], "does not exist", "before or after"),
        (["--at", "tonight"], "'tonight' is no time", "2026-12-24T23:00"),
        (["--party", "aknist"], "no party 'aknist'", "did you mean 'akniste'?"),
    ],
)
def test_a_question_that_is_not_clear_is_asked_back(
    borderlands: Run, arguments: list[str], said: str, mend: str
) -> None:
    """With what to write instead."""
    done = borderlands("duty", "--policy", SHIPPED, *arguments)
    assert done.exit_code == USAGE
    assert said in done.stderr
    assert mend in done.stderr


def test_a_gap_is_named_with_place_day_and_hours(borderlands: Run, rostered: Path) -> None:
    """The night of Christmas Eve, which nobody has; elsewhere the exit code says that all is well."""
    asked = ["duty", "gaps", "--policy", rostered, "--from", "2026-12-20", "--to", "2026-12-30"]
    done = borderlands(*asked)
    assert done.exit_code == DIFFERENT
    gaps = [line for line in done.stdout.splitlines() if line.startswith("nobody")]
    assert gaps == [
        "nobody on duty in Aknīste Municipality (akniste) as duty desk on Thu 24 December 2026 22:00–06:00, 8 h"
    ]
    assert "no roster, on duty at all times: akniste: psdk_delegate" in done.stdout
    assert borderlands(*asked, "--party", "birzai").exit_code == 0
    assert borderlands("duty", "gaps", "--policy", SHIPPED).exit_code == 0
    assert borderlands(*asked[:-2], "--to", "2026-12-01").exit_code == USAGE


def test_the_check_of_a_policy_warns_of_gaps_to_come(borderlands: Run, rostered: Path) -> None:
    """One line for a roster, with its first gap; warnings keep no policy from use."""
    (rostered / "directory.example.yaml").unlink()
    path = rostered / "rosters.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("days: mon-fri, hours", "days: mon-thu, hours"), "utf-8")
    done = borderlands("policy", "check", rostered)
    assert done.exit_code == 0, done.output
    (warning,) = [line for line in done.stdout.splitlines() if "nobody on duty" in line]
    assert warning.startswith(
        "rosters.yaml: warning: nobody on duty in Aknīste Municipality (akniste) as duty desk on Fri"
    )
    assert " more (rosters.akniste.duty_desk); borderlands duty gaps" in warning


def test_without_kafka_the_directory_answers_and_says_so(
    borderlands: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is on duty can be asked in the dark; a swap cannot be made there."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", "127.0.0.1:1")
    done = borderlands("duty", "--at", NIGHT, "--home", tmp_path)
    assert done.exit_code == 0, done.output
    assert "Kafka cannot be reached, so swaps are not known" in done.stdout
    refused = borderlands("duty", "swaps", "--home", tmp_path)
    assert refused.exit_code == UNAVAILABLE
    assert "Kafka cannot be reached" in refused.stderr


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Settings]:
    """A broker with the shipped policy active."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("duty-kafka"))
    settings = Settings(bootstrap=broker.start(), partitions=1, home=tmp_path_factory.mktemp("duty"))

    async def set_up() -> None:
        await create_topics(settings)
        await publish(settings, policy, note="for tests", by="tests")

    asyncio.run(set_up())
    yield settings
    broker.stop()


@pytest.fixture
def live(borderlands: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, reaching that broker."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", settings.bootstrap)
    monkeypatch.setenv("BORDERLANDS_PARTITIONS", str(settings.partitions))

    def run(*arguments: str | Path, **more: Any) -> Any:
        return borderlands(*arguments, "--home", settings.home, **more)

    return run


def on_control(settings: Settings) -> tuple[DutySwap, ...]:
    """The swaps that were not revoked, as every process sees them."""

    async def read() -> tuple[DutySwap, ...]:
        async with ControlFollower(settings) as follower:
            return follower.current.swaps

    return asyncio.run(read())


def tomorrow(hour: int, days: int = 1) -> str:
    """An hour of a day to come, as it is typed in Vilnius."""
    day = datetime.now(ZoneInfo("Europe/Vilnius")).date() + timedelta(days=days)
    return f"{day.isoformat()}T{hour:02}:00"


def asked(**changes: str) -> list[str]:
    """A swap of the coming night in Biržai, with changes to its options."""
    options = {
        "party": "birzai", "for": "birzai-duty", "by": "birzai-chief", "from": tomorrow(20), "to": tomorrow(8, 2)
    }  # fmt: skip
    return ["duty", "swap", *(part for name, value in (options | changes).items() for part in (f"--{name}", value))]


@pytest.mark.kafka
def test_a_swap_is_made_seen_and_taken_back(live: Run, settings: Settings) -> None:
    """It stands on ``control``, changes who is called in its hours and only then, and goes when it is revoked."""
    done = live(*asked(role="duty_desk", note="call +370 600 02101 if need be"))
    assert done.exit_code == 0, done.output
    (made,) = on_control(settings)
    zone = ZoneInfo("Europe/Vilnius")
    assert (made.party, made.role, made.contact_id, made.substitute) == (
        "birzai", "duty_desk", "birzai-duty", "birzai-chief",
    )  # fmt: skip
    assert made.start.astimezone(zone).isoformat()[:16] == tomorrow(20)
    assert made.end.astimezone(zone).isoformat()[:16] == tomorrow(8, 2)
    assert "02101" not in made.note
    assert made.swap_id in done.stdout

    def desk(at: str) -> dict[str, Any]:
        (party,) = json.loads(live("duty", "--at", at, "--party", "birzai", "--json").stdout)
        assert party["swaps_known"]
        (one,) = party["roles"]["duty_desk"]["people"]
        return dict(one)

    assert desk(tomorrow(19))["contact"] == "birzai-duty"
    night = desk(tomorrow(20))
    assert (night["contact"], night["stands_in_for"], night["swap"]) == ("birzai-chief", "birzai-duty", made.swap_id)
    assert "birzai-chief for birzai-duty as duty_desk" in live("duty", "swaps").stdout
    back = live("duty", "swap", "--revoke", made.swap_id)
    assert back.exit_code == 0, back.output
    assert on_control(settings) == ()
    assert desk(tomorrow(20))["contact"] == "birzai-duty"
    assert "no swaps" in live("duty", "swaps").stdout
    again = live("duty", "swap", "--revoke", made.swap_id)
    assert again.exit_code == NO_INPUT


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("changes", "code", "said", "mend"),
    [
        ({"by": "birzai-cheif"}, DATA, "--by birzai-cheif: no such contact at birzai", "'birzai-chief'?"),
        ({"for": "rokiskis-duty"}, DATA, "--for rokiskis-duty: no such contact at birzai", "birzai-duty"),
        ({"by": "birzai-exercise-duty"}, DATA, "a contact for exercises has no duty", "for real events"),
        ({"by": "birzai-duty"}, DATA, "nobody stands in for themselves", "two contacts"),
        ({"role": "duty_dsk"}, DATA, "nobody holds the role 'duty_dsk'", "'duty_desk'?"),
        ({"role": "fire_chief"}, DATA, "does not hold fire_chief at birzai", "held by birzai-chief"),
        ({"to": tomorrow(19)}, DATA, "ends before it begins", "--from"),
        ({"from": "2020-01-01", "to": "2020-01-02"}, DATA, "over already", "dates"),
        ({"to": tomorrow(8, 400)}, DATA, "longer than 92 days", "year"),
        ({"party": "birzi"}, USAGE, "no party 'birzi'", "'birzai'?"),
        ({"from": "2026-10-25T03:30"}, USAGE, "stands twice in Europe/Vilnius", "+02:00"),
        ({"revoke": "x"}, USAGE, "goes with no other option", ""),
    ],
)
def test_a_swap_that_could_not_work_is_refused(
    live: Run, settings: Settings, changes: dict[str, str], code: int, said: str, mend: str
) -> None:
    """Nothing is written, and the reason is named with a way out."""
    before = on_control(settings)
    done = live(*asked(**changes))
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert mend in done.stderr
    assert on_control(settings) == before


@pytest.mark.kafka
def test_swaps_are_listed_for_a_year_and_let_go_of(live: Run, settings: Settings) -> None:
    """One that is over is listed with ``--all``; one that was over more than a year ago goes with the next swap."""
    now = datetime.now(UTC)
    for days, name in ((500, "ancient"), (300, "old")):
        start = now - timedelta(days=days)
        one = DutySwap(
            swap_id=name, party="birzai", contact_id="birzai-duty", substitute="birzai-chief",
            start=start, end=start + timedelta(hours=12), by="tests", at=start,
        )  # fmt: skip
        asyncio.run(write_swap(settings, one, now))
    assert live("duty", "swaps").stdout == "no swaps\n"
    listed = live("duty", "swaps", "--all", "--party", "birzai").stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["ancient", "old"]
    made = live(*asked())
    assert made.exit_code == 0, made.output
    assert {one.swap_id for one in on_control(settings)} == {"old", made.stdout.split()[1]}
    for one in on_control(settings):
        assert live("duty", "swap", "--revoke", one.swap_id).exit_code == 0


@pytest.mark.kafka
def test_a_swap_that_may_be_a_slip_is_made_with_a_word(live: Run, settings: Settings) -> None:
    """A duty given away twice, and a substitute who gave away their own; half an order is refused with the whole."""
    first = live(*asked(by="birzai-delegate"))
    assert first.exit_code == 0, first.output
    assert "!" not in first.stderr
    second = live(*asked())
    assert "gave that duty to birzai-delegate" in second.stderr
    third = live(*asked(**{"for": "birzai-chief", "by": "birzai-duty"}))
    assert "has birzai-" in third.stderr
    for one in on_control(settings):
        assert live("duty", "swap", "--revoke", one.swap_id).exit_code == 0
    half = live("duty", "swap", "--party", "birzai")
    assert half.exit_code == USAGE
    assert "--for birzai-duty --by birzai-chief" in half.stderr

"""The evening again: in order, at its pace, long gaps cut short and said; and nothing but printing."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest

from console.logs.logged import Logged
from console.replay.names import short_names
from console.replay.playback import LONGEST_WAIT_S, play, scenes_of
from tests.console.story import PEAT, night
from tests.replay.logs import Kept


def at_pace(records: list[Logged], *gaps_s: float) -> list[Logged]:
    """``records`` with those gaps between them."""
    moment, moved = records[0].appended_at, []
    for one, gap in zip(records, (0, *gaps_s), strict=False):
        moment += timedelta(seconds=gap)
        moved.append(replace(one, appended_at=moment))
    return moved


def test_the_pace_is_that_of_the_evening_and_long_gaps_are_cut_short() -> None:
    """At speed 60 a minute is a second; an hour of silence takes three, and says how long it was."""
    records = at_pace(night()[:4], 60, 3600, 0.6)
    scenes = list(scenes_of(records, 60))
    assert [round(scene.after_s, 3) for scene in scenes] == [0, 1, LONGEST_WAIT_S, 0.01]
    assert [scene.skipped for scene in scenes] == [None, None, timedelta(hours=1), None]


def test_every_record_is_shown_in_order_behind_the_short_name_of_its_incident(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The reply code names an incident where a text had one; others go by the end of their ids."""
    waits: list[float] = []
    play(Kept(night()), None, None, incident=None, speed=60, as_json=False, pause=waits.append)
    lines = capsys.readouterr().out.splitlines()
    assert f"is incident {PEAT}" in lines[0]
    told = [line for line in lines if "order     " in line]
    assert len(told) == 4
    assert all(line.startswith("A7F2  ") for line in told)
    assert any(line.startswith("in-old") for line in lines)
    assert any("undecodable record at events" in line for line in lines)
    assert lines[-1] == f"that was all: {len(night())} records of 3 incidents"
    assert len(waits) == len(night())
    assert sum(waits) == pytest.approx((len(night()) - 1) / 60)


def test_one_incident_alone_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are not."""
    play(Kept(night()), None, None, incident="in-old", speed=1e6, as_json=False, pause=lambda _: None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "that was all: 3 records of 1 incidents"


def test_as_json_each_record_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its place, its time and its incident's short name."""
    play(Kept(night()), None, None, incident=PEAT, speed=1e6, as_json=True, pause=lambda _: None)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["topic"] for one in found[:3]] == ["events", "decisions", "notify.sms.urgent"]
    assert {one["name"] for one in found} == {"A7F2"}
    assert found[0]["value"]["event_id"] == "ev-peat"


def test_ctrl_c_ends_it_cleanly(capsys: pytest.CaptureFixture[str]) -> None:
    """It says how far it was, and that is no error."""
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            raise KeyboardInterrupt

    play(Kept(night()), None, None, incident=None, speed=60, as_json=False, pause=pause)
    assert capsys.readouterr().out.splitlines()[-1] == f"ended here: 3 of {len(night())} records were shown"


@pytest.mark.parametrize(("speed", "code"), [(0, 2), (-1, 2), (math.inf, 2), (math.nan, 2), (1, 66)])
def test_a_speed_that_is_none_and_a_time_in_which_nothing_happened_are_errors(speed: float, code: int) -> None:
    """Wrong usage, and nothing there."""
    with pytest.raises(SystemExit) as ended:
        play(Kept(night()), None, None, incident="in-none", speed=speed, as_json=False, pause=lambda _: None)
    assert ended.value.code == code


def test_short_names_are_never_those_of_two() -> None:
    """A code that two incidents had is the name of neither; ends of ids grow until they differ."""
    one = night()[2]
    assert one.record is not None
    twin = replace(one, record=one.record.model_copy(update={"incident_id": "in-x-123456"}))
    third = replace(one, record=night()[0].record, key=None)
    names = short_names([one, twin, third])
    assert len(set(names.values())) == len(names) == 2
    assert "A7F2" not in names.values()

"""What a run makes of what arrived: each text goes to the round that owes it, and the table tells of every failure."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from runtime.settings import Settings
from schemas.policy.directory import Directory
from schemas.vocabulary import Channel
from tests.chaos.books import Arrived
from tests.chaos.ground import Ground
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import ROUTINE_TO_LT, URGENT_TO_LT, Kind, Load, Markers, Reported
from tests.chaos.rig import Rig
from tests.chaos.rounds import Round
from tests.chaos.run import Run
from tests.chaos.summary import lines, table

BODY = "INFORMACIJA AEUX. {words}, Bauskės savivaldybė (LV) {marker}."


def played(number: int, fault: str, home: Path, markers: Markers, *kinds: Kind) -> Round:
    """A round in which events of ``kinds`` were put in."""
    load = Load(Settings(), f"round-{number}", markers=markers)
    for kind in kinds:
        event, marker = load.make(kind)
        load.reported.append(Reported(kind, event, marker, 100.0, 100.1))
    ledgers = Ledgers(home, Directory(fictional=True, contacts={}))
    ground = Ground(Rig(home), load, ledgers, random.Random(1))
    return Round(number, fault, ground, datetime.now(UTC))


def texts_of(one: Round) -> list[Arrived]:
    """Everything the round's events owe, arrived after two seconds."""
    return [
        Arrived(
            owed.contact,
            owed.channel,
            BODY.format(words=", ".join(owed.words), marker=owed.marker),
            owed.since_s + 2.0,
            f"{owed.marker}-{owed.contact}-{owed.channel}",
        )
        for owed in one.ground.load.owed()
    ]


def test_a_double_that_comes_rounds_later_belongs_to_the_round_that_owes_it(tmp_path: Path) -> None:
    """A text is never forgotten: a second one is a failure of its own round, however late."""
    markers = Markers()
    first = played(1, "kill-router", tmp_path, markers, URGENT_TO_LT)
    second = played(2, "sms-429", tmp_path, markers, ROUTINE_TO_LT)
    whole = Run(7, [first])
    whole.assign(texts_of(first))
    whole.rounds.append(second)
    whole.assign(texts_of(second))
    assert whole.failures == []
    late = replace(texts_of(first)[0], at_s=900.0, number="late")
    whole.assign([late])
    assert first.balance.doubled == (late,)
    assert second.failures == []
    assert [line.partition(":")[0] for line in whole.failures] == ["round 1 (kill-router)"]


def test_a_text_that_no_round_owes_is_a_failure(tmp_path: Path) -> None:
    """Nobody may be told of what nobody reported."""
    one = played(1, "nothing", tmp_path, Markers(), URGENT_TO_LT)
    whole = Run(7, [one])
    whole.assign([*texts_of(one), replace(texts_of(one)[0], body="INFORMACIJA AEUX. 56.9999,24.9999")])
    assert one.failures == []
    assert len(whole.failures) == 1


def test_a_mailbox_refused_for_good_is_owed_nothing_and_may_be_told_once(tmp_path: Path) -> None:
    """Where the mail server refuses a mailbox, its mails are neither lost nor, if one got through, unexpected."""
    one = played(1, "mail-one-refused", tmp_path, Markers(), URGENT_TO_LT)
    mails = [text for text in texts_of(one) if (text.contact, text.channel) == ("birzai-chief", Channel.EMAIL)]
    others = [text for text in texts_of(one) if text not in mails]
    one.arrived = list(others)
    assert len(one.balance.lost) == 1
    one.ground.refused.add(("birzai-chief", Channel.EMAIL))
    assert one.failures == []
    one.arrived = [*others, *mails]
    assert one.failures == []
    one.arrived = [*others, *mails, replace(mails[0], at_s=300.0)]
    assert len(one.balance.doubled) == 1


def test_the_table_counts_what_went_wrong(tmp_path: Path) -> None:
    """Lost, doubled, marked and everything else stand in the line of their fault, and in the last line together."""
    markers = Markers()
    good = played(1, "kill-router", tmp_path, markers, URGENT_TO_LT)
    good.arrived = texts_of(good)
    bad = played(2, "kill-router", tmp_path, markers, URGENT_TO_LT)
    texts = texts_of(bad)
    marked = replace(texts[1], body="PAKARTOTINAI: " + texts[1].body, at_s=110.0)
    bad.arrived = [*texts[1:], replace(texts[2], at_s=109.0), marked]
    bad.troubles = ["not at rest: router is behind"]
    (line,) = lines([good, bad])
    assert (line.rounds, line.texts, line.lost, line.doubled, line.marked, line.other) == (2, 8, 1, 1, 1, 2)
    assert (line.silence_s, bad.stuck, good.stuck) == (2.0, True, False)
    whole = Run(7, [good, bad], skipped={"disk-full": "needs root"})
    rows = table(whole).splitlines()
    assert rows[2] == "| kill-router | 2 | 8 | 1 | 1 | 1 | 2 | 2.0 | 2.0 |"
    assert rows[3].startswith("| together | 2 | 8 | 1 | 1 | 1 | 2 |")
    assert "not run here: needs root" in rows[4]

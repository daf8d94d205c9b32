"""The judge must notice: each thing that can go wrong with a text is done to honest books, and found."""

import json
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from schemas.policy.directory_file import load_directory
from schemas.vocabulary import Channel
from tests.chaos.books import Arrived, Balance, News, Owed, balance, missing
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import KINDS, Markers

SMS, EMAIL = Channel.SMS, Channel.EMAIL
WORDS = ("Miško gaisras", "Pavojingumas: didelis")
BODY = "INFORMACIJA {code}. Miško gaisras, Bauskės savivaldybė (LV) {marker}. Pavojingumas: didelis. Tel. +37163900000"
MARKERS = ("56.5601,24.4801", "56.5601,24.4829", "56.5601,24.4910")
"""The second ends in four digits that could be a reply code."""


def honest() -> tuple[list[Owed], list[Arrived]]:
    """Three events, each told to two contacts by SMS and e-mail, and everything arrived once a second later."""
    owed = [
        Owed(marker, contact, channel, WORDS, 100.0 + number)
        for number, marker in enumerate(MARKERS)
        for contact in ("birzai-duty", "birzai-chief")
        for channel in (SMS, EMAIL)
    ]
    codes = dict(zip(MARKERS, ("AEUX", "B2CD", "CXYZ"), strict=True))
    arrived = [
        Arrived(
            one.contact,
            one.channel,
            BODY.format(code=codes[one.marker], marker=one.marker),
            one.since_s + 1.0,
            f"{one.marker}-{one.contact}-{one.channel}",
        )
        for one in owed
    ]
    return owed, arrived


def again(text: Arrived, after_s: float = 20.0) -> Arrived:
    """The same text a second time, marked as a repetition."""
    return replace(text, body="PAKARTOTINAI: " + text.body, at_s=text.at_s + after_s)


def unwell(found: Balance) -> set[str]:
    """The words with which the failures begin."""
    return {line.partition(":")[0].partition(" (")[0] for line in found.failures}


def test_honest_books_balance() -> None:
    """Everything owed arrived once: no failure, nothing marked, and a silence of the second it took."""
    found = balance(*honest())
    assert found == Balance(owed=12, silence_s=1.0, slowest_s=1.0)
    assert found.failures == []


def test_a_suppressed_text_is_lost() -> None:
    """A text that nobody got is named by event, contact and channel, while waiting and at the end."""
    owed, arrived = honest()
    gone = arrived.pop(5)
    found = balance(owed, arrived)
    assert [(one.marker, one.contact, one.channel) for one in found.lost] == [(gone.marker, gone.contact, gone.channel)]
    assert missing(owed, arrived) == list(found.lost)
    assert unwell(found) == {"lost"}


def test_a_text_that_comes_twice_is_doubled() -> None:
    """The same text to the same contact again, without a word that it repeats, is a failure however late it comes."""
    owed, arrived = honest()
    found = balance(owed, [*arrived, replace(arrived[0], at_s=arrived[0].at_s + 500, number="other")], [SMS, EMAIL])
    assert len(found.doubled) == 1
    assert unwell(found) == {"doubled"}


def test_an_unmarked_text_after_a_marked_one_is_doubled() -> None:
    """A repetition that comes first excuses no plain text after it."""
    owed, arrived = honest()
    early = again(arrived[0], after_s=-0.5)
    assert unwell(balance(owed, [*arrived, early], [SMS])) == {"doubled"}


def test_a_marked_repetition_needs_a_fault_that_explains_it() -> None:
    """The same marked text is counted apart under a fault of its channel, and is a failure without one."""
    owed, arrived = honest()
    texts = [*arrived, again(arrived[0])]
    explained, unexplained = balance(owed, texts, [SMS]), balance(owed, texts, [EMAIL])
    assert explained.failures == []
    assert len(explained.marked) == 1
    assert unwell(unexplained) == {"repeated without a fault that explains it"}


def test_a_repeated_mail_must_bear_the_same_message_id() -> None:
    """Mail programs show one mail of two with one Message-ID; another id is a second mail."""
    owed, arrived = honest()
    mail = next(one for one in arrived if one.channel is EMAIL)
    assert balance(owed, [*arrived, again(mail)], [EMAIL]).failures == []
    assert unwell(balance(owed, [*arrived, replace(again(mail), number="<other>")], [EMAIL])) == {"doubled"}


def test_a_text_to_the_wrong_contact_is_unexpected() -> None:
    """Who is not owed a text must get none, and whoever was owed it has still lost it."""
    owed, arrived = honest()
    astray = replace(arrived[0], contact="akniste-duty")
    found = balance(owed, [astray, *arrived[1:]])
    assert found.unexpected == (astray,)
    assert unwell(found) == {"lost", "unexpected"}


def test_a_text_of_no_known_event_is_unexpected() -> None:
    """A text without coordinates, or with those of an event that nobody put in, belongs to nothing."""
    owed, arrived = honest()
    foreign = replace(arrived[0], body=arrived[0].body.replace("56.5601", "56.5999"), number="foreign")
    blank = replace(arrived[0], body="Testas", number="blank")
    assert set(balance(owed, [*arrived, foreign, blank]).unexpected) == {foreign, blank}


def test_an_exercise_that_reaches_a_real_contact_is_unexpected() -> None:
    """What calls itself an exercise is not the text of a real event."""
    owed, arrived = honest()
    drill = replace(arrived[0], body="PRATYBOS! Tai nėra tikras įvykis. " + arrived[0].body)
    assert unwell(balance(owed, [drill, *arrived[1:]])) == {"lost", "unexpected"}


def test_a_garbled_letter_is_noticed() -> None:
    """A letter of the required words, a letter elsewhere, and a letter that is none of either language."""
    owed, arrived = honest()
    for wrong, right in (("Mi?ko", "Miško"), ("Bauskes", "Bauskės"), ("Bauskлs", "Bauskės")):
        spoilt = replace(arrived[4], body=arrived[4].body.replace(right, wrong))
        found = balance(owed, [*arrived[:4], spoilt, *arrived[5:]])
        assert [one for one, _ in found.garbled] == [spoilt], wrong
        assert unwell(found) == {"garbled"}


def test_silence_is_the_longest_wait_for_a_first_text() -> None:
    """An event whose SMS came at once was not silent, however late its mail; the slowest text is named apart."""
    owed, arrived = honest()
    late = [replace(one, at_s=one.at_s + 30) if one.channel is EMAIL else one for one in arrived]
    assert (balance(owed, late).silence_s, balance(owed, late).slowest_s) == (1.0, 31.0)
    silent = [replace(one, at_s=one.at_s + 7) if one.marker == MARKERS[1] else one for one in arrived]
    assert balance(owed, silent).silence_s == 8.0


def test_what_the_sandbox_wrote_down_is_what_the_judge_reads(tmp_path: Path) -> None:
    """Accepted texts and mails are read with their contact, also where the last line is still being written."""
    directory = load_directory(Path("deploy/policy/directory.example.yaml"))
    (tmp_path / "sandbox" / "mails").mkdir(parents=True)
    mail = EmailMessage()
    mail["Subject"] = "INFORMACIJA AEUX: Miško gaisras"
    mail.set_content("Vieta: Bauskės savivaldybė (LV)\nKoordinatės: 56.5601,24.4801\n")
    (tmp_path / "sandbox" / "mails" / "000001.eml").write_bytes(mail.as_bytes())
    entries = [
        {"kind": "request", "method": "POST"},
        {"kind": "accepted", "to": "+37060002101", "body": BODY, "created_at": 5.0, "sid": "SM1"},
        {
            "kind": "mail", "at": "1970-01-01T00:00:07+00:00", "number": 1, "message_id": "<1>",
            "recipients": ["chief@birzai.example.org", "nobody@example.org"],
        },
    ]  # fmt: skip
    ledger = tmp_path / "sandbox" / "ledger.jsonl"
    lines = [json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries]
    ledger.write_bytes(b"".join(lines[:2]) + lines[2][:20])
    books = Ledgers(tmp_path, directory)
    assert [(one.contact, one.number, one.at_s) for one in books.read()] == [("birzai-duty", "SM1", 5.0)]
    ledger.write_bytes(b"".join(lines))
    fresh = books.read()
    assert [(one.contact, one.marker, one.at_s) for one in fresh] == [
        ("birzai-chief", "56.5601,24.4801", 7.0),
        ("nobody@example.org", "56.5601,24.4801", 7.0),
    ]
    assert "Miško" in fresh[0].body
    assert "Bauskės" in fresh[0].body
    assert len(books.arrived) == 3


def test_every_event_has_a_marker_of_its_own() -> None:
    """No two positions of a run are the same, and each reads as texts write it."""
    markers = Markers()
    positions = [markers.take(kind.corner) for _ in range(2000) for kind in KINDS]
    assert len(set(positions)) == len(positions)
    assert {len(f"{lat:.4f},{lon:.4f}") for lat, lon in positions} == {15}


def answered() -> tuple[list[Owed], list[Arrived]]:
    """A request whose asking side reads first that one cannot help, then that another does; the SMS name its code."""
    told: tuple[tuple[News, str], ...] = (("no", "PALĪDZĒT NEVAR"), ("yes", "PALĪDZĪBA NĀK"))
    owed = [
        Owed(MARKERS[0], "vecumnieki-duty", channel, (words,), 100.0, news)
        for news, words in told
        for channel in (SMS, EMAIL)
    ]  # fmt: skip
    return owed, [
        Arrived(one.contact, one.channel, f"{one.words[0]} AEUX. Biržai", 101.0, one.news, meant=one.marker)
        for one in owed
    ]


def test_an_answer_that_the_asking_side_never_reads_is_lost() -> None:
    """Each answer is owed for itself: word of a no is none of a yes."""
    owed, arrived = answered()
    assert balance(owed, arrived).failures == []
    assert [one.news for one in balance(owed, arrived[:2]).lost] == ["yes", "yes"]


def test_an_answer_told_twice_is_doubled_and_one_that_nobody_gave_is_unexpected() -> None:
    """Also where the second text says that it is an update, or that nobody answered."""
    owed, arrived = answered()
    assert unwell(balance(owed, [*arrived, replace(arrived[2], number="again")])) == {"doubled"}
    for body in ("JAUNA INFORMĀCIJA AEUX. Palīdzība nāk. Biržai", "NEVIENS NEIERADĪSIES AEUX. ZVANIET TŪLĪT"):
        assert unwell(balance(owed, [*arrived, replace(arrived[2], body=body)])) == {"unexpected"}


def test_a_text_without_coordinates_means_the_newest_event_of_its_code(tmp_path: Path) -> None:
    """Codes are given again; the judge learns them from the texts that show code and coordinates."""
    (tmp_path / "sandbox").mkdir()
    books = Ledgers(tmp_path, load_directory(Path("deploy/policy/directory.example.yaml")))
    bodies = (BODY.format(code="AEUX", marker=MARKERS[0]), BODY.format(code="AEUX", marker=MARKERS[2]),
              "PALĪDZĪBA NĀK AEUX. Biržai", "PALĪDZĪBA NĀK B2CD. Biržai")  # fmt: skip
    entries = [{"kind": "accepted", "to": "+37060002101", "body": b, "created_at": 5.0, "sid": "SM1"} for b in bodies]
    (tmp_path / "sandbox" / "ledger.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert [one.marker for one in books.read()] == [MARKERS[0], MARKERS[2], MARKERS[2], None]

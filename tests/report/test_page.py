"""The page: complete in each language, the same each time, with nothing to load and nobody named in it."""

import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser

import pytest

from console.report.figures import figures_of
from console.report.fold import folded
from console.report.page import Subject, page
from console.report.words import LANGUAGES, Words
from schemas.base import Lang
from tests.report.month import autumn
from tests.report.october import NOW, OCTOBER, october
from tests.report.scene import Scene, policy
from tests.report.test_figures import people


@cache
def subject(agreement: str | None = None) -> Subject:
    """A plausible October beside its September."""
    ledger = folded(autumn(), OCTOBER.before.start, OCTOBER.end, people())
    month, before = (figures_of(ledger, one, NOW, agreement=agreement) for one in (OCTOBER, OCTOBER.before))
    return Subject(month, before, agreement, NOW)


@cache
def drawn(language: Lang) -> str:
    """Its page."""
    return page(subject(), Words(language, policy()))


class Seen(HTMLParser):
    """What a page holds: ids, tags left open, addresses, the words outside of pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.open.append(tag)
        if tag == "meta":
            self.open.pop()
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href", "action", "data"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_well_formed_and_loads_nothing(language: Lang) -> None:
    """Every tag is closed, every id stands once, every address lies within the page; there is no script."""
    text = drawn(language)
    seen = Seen(text)
    assert seen.open == []
    assert [one for one, count in Counter(seen.ids).items() if count > 1] == []
    assert all(link.startswith("#") and link[1:] in seen.ids for link in seen.links)
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_has_every_picture_with_a_title_and_a_description(language: Lang) -> None:
    """For those who cannot see it; letters are outlines, so that no font is needed."""
    seen = Seen(drawn(language))
    assert seen.tags["svg"] == seen.tags["figure"] == 7
    assert seen.tags["desc"] == 7
    assert seen.tags["text"] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_blank_and_no_word_of_the_records_is_left_over(language: Lang) -> None:
    """Neither a blank that was not filled in nor an id where a word should stand."""
    words = " ".join(Seen(drawn(language)).words)
    assert not re.search(r"[{}]|\bNone\b|undefined", words)
    assert ".." not in words
    assert not re.search(r"[a-z]_[a-z]|birzai|vecumnieki|rokiskis", words)


def test_the_languages_do_not_mix() -> None:
    """No label of one language stands on the page of another."""
    lv, lt, en = (" ".join(Seen(drawn(language)).words) for language in LANGUAGES)
    assert "Kas neizdevās" in lv
    assert "Kas nepavyko" in lt
    assert "What went badly" in en
    assert "Biržų ir Vecumnieku vienošanās" not in lt
    assert not set("āēīķļņģ") & set(lt.lower())
    assert not set("ėųįę") & set(lv)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_stands_on_a_page(language: Lang) -> None:
    """No contact, no free text of an answer, no reason and no name of a switch."""
    text = drawn(language)
    contacts = {getattr(one.record, "contact_id", None) for one in autumn() if getattr(one.record, "contact_id", None)}
    assert contacts
    for word in (*contacts, "braucam", "wrong figures", "Ilze", "Skaistkalne", "claim-1"):
        assert str(word) not in text


def test_the_same_figures_give_the_same_bytes() -> None:
    """So that two copies of a report can be compared."""
    assert page(subject(), Words("lv", policy())) == page(subject(), Words("lv", policy()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_without_anything_is_told_as_such(language: Lang) -> None:
    """A page without pictures, which says that nothing was reported and that there is nothing to compare with."""
    ledger = folded(Scene().all, OCTOBER.before.start, OCTOBER.end, people())
    words = Words(language, policy())
    text = page(Subject(figures_of(ledger, OCTOBER, NOW), None, None, NOW), words)
    seen = Seen(text)
    assert seen.tags["svg"] == 0
    told = " ".join(seen.words)
    assert words.told("none_reported", month=words.month(OCTOBER)) in told
    assert words.told("no_comparison") in told
    assert words.told("look_exercise") in told


def test_the_brief_names_what_went_badly() -> None:
    """Of the small October: no answer, a no, further steps, a failed text, a repetition, stops, a refusal."""
    ledger = folded(october(), OCTOBER.before.start, OCTOBER.end, people())
    found = Subject(figures_of(ledger, OCTOBER, NOW), figures_of(ledger, OCTOBER.before, NOW), None, NOW)
    told = " ".join(" ".join(Seen(page(found, Words("en", policy()))).words).replace("\N{NO-BREAK SPACE}", " ").split())
    for sentence in (
        "In this month (October 2026) 9 incidents were reported. Month before: 1.",
        "The partner across the border was told of 7 of them.",
        "Most frequent: peat fire (5). Most affected municipality: Bauska Municipality (6).",
        "within 6 secs of the report, in nine of ten within 34 secs (cases counted: 7).",
        "An answer was asked for in 6 cases: yes 2, partly 1, no 1, no answer 1, called off before 1.",
        "The partner answered after 30 secs; 1 min 1 sec; 10 mins 55 secs; 30 mins (too few cases for an average).",
        "Besides, 1 exercise was held; its figures stand apart.",
        "1 request got no answer.",
        "1 request was declined by all who answered.",
        "For 2 requests people beyond the first step had to be woken.",
        "1 text did not get out, or its fate is unknown – 1 of 18.",
        "1 text was sent again, marked as a repetition",
        "Sending was stopped 2 times (1 hr 30 mins).",
        "1 answer was not understood.",
        "1 report was refused.",
        "who ought to have answered at Biržai",
        "3 about the system itself, 1 tests and drafts, 1 replayed",
    ):
        assert sentence in told


def test_one_agreement_has_a_page_of_its_own() -> None:
    """Which says so, and tells of no other."""
    text = page(subject("rokiskis-akniste"), Words("en", policy()))
    assert "Agreement: Rokiškis–Aknīste agreement" in text
    assert "Dobele" not in text

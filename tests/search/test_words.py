"""An incident is found by the words of its texts, place, kind, needs, parties, answers and end, in three languages."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.search.match import Found, Wanted, count, expression, find
from console.search.model import ReadModel
from console.search.stems import SHORTEST_STEM, stem, terms
from tests.search.conftest import EVENING

FIRST_FIRE, FOREST, OIL, SECOND_FIRE, ICE, MISSING = (
    "in-7e77e333119b426e8b8eb5a4", "in-19446eab4de44fa09fc9c1f8", "in-a0ed42", "in-6e6778c72b1e441b80515006",
    "in-d023dc", "in-9529ab",
)  # fmt: skip
FIRES = {FIRST_FIRE[:9], FOREST[:9], SECOND_FIRE[:9]}
PEAT = {FIRST_FIRE[:9], SECOND_FIRE[:9]}


def look(model: ReadModel, typed: str, **limits: object) -> list[Found]:
    """What a search for ``typed`` finds."""
    wanted = Wanted(**{"typed": typed, **limits})  # type: ignore[arg-type]
    meant = expression(model.db, typed)
    return find(model.db, wanted, meant.text) if meant.text and not meant.unknown else []


def names(found: list[Found]) -> set[str]:
    """Incidents by the beginning of their ids."""
    return {one.incident[:9] for one in found}


@pytest.mark.parametrize(
    "typed",
    ["ugunsgrēks", "ugunsgreks", "UGUNSGRĒKA", "ugunsgrēkam", "gaisras", "gaisro", "gaisrą", "fire", "Fires", "gaisr"],
)
def test_a_fire_is_found_in_every_language_and_case(whole: ReadModel, typed: str) -> None:
    """With or without diacritics, inflected or only begun: the same three incidents, and no call for a fire tanker."""
    assert names(look(whole, typed)) == FIRES


@pytest.mark.parametrize(
    "typed",
    [
        *("Skaistkalne", "Skaistkalnė", "skaistkalnėje", "Skaistkalnes", "skaistk"),
        *("gaisras Skaistkalnėje", "fire at Skaistkalne", "kūdra mežmalā", "kudra mezmala", "durpynas", "autocisternų"),
    ],
)
def test_the_peat_fires_are_found_by_place_text_and_needs(whole: ReadModel, typed: str) -> None:
    """All forms of a place's name, the free text as written, and what was asked for."""
    assert names(look(whole, typed)) == PEAT


@pytest.mark.parametrize(
    ("typed", "incident"),
    [
        ("AWXY", FIRST_FIRE), ("awxy", FIRST_FIRE), (FIRST_FIRE, FIRST_FIRE), (FIRST_FIRE[:8], FIRST_FIRE),
        ("Žagarė", OIL), ("zagares", OIL), ("atsisakė", OIL), ("atteicās", OIL), ("declined", OIL),
        ("cancelled", FOREST), ("atcelts", FOREST), ("atšaukta", FOREST),
        ("accepted", FIRST_FIRE), ("sutiko", FIRST_FIRE), ("piekrita", FIRST_FIRE),
    ],
)  # fmt: skip
def test_one_incident_is_found_by_its_code_its_id_and_its_end(whole: ReadModel, typed: str, incident: str) -> None:
    """A reply code in either case, an id or its beginning, and how it ended in three languages."""
    assert names(look(whole, typed)) == {incident[:9]}


@pytest.mark.parametrize("typed", ["neatbildēts", "neatsakyta", "unanswered", "neatbildets"])
def test_what_nobody_answered_is_found(whole: ReadModel, typed: str) -> None:
    """In three languages; the exercise that nobody answered stays apart."""
    assert names(look(whole, typed)) == {SECOND_FIRE[:9], OIL[:9]}
    assert names(look(whole, typed, kinds=("exercise",))) == {ICE[:9]}


def test_exercises_are_never_mixed_with_what_was_real(whole: ReadModel) -> None:
    """An exercise on the ice is found only by who asks for exercises."""
    assert look(whole, "ledus") == [] == look(whole, "Garsene")
    assert names(look(whole, "ledus", kinds=("exercise",))) == {ICE[:9]}
    assert names(look(whole, "ledas", kinds=("exercise",))) == {ICE[:9]}


def test_a_joined_word_is_looked_for_side_by_side(whole: ReadModel) -> None:
    """An agreement by its id or by its two parties with a dash between them."""
    assert names(look(whole, "birzai-vecumnieki")) == PEAT == names(look(whole, "Biržai–Vecumnieki"))
    assert "Vecumnieki" not in " ".join(one.snippet for one in look(whole, "birzai-vecumnieki"))


def test_a_snippet_shows_what_somebody_wrote(whole: ReadModel) -> None:
    """With the match marked; the answer as typed is part of it."""
    (one,) = look(whole, "Mēmeli AWXY")
    assert "«Mēmeli»" in one.snippet


def test_limits_narrow_and_the_newest_comes_first(whole: ReadModel) -> None:
    """By party, agreement, type, language and time; ``--limit`` shows fewer and the count says how many there are."""
    fires = look(whole, "fire")
    assert [one.number for one in fires] == sorted((one.number for one in fires), reverse=True)
    assert names(look(whole, "fire", party="joniskis")) == {FOREST[:9]}
    assert names(look(whole, "fire", agreement="birzai-vecumnieki")) == PEAT
    assert names(look(whole, "fire", type="forest_fire")) == {FOREST[:9]}
    assert names(look(whole, "fire", language="lv")) >= PEAT
    start = min(one.appended_at for one in EVENING)
    assert look(whole, "fire", until=start) == []
    assert names(look(whole, "fire", since=start + timedelta(seconds=60))) == {SECOND_FIRE[:9]}
    match = expression(whole.db, "fire").text
    assert len(look(whole, "fire", limit=1)) == 1
    assert count(whole.db, Wanted(typed="fire", limit=1), match) == 3
    assert names(look(whole, "fire", best_first=True)) == FIRES


def test_a_word_that_nothing_has_is_named(whole: ReadModel) -> None:
    """So that one knows what to leave out; a word that says nothing alone does no harm."""
    meant = expression(whole.db, "gaisras zebiekste un Skaistkalne")
    assert meant.unknown == ("zebiekste",)


@pytest.mark.parametrize(
    "typed", ['"fire', "fire*", "-fire", "^fire", "(fire", "fire)", "'fire'", "fire\0", "fire;", "+fire"]
)
def test_signs_have_no_meaning(whole: ReadModel, typed: str) -> None:
    """What the index would take for an operator is part of a plain search."""
    assert names(look(whole, typed)) == FIRES


@given(st.text(max_size=200))
def test_any_text_is_a_search(whole: ReadModel, typed: str) -> None:
    """Nothing that can be typed breaks the search."""
    meant = expression(whole.db, typed)
    if meant.text:
        find(whole.db, Wanted(typed=typed), meant.text)


@given(st.text(alphabet="abdegiklmnoprstuvzāčēģīķļņšūžąęėįų", min_size=1, max_size=30))
def test_a_stem_is_a_beginning_and_never_too_short(word: str) -> None:
    """A stem begins its word and leaves three letters, so that a short word never stands for everything."""
    short = stem(word)
    assert word.startswith(short)
    assert len(short) >= min(len(word), SHORTEST_STEM)


def test_a_long_text_is_bounded() -> None:
    """A pasted page is a search for its first words."""
    assert len(terms("vārds " * 500)) == 16
    assert max(len(word) for term in terms("x" * 5000) for word in term.words) == 64

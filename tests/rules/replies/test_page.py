"""The page about replies says what is so."""

import re
from pathlib import Path

import pytest

from schemas.policy.reply_lexicon import ReplyLexicon, WordKind
from schemas.policy.source import read_source
from streams.rules.replies.lexicon import Lexicon
from streams.rules.replies.tokens import fold
from tests.rules.replies.table import lexicon, read

PAGE = (Path(__file__).parents[3] / "docs" / "replies.md").read_text(encoding="utf-8")
ANSWERS, _, WORDS = PAGE.partition("## Words of your own")
ROWS = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", ANSWERS, re.MULTILINE)
KINDS = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| ([^|]+) \|", WORDS, re.MULTILINE)


@pytest.mark.parametrize(("typed", "meant"), ROWS)
def test_each_row_of_the_page_is_understood_as_it_says(typed: str, meant: str) -> None:
    """What the page promises about a reply holds, with how many and when."""
    got = read(typed)
    parts = [got.answer.value if got.answer else "not understood"]
    if got.answer is not None:
        parts += [f"{need.kind.value.replace('_', ' ')} {need.count}" for need in got.amounts]
        parts += [f"{got.eta_min} min"] if got.eta_min is not None else []
    assert ", ".join(parts) == meant.strip()


@pytest.mark.parametrize(("kinds", "words"), KINDS)
def test_each_word_of_the_page_is_in_its_list(kinds: str, words: str) -> None:
    """The words that the page names stand in the lists it names."""
    named = {WordKind(kind) for kind in re.findall(r"`(\w+)`", kinds)}
    for word in re.split(r"[,;] ", words.strip()):
        assert {kind_of(word), *({WordKind.YES} if word == "jā" else ())} & named, word


def kind_of(word: str) -> WordKind | None:
    """What a word or phrase says by itself."""
    book: Lexicon = lexicon()
    parts = tuple(fold(part) for part in word.split())
    phrase = book.phrase_at(parts)
    return phrase.kind if phrase is not None and len(parts) > 1 else book.kind(parts[0])


def test_the_page_has_rows() -> None:
    """The tables are found."""
    assert len(ROWS) > 20
    assert len(KINDS) > 10


def test_the_example_of_words_of_ones_own_is_a_lexicon(tmp_path: Path) -> None:
    """What the page shows may be copied into a policy as it stands."""
    example = re.search(r"```yaml\nreply_lexicon:\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    file = tmp_path / "example.yaml"
    file.write_text(example[1], encoding="utf-8")
    source = read_source(file, "example.yaml")
    assert not source.mistakes
    assert ReplyLexicon.model_validate(source.data).words[WordKind.RECEIVED] == ("dzirdēts",)

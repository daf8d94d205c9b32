"""Reading YAML: plain data, lines, and mistakes of the YAML itself."""

from pathlib import Path

import pytest

from schemas.policy.mistakes import Mistake
from schemas.policy.source import MAX_BYTES, Source, read_source


def read(tmp_path: Path, text: str | bytes) -> Source:
    path = tmp_path / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(path, "a.yaml")


def only(source: Source) -> Mistake:
    assert len(source.mistakes) == 1, source.mistakes
    return source.mistakes[0]


def test_words_that_look_like_other_things_stay_words(tmp_path: Path) -> None:
    """NO is the country-like text NO, and names made of digits keep their plus and their zeros."""
    source = read(tmp_path, "country: NO\nyes: yes\nphone: +37126123450\ncode: 0025000\nday: 2021-07-01\nodd: 0x1f\n")
    assert source.data == {
        "country": "NO",
        "yes": "yes",
        "phone": "+37126123450",
        "code": "0025000",
        "day": "2021-07-01",
        "odd": "0x1f",
    }


def test_numbers_truth_and_nothing_are_read_as_such(tmp_path: Path) -> None:
    """Whole numbers, decimals, true, false and an empty value have their own kinds."""
    source = read(tmp_path, "a: 36\nb: -1.5\nc: true\nd: False\ne:\nf: [1, x]\n")
    assert source.data == {"a": 36, "b": -1.5, "c": True, "d": False, "e": None, "f": [1, "x"]}


def test_every_key_and_item_has_a_line(tmp_path: Path) -> None:
    """The map of lines counts from 1 and falls back to the nearest ancestor."""
    source = read(tmp_path, "# a comment\nlist:\n  - id: one\n  - id: two\n    name: x\n")
    assert source.line_of(("list", 1, "name")) == 5
    assert source.line_of(("list", 1, "name", "deeper")) == 5
    assert source.place_of(("list", 1)) == "a.yaml:4:5"
    assert source.line_of(("nowhere",)) == 2


def test_every_duplicate_key_is_named_with_both_lines(tmp_path: Path) -> None:
    """Duplicate keys are mistakes, all of them, and the message says where the first one stands."""
    source = read(tmp_path, "a: 1\nb: 2\na: 3\nc:\n  d: 1\n  d: 2\n")
    assert [mistake.line for mistake in source.mistakes] == [3, 6]
    assert "'a' stands twice: here and on line 1" in source.mistakes[0].problem
    assert source.mistakes[1].where == "c.d"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a: &x 1\nb: *x\n", 1, "alias"),
        ("a: &x [1]\nb: *x\n", 1, "alias"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tag"),
        ("%YAML 1.1\n---\na: NO\n", 1, "directive"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("", 1, "empty"),
        ("a: 1\n? [x, y]\n: 2\n", 2, "plain word"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("[" * 5_000, 1, "not YAML"),
    ],
)
def test_what_is_not_our_yaml_is_named_with_its_line(tmp_path: Path, text: str | bytes, line: int, words: str) -> None:
    """A file that cannot be read as our subset of YAML gives one mistake with its line, never an exception."""
    mistake = only(read(tmp_path, text))
    assert (mistake.file, mistake.line) == ("a.yaml", line)
    assert words in mistake.problem
    assert mistake.mend


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    """Size is bounded before anything is parsed."""
    assert "larger than" in only(read(tmp_path, b"a" * (MAX_BYTES + 1))).problem


def test_a_missing_file_is_a_mistake_like_others(tmp_path: Path) -> None:
    """A file that is not there is named, not raised."""
    assert only(read_source(tmp_path / "b.yaml", "b.yaml")).problem == "the file is missing"

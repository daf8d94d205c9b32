"""The lexicon: every word of every language at once, since people write in whichever comes first to them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Generic, TypeVar

from schemas.policy.models import Policy
from schemas.policy.reply_lexicon import ReplyLexicon, WordKind
from schemas.policy.source import read_source
from schemas.vocabulary import NeedKind
from streams.rules.memo import Memo
from streams.rules.places.names import one_slip_apart
from streams.rules.replies.tokens import fold

LANGUAGES: Final = ("lv", "lt", "en", "ru")
"""Languages whose words come with the project, each a file of ``words/``."""

_RANK = {kind: rank for rank, kind in enumerate(WordKind)}
_WORDS = Path(__file__).parent / "words"
_UNITS = frozenset(("x", "gab", "vnt", "m3", "km"))
_SLIPPED_YES = frozenset((WordKind.GOING, WordKind.WILL))
_MIN_SLIPPED_YES, _MIN_SLIPPED_NO = 6, 5
_PREFIXES = ("at", "is", "nu", "pri", "su", "iz", "aiz", "pie", "no", "uz")
_MIN_PREFIXED = 5
_MIN_PLACE, _MAX_ENDING = 5, 2
"""Letters of a place's name that is looked for, and how many at its end change with its case."""
_MAX_REMEMBERED = 20_000

V = TypeVar("V")


class WordTable(Generic[V]):
    """Values by word and by stem; the longest stem wins, and an exact word over every stem."""

    def __init__(self) -> None:
        self.exact: dict[str, V] = {}
        self.stems: dict[str, V] = {}

    def put(self, entry: str, value: V) -> None:
        """File ``value`` under ``entry``, which ends with ``*`` where it is a stem."""
        word = fold(entry)
        if word.endswith("*"):
            self.stems[word[:-1]] = value
        else:
            self.exact[word] = value

    def get(self, word: str) -> V | None:
        """The value of ``word`` (folded)."""
        if word in self.exact:
            return self.exact[word]
        for end in range(len(word), 2, -1):
            if word[:end] in self.stems:
                return self.stems[word[:end]]
        return None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several words with one meaning: a kind, a duration (minutes), or something counted. A pattern that ends with
    ``*`` is a stem."""

    patterns: tuple[str, ...]
    kind: WordKind | None = None
    minutes: int | None = None
    need: NeedKind | None = None

    def matches(self, words: tuple[str, ...]) -> bool:
        """Whether ``words`` are this phrase."""
        return len(words) == len(self.patterns) and all(
            word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
            for word, pattern in zip(words, self.patterns, strict=True)
        )


@dataclass
class Lexicon:
    """What single words and phrases say. Built by ``default_lexicon`` or ``lexicon_of``, and not changed after."""

    kinds: WordTable[WordKind] = field(default_factory=WordTable)
    numbers: WordTable[int] = field(default_factory=WordTable)
    heads: WordTable[int] = field(default_factory=WordTable)
    times: WordTable[int] = field(default_factory=WordTable)
    nouns: WordTable[NeedKind] = field(default_factory=WordTable)
    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    places: WordTable[bool] = field(default_factory=WordTable)
    quoted: set[str] = field(default_factory=set)
    _known: dict[str, WordKind | None] = field(default_factory=dict)

    def kind(self, word: str) -> WordKind | None:
        """What ``word`` (folded) says, forgiving doubled letters, sh/zh/ch, and one slip where that is safe."""
        if word not in self._known:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[word] = self._kind(word)
        return self._known[word]

    def _kind(self, word: str) -> WordKind | None:
        for form in _spellings(word):
            known = self.kinds.get(form)
            if known is not None:
                return known
        if word.isdigit() or self.is_counted(word):
            return None
        return self._prefixed(word) or self._slipped(word)

    def _prefixed(self, word: str) -> WordKind | None:
        """Verbs of coming and sending keep their sense under these prefixes: važiuojam, nuvažiuojam."""
        for prefix in _PREFIXES:
            kind = self.kinds.exact.get(word[len(prefix) :]) if word.startswith(prefix) else None
            if kind in _SLIPPED_YES and len(word) - len(prefix) >= _MIN_PREFIXED:
                return kind
        return None

    def number(self, word: str) -> int | None:
        """The number that ``word`` is, in digits or letters."""
        if word.isascii() and word.isdigit() and len(word) <= 3:
            return int(word)
        return self.numbers.get(word)

    def noun(self, word: str) -> NeedKind | None:
        """What is counted by ``word``. A word that also says that somebody comes ("bus": will be) is no noun."""
        for form in _spellings(word):
            found = self.nouns.get(form)
            if found is not None and self.kinds.exact.get(form) is not WordKind.THEY_COME:
                return found
        return None

    def is_place(self, word: str) -> bool:
        """Whether ``word`` is the name of a place of the policy, in any case."""
        return bool(self.places.get(word))

    def is_unit(self, word: str) -> bool:
        """Whether ``word`` may be glued to a number: "20min", "2cisternas"."""
        kind = self.kinds.exact.get(word)
        return word in _UNITS or kind in (WordKind.MINUTE, WordKind.HOUR) or self.noun(word) is not None

    def is_counted(self, word: str) -> bool:
        """Whether ``word`` is a number, a duration or something counted."""
        known = (self.number(word), self.heads.get(word), self.times.get(word), self.noun(word))
        return any(one is not None for one in known)

    def phrase_at(self, words: tuple[str, ...]) -> Phrase | None:
        """The longest phrase that ``words`` begin with."""
        for phrase in self.phrases.get(words[0][:2], ()):
            if phrase.matches(words[: len(phrase.patterns)]):
                return phrase
        return None

    def _slipped(self, word: str) -> WordKind | None:
        """A yes or no with one slip of a letter. A slip of a yes may not touch what tells it from a no or tells who
        comes: the first letter (galim, negalim) and the ending (braucam "we go", braucat "you go")."""
        if word.startswith(("ne", "не")):
            if len(word) >= _MIN_SLIPPED_NO and any(
                kind is WordKind.NO and len(known) >= _MIN_SLIPPED_NO and one_slip_apart(word, known)
                for known, kind in self.kinds.exact.items()
            ):
                return WordKind.NO
            return None
        if len(word) < _MIN_SLIPPED_YES:
            return None
        for known, kind in self.kinds.exact.items():
            may_be = kind in _SLIPPED_YES and len(known) >= _MIN_SLIPPED_YES
            if may_be and known[0] == word[0] and known[-2:] == word[-2:] and one_slip_apart(word, known):
                return kind
        return None

    def add(self, words: ReplyLexicon, *, wins: bool = False) -> None:
        """Add ``words``; where ``wins``, over what is known, else the safer kind stays."""
        for kind, entries in words.words.items():
            for entry in entries:
                self._put(entry, kind, wins=wins)
        for given, table in ((words.numbers, self.numbers), (words.heads, self.heads), (words.times, self.times)):
            for entry, value in given.items():
                if " " in entry:
                    self._shelve(Phrase(_patterns(entry), minutes=value), wins=wins)
                else:
                    table.put(entry, value)
        for need, entries in words.nouns.items():
            self.add_nouns(need, entries)
        self.quoted |= {fold(entry) for entry in words.quoted}

    def add_nouns(self, need: NeedKind, entries: Iterable[str]) -> None:
        """Words and phrases for one kind of thing that is counted."""
        for entry in entries:
            if " " in entry:
                self._shelve(Phrase(_patterns(entry), need=need))
            else:
                self.nouns.put(entry, need)

    def _put(self, entry: str, kind: WordKind, *, wins: bool) -> None:
        if " " in entry:
            self._shelve(Phrase(_patterns(entry), kind), wins=wins)
            return
        table = self.kinds.stems if entry.endswith("*") else self.kinds.exact
        before = table.get(fold(entry).rstrip("*"))
        if before is None or wins or _RANK[kind] < _RANK[before]:
            self.kinds.put(entry, kind)

    def _shelve(self, phrase: Phrase, *, wins: bool = False) -> None:
        """File ``phrase`` by its first two letters, the longest first; of two alike the safer, or the one that wins."""
        shelf = self.phrases.setdefault(phrase.patterns[0][:2], [])
        for one in [one for one in shelf if one.patterns == phrase.patterns]:
            safer = one.kind is not None and phrase.kind is not None and _RANK[phrase.kind] < _RANK[one.kind]
            if not (wins or safer):
                return
            shelf.remove(one)
        shelf.append(phrase)
        shelf.sort(key=lambda one: -len(one.patterns))


def _patterns(entry: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in entry.split())


@lru_cache(maxsize=8192)
def _spellings(word: str) -> tuple[str, ...]:
    """``word``, and as it reads with doubled letters made single and sh, zh, ch for š, ž, č."""
    single = re.sub(r"([^\W\d_])\1+", r"\1", word)
    plain = single.replace("sh", "s").replace("zh", "z").replace("ch", "c")
    return tuple(dict.fromkeys((word, single, plain)))


@lru_cache(maxsize=1)
def _shipped() -> tuple[ReplyLexicon, ...]:
    """The words that come with the project, read once.

    Raises:
        ValueError: a file of ``words/`` is broken, which only a broken installation has.
    """
    words = []
    for language in LANGUAGES:
        source = read_source(_WORDS / f"{language}.yaml", f"{language}.yaml")
        if source.mistakes:
            raise ValueError(f"words of replies, {language}: {source.mistakes[0]}")
        words.append(ReplyLexicon.model_validate(source.data))
    return tuple(words)


@lru_cache(maxsize=1)
def default_lexicon() -> Lexicon:
    """The words that come with the project, without those of a policy."""
    lexicon = Lexicon()
    for words in _shipped():
        lexicon.add(words)
    return lexicon


_LEXICONS: Memo[Lexicon] = Memo(limit=4)


def lexicon_of(policy: Policy) -> Lexicon:
    """The words that come with the project, those of ``policy`` (``texts.reply_lexicon``) over them, and the names
    of what can be asked for as its texts say them. Built once for each version of the policy."""
    return _LEXICONS.recall(policy.version, lambda: _built(policy))


def _built(policy: Policy) -> Lexicon:
    lexicon = Lexicon()
    for words in _shipped():
        lexicon.add(words)
    for texts in policy.texts.values():
        for need, counted in texts.needs.items():
            lexicon.add_nouns(need, (*counted.label, *counted.forms.values()))
        lexicon.quoted |= {fold(header) for header in texts.headers.values()}
    geography = policy.geography
    for name in (*(place.names for place in geography.places), *(parish.names for parish in geography.parishes)):
        for part in (*name.lv.split(), *name.lt.split()):
            if len(part) >= _MIN_PLACE:
                lexicon.places.put(part[:-_MAX_ENDING] + "*", True)
    for texts in policy.texts.values():
        if texts.reply_lexicon is not None:
            lexicon.add(texts.reply_lexicon, wins=True)
    return lexicon

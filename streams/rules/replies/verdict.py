"""From pieces to an answer. The rules are few and lean one way: what is not surely a yes is none.

Whoever reads this for the first time: a false yes sends nobody and ends the search for help, a missed yes costs one
more text. So a no, an if, a maybe, a question or an unknown word in the wrong place each forbid a yes, and the person
is asked again.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from schemas.policy.answer_words import WordKind
from schemas.vocabulary import Answer
from streams.rules.replies.pieces import Part, Piece

K, P = WordKind, Part

_COMING = frozenset((K.GOING, K.WILL, K.GIVE))
_POSITIVE = _COMING | {K.YES}
_DETAILS = frozenset((P.CODE, P.NUMBER, P.RANGE, P.POINT, P.NOUN, P.AMOUNT, P.TIME, P.DURATION, P.HEADS, P.PLACE))
_GOVERN = frozenset((K.NEAR, K.AFTER, K.CLOCK, K.NO_ALONE, K.OF))
_INFINITIVES = ("t", "ti", "ть")
_FIRST_PERSON = ("siu", "sim", "sime", "su", "am", "ame", "om", "ome", "au")
"""Endings of verbs in the first person: an unknown one beside "we can" may be "we shall see if"."""
_PLAIN = _DETAILS | _GOVERN | {K.FILLER, K.THANKS, K.OK, K.HARMLESS, K.ONLY, K.TO_GIVE, K.MINUTE, K.HOUR, K.LACKING}
_BESIDE_YES = _PLAIN | _POSITIVE | {K.RECEIVED, K.SORRY, K.YES_OR_IF, K.THEY_COME, K.BUT, K.THEN, K.PARTLY}
_AFTER_BUT = _PLAIN | _COMING | {K.PARTLY, K.THEY_COME}

MAX_UNKNOWN_BESIDE_YES = 4
MAX_UNKNOWN_BESIDE_BARE_YES = 1
MAX_UNKNOWN_BESIDE_COMING = 2
MAX_UNKNOWN_BESIDE_RECEIPT = 8
_GOVERNED = 2
_BARE_NO = 4
"""Letters of the longest word for no; longer ones say more: cannot."""


@dataclass(frozen=True)
class _Reading:
    """A reply sorted: what is said (``plain``) and what is asked (``asked``), of which ``indirect`` without a question
    mark."""

    plain: tuple[Piece, ...]
    asked: tuple[Piece, ...]
    indirect: tuple[Piece, ...]

    def says(self, *kinds: WordKind | Part) -> bool:
        return any(piece.what in kinds for piece in self.plain)

    def postpones(self) -> bool:
        """Whether an answer is promised, also beside what is asked: "gaidiet, skatos, kas brīvs"."""
        return any(piece.what in (K.LATER, K.CALL_BACK) for piece in (*self.plain, *self.indirect))

    def anywhere(self, *kinds: WordKind | Part) -> bool:
        return self.says(*kinds) or any(piece.what in kinds for piece in self.asked)


def judge(pieces: tuple[Piece, ...], asked_sentences: frozenset[int]) -> Answer | None:
    """The answer that ``pieces`` give, None where they give none that can be taken.

    ``ok``, ``labi``, ``gerai`` and a thumb are *received*, never a yes: people write them to say that they have read.
    """
    if _is_if_not(pieces):
        return None
    yes_somewhere = _says_yes_somewhere(pieces)
    pieces = _with_or_whether(_no_where_it_stands_alone(_yes_or_if(pieces)))
    reading = _sorted_out(_yes_in_its_place(pieces), asked_sentences)
    if _part_in_spite(reading):
        return Answer.PARTIAL
    if reading.says(K.NO, K.SORRY) or _denied(reading):
        return None if yes_somewhere and reading.says(K.NO) else _refusal(reading)
    if reading.anywhere(K.NO, K.NEGATION):
        return None
    if reading.says(K.BUSY):
        return None if reading.anywhere(*_POSITIVE, K.THEY_COME, K.DOUBT) else Answer.DECLINE
    if reading.anywhere(K.DOUBT) or any(piece.what is K.BUT for piece in reading.asked):
        return Answer.DEFER if reading.postpones() else None
    if any(piece.what in (K.LATER, K.CALL_BACK) for piece in reading.indirect):
        return Answer.DEFER
    if reading.says(K.LATER) or (reading.says(K.CALL_BACK) and not reading.says(K.GOING)):
        return Answer.DEFER
    return _consent(reading) or _receipt(reading)


def _refusal(reading: _Reading) -> Answer | None:
    """A no. Together with a yes it is neither, unless the yes is to somebody else's call."""
    if reading.says(*_POSITIVE):
        comes_elsewhere = reading.says(K.BUSY) and not reading.says(K.YES)
        sorry_only = not reading.says(K.NO) and not _denied(reading)
        if sorry_only and not reading.anywhere(K.DOUBT, K.NEGATION, K.BUSY, K.LATER):
            return _consent(reading)
        return Answer.DECLINE if comes_elsewhere else None
    if not reading.says(K.NO) and not _denied(reading):  # regret alone
        if reading.anywhere(K.NEGATION, K.DOUBT):
            return Answer.DECLINE if reading.says(K.NEGATION) else None
        if reading.says(K.LATER, K.CALL_BACK):
            return Answer.DEFER
        return _consent(reading) or Answer.DECLINE
    if reading.says(P.AMOUNT, P.NOUN) and reading.says(K.ONLY):
        return None  # "nevaram, tikai 1 mašīnu"
    later = reading.says(K.LATER, K.CALL_BACK)
    return Answer.DEFER if later and not _says_no_first(reading) else Answer.DECLINE


def _says_no_first(reading: _Reading) -> bool:
    """Whether a bare no stands before everything else: "nē, varbūt vēlāk", and not "tagad nevaram, vēlāk"."""
    words = [piece for piece in reading.plain if piece.what not in (P.CODE, K.FILLER, K.SORRY, K.THANKS)]
    first = [piece for piece in words if piece.clause == words[0].clause] if words else []
    return bool(first) and all(piece.what is K.NO and len(piece.word) <= _BARE_NO for piece in first)


def _denied(reading: _Reading) -> bool:
    """Whether a negation stands with what is lacking: "nav brīva", "nėra galimybės"."""
    negations = [piece for piece in reading.plain if piece.what is K.NEGATION]
    if len(negations) == 1 and not reading.says(K.LACKING, P.NOUN):
        words = [piece for piece in reading.plain if piece.what not in (K.FILLER, P.CODE, K.THANKS)]
        short = len(words) <= _FEW and all(piece.what in (K.NEGATION, P.UNKNOWN) for piece in words)
        return short and words[-1].word in _THERE_IS_NONE and not reading.asked  # "nav", "šofera nav"
    return bool(negations)


_THERE_IS_NONE = ("nav", "nera")
_FEW = 2


def _part_in_spite(reading: _Reading) -> bool:
    """Whether a number of something is promised in spite of a no to the rest: "autocisternas nav, bet varam dot 2
    cilvēkus", "1 mašina taip, antros neturim"."""
    refusing = {piece.clause for piece in reading.plain if piece.what in (K.NO, K.NEGATION, K.BUSY)}
    promising = _clauses_with(reading.plain, P.AMOUNT) & _clauses_with(reading.plain, *_POSITIVE, K.THEY_COME)
    if reading.asked or not refusing or not promising or reading.says(K.DOUBT, K.LATER, K.CALL_BACK):
        return False
    if any(True for _ in _unknown(tuple(piece for piece in reading.plain if piece.clause in promising))):
        return False
    other = {piece.clause for piece in reading.plain if piece.word.startswith(_THE_OTHER)}
    if max(promising) < min(refusing):
        return refusing <= other
    but = _clauses_with(reading.plain, K.BUT)
    return max(refusing) < min(promising) and min(promising) in but & _clauses_with(reading.plain, *_COMING)


_THE_OTHER = ("otr", "antr", "kitu", "citu")


def _clauses_with(plain: tuple[Piece, ...], *kinds: WordKind | Part) -> set[int]:
    return {piece.clause for piece in plain if piece.what in kinds}


def _consent(reading: _Reading) -> Answer | None:
    """Accept or partial, where something says so and nothing unknown stands in the way."""
    if not _only_details_after_but(reading.plain):
        return None
    counted, timed = reading.says(P.AMOUNT), reading.says(P.TIME)
    they_come = (reading.says(K.THEY_COME) and (counted or timed)) or _own_people_leave(reading.plain)
    coming = reading.says(*_COMING) or they_come
    if _is_only_then(reading.plain):
        return None
    offered = counted and timed
    part = _is_part(reading.plain)
    if not (coming or reading.says(K.YES) or offered or part):
        return None
    if offered and not (coming or reading.says(K.YES) or part) and not _is_bare_offer(reading.plain):
        return None
    if reading.says(K.NEED) and not reading.says(K.GOING):
        return None
    if not _unknown_is_harmless(reading.plain, said_yes=reading.says(K.YES)):
        return None
    if part:
        return Answer.PARTIAL
    if reading.says(K.ONLY) and not timed:
        return None  # "only" of something we did not understand
    read_only = reading.says(K.RECEIVED) and not (coming or counted or timed) and _in_one_sentence(reading.plain)
    return Answer.RECEIVED if read_only else Answer.ACCEPT


def _is_bare_offer(plain: tuple[Piece, ...]) -> bool:
    """Whether how many and when are all that is said: "1 cisterna, 20 min", and not "deg 2 mašīnas, 20 min"."""
    return all(piece.what in _OFFER for piece in plain)


_OFFER = (_PLAIN | {K.PARTLY}) - {K.OK, K.LACKING}


def _own_people_leave(plain: tuple[Piece, ...]) -> bool:
    """Whether a crew leaves, "gaisrinė išvyksta": that it sets out is known to its own people alone. That all have left
    is no help."""
    leaving = {piece.clause for piece in plain if piece.what is K.THEY_COME and piece.word.startswith(_SETTING_OUT)}
    crews = {piece.clause for piece in plain if piece.what in (P.NOUN, P.AMOUNT) or piece.word in _CREWS}
    strange = any(True for _ in _unknown(plain))
    return bool(leaving & crews) and not strange and not any(piece.word in _ALL for piece in plain)


_SETTING_OUT = ("iz", "is")
_CREWS = frozenset(
    ("komanda", "brigade", "ekipaza", "ekipazas", "vyrai", "puikas", "puisi", "burys", "apkalpe", "igula")
)
_ALL = frozenset(("visi", "visas", "visos", "viss", "все"))


def _is_only_then(plain: tuple[Piece, ...]) -> bool:
    """Whether what is promised waits for something: "reikia leidimo, tada važiuosim", and not "nu tad braucam"."""
    at = next((index for index, piece in enumerate(plain) if piece.what is K.THEN), None)
    return at is not None and any(piece.what not in (K.FILLER, K.OK, P.CODE, K.THANKS) for piece in plain[:at])


def _unknown_is_harmless(plain: tuple[Piece, ...], *, said_yes: bool) -> bool:
    """Whether the unknown words leave a yes a yes. Beside "we go" none may say where else or what for: "braucam uz Rīgu
    pie ārsta", "braucam zvejot"; beside "we send" none may say what: "sūtām sveicienus"."""
    if said_yes:
        told = any(piece.what in _TOLD for piece in plain)
        return len(list(_unknown(plain))) <= (MAX_UNKNOWN_BESIDE_YES if told else MAX_UNKNOWN_BESIDE_BARE_YES)
    unknown = list(_unknown(plain))
    if _goes_elsewhere(plain):
        return False
    if any(piece.what in _COMING and piece.word.startswith(_SENDING) for piece in plain):
        return not unknown and not any(piece.what is K.MESSAGE or piece.word == _WORD for piece in plain)
    what_for = [piece for piece in unknown if piece.word.endswith(_INFINITIVES + _FIRST_PERSON)]
    follows = [piece for piece in unknown if _follows_coming(plain, piece)]
    return not what_for and not follows and len(unknown) <= MAX_UNKNOWN_BESIDE_COMING


_WORD = "zinu"
"""Latvian "ziņu", word that is sent, reads like "zinu", I know."""
_TOLD = _COMING | {P.AMOUNT, P.TIME}
_SENDING = (
    *("sut", "nosut", "izsut", "atsut", "siunc", "issiunc", "pasiunc", "issiunt", "pasiunt", "siusi", "issiusi"),
    *("atsiusi", "pasiusi", "send", "посл", "посыл", "отправ", "высыл", "выш", "приш"),
)


def _follows_coming(plain: tuple[Piece, ...], piece: Piece) -> bool:
    at = plain.index(piece)
    return at > 0 and plain[at - 1].what in _COMING and plain[at - 1].clause == piece.clause


def _is_part(plain: tuple[Piece, ...]) -> bool:
    """Whether less is given than was asked for: "tikai 1 mašīna", "1 no 2", "galim duoti vieną", "daļēji"."""
    whats = [piece.what for piece in plain]
    if K.PARTLY in whats or (K.OF in whats and _share(plain)):
        return True
    numbered = P.AMOUNT in whats or P.NUMBER in whats
    if K.ONLY in whats and numbered:
        return P.AMOUNT in whats or P.TIME not in whats
    return P.NUMBER in whats and P.AMOUNT not in whats and (K.GIVE in whats or K.TO_GIVE in whats)


def _share(plain: tuple[Piece, ...]) -> bool:
    return any(piece.what is K.OF and after.what in (P.AMOUNT, P.NUMBER) for piece, after in itertools.pairwise(plain))


def _receipt(reading: _Reading) -> Answer | None:
    """Received: said so, or nothing but thanks."""
    if sum(1 for _ in _unknown(reading.plain)) > MAX_UNKNOWN_BESIDE_RECEIPT:
        return None
    if reading.says(K.OK, K.RECEIVED):
        return Answer.RECEIVED
    thanks = reading.says(K.THANKS) and all(
        piece.what in (K.THANKS, K.FILLER, P.CODE, *_GOVERN) for piece in reading.plain
    )
    return Answer.RECEIVED if thanks and not reading.asked else None


def _only_details_after_but(plain: tuple[Piece, ...]) -> bool:
    """After a but only how many and when may follow: "jā, bet tikai 1 mašīna"."""
    at = next((index for index, piece in enumerate(plain) if piece.what is K.BUT), None)
    if at is None:
        return True
    rest = plain[at + 1 :]
    strange = list(_unknown(rest))
    return all(
        piece.what in _AFTER_BUT or (piece.what is P.UNKNOWN and piece not in strange) for piece in rest
    ) and any(piece.what in (P.AMOUNT, P.TIME, P.NUMBER, K.PARTLY) or piece.what in _COMING for piece in rest)


def _in_one_sentence(plain: tuple[Piece, ...]) -> bool:
    """Whether the yes and the receipt are one statement: "jā, sapratu" has read, "Jā. Sapratu." comes."""
    yes = {piece.sentence for piece in plain if piece.what is K.YES}
    return bool(yes & {piece.sentence for piece in plain if piece.what is K.RECEIVED})


def _unknown(plain: tuple[Piece, ...]) -> Iterator[Piece]:
    """Unknown words that are no place and no name: not behind a preposition, not capitalised."""
    governed = 0
    for index, piece in enumerate(plain):
        if piece.what in _GOVERN:
            governed = _GOVERNED
            continue
        strange = piece.what is P.UNKNOWN and piece.word.isalpha()
        if strange and not governed and not (index > 0 and _is_name(piece)):
            yield piece
        governed = max(0, governed - 1)


def _goes_elsewhere(plain: tuple[Piece, ...]) -> bool:
    """Whether it is said where to, and that is no place of the policy: "braucam uz Rīgu". Where from, with whom and
    when tell nothing of the kind."""
    return any(
        piece.word in _WHERE_TO and piece.what in _GOVERN and after.what is P.UNKNOWN and after.word.isalpha()
        for piece, after in itertools.pairwise(plain)
    )


_WHERE_TO = frozenset(("uz", "i", "pie", "pas", "prie", "lidz", "iki", "link", "ant", "to", "at", "в", "на", "к", "у"))


def _is_name(piece: Piece) -> bool:
    return piece.raw[:1].isupper() and piece.raw[1:].islower()


def _sorted_out(pieces: tuple[Piece, ...], asked_sentences: frozenset[int]) -> _Reading:
    """Sentences with a question mark or a question word are asked; all others are said.

    Where somebody asks for the way, what stands in the clauses before is said: "Jā, kur jābrauc?"
    """
    plain: list[Piece] = []
    asked: list[Piece] = []
    indirect: list[Piece] = []
    for sentence in sorted({piece.sentence for piece in pieces}):
        words = [piece for piece in pieces if piece.sentence == sentence]
        if sentence not in asked_sentences and not _is_question(words):
            plain += words
            continue
        where = next((piece.clause for piece in words if piece.what is K.WHERE), None)
        before = [piece for piece in words if where is not None and piece.clause < where]
        if any(piece.what in (K.QUESTION, K.BUT, K.DOUBT) for piece in words):
            before = []
        plain += before
        asked += words[len(before) :]
        indirect += [] if sentence in asked_sentences else words
    return _Reading(tuple(plain), tuple(asked), tuple(indirect))


def _is_question(words: list[Piece]) -> bool:
    if any(piece.what in (K.QUESTION, K.WHERE) for piece in words):
        return True
    return any(
        piece.what is K.QUESTION_FIRST
        and not (index + 1 < len(words) and words[index + 1].what in (P.AMOUNT, P.NUMBER, P.NOUN))
        for index, piece in enumerate(words)
    )


def _clause(pieces: Iterable[Piece], clause: int) -> list[Piece]:
    return [piece for piece in pieces if piece.clause == clause]


def _yes_in_its_place(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """A yes counts where it begins its clause (after a greeting, a code, a detail) and no unknown word follows it at
    once. Elsewhere it is another word: Lithuanian "taip" is also "so"."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is not K.YES:
            continue
        own = _clause(pieces, piece.clause)
        at = own.index(piece)
        before_fits = all(one.what in _BESIDE_YES for one in own[:at])
        after_fits = at + 1 == len(own) or own[at + 1].what is not P.UNKNOWN or _is_name(own[at + 1])
        if not (before_fits and after_fits):
            result[index] = replace(piece, what=P.UNKNOWN)
    return tuple(result)


def _with_or_whether(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Within a clause a question word leaves a doubt ("žiūrėsim, ką galim"). Of "ar" it depends on what follows:
    Latvian "with" a thing, Lithuanian "whether" we can."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.QUESTION_FIRST and not _begins(pieces, index):
            after = pieces[index + 1].what if index + 1 < len(pieces) else None
            with_something = piece.word == "ar" and after not in (*_POSITIVE, K.THEY_COME, K.YES_OR_IF)
            result[index] = replace(piece, what=K.NEAR if with_something else K.DOUBT)
    return tuple(result)


def _begins(pieces: tuple[Piece, ...], index: int) -> bool:
    """Whether the piece begins its clause; a code before it does not count."""
    before = pieces[index - 1] if index else None
    return before is None or before.clause != pieces[index].clause or before.what is P.CODE


def _no_where_it_stands_alone(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """English "no" is a no where its clause holds nothing else; Latvian "no" means "from"."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.NO_ALONE:
            others = [one for one in _clause(pieces, piece.clause) if one is not piece]
            alone = all(one.what in (P.CODE, K.NO_ALONE, K.SORRY, K.THANKS) for one in others)
            result[index] = replace(piece, what=K.NO if alone else K.NEAR)
    return tuple(result)


def _yes_or_if(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Latvian "ja" typed without its macron: yes, or if.

    It is a yes where its clause says nothing else but details and politeness, and where it is followed by what is
    being done already ("ja braucam"): nobody makes a condition of what they do. With what may or shall be done ("ja
    varam") it is a yes only if no other clause follows for which it could be the condition.
    """
    result = list(pieces)
    then = any(piece.what is K.THEN for piece in pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.YES_OR_IF:
            yes = not then and _is_yes(pieces, piece)
            result[index] = replace(piece, what=K.YES if yes else K.DOUBT)
    return tuple(result)


def _is_if_not(pieces: tuple[Piece, ...]) -> bool:
    """Whether a no follows "ja" in its clause: "ja nevaram" is a condition, "ja ne" a yes and a no."""
    ifs = [piece.clause for piece in pieces if piece.what is K.YES_OR_IF]
    for index, piece in enumerate(pieces):
        if piece.what is K.NO and piece.clause in ifs:
            return any(one.what is K.YES_OR_IF and one.clause == piece.clause for one in pieces[:index])
    return False


def _says_yes_somewhere(pieces: tuple[Piece, ...]) -> bool:
    """Whether a yes stands anywhere, also in doubt; a "ja" that ends its clause is one, for no if does."""
    return any(
        piece.what is K.YES or (piece.what is K.YES_OR_IF and _clause(pieces, piece.clause)[-1] is piece)
        for piece in pieces
    )


def _is_yes(pieces: tuple[Piece, ...], piece: Piece) -> bool:
    own = _clause(pieces, piece.clause)
    rest = [one for one in own if one.what is not K.YES_OR_IF]
    if any(one.what not in _BESIDE_YES for one in rest) or any(True for _ in _unknown(tuple(rest))):
        return False
    verbs = [one for one in rest if one.what in _COMING or one.what is K.THEY_COME]
    alone = all(_is_beside_a_lone_ja(one) for one in rest)
    if alone:
        return True
    before_verb = own[own.index(piece) + 1 : own.index(verbs[0])] if verbs else []
    if not all(_is_beside_a_lone_ja(one) for one in before_verb):
        return False  # "ja vajag braucam"
    if verbs and all(one.what is K.GOING for one in verbs):
        return True
    others = [one for one in pieces if one.clause != piece.clause]
    condition_of = any(
        one.what in _POSITIVE or one.what in (K.THEY_COME, K.YES_OR_IF, P.UNKNOWN, K.NO) for one in others
    )
    they = any(one.what is K.THEY_COME for one in verbs) and not any(one.what in (P.AMOUNT, P.TIME) for one in rest)
    return len(verbs) == 1 and not condition_of and not they


def _is_beside_a_lone_ja(piece: Piece) -> bool:
    return piece.what in _DETAILS or piece.what in _SMALL_WORDS or piece.word in _BESIDE_A_LONE_JA


_SMALL_WORDS = frozenset((K.YES, K.YES_OR_IF, K.OK, K.THANKS, K.AFTER, K.CLOCK, K.NEAR, K.ONLY, K.BUT, K.PARTLY))
_BESIDE_A_LONE_JA = frozenset(
    (
        "nu",
        "ludzu",
        "labdien",
        "labvakar",
        "sveiki",
        "jau",
        "tulit",
        "uzreiz",
        "tagad",
        "mes",
        "es",
        "un",
        "ari",
        "atbilde",
        "atbildu",
        "kods",
        "atsakymas",
        "kodas",
    )
)

"""Whether a reply says that somebody comes, wholly or in part, with nothing in the way."""

import itertools
import re

from schemas.vocabulary import Answer
from streams.rules.replies.context import (
    COMING,
    GOVERN,
    PLAIN,
    POSITIVE,
    K,
    P,
    clauses_with,
    goes_elsewhere,
    unknown_words,
)
from streams.rules.replies.pieces import Piece
from streams.rules.replies.reading import Reading

_THE_OTHER = ("otr", "antr", "kitu", "citu")
_OFFER = (PLAIN | {K.PARTLY}) - {K.OK, K.LACKING, K.FILLER, K.THANKS}
_BESIDE_AN_OFFER = frozenset(("jau", "ir", "un", "and", "и", "mes", "labvakar", "labdien", "labas", "sveiki"))
_TIME_OF_DAY = re.compile(r"\d{1,2}[.:]\d{2}")
_OTHERS = frozenset(("vugd", "nmpd", "pagd", "pgt", "gmp", "spt", "policija", "valsts", "kaimini", "kaimynai"))
_FREE = ("briv", "laisv")
_SETTING_OUT = ("iz", "is")
_CREWS = frozenset(
    ("komanda", "brigade", "ekipaza", "ekipazas", "vyrai", "puikas", "puisi", "burys", "apkalpe", "igula")
)
_ALL = frozenset(("visi", "visas", "visos", "viss", "все"))
MAX_UNKNOWN_BESIDE_YES = 4
MAX_UNKNOWN_BESIDE_BARE_YES = 1
MAX_UNKNOWN_BESIDE_COMING = 2
_INFINITIVES = ("t", "ti", "ть")
_FIRST_PERSON = ("siu", "sim", "sime", "su", "am", "ame", "om", "ome", "au")
"""Endings of verbs in the first person: an unknown one beside "we can" may be "we shall see if"."""
_WORD = "zinu"
"""Latvian "ziņu", word that is sent, reads like "zinu", I know."""
_TOLD = COMING | {P.AMOUNT, P.TIME}
_SENDING = (
    *("sut", "nosut", "izsut", "atsut", "siunc", "issiunc", "pasiunc", "issiunt", "pasiunt", "siusi", "issiusi"),
    *("atsiusi", "pasiusi", "send", "посл", "посыл", "отправ", "высыл", "выш", "приш"),
)
_AFTER_BUT = PLAIN | COMING | {K.PARTLY, K.THEY_COME}


def consent(reading: Reading) -> Answer | None:
    """Accept or partial, where something says so and nothing unknown stands in the way."""
    if not _only_details_after_but(reading.plain):
        return None
    counted, timed = reading.says(P.AMOUNT), reading.says(P.TIME)
    they_come = (reading.says(K.THEY_COME) and (counted or timed)) or _own_people_leave(reading.plain)
    they_come = they_come and not _is_of_others(reading.plain)
    coming = reading.says(*COMING) or they_come
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


def part_in_spite(reading: Reading) -> bool:
    """Whether a number of something is promised in spite of a no to the rest: "autocisternas nav, bet varam dot 2
    cilvēkus", "1 mašina taip, antros neturim"."""
    refusing = {piece.clause for piece in reading.plain if piece.what in (K.NO, K.NEGATION, K.BUSY)}
    promising = clauses_with(reading.plain, P.AMOUNT) & clauses_with(reading.plain, *POSITIVE, K.THEY_COME)
    if reading.asked or not refusing or not promising or reading.says(K.DOUBT, K.LATER, K.CALL_BACK):
        return False
    if any(True for _ in unknown_words(tuple(piece for piece in reading.plain if piece.clause in promising))):
        return False
    other = {piece.clause for piece in reading.plain if piece.word.startswith(_THE_OTHER)}
    if max(promising) < min(refusing):
        return refusing <= other
    but = clauses_with(reading.plain, K.BUT)
    return max(refusing) < min(promising) and min(promising) in but & clauses_with(reading.plain, *COMING)


def _is_bare_offer(plain: tuple[Piece, ...]) -> bool:
    """Whether how many and when are all that is said: "1 cisterna, 20 min", and not "deg 2 mašīnas, 20 min"."""
    return all(
        (piece.what in _OFFER or piece.word in _BESIDE_AN_OFFER)
        and not (piece.what is P.TIME and _TIME_OF_DAY.fullmatch(piece.raw))  # "autocisterna 1, 21.40" repeats our text
        for piece in plain
    )


def _is_of_others(plain: tuple[Piece, ...]) -> bool:
    """Whether "they come" is said of somebody else, or of a vehicle that will be free: "Bauska sūta 2 mašīnas", "VUGD
    brauc", "1 mašina bus laisva po 3 val"."""
    coming = clauses_with(plain, K.THEY_COME)
    for index, piece in enumerate(plain):
        if piece.clause not in coming:
            continue
        behind = plain[index - 1].what if index else None
        crew = index + 1 < len(plain) and plain[index + 1].word in _CREWS
        if piece.word in _OTHERS or piece.word.startswith(_FREE):
            return True
        if piece.what is P.PLACE and behind not in GOVERN and not crew:
            return True
    return False


def _own_people_leave(plain: tuple[Piece, ...]) -> bool:
    """Whether a crew leaves, "gaisrinė išvyksta": that it sets out is known to its own people alone. That all have left
    is no help."""
    leaving = {piece.clause for piece in plain if piece.what is K.THEY_COME and piece.word.startswith(_SETTING_OUT)}
    crews = {piece.clause for piece in plain if piece.what in (P.NOUN, P.AMOUNT) or piece.word in _CREWS}
    strange = any(True for _ in unknown_words(plain))
    return bool(leaving & crews) and not strange and not any(piece.word in _ALL for piece in plain)


def _is_only_then(plain: tuple[Piece, ...]) -> bool:
    """Whether what is promised waits for something: "reikia leidimo, tada važiuosim", and not "nu tad braucam"."""
    at = next((index for index, piece in enumerate(plain) if piece.what is K.THEN), None)
    return at is not None and any(piece.what not in (K.FILLER, K.OK, P.CODE, K.THANKS) for piece in plain[:at])


def _unknown_is_harmless(plain: tuple[Piece, ...], *, said_yes: bool) -> bool:
    """Whether the unknown words leave a yes a yes. Beside "we go" none may say where else or what for: "braucam uz Rīgu
    pie ārsta", "braucam zvejot"; beside "we send" none may say what: "sūtām sveicienus"."""
    if said_yes:
        told = any(piece.what in _TOLD for piece in plain)
        return len(list(unknown_words(plain))) <= (MAX_UNKNOWN_BESIDE_YES if told else MAX_UNKNOWN_BESIDE_BARE_YES)
    unknown = list(unknown_words(plain))
    if goes_elsewhere(plain):
        return False
    if any(piece.what in COMING and piece.word.startswith(_SENDING) for piece in plain):
        return not unknown and not any(piece.what is K.MESSAGE or piece.word == _WORD for piece in plain)
    what_for = [piece for piece in unknown if piece.word.endswith(_INFINITIVES + _FIRST_PERSON)]
    follows = [piece for piece in unknown if _follows_coming(plain, piece)]
    return not what_for and not follows and len(unknown) <= MAX_UNKNOWN_BESIDE_COMING


def _follows_coming(plain: tuple[Piece, ...], piece: Piece) -> bool:
    at = plain.index(piece)
    return at > 0 and plain[at - 1].what in COMING and plain[at - 1].clause == piece.clause


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


def _only_details_after_but(plain: tuple[Piece, ...]) -> bool:
    """After a but only how many and when may follow: "jā, bet tikai 1 mašīna"."""
    at = next((index for index, piece in enumerate(plain) if piece.what is K.BUT), None)
    if at is None:
        return True
    rest = plain[at + 1 :]
    strange = list(unknown_words(rest))
    return all(
        piece.what in _AFTER_BUT or (piece.what is P.UNKNOWN and piece not in strange) for piece in rest
    ) and any(piece.what in (P.AMOUNT, P.TIME, P.NUMBER, K.PARTLY) or piece.what in COMING for piece in rest)


def _in_one_sentence(plain: tuple[Piece, ...]) -> bool:
    """Whether the yes and the receipt are one statement: "jā, sapratu" has read, "Jā. Sapratu." comes."""
    yes = {piece.sentence for piece in plain if piece.what is K.YES}
    return bool(yes & {piece.sentence for piece in plain if piece.what is K.RECEIVED})

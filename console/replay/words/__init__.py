"""The words of the what-if page: a set for each language, complete, with its plural forms."""

from collections.abc import Mapping

from console.replay.words.en import EN
from console.replay.words.lt import LT
from console.replay.words.lv import LV
from console.replay.words.shape import Forms, Words
from schemas.base import Lang

__all__ = ["WORDS", "Forms", "Words"]

WORDS: Mapping[Lang, Words] = {"lv": LV, "lt": LT, "en": EN}

"""The short replies to what people text back: which request? too late, not understood, STOP and START confirmed."""

from collections.abc import Sequence

from notifiers.texts.parts import Falls, Part, Sms, fitted
from notifiers.texts.wording import Unrenderable, fill, one_line, texts_of
from schemas.base import Lang
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.vocabulary import ReplyKind

CODES_MAX = 6
"""Codes one reply lists; whoever has more open requests than that is telephoning already."""

_NAMES_ONE = frozenset({ReplyKind.NOT_UNDERSTOOD, ReplyKind.UNKNOWN_CODE, ReplyKind.TOO_LATE})
"""Replies about one request at most: only the first code stands, or none where the request is not known."""


def render_reply(kind: ReplyKind, policy: Policy, *, language: Lang, script: Script, codes: Sequence[str] = ()) -> Sms:
    """The SMS that answers a text of ``kind``. ``codes`` are the open requests it may be about, or the code meant.

    Raises:
        Unrenderable: the policy has no such words in ``language``.
    """
    texts = texts_of(policy, language)
    if texts.replies is None:
        raise Unrenderable(f"the policy has no replies in {language}; activate it anew")
    one = kind in _NAMES_ONE
    listed = ", ".join(codes[: 1 if one else CODES_MAX])
    if len(codes) > CODES_MAX and not one:
        listed = f"{listed} {texts.sms.more}"
    source = str(getattr(texts.replies, kind.value))
    return fitted([Part("reply", one_line(fill(source, codes=listed)), Falls.NEVER)], script)

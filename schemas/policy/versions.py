"""Versions that earlier releases gave to policies, so that what they published stays provable and usable."""

import hashlib
from typing import Any

from schemas.policy.models import Policy, canonical_json

_LATER_KEYS = ("rosters", "canary", "contact_checks", "rates", "change", "retention")
_LATER_OF_TEXTS = ("answers", "service", "replies", "reply_lexicon", "digest")
_LATER_OF_STEPS = ("deliver_within",)
_LATER_OF_LIMITS = ("settled_after",)
"""What releases before ladders and answers did not know."""


def is_version_of(stated: str, policy: Policy) -> bool:
    """Whether ``stated`` is the hash of ``policy``: as it is made today, or as it was made before ladders climbed."""
    return stated == policy.version or stated == version_before_ladders(policy)


def version_before_ladders(policy: Policy) -> str:
    """The hash that releases before ladders and answers gave: every key they knew, defaults written out.

    A later key counts unless it stands at its default, so that nothing in ``policy`` goes unproved.
    """
    whole, set_by_hand = policy.model_dump(mode="json"), policy.model_dump(mode="json", exclude_defaults=True)
    _leave_out(whole, set_by_hand, _LATER_KEYS)
    _leave_out(whole["limits"], set_by_hand["limits"], _LATER_OF_LIMITS)
    for language, texts in whole["texts"].items():
        _leave_out(texts, set_by_hand["texts"][language], _LATER_OF_TEXTS)
    for ladder, bare in zip(whole["ladders"], set_by_hand["ladders"], strict=True):
        for step, bare_step in zip(ladder["steps"], bare["steps"], strict=True):
            _leave_out(step, bare_step, _LATER_OF_STEPS)
    return hashlib.sha256(canonical_json(whole)).hexdigest()


def _leave_out(whole: dict[str, Any], set_by_hand: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        if key not in set_by_hand:
            whole.pop(key, None)

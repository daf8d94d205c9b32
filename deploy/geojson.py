"""GeoJSON as the policy's files hold it: one feature a line, so that a change of one area is a change of one line."""

import json
from collections.abc import Iterable
from typing import Any


def collection_text(features: Iterable[dict[str, Any]], decimals: int) -> str:
    """The text of a FeatureCollection; every number with a fraction is rounded to ``decimals`` of a degree."""
    lines = [json.dumps(_rounded(one, decimals), ensure_ascii=False, separators=(",", ":")) for one in features]
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n'


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, list | tuple):
        return [_rounded(item, decimals) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item, decimals) for key, item in value.items()}
    return value

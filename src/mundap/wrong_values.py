"""What a parser finds wrong with a value, in sentences of ours: its own are in English and about Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OURS = re.compile("[가-힣]")
_SENTENCES = {
    "missing": "필수 항목이 없습니다",
    "extra_forbidden": "알 수 없는 항목입니다",
    "string_type": "문자열이어야 합니다",
    "string_too_short": "{min_length}자 이상이어야 합니다",
    "string_too_long": "{max_length}자 이하여야 합니다",
    "int_type": "정수여야 합니다",
    "int_parsing": "정수여야 합니다",
    "int_parsing_size": "너무 큰 수입니다",
    "int_from_float": "정수여야 합니다",
    "float_type": "숫자여야 합니다",
    "bool_type": "true나 false여야 합니다",
    "list_type": "배열이어야 합니다",
    "dict_type": "객체({{…}})여야 합니다",
    "model_type": "객체({{…}})여야 합니다",
    "model_attributes_type": "객체({{…}})여야 합니다",
    "literal_error": "사용할 수 있는 값: {expected}",
    "greater_than_equal": "{ge} 이상이어야 합니다",
    "less_than_equal": "{le} 이하여야 합니다",
    "greater_than": "{gt}보다 커야 합니다",
    "less_than": "{lt}보다 작아야 합니다",
    "float_parsing": "숫자여야 합니다",
    "finite_number": "유한한 수여야 합니다",
    "bool_parsing": "true나 false여야 합니다",
    "string_pattern_mismatch": "형식이 올바르지 않습니다",
    "too_short": "{min_length}개 이상이어야 합니다",
    "too_long": "{max_length}개 이하여야 합니다",
}
_OTHER = "올바르지 않은 값입니다"


def sentence(error: Mapping[str, Any]) -> str:
    """What one of pydantic's errors says, in Korean."""
    context = error.get("ctx") or {}
    if error["type"] == "value_error" and _OURS.search(str(context.get("error", ""))):
        return str(context["error"])
    said = _SENTENCES.get(error["type"], _OTHER)
    try:
        return said.format(**context).replace(" or ", ", ")
    except (KeyError, IndexError):
        return _OTHER

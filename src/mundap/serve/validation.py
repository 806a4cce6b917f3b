"""What is wrong with the values of a request, in sentences of ours: those of the parser are in English and about Python."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_OURS = re.compile("[가-힣]")
_TAG = re.compile(r"\W|^(str|int|float|bool|list|dict|none|function-.*|Part)$")
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
    "too_short": "{min_length}개 이상이어야 합니다",
    "too_long": "{max_length}개 이하여야 합니다",
}
_OTHER = "올바르지 않은 값입니다"
_STATUSES = {
    400: "요청을 해석할 수 없습니다. 형식을 확인하세요.",
    404: "없는 경로입니다. 사용할 수 있는 경로는 /docs에 있습니다.",
    405: "이 경로에서 사용할 수 없는 메서드입니다.",
    408: "요청 본문이 제때 도착하지 않았습니다.",
    413: "요청이 너무 큽니다.",
}


def sentences(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The place and what is wrong there, for each place once; of a place that may be of several kinds, all that it may be."""
    found: dict[str, list[str]] = {}
    for error in errors:
        place = ".".join(str(part) for part in error["loc"][1:] if not _TAG.search(str(part)))
        said = found.setdefault(place, [])
        if (sentence := _sentence(error, place)) not in said:
            said.append(sentence)
    return [(place, " 또는 ".join(said)) for place, said in found.items()]


def _sentence(error: Mapping[str, Any], place: str) -> str:
    context = error.get("ctx") or {}
    if error["type"] == "value_error" and _OURS.search(str(context.get("error", ""))):
        return str(context["error"])
    if error["type"] == "missing" and not place:
        return "요청 본문이 없습니다. JSON 객체를 보내세요"
    said = _SENTENCES.get(error["type"], _OTHER)
    try:
        return said.format(**context).replace(" or ", ", ")
    except (KeyError, IndexError):
        return _OTHER


def of_status(status: int, detail: str) -> str:
    """A sentence for an error of the framework, which speaks English."""
    return detail if _OURS.search(detail) else _STATUSES.get(status, "요청을 처리할 수 없습니다.")

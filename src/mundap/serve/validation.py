"""What is wrong with the values of a request, in sentences of ours: those of the parser are in English and about Python."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mundap.wrong_values import sentence

_OURS = re.compile("[가-힣]")
_TAG = re.compile(r"\W|^(str|int|float|bool|list|dict|none|function-.*|Part)$")
_STATUSES = {
    400: "요청을 해석할 수 없습니다. 형식을 확인하세요.",
    404: "없는 경로입니다. 사용할 수 있는 경로는 /docs에 있습니다.",
    405: "이 경로에서 사용할 수 없는 메서드입니다.",
    406: "Accept 헤더가 응답의 형식을 허용하지 않습니다. Accept: application/json, text/event-stream으로 보내세요.",
    408: "요청 본문이 제때 도착하지 않았습니다.",
    413: "요청이 너무 큽니다.",
}


def sentences(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The place and what is wrong there, for each place once; of a place that may be of several kinds, all that it may be."""
    found: dict[str, list[str]] = {}
    for error in errors:
        place = ".".join(str(part) for part in error["loc"][1:] if not _TAG.search(str(part)))
        said = found.setdefault(place, [])
        if (wrong := _sentence(error, place)) not in said:
            said.append(wrong)
    return [(place, " 또는 ".join(said)) for place, said in found.items()]


def _sentence(error: Mapping[str, Any], place: str) -> str:
    if error["type"] == "missing" and not place:
        return "요청 본문이 없습니다. JSON 객체를 보내세요"
    return sentence(error)


def of_status(status: int, detail: str) -> str:
    """A sentence for an error of the framework, which speaks English."""
    return detail if _OURS.search(detail) else _STATUSES.get(status, "요청을 처리할 수 없습니다.")

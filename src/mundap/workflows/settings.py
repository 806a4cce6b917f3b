"""The settings that those who care for the answers change from time to time, with what each does, and their change.

All others decide how documents are read or what runs where, and are for whoever edits mundap.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mundap.config import FILE, parse_config, settings
from mundap.errors import ConfigError, UnknownName
from mundap.workflows.keep_settings import changed_elsewhere, keep, with_values
from mundap.workspace import Mundap

Value: TypeAlias = bool | int | float | str
Kind = Literal["number", "share", "switch", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Described:
    """A setting by its key in mundap.toml, and what it does, in Korean and in English."""

    key: str
    kind: Kind
    korean: str
    english: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it is now; `default` says that mundap.toml does not name it."""

    described: Described
    value: Value
    default: bool
    choices: tuple[str, ...] = ()


EDITABLE = (
    Described(
        "retrieve.k",
        "number",
        "답변에 쓸 문단 수. 늘리면 빠뜨리는 내용이 줄지만 관련 없는 문장이 섞일 수 있습니다.",
        "Passages that an answer is written from. More of them miss less, but may bring in what is beside the point.",
    ),
    Described(
        "generate.min_support",
        "share",
        "이 값보다 근거 점수가 낮으면 답변을 보류합니다. 높이면 틀린 답이 줄고 보류가 늘어납니다.",
        "An answer is withheld if its support is lower than this. A higher value means fewer wrong answers and more refusals.",
    ),
    Described(
        "generate.faq",
        "switch",
        "문서나 직원이 이미 답한 질문이면 그 답변을 그대로 보여 줍니다.",
        "Gives the recorded answer where a sheet or the staff has already answered the very question.",
    ),
    Described(
        "generate.unsupported",
        "choice",
        "언어 모델이 쓴 문장의 숫자, 날짜, 이름이 문단에 없을 때: drop(삭제), mark(표시), keep(유지).",
        "Sentences of a language model whose figures, dates or names are in no passage: drop, mark or keep them.",
        ("drop", "mark", "keep"),
    ),
    Described(
        "generate.persona", "choice", "답변의 말투(personas 폴더의 파일).", "The tone of answers (a file in personas/)."
    ),
    Described(
        "retrieve.everyday",
        "switch",
        "질문의 일상어를 문서의 용어로도 검색합니다.",
        "Also searches for what documents say for the everyday words of a question.",
    ),
    Described("ui.title", "text", "방문자 페이지의 제목.", "The title of the visitors' page."),
    Described("ui.notice", "text", "대화 화면의 안내 문구.", "The notice beside the chat."),
    Described(
        "ui.download",
        "switch",
        "방문자가 출처의 원본 파일을 다운로드할 수 있습니다.",
        "Visitors may download the original file of a source.",
    ),
    Described(
        "retention.answers",
        "text",
        "평가가 없는 질문과 답변의 보관 기간. 예: 90d. 비우면 계속 보관합니다.",
        "How long questions and answers are kept that nobody judged, e.g. 90d. Empty keeps them.",
    ),
    Described(
        "retention.feedback",
        "text",
        "평가가 있는 답변의 보관 기간. 예: 365d. 비우면 계속 보관합니다.",
        "How long answers are kept that somebody judged, e.g. 365d. Empty keeps them.",
    ),
    Described(
        "retention.turns",
        "text",
        "대화 내용의 보관 기간. 예: 90d. 비우면 계속 보관합니다.",
        "How long turns of conversations are kept, e.g. 90d. Empty keeps them.",
    ),
)


def editable(bot: Mundap) -> list[Setting]:
    """The settings of EDITABLE as they are in mundap.toml now. Raises ConfigError for a file that cannot be read."""
    path = bot.root / FILE
    shared = changed_elsewhere(bot)
    config = parse_config(path.read_text("utf-8"), path, shared)
    known = {key: (value, origin) for key, value, origin in settings(config, path)}
    found = []
    for one in EDITABLE:
        value, origin = known[one.key]
        assert isinstance(value, Value)
        choices = ("", *bot.components.personas) if one.key == "generate.persona" else one.choices
        found.append(Setting(one, value, origin == "default" and one.key not in shared, choices))
    return found


def change(bot: Mundap, values: Mapping[str, Value]) -> list[Setting]:
    """Keep these values, and give all as they are then. A running server takes them up by itself.

    Raises UnknownName for a key that is not one of EDITABLE, and ConfigError for a value that it cannot have; nothing is
    written then.
    """
    known = [one.key for one in EDITABLE]
    for key in values:
        if key not in known:
            raise UnknownName("setting", key, known)
    config = with_values(bot, values)
    if config.generate.persona and config.generate.persona not in bot.components.personas:
        raise ConfigError(
            f"'{config.generate.persona}': 없는 페르소나입니다. 있는 페르소나: {', '.join(bot.components.personas) or '없음'}"
        )
    keep(bot, values)
    return editable(bot)

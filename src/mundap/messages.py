"""What end users are told, in Korean and in English."""

from __future__ import annotations

import re
from functools import cache, lru_cache

MESSAGES: dict[str, dict[str, str]] = {
    "refusal": {
        "ko": "죄송합니다. 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.",
        "en": "Sorry, the documents do not answer this question.",
    },
    "title": {"ko": "문답", "en": "mundap"},
    "notice": {
        "ko": "등록된 문서에서 자동으로 찾아 만든 답변이며 법적 효력이 없습니다. 중요한 내용은 출처를 확인해 주세요.",
        "en": "Answers are generated automatically from the documents and have no legal force. Please check the sources.",
    },
    "nearest": {"ko": "가장 가까운 문서:", "en": "Nearest passages:"},
    "known": {
        "ko": "(등록된 질문 「{question}」의 답변입니다.)",
        "en": "(This is the recorded answer to “{question}”.)",
    },
    "choices": {
        "ko": "경우에 따라 답이 다릅니다. 해당하는 경우를 확인해 주세요.",
        "en": "The answer depends on the case. Please check which one applies to you.",
    },
    "unmet_period": {
        "ko": "‘{period}’에 해당하는 내용은 등록된 문서에서 찾지 못했습니다.",
        "en": "The documents contain nothing about “{period}”.",
    },
    "undated": {
        "ko": "(‘{period}’에 해당한다고 명시된 문서가 없어, 시기가 표시되지 않은 내용으로 답합니다.)",
        "en": "(No document is dated “{period}”; this answer is based on undated content.)",
    },
    "defers": {
        "ko": "(자세한 내용은 {to}에서 정하고 있습니다.)",
        "en": "(Details are set out in {to}.)",
    },
    "unsupported": {"ko": "(문서에서 확인되지 않음)", "en": "(not found in the documents)"},
    "cut": {
        "ko": "(답변이 길이 제한에 도달해 여기서 끝났습니다.)",
        "en": "(The answer was cut off at the length limit.)",
    },
    "smalltalk_greeting": {
        "ko": "안녕하세요! 무엇을 도와드릴까요?",
        "en": "Hello! How can I help you?",
    },
    "smalltalk_thanks": {
        "ko": "도움이 되었다니 다행입니다. 더 궁금한 점이 있으면 물어보세요.",
        "en": "You're welcome. Let me know if you have any other questions.",
    },
    "smalltalk_farewell": {
        "ko": "이용해 주셔서 감사합니다. 좋은 하루 보내세요.",
        "en": "Thank you for using this service. Have a nice day.",
    },
    "smalltalk_identity": {
        "ko": "저는 사람이 아니라, 등록된 문서에서 답을 찾아 출처와 함께 알려 드리는 안내 프로그램입니다.",
        "en": "I am not a person but an assistant that answers from the documents and cites its sources.",
    },
    "smalltalk_abilities": {
        "ko": "등록된 문서에 있는 내용을 물어보시면 출처와 함께 알려 드립니다.",
        "en": "Ask me about anything in the documents, and I will answer with sources.",
    },
    "about": {"ko": "{heading}에 대해 알려 주세요.", "en": "Tell me about {heading}."},
    "smalltalk_examples": {"ko": "예: {examples}", "en": "For example: {examples}"},
    "smalltalk_complaint": {
        "ko": "만족스러운 답변을 드리지 못해 죄송합니다. 궁금한 점을 조금 더 자세히 알려 주시면 다시 찾아보겠습니다.",
        "en": "I'm sorry the answer did not help. If you tell me in more detail what you want to know, I will look again.",
    },
    "smalltalk_insult": {
        "ko": "불편을 드려 죄송합니다. 궁금한 점을 알려 주시면 문서에서 다시 찾아보겠습니다.",
        "en": "I'm sorry for the inconvenience. Tell me what you want to know, and I will look again.",
    },
    "smalltalk_praise": {
        "ko": "좋게 봐 주셔서 감사합니다. 더 궁금한 점이 있으면 물어보세요.",
        "en": "Thank you! Let me know if you have any other questions.",
    },
    "smalltalk_yes": {
        "ko": "네, 더 궁금한 점이 있으면 물어보세요.",
        "en": "All right. Let me know if you have any other questions.",
    },
    "smalltalk_no": {
        "ko": "알겠습니다. 궁금한 점이 생기면 언제든 물어보세요.",
        "en": "All right. Feel free to ask whenever you have a question.",
    },
    "smalltalk_laugh": {"ko": "궁금한 점이 있으면 편하게 물어보세요.", "en": "Feel free to ask me a question."},
    "sources": {"ko": "출처", "en": "Sources"},
    "no_sources": {"ko": "아직 답변이 없습니다.", "en": "No answers yet."},
    "chat": {
        "ko": "질문을 입력하세요. /sources 전체 출처, /reset 대화 초기화, /help 도움말, /quit 종료",
        "en": "Ask a question. /sources: full sources, /reset: clear the conversation, /help, /quit",
    },
    "reset": {"ko": "대화를 초기화했습니다.", "en": "The conversation has been cleared."},
    "searching": {"ko": "문서를 검색하고 있습니다…", "en": "Searching the documents…"},
    "stopped": {"ko": "(답변을 중단했습니다)", "en": "(answer stopped)"},
    "understood": {"ko": "이렇게 이해했습니다: {question}", "en": "Understood as: {question}"},
    "searched": {"ko": "{words}{particle} 검색했습니다.", "en": "Searched for {words}."},
    "unknown_command": {"ko": "알 수 없는 명령입니다: {command}", "en": "Unknown command: {command}"},
}

LANGUAGES = ("ko", "en")
_VALUE = re.compile(r"\\{(\w+)\\}")
_FORMS = {"words": "[‘“].+[’”]", "particle": "으?로"}  # of values; of others anything


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The key of every sentence of every message with a pattern of it, white space aside."""
    found = []
    for key, said in MESSAGES.items():
        for text in said.values():
            for sentence in {text, *re.split(r"(?<=[.!?]) ", text)}:
                escaped = re.escape("".join(sentence.split()))
                pattern = _VALUE.sub(lambda name: f"(?P<{name[1]}>{_FORMS.get(name[1], '.+')})", escaped)
                found.append((key, re.compile(pattern)))
    return tuple(found)


@lru_cache(1024)
def told(text: str) -> tuple[str, dict[str, str]] | None:
    """The key and the values of the message that `text` is, or is a sentence of, in any language; None if of none.

    White space is left out, of values too.
    """
    said = "".join(text.split())
    for key, pattern in _patterns():
        if found := pattern.fullmatch(said):
            return key, found.groupdict()
    return None


# What is a line of an answer, and nothing that a document might say.
_OF_ANSWERS = ("refusal", "known", "choices", "unmet_period", "undated", "defers", "cut", "searched")
_SMALLTALK = tuple(key for key in MESSAGES if key.startswith("smalltalk_") and key != "smalltalk_examples")


@cache
def _lines() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile(_VALUE.sub(lambda name: f"(?P<{name[1]}>{_FORMS.get(name[1], '.+')})", re.escape(text))))
        for key in (*_OF_ANSWERS, *_SMALLTALK)
        for text in MESSAGES[key].values()
    )


def in_language(text: str, language: str) -> str:
    """`text` with each of its lines that is a message, in whatever language, in `language`; all else stays as it is.

    >>> in_language("죄송합니다. 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.", "en")
    'Sorry, the documents do not answer this question.'
    """
    said = []
    for line in text.split("\n"):
        found = next(((key, match) for key, pattern in _lines() if (match := pattern.fullmatch(line))), None)
        said.append(say(found[0], language, **{"particle": "(으)로", **found[1].groupdict()}) if found else line)
    return "\n".join(said)


def page_of(number: int, language: str) -> str:
    """A page as people say it."""
    return f"p. {number}" if language == "en" else f"{number}쪽"


# Controls of direction, with which a name can be shown as another: exe.fdp for pdf.exe.
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PAGE = re.compile(r"(^|[\s,(])page:?\s*([0-9]+)(?![0-9.])", re.IGNORECASE)


def paged(source: str, language: str) -> str:
    """What a source is called, with a page that it names said as people say it.

    >>> paged("여행자 휴대품 안내서, page: 9", "ko"), paged("Guide, page: 9", "en")
    ('여행자 휴대품 안내서, 9쪽', 'Guide, p. 9')
    """
    return _PAGE.sub(r"\1p. \2" if language == "en" else r"\1\2쪽", _OVERRIDES.sub("", source))


def without_page(source: str) -> str:
    """What a source is called, without a page that it names.

    >>> without_page("여행자 휴대품 안내서, page: 9"), without_page("homepage 안내")
    ('여행자 휴대품 안내서', 'homepage 안내')
    """
    return _PAGE.sub("", source).rstrip(" ,")


def say(key: str, language: str, **values: str) -> str:
    """The message `key` in `language` ("ko" or "en")."""
    return MESSAGES[key][language].format(**values)

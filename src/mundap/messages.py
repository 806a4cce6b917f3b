"""What end users are told, in Korean and in English."""

from __future__ import annotations

MESSAGES: dict[str, dict[str, str]] = {
    "refusal": {
        "ko": "죄송합니다. 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.",
        "en": "Sorry, the documents do not answer this question.",
    },
    "title": {"ko": "문답", "en": "mundap"},
    "notice": {
        "ko": "등록된 문서에서 자동으로 찾아 쓴 답이며 법적 효력이 없습니다. 중요한 일은 출처를 확인해 주세요.",
        "en": "Answers are written automatically from the documents and have no legal force. Check the sources.",
    },
    "nearest": {"ko": "가장 가까운 문서:", "en": "Nearest passages:"},
    "known": {
        "ko": "(등록된 질문 「{question}」의 답변입니다.)",
        "en": "(This is the recorded answer to “{question}”.)",
    },
    "choices": {
        "ko": "경우에 따라 답이 다릅니다. 해당하는 경우를 확인해 주세요.",
        "en": "The answer depends on the case. Please see which one applies.",
    },
    "unmet_period": {
        "ko": "‘{period}’에 해당하는 내용은 등록된 문서에서 찾지 못했습니다.",
        "en": "The documents say nothing of “{period}”.",
    },
    "undated": {
        "ko": "(‘{period}’의 내용이라고 적힌 문서는 없어, 시기가 적히지 않은 내용으로 답합니다.)",
        "en": "(No document says that it is about “{period}”; this is what they say without a date.)",
    },
    "defers": {
        "ko": "(자세한 내용은 {to}에서 정하고 있습니다.)",
        "en": "(The details are laid down in {to}.)",
    },
    "unsupported": {"ko": "(문서에서 확인되지 않음)", "en": "(not found in the documents)"},
    "cut": {
        "ko": "(답이 길이 제한에 걸려 여기서 끝났습니다.)",
        "en": "(The answer reached its length limit and ends here.)",
    },
    "sources": {"ko": "출처", "en": "Sources"},
    "no_sources": {"ko": "아직 답변이 없습니다.", "en": "There is no answer yet."},
    "chat": {
        "ko": "질문을 입력하세요. /sources 출처 전체, /reset 대화 지우기, /help 도움말, /quit 끝내기",
        "en": "Ask a question. /sources full sources, /reset forget the conversation, /help, /quit",
    },
    "reset": {"ko": "대화를 지웠습니다.", "en": "The conversation is forgotten."},
    "understood": {"ko": "이렇게 이해했습니다: {question}", "en": "Understood as: {question}"},
    "unknown_command": {"ko": "모르는 명령입니다: {command}", "en": "Unknown command: {command}"},
}

LANGUAGES = ("ko", "en")
# Messages without values, which state nothing by themselves.
FIXED = tuple(text for said in MESSAGES.values() for text in said.values() if "{" not in text)


def say(key: str, language: str, **values: str) -> str:
    """The message `key` in `language` ("ko" or "en")."""
    return MESSAGES[key][language].format(**values)

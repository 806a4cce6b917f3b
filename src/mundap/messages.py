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
    "smalltalk_greeting": {
        "ko": "안녕하세요! 무엇을 도와드릴까요?",
        "en": "Hello! What would you like to know?",
    },
    "smalltalk_thanks": {
        "ko": "도움이 되었다니 다행입니다. 더 궁금한 것이 있으면 물어보세요.",
        "en": "You are welcome. Ask me if there is anything else.",
    },
    "smalltalk_farewell": {
        "ko": "이용해 주셔서 감사합니다. 좋은 하루 보내세요.",
        "en": "Goodbye, and have a good day.",
    },
    "smalltalk_identity": {
        "ko": "저는 사람이 아니라, 등록된 문서에서 답을 찾아 출처와 함께 알려 드리는 안내 프로그램입니다.",
        "en": "I am not a person but a program that answers from the documents and names its sources.",
    },
    "smalltalk_abilities": {
        "ko": "등록된 문서에 있는 내용을 물어보시면 출처와 함께 알려 드립니다.",
        "en": "Ask me about anything in the documents, and I answer with the sources.",
    },
    "smalltalk_examples": {"ko": "예: {examples}", "en": "For example: {examples}"},
    "smalltalk_complaint": {
        "ko": "만족스러운 답을 드리지 못해 죄송합니다. 알고 싶은 것을 조금 더 자세히 적어 주시면 다시 살펴보겠습니다.",
        "en": "I am sorry that the answer did not help. Tell me in more detail what you want to know, and I will look again.",
    },
    "smalltalk_insult": {
        "ko": "불편하게 해 드려 죄송합니다. 궁금한 것을 알려 주시면 문서에서 다시 살펴보겠습니다.",
        "en": "I am sorry to have upset you. Tell me what you want to know, and I will look again.",
    },
    "smalltalk_praise": {
        "ko": "좋게 봐 주셔서 감사합니다. 더 궁금한 것이 있으면 물어보세요.",
        "en": "Thank you! Ask me if there is anything else.",
    },
    "smalltalk_yes": {
        "ko": "네, 더 궁금한 것이 있으면 물어보세요.",
        "en": "All right. Ask me if there is anything else.",
    },
    "smalltalk_no": {
        "ko": "알겠습니다. 궁금한 것이 생기면 언제든 물어보세요.",
        "en": "All right. Ask me whenever you want to know something.",
    },
    "smalltalk_laugh": {"ko": "궁금한 것이 있으면 편하게 물어보세요.", "en": "Feel free to ask me a question."},
    "sources": {"ko": "출처", "en": "Sources"},
    "no_sources": {"ko": "아직 답변이 없습니다.", "en": "There is no answer yet."},
    "chat": {
        "ko": "질문을 입력하세요. /sources 출처 전체, /reset 대화 지우기, /help 도움말, /quit 끝내기",
        "en": "Ask a question. /sources full sources, /reset forget the conversation, /help, /quit",
    },
    "reset": {"ko": "대화를 지웠습니다.", "en": "The conversation is forgotten."},
    "understood": {"ko": "이렇게 이해했습니다: {question}", "en": "Understood as: {question}"},
    "searched": {"ko": "{words}{particle} 찾았습니다.", "en": "Searched for {words}."},
    "unknown_command": {"ko": "모르는 명령입니다: {command}", "en": "Unknown command: {command}"},
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


def say(key: str, language: str, **values: str) -> str:
    """The message `key` in `language` ("ko" or "en")."""
    return MESSAGES[key][language].format(**values)

"""A statement made a question: its last predicate asks, or a number in it becomes 몇, by Kiwi's morphemes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mundap.korean.kiwi import kiwi

if TYPE_CHECKING:
    from kiwipiepy import Token

LONGEST = 110  # characters of a statement that is asked as a whole
FEWEST = 3  # nouns of a question
_DEFINED = 1.0  # what a question for a definition is worth: its one noun is enough

_OPENERS = re.compile(
    r"^(?:(?:다만|단|또한|또|그리고|그러나|하지만|따라서|그러므로|아울러|한편|특히|반대로|즉|예를 들어|이때|이 경우|이에 따라|참고로|만약|만일)[,\s]\s*)+"
)
_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[가-하][.)]|[-*•·○□▪※ㆍ▶→]|[①-⑳]|\(\d+\)|<|\[)\s*")
_POINTING = re.compile(
    r"^(?:이|그|저|해당|동|위|상기|제\d+[항호](?:에|의)?|이러한|그러한|이와|그와|이를|이는|그는)(?:\s|\b(?=[은는을를와의에도]))"
)
_SIGNS = re.compile(r"^.{1,20} : |[☞※★▶→<>{}|]|https?://|\bwww\.")
_MARKS = ("SF", "SP", "SS", "SE", "SO", "SW", "SB")
_CONTENT = ("NNG", "NNP", "SL", "SH", "XR")
_AND = ("며", "으며", "지만", "으나", "나", "는데", "ᆫ데", "은데")  # two statements in one ask two things
_LEANS = re.compile(r"(?:다음|아래|각 ?호|위의)")
_PREDICATE = ("VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA")
_DESCRIBES = ("VA", "VCP", "VCN", "XSA")

# What asks for a number before a unit; money is asked for as a whole, and days have a word of their own.
_UNITS = {
    **dict.fromkeys(("원", "달러", "불", "유로", "엔"), "얼마"),
    "일": "며칠",
    **{
        unit: f"몇 {unit}"
        for unit in "개월 년 시간 분 주 명 개 병 갑 회 건 리터 그램 킬로그램 세 가지 차례 % 퍼센트 ㎖ ml L kg g".split()
    },
}
_NUMBER = re.compile(
    r"(?P<fore>(?:미화|한화|US|USD|약)\s?)?(?P<sign>[$＄￦₩]\s?)?(?P<number>\d[\d,.]*)\s?(?P<scale>[십백천만억조]*)\s?"
    r"(?P<unit>"
    + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    + r")(?![가-힣]*월)(?P<after>[가-힣]*)"
)
_AFTER_UNIT = re.compile(
    r"(?:간|이내|까지|이상|이하|초과|미만|정도|씩|당|마다|짜리|[은는이가을를로의에도과와]|으로|에서|부터|이며|이고|입니다|이다|이나)*"
)
_LEAD = re.compile(r"(?:다음|아래)(?:과|와|의)?\s*(?:각\s?호(?:와|의)?\s*)?(?:같|요건|사항|내용|방법|서류|물품)")


@dataclass(frozen=True, slots=True)
class GeneratedQuestion:
    """A question, and how sure it is to be one that people ask: higher is better."""

    question: str
    worth: float


def asked(statement: str) -> list[GeneratedQuestion]:
    """The questions that one sentence answers by itself, best first; none if it leans on what stands around it.

    Patterns: what a thing is (…란, …을 말한다), how many (a number with its unit), how to (…려면), what then (… 경우),
    why (… 때문), and whether (… 수 있다).
    """
    text = bare(statement)
    text = re.sub(r"\s*\([^()]*\)", "", text).strip()  # what is in brackets makes a question hard to read
    if not text or len(text) < 8 or _POINTING.match(text) or _SIGNS.search(text):
        return []
    tokens = kiwi().tokenize(text)
    found = list(_questions(text, tokens))
    if clause := _first_clause(text, tokens):
        found += _questions(clause, kiwi().tokenize(clause))
    best: dict[str, GeneratedQuestion] = {}
    for one in found:
        if _readable(one.question, 1 if one.worth == _DEFINED else FEWEST):
            best.setdefault(one.question, one)
    return sorted(best.values(), key=lambda one: (-one.worth, one.question))


def bare(statement: str) -> str:
    """The statement without the mark of a list's item and without a conjunction at its beginning."""
    return _OPENERS.sub("", _ITEM.sub("", statement.strip())).strip()


def topical(heading: str) -> str:
    """A question for what stands below a heading: "통관 절차" becomes "통관 절차는 어떻게 되나요?"."""
    name = _ITEM.sub("", heading.strip()).strip(" :.")
    return f"{name}{particle(name, '은', '는')} 어떻게 되나요?"


def particle(word: str, closed: str, open_: str) -> str:
    """`closed` behind a final consonant, else `open_`."""
    last = word.rstrip(")]」』\"' ")[-1:]
    if "가" <= last <= "힣":
        return closed if (ord(last) - ord("가")) % 28 else open_
    return closed if last in "013678LMNRlmnr" else open_


def _questions(text: str, tokens: Sequence[Token]) -> Iterator[GeneratedQuestion]:
    if found := _defined(text):
        yield GeneratedQuestion(f"{found}{particle(found, '이란', '란')} 무엇인가요?", _DEFINED)
    if found := _announced(text, tokens):
        yield GeneratedQuestion(found, 0.9)
    yield from _counted(text, tokens)
    if found := _purpose(text):
        yield GeneratedQuestion(found, 0.8)
    if found := _reason(text):
        yield GeneratedQuestion(found, 0.75)
    if found := _case(text):
        yield GeneratedQuestion(found, 0.65)
    if len(text) <= LONGEST and (found := interrogative(text, tokens)):
        yield GeneratedQuestion(found, 0.6 if re.search(r"(?:수 [있없]|가능|필요|해야|야 하)", text) else 0.35)


def interrogative(text: str, tokens: Sequence[Token] | None = None) -> str:
    """`text` with its last predicate asking politely: "반입할 수 없다." → "반입할 수 있나요?"; "" if it ends otherwise."""
    tokens = kiwi().tokenize(text) if tokens is None else tokens
    said = [token for token in tokens if not token.tag.startswith(_MARKS)]
    if len(said) < 3 or said[-1].tag not in ("EF", "ETN"):
        return ""
    stem = said[:-1]
    if not stem[-1].tag.startswith((*_PREDICATE, "EP")) or stem[-1].form in ("않", "아니하"):
        return ""
    word_from = text.rfind(" ", 0, stem[-1].start) + 1
    start = next(n for n, token in enumerate(stem) if token.start >= word_from)
    word = [(token.form, token.tag) for token in stem[start:]]
    denied = word[-1][0] == "없" and re.search(r"수\s*$", text[: stem[start].start])
    if denied:
        word[-1] = ("있", "VX" if word[-1][1] == "VX" else word[-1][1])
    describes = stem[-1].tag.startswith(_DESCRIBES) and stem[-1].form not in ("있", "없")
    ending = ("ᆫ가요", "EF") if describes else ("나요", "EF")
    return f"{text[: stem[start].start]}{kiwi().join([*word, ending])}?"


def _first_clause(text: str, tokens: Sequence[Token]) -> str:
    """The first of two statements that 며 joins, as one by itself; "" if there is none."""
    for n, token in enumerate(tokens[1:], 1):
        if token.tag == "EC" and token.form in ("며", "으며") and tokens[n - 1].tag.startswith((*_PREDICATE, "EP")):
            word_from = text.rfind(" ", 0, token.start) + 1
            word = [(t.form, t.tag) for t in tokens[:n] if t.start >= word_from]
            return f"{text[:word_from]}{kiwi().join([*word, ('다', 'EF')])}."
    return ""


def _defined(text: str) -> str:
    match = re.match(r"^(?P<name>[^,.]{2,30}?)(?:이)?란[ ,]", text) or re.match(
        r"^[\"'“‘「]?(?P<name>[^,.]{2,30}?)[\"'”’」]?(?:은|는|이라 함은|라 함은) .{4,}(?:을|를) (?:말|뜻|의미)(?:한다|합니다|함|하며|하는)",
        text,
    )
    name = match["name"].strip(" \"'“”‘’「」") if match else ""
    return name if name and not re.search(r"[가-힣](?:은|는|을|를|에|이|가) ", name + " ") else ""


def _announced(text: str, tokens: Sequence[Token]) -> str:
    """What a sentence that opens a list asks: "준비 서류는 다음과 같다." → "준비 서류는 무엇인가요?"."""
    lead = _LEAD.search(text)
    if not lead:
        return ""
    topic = next(
        (t for t in reversed(tokens) if t.tag == "JX" and t.form in ("은", "는") and t.end <= lead.start()), None
    )
    if topic is None or text[topic.end : lead.start()].strip():
        return ""
    how = re.search(r"(?:방법|절차|순서)[은는]$", text[: topic.end]) or re.match(
        r"(?:다음|아래)(?:과|와) 같(?:이|은 방법)", text[lead.start() :]
    )
    return f"{text[: topic.end]} {'어떻게 되나요?' if how else '무엇인가요?'}"


def _counted(text: str, tokens: Sequence[Token]) -> Iterator[GeneratedQuestion]:
    for match in _NUMBER.finditer(text):
        if (
            len(text) > LONGEST
            or not _AFTER_UNIT.fullmatch(match["after"])
            or text[: match.start()].rstrip().endswith(("제", "월", "-", "~", "/", "년"))
        ):
            continue
        if text[match.end() :].lstrip().startswith(("~", "-")) or (match["unit"] == "년" and len(match["number"]) == 4):
            continue
        word = _UNITS[match["unit"]]
        after = match["after"]
        if word == "얼마":
            after = re.sub(r"^까지", "까지", after)
        blank = "" if match.start() == 0 or text[match.start() - 1] == " " else " "
        changed = f"{text[: match.start()]}{blank}{word}{_agreeing(word, after)}{text[match.end() :]}"
        if question := interrogative(changed):
            yield GeneratedQuestion(question, 0.85 if match.start() > 8 else 0.5)


def _agreeing(word: str, after: str) -> str:
    pairs = {
        "은": ("은", "는"),
        "는": ("은", "는"),
        "이": ("이", "가"),
        "가": ("이", "가"),
        "을": ("을", "를"),
        "를": ("을", "를"),
        "과": ("과", "와"),
        "와": ("과", "와"),
        "으로": ("으로", "로"),
        "로": ("으로", "로"),
    }
    if after not in pairs:
        return after
    last = "달" if word.endswith("ml") else word
    if after in ("로", "으로") and last[-1] in "일달":
        return "로"
    return particle(last, *pairs[after])


def _purpose(text: str) -> str:
    match = re.match(r"^(?P<head>.{6,70}?(?:려면|기 위해서는|기 위하여는))[, ]", text)
    if not match:
        return ""
    return f"{match['head']} 어떻게 해야 하나요?"


def _reason(text: str) -> str:
    found = re.match(r"^(?P<head>.{8,80}?(?:이유|까닭)(?:은|는)) ", text)
    return f"{found['head']} 무엇인가요?" if found else ""


def _case(text: str) -> str:
    match = re.match(r"^(?P<head>.{8,70}?(?:경우|때)(?:에는|에|는|엔)?)[, ](?P<rest>.+)$", text)
    if not match or len(match["rest"]) < 15:
        return ""
    duty = re.search(r"(?:야\s?(?:한다|합니다|하며|함|하고)|바랍니다|[하면]\s?된다)", match["rest"])
    return f"{match['head']} 어떻게 {'해야 하나요' if duty else '되나요'}?"


def _readable(question: str, fewest: int) -> bool:
    tokens = kiwi().tokenize(question)
    if any(t.tag == "EC" and t.form in _AND for t in tokens) or _LEANS.search(question):
        return False
    words = {token.form for token in tokens if token.tag in _CONTENT}
    opened = sum(question.count(c) for c in "([「『“‘"), sum(question.count(c) for c in ")]」』”’")
    return len(words) >= fewest and opened[0] == opened[1] and "\n" not in question

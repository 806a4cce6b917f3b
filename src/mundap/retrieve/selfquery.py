"""Conditions taken out of a question: which 출처, which kind of document, from when.

A wrong condition hides the answer, so a condition must be about documents beyond doubt:

- a 출처 by its whole name, or by last words of six letters or more that end one name only, and followed by 에서, 에
  따르면 and the like; a name that does not say by itself that it is a document needs quotes, 문서, 파일 or 출처 with it
- a kind (FAQ, 엑셀, 공지 …) followed by 에서 or 만 in a request to look it up
- a period only where it limits documents: 작년 공지에서, 2023년 이후 개정된 규정 중, 최근 2년 자료에서. 2023년 면세 한도는
  asks about 2023, in whatever document that stands.

Everything else stays in the question, where search weighs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mundap.korean.dates import Period, periods
from mundap.retrieve.document_names import KINDS, WHOLE, Kind, Names, is_document, key, names

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Understood:
    """`question` is what is left to search with. `where` gives allowed values by field, as corpus filters take them.

    `since` and `until` are YYYY-MM-DD, both inclusive. `words` are the pieces of the question that were taken as
    conditions, to be shown; none were taken if it is empty.
    """

    question: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: str | None = None
    until: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A condition, and the span of the question that stated it."""

    span: Span
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period: Period | None = None


_NOT = r"(?!\s*(?:없|안\s|못\s|아닌|다루지|정하지|나오지|나와\s?있지|규정하지|찾을\s?수\s?없|빠진))"
_IN = (
    r"(?:에서(?:는|만)?|에\s?(?:따르면|의하면|나온|나오는|나와\s?있는|있는|적힌|실린|명시된|규정된)|에는"
    rf"|(?:을|를)\s?보면|(?:을|를)?\s?기준으로)(?=[\s,?.!]|$){_NOT}"
)
_AMONG = rf"(?:들)?(?:{_IN}|\s?(?:중에서|중에|중|가운데)(?=\s))"
_REQUEST = r"(?:찾아|검색해|골라|조회해|뽑아)\s?(?:줘|주|달라|봐)"
_LOOK_UP = re.compile(_REQUEST)
_ASKED = (
    r"(?:들)?(?:만|을|를|이|가)?(?:\s(?:다|모두|전부|좀))?\s?"
    rf"(?:{_REQUEST}|(?:보여|알려|정리해|요약해)\s?(?:줘|주|달라)|있(?:나|습니까|는지|을까|어\s?\?)|[?.!\s]*$)"
)

# 작년 공지와 올해 공지에서 달라진 점: one of two conditions would hide half of the answer.
_COMPARES = re.compile(r"차이|비교|달라|다른|다르|대비|변화|(?:바뀐|변경된)\s점")
_AND = re.compile(r"(?:[와과랑및,]|하고|또는|이나)\s*$")

_MENTION = re.compile(_IN)
_CLOSED = re.compile(r"[」』”\"'’>》]\s*$")
_OPENED = re.compile(r"[「『“\"'‘<《]")
_CALLED = re.compile(r"\s*(?:문서|파일|자료|책자|책|시트)$")
_SOURCE = re.compile(
    r"출처(?:가|는|이)?\s?[:：]?\s?(?P<name>[^?:：,]{2,80}?)(?:(?:인|이고|로 된|에서)(?=[\s,]|$)|(?=,)|\s*[?.!]*$)"
)
_WORD = re.compile(r"\S+")
_BACK = 14  # words of a name,
_NEAR = 200  # and characters

_KIND_WORDS = "|".join(KINDS).replace(" ", r"\s?")
_KIND = re.compile(
    rf"(?<![0-9A-Za-z가-힣])(?<!어느 )(?<!어떤 )(?<!무슨 )(?P<kind>{_KIND_WORDS})(?:사항)?"
    r"\s?(?:파일|문서|자료|시트)?(?:들)?(?:에서만|에서|중에서|만)(?=\s)",
    re.IGNORECASE,
)

_MADE = (
    r"(?:(?:새로|마지막으로)\s)?(?:(?:작성|등록|게시|게재|개정|제정|공지|발행|발표|배포|수정|공포|발간|갱신|업데이트|고시|시행)"
    r"(?:된|한|되는|됐던)|올라온|올린|나온|만든|바뀐)\s"
)
_NOUNS = "공지사항|공지글|공지|공고문|공고|회의록|보고서|게시글|게시물|공문|보도자료|안내문|매뉴얼|뉴스레터|소식지|사례집|문답집|질의응답|FAQ"
_PLAIN = "자료|문서|파일"
_LAWS = "규정|고시|지침|훈령|예규|내규|규칙|개정판"
_BETWEEN = r"(?:(?!제가|내가|우리가|어느|어떤|무슨)\S*[^\s은는을를에서때면한된던,?.!]\s){0,2}?"
_LIMITS = re.compile(
    rf"(?:\s?(?:에|에만)?\s?(?P<made>{_MADE})|\s?(?:의|자)?\s)(?P<rest>{_BETWEEN}"
    rf"(?:(?P<plain>{_PLAIN})|(?P<noun>{_NOUNS})|(?P<law>{_LAWS}))(?:(?P<among>{_AMONG})|(?P<asked>{_ASKED})))"
)
_LABEL = re.compile(
    r"(?:(?:작성|등록|게시|공고|시행|개정|제정|발행)\s?(?:일자?|날짜)|날짜|기간)(?:이|가)?\s?(?P<colon>[:：])?\s?$"
)
_LABELLED = re.compile(r"\s?(?:인|의|에 해당하는)\s")


def understand(question: str, today: date, sources: Sequence[str], kinds: Sequence[str]) -> Understood:
    """The conditions in `question` by rules. `sources` are the known 출처, `kinds` the known kinds and file suffixes.

    A condition that fits nothing known is not taken, nor one of two that are joined (작년 공지와 올해 공지에서), nor any
    where documents are compared.
    """
    known = names(tuple(sources))
    found: list[_Taken] = []
    for one in (*_sources(question, known), *_kinds(question, known, kinds), *_periods(question, today)):
        if all(one.span[1] <= other.span[0] or other.span[1] <= one.span[0] for other in found):
            found.append(one)
    joined = [
        one for one in found if _AND.search(question, 0, one.span[0]) and not _SOURCE.match(question, one.span[0])
    ]
    if joined or _COMPARES.search(question):
        found = []
    return _understood(question, found)


def _understood(question: str, found: Iterable[_Taken]) -> Understood:
    """Several sources are allowed together; each other kind of condition stands once."""
    where: dict[str, tuple[str, ...]] = {}
    since = until = None
    taken = sorted(found, key=lambda one: one.span)
    for one in taken:
        for name, values in one.where.items():
            where[name] = tuple(dict.fromkeys((*where.get(name, ()), *values)))
        if one.period:
            since, until = (day.isoformat() if day else None for day in (one.period.start, one.period.end))
    words = tuple(question[slice(*one.span)].strip() for one in taken)
    return Understood(without(question, [one.span for one in taken]), where, since, until, words)


def _joined(question: str, start: int) -> bool:
    """Whether 와, 및 or a comma stands before a condition, which then is one of two."""
    return bool(_AND.search(question, max(start - 8, 0), start)) and not _SOURCE.match(question, start)


def without(question: str, spans: Sequence[Span]) -> str:
    """What is left of the question, or all of it if nothing is left that could be searched for."""
    if not spans:
        return question
    rest = question
    for start, end in sorted(spans, reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    rest = " ".join(rest.split()).lstrip(",.?! ")
    return rest if len(key(_LOOK_UP.sub("", rest))) >= 2 else question


def _sources(question: str, known: Names) -> Iterator[_Taken]:
    for mention in _SOURCE.finditer(question):
        if found := known.named(mention["name"]) or known.holding(mention["name"]):
            yield _Taken(mention.span(), {"source": found})
    for mention in _MENTION.finditer(question):
        for start in _word_starts(question, mention.start()):
            if found := _called(question[start : mention.start()], known):
                yield _Taken((start, mention.end()), {"source": found})
                break


def _called(words: str, known: Names) -> tuple[str, ...]:
    """The sources that `words` name for certain, if any."""
    bare = _CALLED.sub("", words)
    if is_document(words) and len(key(words)) >= WHOLE and (found := known.named(words)):
        return found
    return known.named(bare) if bare != words or (_CLOSED.search(bare) and _OPENED.match(bare)) else ()


def _word_starts(question: str, end: int) -> list[int]:
    """Where the words before `end` begin, the furthest of the last few first."""
    return [m.start() for m in _WORD.finditer(question, max(end - _NEAR, 0), end)][-_BACK:]


def _kinds(question: str, known: Names, kinds: Sequence[str]) -> Iterator[_Taken]:
    for mention in _KIND.finditer(question):
        kind = next(kind for name, kind in KINDS.items() if key(name) == key(mention["kind"]))
        condition = allowed(kind, known, kinds)
        if condition and _LOOK_UP.search(question, mention.end()):
            yield _Taken(mention.span(), condition)


def allowed(kind: Kind, known: Names, kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The allowed values, by field, that a kind stands for; empty where nothing known is of it."""
    if kind.field == "name":
        values, name = known.of_kind(kind.values[0]), "source"
    else:
        values, name = tuple(value for value in kind.values if value in kinds), kind.field
    return {name: values} if values else {}


def _periods(question: str, today: date) -> list[_Taken]:
    found = [taken for period in periods(question, today) if (taken := _limiting(question, period))]
    return found if len(found) == 1 else []


def _limiting(question: str, period: Period) -> _Taken | None:
    """The period with what makes it a condition on documents, or None if it is not one."""
    start, end = period.span
    label = _LABEL.search(question, max(start - 16, 0), start)
    if label and (label["colon"] or _LABELLED.match(question, end)):
        link = _LABELLED.match(question, end)
        return _Taken((label.start(), link.end() if link else end), period=period)
    limits = _LIMITS.match(question, end)
    if not limits or (limits["law"] and not limits["made"] and not limits["among"]):
        return None
    plain = limits["plain"] and limits["among"] and limits.start("rest") == limits.start("plain")
    return _Taken((start, limits.end() if plain else limits.start("rest")), period=period)

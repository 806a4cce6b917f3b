"""What the columns of a sheet mean, by their names, and, where a name says little, by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from mundap.korean.normalize import squash

# What people call the columns, squashed and in lower case; the first name of each is what messages say.
COLUMNS: dict[str, tuple[str, ...]] = {
    "source": ("출처", "source", "reference", "참고"),
    "title": ("제목", "title", "subject"),
    "passage": ("제시문", "지문", "문단", "본문", "passage", "context", "paragraph"),
    "question": (
        *("질문", "question", "query", "q", "문의", "질의", "질문내용", "질의내용", "문의내용", "질문사항", "질의사항"),
        *("문의사항", "물음", "questions", "고객질문", "faq", "자주묻는질문", "민원내용"),
    ),
    "answer": (
        *("답변", "답", "정답", "answer", "response", "a", "응답", "회신", "답변내용", "회신내용", "응답내용"),
        *("답변사항", "회답", "회신사항", "answers", "reply", "처리결과", "처리내용", "조치결과", "조치내용"),
    ),
    "access": ("접근태그", "접근권한", "access"),
}
_SAID = {
    "source": "출처",
    "title": "제목",
    "passage": "제시문",
    "question": "질문",
    "answer": "답변",
    "access": "접근태그",
}
# Names of other things too, which are an answer only to what is asked.
_WEAK = {"처리결과", "처리내용", "조치결과", "조치내용", "민원내용", "faq", "자주묻는질문"}
_TITLE, _BODY = ("제목", "title", "subject"), ("내용", "content", "contents", "본문내용")
_BRACKETS = re.compile(r"[(\[（【<〈《][^()\[\]（）【】<>〈〉《》]*[)\]）】>〉》]")
_MARKS = re.compile(r"[\W\d_]+")
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ASKS = re.compile(
    r"[?？]\s*$|(?:나요|까요|까|는지요?|은지요?|ㄴ지요?|은가요?|인가요?|는가요?|는가|죠|건가요|을까|ㄹ까|냐|니)[.\s]*$"
    r"|(?:어디|언제|무엇|무슨|뭐|뭔|어떻게|어떤|얼마|얼만|왜|며칠|몇|누가|누구|방법|가능한지|가능 여부)"
)
_OF_QUESTIONS = re.compile(r"질문|질의|문의|물음|궁금|민원|상담|건의|요청|question|query|faq")
_OF_ANSWERS = re.compile(r"답변|답|응답|회신|안내|결과|조치|처리|의견|answer|reply|response")
_ABOUT = re.compile(  # of a question or an answer: who, when, where, how many
    r"(?:자|인|일|일자|일시|날짜|시간|시각|기한|처|번호|순번|id|no|수|건수|횟수|여부|부서|기관|담당|담당자|전화|연락처|유형|종류|분류|구분|상태|경로|방법"
    r"|완료|점수|만족도|name|date|time|type|count|status|by)$"
)
_LOOKED_AT = 200  # rows
_SENTENCE = 8  # characters of an answer that says something, at the least


def place(columns: Sequence[str], kind: str, named: Mapping[str, Sequence[str]] = {}) -> int | None:
    """The index of the column that means `kind`, one of COLUMNS; `named` are the user's own names for it.

    질 문\\n(고객), 1. 질문 and 질문(Q) are 질문; a column called just so comes before those.
    """
    for names in ([squash(name).lower() for name in named.get(kind, ())], COLUMNS[kind]):
        for called in _called(tuple(columns)):
            if found := [called.index(name) for name in names if name in called]:
                return found[0]
    return None


@lru_cache(maxsize=64)
def _called(columns: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Names of columns squashed, and without what stands around them: a table is asked for them at each row."""
    plain = [squash(column).lower() for column in columns]
    return plain, [_bare(name) for name in plain]


def places(columns: Sequence[str], kind: str, named: Mapping[str, Sequence[str]] = {}) -> tuple[int, ...]:
    """The index of the column that means `kind`, and those of columns that differ from it in a number: 제시문1, 제시문 (2)."""
    first = place(columns, kind, named)
    if first is None:
        return ()
    plain = [squash(column).lower() for column in columns]
    others = [n for n, name in enumerate(plain) if n != first and _numberless(name) == _numberless(plain[first])]
    return (first, *others)


def question_columns(
    columns: Sequence[str], rows: Iterable[Sequence[str]], named: Mapping[str, Sequence[str]] = {}
) -> tuple[int, int] | None:
    """The columns of the questions and of their answers; None where there are none, or names such as 제목 and 내용, or
    those that only speak of questions (질의요지, 고객 문의), stand above what nobody asks."""
    question, answer = place(columns, "question", named), place(columns, "answer", named)
    bare = [_bare(squash(column).lower()) for column in columns]
    if question is not None and answer is not None and question != answer:
        sure = "question" in named or "answer" in named or not {bare[question], bare[answer]} & _WEAK
        if sure:
            return question, answer
    rows = [*islice(rows, _LOOKED_AT)]
    titled = [at for name in _TITLE for at, called in enumerate(bare) if called == name]
    told = [at for name in _BODY for at, called in enumerate(bare) if called == name]
    asked = [question] if question is not None else [*_speaking(bare, _OF_QUESTIONS), *titled]
    said = [answer] if answer is not None else [*_speaking(bare, _OF_ANSWERS), *told]
    pairs = [(q, a) for q in asked for a in said if q != a]
    if question is None and answer is not None:
        pairs = sorted([*pairs, *((q, answer) for q in told)], key=lambda pair: -_asking(rows, *pair))
    return next((pair for pair in pairs if _asked(rows, *pair)), None)


def _speaking(names: Sequence[str], words: re.Pattern[str]) -> list[int]:
    """The columns whose names hold such a word, but not who, when or how many."""
    return [at for at, name in enumerate(names) if words.search(name) and not _ABOUT.search(name)]


def said(kind: str) -> str:
    """What messages call a kind of column."""
    return _SAID[kind]


def asks(text: str) -> bool:
    """Whether a text reads like a question."""
    return bool(_ASKS.search(text))


def _asked(rows: Iterable[Sequence[str]], question: int, answer: int) -> bool:
    """Whether at least half of the rows ask in one column, and say something in the other."""
    last = max(question, answer)
    pairs = [(row[question], row[answer]) for row in rows if len(row) > last and row[question] and row[answer]]
    asking = sum(asks(asked) for asked, _ in pairs)
    saying = sum(len(told) >= _SENTENCE for _, told in pairs)
    return bool(pairs) and asking * 2 >= len(pairs) and saying * 2 >= len(pairs)


def _asking(rows: Iterable[Sequence[str]], question: int, answer: int) -> int:
    """How many rows ask something in one column and say something in the other."""
    last = max(question, answer)
    return sum(len(row) > last and bool(row[answer]) and asks(row[question]) for row in rows)


def _numberless(name: str) -> str:
    return _MARKS.sub("", name)


def _bare(name: str) -> str:
    """A squashed name without what stands in brackets, numbers and marks around it."""
    return _ENDS.sub("", _BRACKETS.sub("", name)) or _ENDS.sub("", name) or name

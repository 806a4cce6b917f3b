"""What a question may call a document: the names inside its 출처, and the kinds of files there are."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

WHOLE = 4  # letters of a whole name that a question may use without saying that it is a document
PART = 6  # letters of the last words of a name, if they are the last words of one document only
SECTION = 8  # letters of a name inside a 출처: 관련 규정 may head a section anywhere

# 여행자 휴대품 통관 길라잡이, 담배의 면세 기준은?, page: 4 and 이사물품 통관에 관한 고시_제3조, 기간의 계산
_PIECES = re.compile(r",\s|_(?=제\s?[0-9]|별표|별지|부칙)")
_PAGE = re.compile(r"\s*(?:page|p|쪽|제\s?[0-9]|별표|별지|부칙)", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")
_BRACKETS = re.compile(r"[(\[【「][^()\[\]【】「」]*[)\]】」]")
_OUTER = re.compile(r"^\s*(?:[0-9]{1,3}\.\s+|[★■●*\-]\s*)+|\.[A-Za-z]{2,5}$")
_DOCUMENT = re.compile(
    r"(?:규정|규칙|고시|지침|훈령|예규|내규|법|시행령|조례|약관|규약|정관|세칙|요령|수칙|안내|안내서|안내문|길라잡이|가이드|가이드북"
    r"|매뉴얼|편람|핸드북|사례집|자료집|자료|문답|문답집|qa|faq|질의응답|해설|해설서|설명서|보고서|회의록|공지|공지사항|계획|계획서"
    r"|백서|교재|책자|절차서|규격서|사양서|협정문)[0-9]*$"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: the field and the values that a filter takes, or the word that its name must hold."""

    field: str
    values: tuple[str, ...]


# What people call a kind. Those of the field "name" are kinds by the name of the document.
KINDS: Mapping[str, Kind] = {
    "FAQ": Kind("kind", ("faq",)),
    "자주 묻는 질문": Kind("kind", ("faq",)),
    "표 자료": Kind("kind", ("row", "table")),
    "엑셀": Kind("suffix", ("xlsx", "xls", "ods")),
    "CSV": Kind("suffix", ("csv", "tsv")),
    "PDF": Kind("suffix", ("pdf",)),
    "한글 파일": Kind("suffix", ("hwp", "hwpx")),
    "한글 문서": Kind("suffix", ("hwp", "hwpx")),
    "HWP": Kind("suffix", ("hwp", "hwpx")),
    "워드": Kind("suffix", ("docx", "doc")),
    "파워포인트": Kind("suffix", ("pptx", "ppt")),
    "PPT": Kind("suffix", ("pptx", "ppt")),
    "텍스트 파일": Kind("suffix", ("txt",)),
    "마크다운": Kind("suffix", ("md", "markdown")),
    **{name: Kind("name", (name,)) for name in "공지 회의록 규정 고시 지침 매뉴얼 보고서 안내문".split()},
}


def key(text: str) -> str:
    """Letters and digits in lower case: names are compared without spaces, brackets and marks."""
    return _MARKS.sub("", unicodedata.normalize("NFC", text).lower())


def is_document(name: str) -> bool:
    """Whether a name says by its last word that it is a document: 파리 is a subject, 취업규칙 is none."""
    return any(_DOCUMENT.search(key(form)) for form in (name, _BRACKETS.sub("", name)))


@dataclass(frozen=True)
class Names:
    """The names of documents, and under each the sources (출처) that belong to it."""

    _whole: Mapping[str, tuple[str, ...]]
    _parts: Mapping[str, frozenset[str]]
    documents: Mapping[str, tuple[str, ...]]

    def named(self, words: str) -> tuple[str, ...]:
        """The sources of the one document with this name, or whose name ends in these words; else none."""
        wanted = key(words)
        if len(wanted) < 2:
            return ()
        if wanted in self._whole:
            return self._whole[wanted]
        ending = self._parts.get(wanted, frozenset())
        return self.documents[min(ending)] if len(ending) == 1 else ()

    def holding(self, words: str) -> tuple[str, ...]:
        """The sources of the only document whose name holds these words; else none."""
        wanted = key(words)
        found = [sources for name, sources in self.documents.items() if wanted in key(name)]
        return found[0] if len(wanted) >= 2 and len(found) == 1 else ()

    def of_kind(self, word: str) -> tuple[str, ...]:
        """The sources of all documents whose name holds this word; none if all do, for then it limits nothing."""
        found = [name for name in self.documents if word in name]
        return _joined(self.documents[name] for name in found) if len(found) < len(self.documents) else ()


@lru_cache(maxsize=4)
def names(sources: tuple[str, ...]) -> Names:
    """The names inside these sources: of a document with many pages, each page is one of its sources."""
    documents: defaultdict[str, list[str]] = defaultdict(list)
    whole: defaultdict[str, list[str]] = defaultdict(list)
    parts: defaultdict[str, set[str]] = defaultdict(set)
    for source in sources:
        title, *sections = [piece.strip() for piece in _PIECES.split(source)]
        documents[title].append(source)
        inner = {key(name) for name in sections if not _PAGE.match(name)}
        for name in {key(source), *(name for name in inner if len(name) >= SECTION)} - {key(title)}:
            whole[name].append(source)
    for title, pages in documents.items():
        variants = _variants(title)
        for name in {key(name) for name in variants}:
            whole[name] += pages
        for words in map(str.split, variants):
            for ending in {key(" ".join(words[first:])) for first in range(1, len(words))}:
                if len(ending) >= PART:
                    parts[ending].add(title)
    return Names(
        {name: tuple(found) for name, found in whole.items() if name},
        {name: frozenset(found) for name, found in parts.items()},
        {name: tuple(found) for name, found in documents.items() if key(name)},
    )


def _variants(title: str) -> list[str]:
    """The title as it stands, and without its number, suffix and brackets."""
    bare = _OUTER.sub("", title)
    return list(dict.fromkeys((title, bare, _OUTER.sub("", _BRACKETS.sub(" ", bare)).strip())))


def _joined(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for group in groups for source in group))

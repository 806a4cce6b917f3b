"""Titles and dates that a file's metadata gives, if they are what people would give."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from mundap.extras import Untyped
from mundap.korean.normalize import normalize

_TOOLS = r"microsoft (?:word|powerpoint|excel)\b.*|(?:powerpoint|word|hwp) (?:프레젠테이션|presentation|document)|\w+ template"
_EMPTY = r"(?:제목|이름)\s?없(?:음|는 문서)|무제|untitled.*|no title|(?:new )?(?:document|presentation)\s?\d*|문서\s?\d*|프레젠테이션\s?\d*|(?:슬라이드|slide|페이지|page)\s?\d+|제목|title|index|home|홈|첫\s?화면|메인"
_NO_TITLE = re.compile(rf"(?:{_TOOLS}|{_EMPTY}|.*\.(?:docx?|pptx?|hwpx?|pdf|html?|tmp|dotx?|potx?))", re.IGNORECASE)
_LONGEST = 150  # characters of a title
_OLDEST = 1985
# When the templates of python-docx and python-pptx were made, which their documents keep.
_TEMPLATES = (date(2013, 12, 23), date(2013, 1, 27))
KOREA = timezone(timedelta(hours=9))


def plausible(title: str | None) -> str:
    """`title` in one line, or "" for what a program put there: Microsoft Word - a.docx, 제목 없음, untitled."""
    line = " ".join(normalize(title or "").split())
    return "" if not any(map(str.isalnum, line)) or len(line) > _LONGEST or _NO_TITLE.fullmatch(line) else line


def made_on(about: Untyped) -> str:
    """The day on which a document says that it was last changed or made; not that of the template of a library."""
    for moment in (about.modified, about.created):
        if moment and moment.date() not in _TEMPLATES and (found := iso_date(moment)):
            return found
    return ""


def iso_date(moment: datetime | date | None) -> str:
    """YYYY-MM-DD, or "" for no date and for one before there were such files or after tomorrow's clocks."""
    return moment.strftime("%Y-%m-%d") if moment and _OLDEST <= moment.year < 2100 else ""

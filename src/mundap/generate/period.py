"""A condition on time in a question (24년 3월 개정, 작년) that no passage meets is said, never passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from mundap.korean.dates import Period, periods, stated
from mundap.types import Hit

_DATED = re.compile(r"\d{2,4}\s?[년.]|작년|재작년|지난해|올해|금년|내년|지난달|이번\s?달|상반기|하반기")
_EVENT = re.compile(
    r"개정|시행|변경|바뀐|바뀌|신설|폐지|공지|발표|고시|공고|게시|인상|인하|새로|달라진|통계|실적|현황|건수"
)
_SINCE = re.compile(r"\s?[.일]?\s?(?:부터|이후|자로|시행|개정)")


def unmet(question: str, today: date, hits: Sequence[Hit]) -> Period | None:
    """The year or month that the question sets and none of the passages names; None if it sets none, or one is met.

    A passage meets it by a date in its text, heading, source or `meta["date"]` that lies in it, or from which on it holds.
    """
    asked = [one for one in periods(question, today) if _DATED.search(one.words) and not one.words.endswith("전")]
    if len(asked) != 1 or asked[0].start is None or asked[0].end is None or not hits:
        return None
    return None if any(_meets(hit, asked[0].start, asked[0].end) for hit in hits) else asked[0]


def about_event(question: str) -> bool:
    """Whether what is asked for belongs to its time: a revision, a notice, a figure of that year; not a standing rule."""
    return bool(_EVENT.search(question))


def _meets(hit: Hit, start: date, end: date) -> bool:
    passage = hit.passage
    text = f"{passage.source}\n{passage.heading}\n{passage.meta.get('date', '')}\n{passage.text}"
    for one in stated(text):
        if one.start is None or one.end is None:
            continue
        if one.start <= end and one.end >= start:
            return True
        if one.start <= start and _SINCE.match(text, one.span[1]):
            return True
    return False

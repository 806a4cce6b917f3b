"""Whose number or address of mail is asked for, and whether a text gives that one and not another's.

A number belongs to the name that it stands with: directly behind it or in brackets after it, in its row or item, or
below its heading. Between the two only what every body has may stand (고객지원센터, 대표전화, 국번없이): the number of a
department is not that of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import squash

Channel = Literal["phone", "fax", "mail"]


@dataclass(frozen=True, slots=True)
class Contact:
    """What is asked for: the `channel` to the body of that `name`, in the words of the question (가람병원 원무과)."""

    name: str
    channel: Channel = "phone"


_ASKED = re.compile(
    r"(?:고객|콜|상담|민원)\s?[가-힣]{0,4}센터|전화\s?번호|연락처|문의처|이?메일|팩스|번호|전화|연락|문의|통화"
)
_MAIL = re.compile(r"메일|mail", re.IGNORECASE)
_FAX = re.compile(r"팩스|fax", re.IGNORECASE)
_GENERAL = frozenset(  # of a question: they tell which number, not whose
    "대표 담당 담당자 담당부서 직통 공식 안내 일반 고객 상담 문의 민원 휴대 휴대폰 핸드폰 유선 회사 기관 업체 관련".split()
)
_DEPARTMENT = "과"  # 교통과 is read as a particle behind 교통
_NOMINAL = ("NN", "SL", "SN", "SH", "XSN", "XR", "JKG")

_MAILS = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_PHONES = (
    r"\(?0\d{1,2}\)?[-.\s]?\d{3,4}[-.]\d{4}(?:\s?[~∼]\s?\d{1,4})?|(?<![\d-])(?:1[3-9]\d{2}|\d{3,4})-\d{4}"
    r"|국번\s?없이\W{0,3}\d{3,4}(?!\d)"
    r"|(?<![\d.,-])1(?:\d{2}|[3-8]\d{2})(?=번(?![째지호])|으?로(?![가-힣])|에(?![가-힣])|[은는이](?![가-힣])|입니다|이다|이며"
    r"|\s?[(),/·|\]]|\.?\s*(?:\n|$)|\s(?:또는|및|혹은|이나|에서))"
)
_NUMBER = re.compile(rf"(?P<mail>{_MAILS})|(?P<phone>{_PHONES})")
_IN_COLUMN = re.compile(r"\W*(?P<phone>\d{3,4})\W*$")  # 119, or the last digits, under a column of numbers
_PROVINCES = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_SERVICE = (  # what answers for the whole body
    r"(?:(?:종합|통합|고객|민원|전화|콜|상담|안내|지원|만족|행복|서비스|교환)\s?){1,4}(?:센터|실|팀|데스크|창구)(?![가-힣]{2})"
)
_SAID = re.compile(  # around a number without saying whose it is
    rf"{_SERVICE}|(?:으?로|에|에게)\s(?:문의|연락|전화)[가-힣]*|국번\s?없이|지역\s?번호"
    r"|(?:대표|직통|공식|일반|유선|무료|안내|문의|상담|예약|신고|접수|민원|고객|연락|내선|비상|긴급|담당자?)?\s?"
    r"(?:전화\s?번호|전화|번호|연락처|문의처|문의|상담|예약|신고|접수|안내|대표|직통)(?:[은는이가]|로는)?(?![가-힣])"
    r"|(?:전화|대표|상담|문의|민원)(?=전화|번호|신고|접수|문의|상담|예약)"
    r"|(?<![A-Za-z])(?:TEL|Tel|tel|Phone|T)(?![A-Za-z])\.?"
    rf"|\(?(?:[가-힣]{{2,8}}[시도]|{_PROVINCES})\s[^()\n]{{4,60}}?,"
    r"|[\W_]+"
)
_ON_PHONE_OR_MAIL = re.compile(r"팩스|FAX|Fax|fax|이?메일|E-?mail|e-?mail|(?<![A-Za-z])F(?![A-Za-z])|번호")
_SECTION = re.compile(  # of a title: it is about the body as a whole
    r"(?:찾아)?오시는\s?길|이용|안내|소개|현황|개요|정보|관련|및|주소|위치|(?:운영|이용|진료|근무)\s?시간|홈페이지|누리집|알림"
    r"|(?:다음과|아래와)\s?같[가-힣]+|무엇[가-힣]*|뭐[가-힣]*|뭔가요|어떻게|되나요|돼요|알려\s?[가-힣]*|주세요|어디[가-힣]*|하나요"
)
_PARTICLE = re.compile(r"(?:의|은|는|이|가)(?![가-힣])")
_CELL = re.compile(r"(?:^|\n|,\s)(?P<name>[^:：,\n]{1,30}?)\s?[:：]\s")
_PART = re.compile(r"부서|지점|지사|팀|창구|과(?:명|$)|실(?:명|$)|센터(?:명|$)")
_ELSEWHERE = re.compile(r"주소|위치|장소|비고|소속|관할|상위")  # columns that name another body beside the row's own
_MARKER = re.compile(r"\s*(?:[-*•·○□▪※①-⑳]|\d{1,2}[.)]|[가-하][.)])\s*")
_TITLE = 40  # characters of a line that is a name
_FARTHEST = 160  # characters between a name and its number


def contact_asked(question: str) -> Contact | None:
    """Whose number or mail a question for a contact asks for; None if it names nobody."""
    asked = _ASKED.search(question)
    if asked is None:
        return None
    words: list[str] = []
    for word in reversed(question[: asked.start()].split()):
        tokens = kiwi().tokenize(word)
        while not words and len(tokens) > 1 and tokens[-1].tag.startswith("J") and tokens[-1].form != _DEPARTMENT:
            tokens = tokens[:-1]
        if not tokens or not (tokens[-1].tag.startswith(_NOMINAL) or tokens[-1].form == _DEPARTMENT):
            break
        plain = word[: tokens[-1].end].removesuffix("의") if tokens[-1].tag == "JKG" else word[: tokens[-1].end]
        if plain not in _GENERAL:
            words.insert(0, plain)
    if not words:
        return None
    channel: Channel = "mail" if _MAIL.search(question) else "fax" if _FAX.search(question) else "phone"
    return Contact(" ".join(words), channel)


def gives_contact(text: str, asked: Contact, above: Sequence[str] = ()) -> bool:
    """Whether a sentence, or a row as "column: value, column: value", has the number or mail of the body asked for.

    `above` is what it stands under, the nearest first: its lead, lines that name somebody, headings, its source.
    """
    cells = _cells(text)
    for found, start in _numbers(text, cells):
        cell = next((one for one in reversed(cells) if one[1] <= start), ("", 0, len(text)))
        head, behind = text[cell[1] : start], text[start + len(found) : start + len(found) + 40]
        if not _of_channel(found, head, asked.channel):
            continue
        if any(_leads(name, head) for name in _names(asked, [text, *above])) or _bracketed(asked, behind):
            return True
        if not _silent(head):
            continue
        others = [(name, text[at:end]) for name, at, end in cells if (name, at, end) != cell]
        if _in_row(asked, others, [text, *above]):
            return True
        if all(_silent(value) or _NUMBER.search(value) for _, value in others) and _titled(asked, above):
            return True
    return False


def has_contact(text: str) -> bool:
    """Whether a text has a number to call or an address of mail."""
    return _NUMBER.search(text) is not None


def names_somebody(line: str) -> bool:
    """Whether a line is a name by itself, as stands above an address and a number: no sentence, and no pair of its own."""
    return len(line) <= _TITLE and not re.search(r"[:：]|[다요까죠][.?!]?\s*$|\d{3}", line)


def _names(asked: Contact, around: Sequence[str]) -> list[re.Pattern[str]]:
    """How the body may be called: as asked, or by the last word where the others stand around."""
    words = asked.name.split()
    whole = r"\s?".join(re.escape(letter) for letter in squash(asked.name))
    names = [re.compile(rf"(?<![\w]){whole}")]
    if len(words) > 1 and all(any(squash(word) in squash(text) for text in around) for word in words[:-1]):
        names.append(re.compile(rf"(?:^|(?<=[,:(|/·\n>-])|(?<=[,:(|/·\n>-]\s)|(?<=[.)]\s)){re.escape(words[-1])}"))
    return names


def _leads(name: re.Pattern[str], head: str) -> bool:
    """Whether a name stands at the end of what is before a number."""
    found = [one.end() for one in name.finditer(head)]
    return bool(found) and len(head) - found[-1] <= _FARTHEST and _silent(_PARTICLE.sub("", head[found[-1] :], count=1))


def _bracketed(asked: Contact, behind: str) -> bool:
    """Whether the name stands in brackets behind the number: 125(관세청 고객지원센터)."""
    inner = re.match(r"\s?[(\[]([^()\[\]]{2,30})[)\]]", behind)
    return inner is not None and any(_leads(name, inner[1]) for name in _names(asked, ()))


def _silent(text: str) -> bool:
    """Whether a text before a number says nothing of whose it is."""
    text = _ON_PHONE_OR_MAIL.sub(" ", _SAID.sub(" ", _NUMBER.sub(" ", _MARKER.sub("", text, count=1))))
    return not re.search(r"\w", text)


def _in_row(asked: Contact, others: Sequence[tuple[str, str]], around: Sequence[str]) -> bool:
    """Whether the row, whose cells beside that of the number are `others`, is that of the body, and not of a part of it."""
    names = _names(asked, around)
    own = [name for name, value in others if not _ELSEWHERE.search(name) and any(_leads(one, value) for one in names)]
    parts = [
        value
        for name, value in others
        if name not in own and _PART.search(name) and not _silent(value) and squash(value) not in squash(asked.name)
    ]
    return bool(own) and not parts


def _titled(asked: Contact, above: Sequence[str]) -> bool:
    """Whether the nearest of what stands above that names anybody names the body as a whole."""
    for n, title in enumerate(above):
        if _silent(_SECTION.sub(" ", title)):
            continue
        names = _names(asked, above[n:])
        return any(_leads(name, _SECTION.sub(" ", title)) for name in names)
    return False


def _cells(text: str) -> list[tuple[str, int, int]]:
    """(name, start, end) of each cell of a row; what stands before the first name is one without a name. [] if it is no row."""
    found = list(_CELL.finditer(text))
    if len(found) < 2:
        return []
    starts = [one.start() for one in found]
    ends = [*starts[1:], len(text)]
    cells = [(one["name"].strip(), start, end) for one, start, end in zip(found, starts, ends, strict=True)]
    return [("", 0, starts[0]), *cells] if text[: starts[0]].strip() else cells


def _numbers(text: str, cells: Sequence[tuple[str, int, int]]) -> list[tuple[str, int]]:
    """Each number or mail of a text with its place; under a column that asks for one, short numbers too."""
    found = [(one[0], one.start()) for one in _NUMBER.finditer(text)]
    for name, start, end in cells:
        at = text.find(name, start) + len(name)
        short = _IN_COLUMN.match(text[at:end])
        if name and short and _silent(name) and not any(start <= place < end for _, place in found):
            found.append((short["phone"], at + short.start("phone")))
    return found


def _of_channel(number: str, head: str, channel: Channel) -> bool:
    """Whether it is a phone, a fax or a mail, by itself and by what stands right before it."""
    if "@" in number or channel == "mail":
        return "@" in number and channel == "mail"
    last = [one.end() for one in _NUMBER.finditer(head)]
    return bool(re.search(r"팩스|fax|(?<![a-z])f[.:)]", head[last[-1] if last else 0 :].lower())) == (channel == "fax")

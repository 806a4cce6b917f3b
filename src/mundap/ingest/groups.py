"""Labels that stand once, in the first of the rows that they hold for, without a merged cell: 구분 with blanks below.

A blank is as often a value that nobody knows. It takes the label above only in the first columns, where the names of the
columns and the labels say that rows are grouped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from mundap.ingest.meanings import COLUMNS
from mundap.korean.normalize import squash

_TOTAL = re.compile(  # squashed
    r"(?:[총합소누중월]?(?:합|총|소|누)?계|평균|(?:grand|sub)?total|sum|average)(?:[(（][^()（）]*[)）])?",
    re.IGNORECASE,
)
_PART_OF_GROUP = re.compile(r"(?:소|중)계|subtotal", re.IGNORECASE)
_COUNT = re.compile(r"(?:연|순|일련)번호?|번호|순서|no\.?|#|№", re.IGNORECASE)
_LOOKS = re.compile(r"조회수?|조회건수|추천수?|첨부파일수?|hits?|views?", re.IGNORECASE)
_GROUPS = re.compile(  # squashed names of columns whose values group rows
    r"[^\W\d]{0,4}(?:구분|분류|유형|종류|종별|계열|부서|소속|기관|지역|권역|시도|시군구?|읍면동|지구|영역|분야|부문|항목|과목|비목|세목|단계|절차|일자|날짜|일시|요일"
    r"|기간|연도|년도|회차|차수|주차|학년|학급|학과|건물|장소|시설|노선|차종|품목|사업|과정|주제|대상|공종|직종|직군|업종|업무)(?:명|별)?"
    r"|과명?|국명?|실명?|팀명?|월별?|층|동|장|절|관|항|category|group|type|dept\.?|department|division|region|month|date",
    re.IGNORECASE,
)
_DAY = re.compile(r".*(?:일자|날짜|일시)|date", re.IGNORECASE)  # squashed, as the others
_OWN = re.compile(  # squashed names of columns whose values hold for one row alone
    r"성명|이름|성함|.*(?:자|인)명?|직책|직위|직급|비고|메모|전화.*|연락처|휴대.*|팩스|e-?mail|이메일|주소|상태|결과|.*여부|확인|서명|표시|변경|신규|필수|중요|체크"
    r"|.*(?:금액|단가|수량|건수|인원|점수|비율|합계)|name|phone|tel|note|remarks?|status",
    re.IGNORECASE,
)
_MEANT = {*COLUMNS["question"], *COLUMNS["answer"], *COLUMNS["passage"], *COLUMNS["access"]}
_BRACKETS = re.compile(r"[(\[（].*?[)\]）]")
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"[△▲▽▼+\-–]?\s?[\d,.]+\s?(?:%|[십백천만억]?원|명|건|개|회|대|부|통|시간|점|㎡|km|kg)?")
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE = re.compile(r"[?？!]$|(?:다|요|오)\.$")
_LONGEST = 40  # characters of a label
_LOOKED_AT = 2_000  # rows


@dataclass
class Groups:
    """The columns from `first` to before `end` whose blanks take the label above, if at least `least` of them are blank.

    `alone` are the words for totals of all groups, `labels` those that hold for the next row.
    """

    first: int = 0
    end: int = 0
    least: int = 1
    alone: frozenset[str] = frozenset()
    labels: list[str] = field(default_factory=list)
    _summed: bool = False  # the last row sums up its group

    def clear(self) -> None:
        """Let no label hold for the next rows."""
        self.labels = [""] * len(self.labels)

    def fill(self, cells: list[str]) -> None:
        """Put the labels that hold into the blanks on the left of the next row, and take note of its own."""
        at = _starts(cells, self.first)
        if self.first >= self.end or at is None or (at > self.end and _single(cells)):
            return
        if at > self.first and _amounts(cells[self.first :]):
            self.clear()
            return
        if self.first and not _DIGIT.search(cells[0]):
            self.clear()
            return  # what is not numbered stands below all groups
        sums = is_total(cells[at])
        if sums and at > self.first and (self._summed or squash(cells[at]) in self.alone):
            self.clear()
            return
        self._summed = sums
        if at - self.first >= self.least:
            cells[self.first : min(at, self.end)] = self.labels[: min(at, self.end) - self.first]
        for x in range(at, self.end):
            label = cells[x] if x < len(cells) and not sums else ""
            self.labels[x - self.first] = label if _is_label(label) or self.least > 1 else ""


def grouping(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Groups:
    """Which columns of a table group its rows, by their names, "" for one without, and by where they are blank.

    The first columns of a record that takes several rows do, if the first one numbers the records.
    """
    rows = [*islice(rows, _LOOKED_AT)]
    width = max(map(len, rows), default=0)
    known = [squash(_BRACKETS.sub("", name)).lower() for name in columns] + [""] * (width - len(columns))
    numbered = width > 1 and _counts(known[0], rows)
    if numbered and (end := _record(rows)):
        return _grouped(rows, 0, end, 2)
    first = end = int(numbered)
    while (
        end + 1 < width
        and not (known[end] == "월" and known[end + 1] == "화")
        and _labels(known[end], rows, first, end)
    ):
        end += 1
    return _grouped(rows, first, end, 1) if end > first else Groups()


def counts(name: str, value: str) -> bool:
    """Whether a value of a column of that name numbers its row, or counts who has looked at it."""
    name = squash(_BRACKETS.sub("", name))
    return bool(_COUNT.fullmatch(name) or _LOOKS.fullmatch(name)) or (name.endswith("번호") and value.isdecimal())


def is_total(text: str) -> bool:
    """Whether a cell says that its row sums up others."""
    return len(text) <= _LONGEST and bool(_TOTAL.fullmatch("".join(text.split())))


def _grouped(rows: Sequence[Sequence[str]], first: int, end: int, least: int) -> Groups:
    words = Counter(squash(row[at]) for row in rows if (at := _starts(row, first)) is not None and is_total(row[at]))
    alone = frozenset(word for word, count in words.items() if count == 1 and not _PART_OF_GROUP.match(word))
    return Groups(first, end, least, alone, [""] * (end - first))


def _record(rows: Sequence[Sequence[str]]) -> int:
    """How many columns on the left are blank in the further rows of a record; 0 where each record has one row."""
    starts = [at for row in rows if (at := _starts(row, 0)) is not None and not _sums(row) and not _amounts(row)]
    further = Counter(at for at in starts if at > 1)
    return further.most_common(1)[0][0] if further and starts[0] == 0 else 0


def _labels(name: str, rows: Sequence[Sequence[str]], first: int, x: int) -> bool:
    """Whether the values of column `x` are labels of groups; those of the columns between it and `first` are."""
    if name in _MEANT or (_OWN.fullmatch(name) and not _GROUPS.fullmatch(name)):
        return False
    labels: list[tuple[str, bool]] = []  # each with whether it stands under a label of its own
    blank = alone = 0
    for row in rows:
        at = _starts(row, first)
        if (
            at is None
            or _sums(row)
            or (at > x and (_amounts(row) or (at > x + 1 and _single(row))))
            or (first and not _DIGIT.search(row[0]))
        ):
            continue
        if at > x:
            blank += 1
            alone += at == x + 1
            if not labels:
                return False
        elif x < len(row) and row[x] and (_is_label(row[x]) or len(row) < 3 or not _single(row)):
            labels.append((row[x], at < x))
    if not blank or not all(map(_is_label, {label for label, _ in labels})):
        return False
    if any(before[0] == after[0] and not after[1] for before, after in pairwise(labels)):
        return False  # who says it in each row would say it in the blank ones too
    if _DAY.fullmatch(name) and alone:  # of a single row nobody may know it
        return len(labels) <= blank
    if _GROUPS.fullmatch(name):
        return True
    different = len({label for label, _ in labels})
    return 1 < different == len(labels) <= blank * 2 and all(_LETTER.search(one) for one, _ in labels)


def _counts(name: str, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column numbers the rows."""
    if _COUNT.fullmatch(name):
        return True
    first = [row[0] for row in rows if row and row[0] and not is_total(row[0])]
    return len(first) > 1 and first == [str(n) for n in range(1, len(first) + 1)]


def _starts(row: Sequence[str], first: int) -> int | None:
    """The first column from `first` on that is filled; None if none is."""
    return next((x for x in range(first, len(row)) if row[x]), None)


def _single(row: Sequence[str]) -> bool:
    return sum(map(bool, row)) == 1


def _amounts(row: Sequence[str]) -> bool:
    """Whether a row has nothing but amounts: a total that is not called so."""
    return all(_AMOUNT.fullmatch(cell) for cell in row if cell)


def _sums(row: Sequence[str]) -> bool:
    return any(map(is_total, islice(filter(None, row), 2)))


def _is_label(text: str) -> bool:
    return len(text) <= _LONGEST and not _SENTENCE.search(text.strip())

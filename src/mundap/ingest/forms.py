"""Forms (양식): tables whose rows are names with their values beside them, one pair in a row or several.

A row of pairs looks like a row of an ordinary table. It is one only if its names are marked as such by the format,
or are words that forms ask for; wherever names could be values, the row is left as it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from mundap.ingest.blocks import Cell
from mundap.korean.normalize import squash

_WHOLE = (
    "성명 이름 성함 성별 나이 연령 주소 거주지 주소지 소재지 전화 내선 연락처 휴대폰 휴대전화 핸드폰 팩스 fax tel hp e-mail email 이메일 전자우편"
    " 홈페이지 소속 직위 직급 직책 직종 직업 부서 학과 학년 학번 전공 학력 국적 본적 등록기준지 생년월일 생일 주민등록번호 비고 장소 일시 날짜"
    " 일자 시간 기간 목적 사유 용도 금액 단가 수량 합계 품명 규격 분류 구분 종류 내용 방법 자격 관계 은행 상호 업종 업태 종목 대표 담당 문의"
    " 제목 수신 발신 참조 처리 업무 위치 담당과 정원 인원 대상 강사 등급 상태 항목 접수 순번 연번 번호 특이사항 유의사항 주의사항 준비물 참가비 수수료"
    " 수강료 이용료 사용료 입장료 관람료 회비 문의처 접수처 신청처 제출처 발급처 처리기한 제출기한 신청기한 마감일 혜택 주최 주관 후원"
).split()
_ENDS = (
    "성명 이름 주소 소재지 전화 연락처 번호 일자 일시 날짜 기간 금액 방법 사유 목적 장소 여부 구분 내용 관계 소속 부서 직위 인원 예산 면적"
    " 규모 명칭 은행 계좌 시간 비용 요금 자격 분야 근거 담당 기관명 업체명 회사명 상호명 사업명 과제명 제품명 품목명 학교명 행사명 단체명"
    " 법인명 시설명 부서명 교육명 과정명 종목명 은행명 프로젝트명 작성일 신청일 접수일 발행일 등록일 시작일 종료일 계약일 납부일 제출일 발급일"
    " 취득일 입사일 퇴사일 민원명 제도명 서비스명 급여명 보험명 대회명 축제명 공사명 용역명 계약명 문서명 서식명 서류 법령 기한 요건"
    " 신청처 접수처 문의처 지원금 지원액 완료일 처리일 게시일 작성자 담당자 신청자 대표자 책임자 발급자 관리자 수령자 보호자 계약자 확인자 승인자 검토자"
    " 보고자 예금주 신청인 대리인 수령인 보증인 발행인 대표 분류 견적일 납품일 거래일 발주일 청구일 지급일 회의일 개최일 시행일 공고일 검수일 정산일"
    " 회의명 강좌명 물품명 취득가 공사비 시공사 사업비 공급자 공급받는자 수신처 발신처 납품처 거래처 사업자 참석자 참가자 안건 결재"
).split()
_HEADS = set(
    "구분 항목 분류 종류 순번 연번 번호 일시 날짜 일자 기간 시간".split()
)  # over columns as well as beside values
_NAME = re.compile(
    rf"(?:{'|'.join(map(re.escape, _WHOLE))}|[^\W\d]{{0,10}}(?:{'|'.join(_ENDS)}))(?:[(（\[][^()\d]{{1,12}}[)）\]])?[:：]?",
    re.IGNORECASE,
)
_LIKELY = re.compile(r"[^\W\d]{1,6}(?:명|일|가|비|액|자|처|수|량|율|인|사|번호|여부|부서|기관|종류|상태|번|처)")
_WORDS = re.compile(r"[^\W\d_]{2,12}")  # of a name that is not known


def like_a_form(rows: Sequence[Sequence[Cell]], lines: Sequence[Sequence[Cell]]) -> bool:
    """Whether at least half of the rows, and of those below the first, are names with values: several pairs, one value
    over most of the width, or a known name beside one value where there is no more. Lines over the whole width between them
    are neither. `lines` are `rows` with the cells that reach down into them."""
    if not lines or _names_alone(lines[0]):
        return False
    width = max(sum(max(cell.colspan, 1) for cell in row) for row in rows)
    kept = [
        n
        for n, row in enumerate(rows)
        if not n or not ((len(row) == 1 and row[0].colspan >= width > 1) or (width == 2 and _goes_on(row)))
    ]
    rows, lines = [rows[n] for n in kept], [lines[n] for n in kept]
    several = [bool(pairs(line)) for line in labelled(lines)]
    single = width == 2 and _is_pair(lines[0]) and squash(lines[0][0].text) not in _HEADS
    found = [
        bool(one) or _has_wide_value(row, width) or (single and _is_pair(line))
        for one, row, line in zip(several, rows, lines, strict=True)
    ]
    return found[0] and _half(found) and _half(found[1:]) and (several[0] or len(rows) > 1)


def labelled(lines: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    """`lines` with a label at the side of rows of pairs reaching down over the blanks below it, as if it were merged."""
    found = [*lines]
    for n, line in enumerate(lines[:-1]):
        label = found[n][0] if line else Cell("")
        below = lines[n + 1]
        if len(line) < 3 or len(below) < 3 or below[0].text.strip() or not label.text.strip() or is_name(below[2].text):
            continue
        named = is_name(label.text) and label.rowspan == 1
        if not named and is_name(line[1].text) and is_name(below[1].text) and not is_name(line[2].text):
            reaching = Cell(label.text, max(label.rowspan, 2), label.colspan)
            found[n] = [reaching, *found[n][1:]]
            found[n + 1] = [reaching, *below[1:]]
    return found


def _goes_before(row: Sequence[Cell], n: int, marked: bool) -> bool:
    """Whether a cell reaches down beside a name, so that it may stand before it."""
    return len(row) > max(n + 1, 2) and row[n].rowspan > 1 and _is_name(row[n + 1], marked)


def _goes_on(row: Sequence[Cell]) -> bool:
    """Whether a row has another value of the name above."""
    return len(row) == 2 and not row[0].text.strip()


def _half(found: Sequence[bool]) -> bool:
    return sum(found) * 2 >= len(found)


def pairs(row: Sequence[Cell], marked: bool = False) -> list[tuple[str, ...]]:
    """The pairs of a row, each a name with its values; [] if it is no row of pairs with known names.

    `marked` is whether the format tells names. A cell over several rows before a name goes before each that follows:
    신청인 | 성명 | 김한빛 has the name "신청인 성명".
    """
    found: list[list[str]] = []
    above = ""
    while len(row) > 4 and len(row) % 2 and not row[-1].text.strip():
        row = row[:-1]
    first = int(_goes_before(row, 0, marked))
    alternate = not marked and _alternate(row[first:])
    for n, cell in enumerate(row):
        if (not found or len(found[-1]) > 1) and _goes_before(row, n, marked):
            above = cell.text
            continue
        if _is_name(cell, marked) or (alternate and (n - first) % 2 == 0):
            if found and len(found[-1]) == 1:
                return []  # names beside each other are a header, or values
            found.append([f"{above} {cell.text}".strip()])
        elif not found:
            return []
        else:
            found[-1].append(cell.text)
    if not found or len(found[-1]) == 1 or (len(found) == 1 and not above):
        return []
    return [(name, *([value for value in values if value.strip()] or [""])) for name, *values in found]


def pairs_of(lines: Sequence[Sequence[Cell]], marked: bool = False) -> list[list[tuple[str, ...]]]:
    """The pairs of each row of a form; see `pairs`. A row whose names are not known has them where those of other rows
    stand: 종업원 수 below 대표자; one value alone has the name above."""
    lines = lines if marked else labelled(lines)
    found = [pairs(line, marked) for line in lines]
    named = {tuple(_named_at(line, marked)) for line, one in zip(lines, found, strict=True) if len(one) > 1}
    name = ""  # of the one value in the row above
    for n, line in enumerate(lines):
        if not found[n] and not marked:
            found[n] = next((said for at in sorted(named) if (said := _paired_at(line, at))), [])
        filled = [cell for cell in line if cell.text.strip()]
        if name and not found[n] and len(filled) == 1 and filled[0] is not line[0]:
            found[n] = [(name, filled[0].text)]
            continue
        name = filled[0].text if not found[n] and len(filled) == 2 and _is_pair(filled) else ""
        if not found[n] and not marked:
            found[n] = _behind_text(filled)
    return _under_labels(lines, found, marked)


def _under_labels(
    lines: Sequence[Sequence[Cell]], found: Sequence[list[tuple[str, ...]]], marked: bool
) -> list[list[tuple[str, ...]]]:
    """Pairs with the label above them before their names, where wide cells stand above several: 공급자 above 상호 and 주소."""
    every: list[list[tuple[str, ...]]] = []
    labels: dict[int, str] = {}
    for n, (line, paired) in enumerate(zip(lines, found, strict=True)):
        starts = _named_at(line, marked)
        if paired and labels and len(starts) == len(paired):
            above = [labels[max(at for at in labels if at <= start)] for start in starts]
            every.append([(f"{label} {name}", *values) for label, (name, *values) in zip(above, paired, strict=True)])
            continue
        labels = {}
        if not paired and len(line) > 1 and all(cell.colspan > 1 and cell.text.strip() for cell in line):
            below = _named_at(lines[n + 1], marked) if n + 1 < len(lines) and found[n + 1] else []
            labels = {
                at: cell.text for at, cell in zip(_starts(line), line, strict=True) if {*_starts(line)} <= {*below}
            }
        every.append([(label,) for label in labels.values()] or paired)
    return every


def _behind_text(filled: Sequence[Cell]) -> list[tuple[str, ...]]:
    """Pairs behind one cell of text, which comes before them alone: 가람시청 귀하 | 상호 | 다솜상사; [] if there are none."""
    behind = filled[1:]
    if len(behind) < 2 or not _is_name(behind[0], False) or _is_name(filled[0], False):
        return []
    found = [(behind[0].text, behind[1].text)] if _is_pair(behind) else pairs(behind)
    return [(filled[0].text,), *found] if found else []


def _starts(line: Sequence[Cell]) -> list[int]:
    return [0, *itertools.accumulate(max(cell.colspan, 1) for cell in line)][: len(line)]


def _named_at(line: Sequence[Cell], marked: bool) -> list[int]:
    return [at for at, cell in zip(_starts(line), line, strict=True) if _is_name(cell, marked)]


def _paired_at(line: Sequence[Cell], names: Sequence[int]) -> list[tuple[str, ...]]:
    """The pairs of a row with a name at each of some places and one value behind it; [] if it has others."""
    at = _starts(line)
    if at[::2] != [*names] or len(line) != 2 * len(names) or any(_is_name(cell, False) for cell in line[1::2]):
        return []
    if not all(_WORDS.fullmatch(squash(cell.text)) for cell in line[::2]):
        return []
    return [(name.text, value.text) for name, value in zip(line[::2], line[1::2], strict=True)]


def _alternate(row: Sequence[Cell]) -> bool:
    """Whether every other cell is a name: at least half of them known, the others words like names, or most of them known;
    no value is one."""
    names = [_is_name(cell, False) for cell in row]
    if len(row) < 4 or len(row) % 2 or any(names[1::2]):
        return False
    known, others = sum(names[::2]), [cell for cell, one in zip(row[::2], names[::2], strict=True) if not one]
    if not known or not all(_WORDS.fullmatch(squash(cell.text)) for cell in others):
        return False
    by_others = all(names[2::2])
    return (
        by_others
        or known > len(others)
        or (known == len(others) and all(_LIKELY.fullmatch(squash(c.text)) for c in others))
    )


def is_name(text: str) -> bool:
    """Whether a text is a word that forms and tables name their cells by."""
    return bool(_NAME.fullmatch(squash(text)))


def _is_name(cell: Cell, marked: bool) -> bool:
    return cell.name if marked else is_name(cell.text)


def all_names(texts: Sequence[str]) -> bool:
    """Whether texts, two at least, are all words that forms and tables name their cells by."""
    return len(texts) > 1 and all(map(is_name, texts))


def _names_alone(row: Sequence[Cell]) -> bool:
    return len(row) > 1 and all(_is_name(cell, False) for cell in row)


def _is_pair(row: Sequence[Cell]) -> bool:
    return len(row) == 2 and _is_name(row[0], False) and bool(row[1].text.strip()) and not _is_name(row[1], False)


def _has_wide_value(row: Sequence[Cell], width: int) -> bool:
    """Whether a row is a name and one value that reaches over most of the width to the end."""
    first, *rest = [cell for cell in row if cell.text.strip()] or [Cell("")]
    wide = len(rest) == 1 and rest[0] is row[-1] and rest[0].colspan > 1 and rest[0].colspan * 2 >= width
    return wide and first.colspan <= 1

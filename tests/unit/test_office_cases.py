"""Files as offices write them, beside the checkout: what each must say, whole.

The files are kept apart from the project; without them these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mundap.ingest.build import Reading
from mundap.ingest.readers import read
from mundap.ingest.split import parents
from mundap.ingest.tables import read_xlsx

CASES = Path(__file__).parents[3] / "shared" / "data" / "cases" / "documents"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no files of offices in {CASES}")

ANSWERS = ["1층 안내대에서 받습니다. 하루에 한 장입니다.", "사용일 하루 전 18시까지 예약해야 합니다."]
QUESTIONS = ["주차권은 어디서 받나요?", "회의실은 며칠 전까지 예약하나요?"]


def reading(name: str) -> Reading:
    return read(CASES / name, name)


def passages(name: str) -> list[tuple[str, str]]:
    return [(passage.heading, passage.text) for passage in parents(reading(name).document)]


def lines(name: str) -> list[str]:
    """The passages of a sheet, each in one line."""
    found = reading(name)
    assert found.problems == ()
    return [passage.text.replace("\n", " / ") for passage in parents(found.document)]


# -- sheets -----------------------------------------------------------------------------------------------------------


def test_a_title_and_a_unit_stand_above_their_rows() -> None:
    above = "□ 제조업 등(건설업 외 업종) (단위: 건)"
    found = passages("title_rows.xlsx")
    assert [heading for heading, _ in found] == [above, above]
    assert lines("title_rows.xlsx") == [
        "연번: 1 / 기인물: 프레스 / 고위험작업: 금형 교체 작업 / 방호조치: 광전자식 방호장치"
        " / 감소대책: 교체 전 전원을 차단하고 잠금장치를 건다 / 발생건수: 12",
        "연번: 2 / 기인물: 컨베이어 / 고위험작업: 이물질 제거 / 방호조치: 덮개"
        " / 감소대책: 운전을 멈춘 뒤 청소한다 / 발생건수: 7",
    ]


@pytest.mark.parametrize("name", ["faq_title_row", "qa_hoesin", "qa_munui", "qa_jilui"])
def test_questions_and_answers_are_known_by_their_columns(name: str) -> None:
    found = reading(f"{name}.xlsx")
    assert [(q.question, q.answer) for q in found.document.questions] == [*zip(QUESTIONS, ANSWERS, strict=True)]
    assert lines(f"{name}.xlsx") == ANSWERS
    assert [section.meta["kind"] for section in found.document.sections] == ["faq", "faq"]


@pytest.mark.parametrize("name", ["qa_naeyong", "qa_linebreak"])
def test_a_single_pair_is_known(name: str) -> None:
    (known,) = reading(f"{name}.xlsx").document.questions
    assert (known.question, known.answer) == (QUESTIONS[0], "1층 안내대에서 받습니다.")


def test_what_columns_were_taken_for_is_told() -> None:
    (table,) = read_xlsx(CASES / "qa_hoesin.xlsx")
    assert table.taken() == "Sheet: 질문 ← 질의내용, 답변 ← 회신내용"


def test_two_tables_of_a_sheet() -> None:
    assert passages("two_tables.xlsx") == [
        ("[표 1] 주차 요금", "차종: 승용차\n기본요금: 1,000원\n추가요금: 10분당 300원"),
        ("[표 1] 주차 요금", "차종: 화물차\n기본요금: 2,000원\n추가요금: 10분당 500원"),
        ("요금 > [표 2] 감면", "대상: 장애인\n감면율: 50%"),
        ("요금 > [표 2] 감면", "대상: 경차\n감면율: 30%"),
        ("요금 > [표 2] 감면", "대상: 다자녀\n감면율: 20%"),
    ]


def test_merged_cells_are_filled() -> None:
    assert lines("merged_rows.xlsx") == [
        "부서: 총무과 / 담당업무: 여비 지급 / 담당자: 김하늘 / 내선: 3101",
        "부서: 총무과 / 담당업무: 관용차 배차 / 담당자: 이바다 / 내선: 3102",
        "부서: 총무과 / 담당업무: 회의실 예약 / 담당자: 박구름 / 내선: 3103",
        "부서: 재무과 / 담당업무: 카드 정산 / 담당자: 최노을 / 내선: 3201",
        "부서: 재무과 / 담당업무: 세금계산서 발행 / 담당자: 정이슬 / 내선: 3202",
    ]


def test_a_header_of_two_rows_is_joined() -> None:
    assert lines("two_header.xlsx") == [
        "구분: 연차휴가 / 2023년 신청: 120 / 2023년 승인: 118 / 2024년 신청: 131 / 2024년 승인: 127",
        "구분: 병가 / 2023년 신청: 14 / 2023년 승인: 13 / 2024년 신청: 20 / 2024년 승인: 19",
    ]


def test_cells_are_as_people_see_them() -> None:
    assert lines("formats.xlsx") == [
        "상품코드: 00123 / 상품명: 국화차 / 할인율: 12.5% / 단가: 1,234원 / 적용일: 2024년 1월 1일 / 적용시각: 9:30"
        " / 수량: 1,500 / 환율: ₩1,378.4 / 사업자번호: 123-45-67890",
        "상품코드: 00042 / 상품명: 모과차 / 할인율: 7% / 단가: ₩ 15,000 / 적용일: 2024-12-25"
        " / 적용시각: 2024-03-04 14:05 / 수량: 2 / 환율: 0.3 / 사업자번호: 111-22-33333",
    ]
    assert lines("types.xlsx") == [
        "이름: 김하늘 / 근무시간: 175:30 / 입사일: 45292 / 회원번호: 1234567890123456 / 재직: TRUE / 비율: -3.5%"
        " / 메모: 정상",
        "이름: 이바다 / 근무시간: 9:00 / 입사일: 45293 / 회원번호: 9007199254740992 / 재직: FALSE / 비율: 100%"
        " / 메모: #N/A",
    ]
    assert reading("types.xlsx").warnings == ("시트 'Sheet': 수식 오류 값이 있습니다(G3 #N/A). 시트에서 수정하세요",)


def test_what_is_hidden_is_left_out_and_named() -> None:
    assert lines("hidden.xlsx") == ["항목: 숙박비 / 금액: 80,000원", "항목: 식비 / 금액: 25,000원"]
    warnings = " ".join(reading("hidden.xlsx").warnings)
    assert all(named in warnings for named in ("시트 옛기준, 목록", "행 4", "열 C(내부메모)", "hidden = true"))


def test_every_passage_says_its_sheet() -> None:
    assert passages("sheets_by_year.xlsx") == [
        ("2029년", "지역: 가람시\n총인구: 9500\n세대수: 4300"),
        ("2029년", "지역: 나래시\n총인구: 3166\n세대수: 1433"),
        ("2030년", "지역: 가람시\n총인구: 9400\n세대수: 4250"),
        ("2030년", "지역: 나래시\n총인구: 3133\n세대수: 1416"),
    ]


# -- csv --------------------------------------------------------------------------------------------------------------


def test_a_broken_byte_costs_its_cell_alone() -> None:
    assert lines("odd_cp949.csv") == [
        "품목: 김치 / 설명: 배추김치 한 포기",
        "품목: 젓갈 / 설명: 새우젓 500g",
        "품목: ���� / 설명: 깨진 줄",
        "품목: 된장 / 설명: 전통 된장 1kg",
    ]
    assert reading("odd_cp949.csv").warnings[0].startswith("4번째 줄")
    assert lines("utf8_cut.csv") == [
        *["품목: 김치 / 설명: 배추김치 한 포기 값은 5000원"] * 3,
        "품목: �장 / 설명: 전통 된장",
    ]
    assert reading("utf8_cut.csv").warnings[0].startswith("5번째 줄")


def test_lines_above_a_header_are_no_rows() -> None:
    assert lines("preamble.csv") == ["구분: 주차 / 접수: 120 / 처리: 118", "구분: 소음 / 접수: 45 / 처리: 40"]
    assert {section.meta["date"] for section in reading("preamble.csv").document.sections} == {"2024-03-05"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("sep.csv", ["품목: 김치 / 설명: 배추, 무 / 값: 5000"]),
        (
            "pipe.csv",
            ["품목: 김치 / 설명: 배추김치 / 우편번호: 06234", "품목: 된장 / 설명: 콩 / 우편번호: 01234"],
        ),
        (
            "eq.csv",
            ["코드: 00123 / 이름: 홍삼정 / 전화: 02-123-4567", "코드: 00456 / 이름: 유자차 / 전화: 031-987-6543"],
        ),
    ],
)
def test_delimiters_of_every_kind(name: str, rows: list[str]) -> None:
    assert lines(name) == rows


# -- documents --------------------------------------------------------------------------------------------------------


def test_numbers_under_each_other_are_never_one() -> None:
    pytest.importorskip("liteparse")
    ((_, table),) = passages("pdf_multiline_numbers.pdf")
    assert table.split("\n")[2:] == [
        "| 총무과 | 18,870 | 12 |",
        "| 재무과 | 209 | 7 |",
        "| 민원과 | 2,303 | 31 |",
        "| 건설과 | 3,298 | 5 |",
        "| 교통과 | 98,452 | 140 |",
    ]


def test_each_row_of_a_long_table_has_its_own_page() -> None:
    pytest.importorskip("liteparse")
    found = parents(reading("pdf_table_norep.pdf").document)
    pages = {n: p.page for p in found for n in (1, 54, 60, 77, 80) if f"| 비품 {n}호 |" in p.text}
    assert pages == {1: 1, 54: 2, 60: 2, 77: 3, 80: 3}
    assert all(p.text.startswith("| 번호 | 품명 | 보관 장소 | 수량 |") for p in found[1:])
    assert "| 77 | 비품 77호 | 제3창고 | 231개 |" in found[-1].text


def test_stamps_of_a_print_are_left_out() -> None:
    pytest.importorskip("liteparse")
    assert [text for _, text in passages("pdf_watermark.pdf")] == [
        "제1조 이 규정은 출장 여비를 정한다.\n제2조 여비는 일비와 식비와 숙박비로 나눈다.\n"
        "제3조 일비는 하루 20,000원으로 한다.\n제4조 식비는 하루 25,000원으로 한다.\n"
        "제5조 숙박비는 실비로 주되 80,000원을 넘지 못한다.\n제6조 이 규정은 2024년 3월 1일부터 시행한다."
    ]


def test_vertical_text_is_read_from_the_right() -> None:
    pytest.importorskip("liteparse")
    assert passages("pdf_vertical.pdf") == [("", "연차는십오일을준다\n신청은하루전에한다")]


def test_labels_and_values_of_a_page_are_paired() -> None:
    pytest.importorskip("lxml")
    table, text = parents(reading("html_labelvalue.html").document)
    assert table.spoken == "1인 가구: 월 150,000원\n2인 가구: 월 250,000원\n3인 가구: 월 340,000원"
    assert text.text == "면적은 10³㎡까지, 온도는 25 1)℃까지이다."


def test_what_a_page_hides_or_deletes_is_left_out() -> None:
    pytest.importorskip("lxml")
    assert passages("html_details.html") == [
        (
            "자주 묻는 질문",
            "주차권은 어디서 받나요?\n1층 안내대에서 받습니다.\n회의실은 언제까지 예약하나요?\n하루 전 18시까지입니다.\n"
            "새 요금 700원\n온도 25 ℃, H₂O, 10³",
        )
    ]


def test_a_table_within_a_cell_says_whose_it_is() -> None:
    pytest.importorskip("docx")
    outer, inner = parents(reading("docx_nested.docx").document)
    assert outer.spoken.split("\n")[-1] == "구분: 노인, 대상: 만 65세 이상"
    assert (inner.heading, inner.spoken) == (
        "지원 대상과 금액 > 노인, 만 65세 이상",
        "1인 가구: 월 150,000원\n2인 가구: 월 250,000원",
    )


def test_tracked_changes_symbols_and_raised_letters() -> None:
    pytest.importorskip("docx")
    assert passages("docx_tracked.docx")[0] == (
        "출장비 규정",
        "숙박비는 1박에 80,000원을 넘지 못한다.\n이 조항은 2024년 3월 1일부터 시행한다.",
    )
    told = passages("docx_lists_sdt.docx")[1][1]
    assert "기호 ✓ 표시한 항목만 작성\n온도는 25²" in told


def test_a_box_of_signatures_says_each_once() -> None:
    pytest.importorskip("docx")
    text = "\n".join(text for _, text in passages("docx_signature_table.docx"))
    for said in "가 람 시 장,주무관,김하늘,팀장,이바다,과장,박구름,국장,최노을".split(","):
        assert text.count(said) == 1, said
    assert "| 시행 | 주택과-1234 (2031. 3. 5.) |" in text


def test_slides_without_a_title_stand_alone() -> None:
    pytest.importorskip("pptx")
    found = parents(reading("pptx_group.pptx").document)
    by_page = {passage.page: passage for passage in found}
    assert by_page[3].text == "접수 기간\n3월 2일부터\n3월 20일까지"
    assert (by_page[4].heading, by_page[4].text.split("\n")[0]) == ("슬라이드 4", "왼쪽 첫째: 신청 대상은 만 19세 이상")
    assert not any("date" in passage.meta for passage in found)


def test_what_outlook_packed_is_read() -> None:
    pytest.importorskip("lxml")
    found = reading("eml_winmail.eml")
    assert found.warnings == ()
    last = parents(found.document)[-1]
    assert (last.source, last.text) == ("여비 기준 > 여비.txt", "국내 여비: 1일 20,000원")

"""Real HWP documents: their text and tables come out, locked ones too, and an encrypted one is named."""

from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.hwp import _table
from mundap.ingest.readers import read
from mundap.ingest.split import parents
from mundap.types import Passage

pytest.importorskip("hwp2md", reason="the extra docs is not installed")
DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"


def whole(name: str) -> str:
    if not (DOCUMENTS / name).exists():
        pytest.skip(f"needs the shared document {name}")
    return read(DOCUMENTS / name).document.text


def passages(name: str) -> list[Passage]:
    whole(name)
    return parents(read(DOCUMENTS / name).document)


def test_every_cell_of_a_table_of_hwpx():
    table = passages("Table.hwpx")[-1]
    assert table.text.split("\n") == [
        "| 이름 | 국어 | 영어 | 수학 |",
        "| --- | --- | --- | --- |",
        "| 개똥이 | 89 | 65 | 78 |",
        "| 칠득이 | 77 | 77 | 77 |",
        "| 팔푼이 | 88 | 88 | 88 |",
        "| 육손이 | 66 | 66 | 66 |",
        "| 합계 |  |  |  |",
    ]
    assert table.heading == "날짜"


def test_every_cell_of_a_table_of_hwp_5():
    assert passages("table1.hwp")[0].text.split("\n") == [
        "| ABC 123 | DEF | GHI |",
        "| --- | --- | --- |",
        "| LMN | OPQ | STR |",
        "| UVM | 123 | 456 |",
    ]


def test_merged_cells_of_hwp_5_are_filled():
    assert "| 제목 담당자 | 제목 담당자 | 세부 내용 |" in whole("autorag_min.hwp")
    assert "| 2222 | 2222 |  |" in whole("autorag_min.hwp")


def test_a_merged_value_of_a_form_stands_once():
    assert "| 프로젝트 이름 | 프로젝트 이름을 입력해 주세요. |  |" in whole("plan.hwpx")


def test_a_locked_document_gives_its_text_and_not_the_notice():
    text = whole("dist.hwp")
    assert "2025년 강남세움센터 시설관리원 용역업체 선정 입찰공고" in text
    assert "배포용 문서" not in text
    assert "3. 입찰보증금 납부 및 세입 조치" in [p.heading for p in passages("dist.hwp")]


def test_outline_levels_are_headings_and_list_items_keep_their_numbers():
    assert "\n\n# 2\n\n## 2-1\n\n" in whole("lists.hwp")
    assert "1) 3-2-1\n2) 3-2-2\n3) 3-2-3" in whole("lists.hwp")


def test_paragraphs_stay_whole():
    text = whole("multipara.hwpx")
    assert text.startswith("'어썸킴' 김하성(27·샌디에이고 파드리스)이 시원한 3점홈런을 폭발했다.\n김하성은 2일")


def test_an_encrypted_document_is_named_with_the_remedy():
    with pytest.raises(BadFile, match=r"password-12345\.hwp: 암호가 걸린 한글 문서입니다.*다시 저장"):
        whole("password-12345.hwp")


@pytest.mark.parametrize("kept", [64, 600, 4000])
def test_a_truncated_document_is_a_bad_file(tmp_path: Path, kept: int):
    whole("dist.hwp")
    path = tmp_path / "잘림.hwp"
    path.write_bytes((DOCUMENTS / "dist.hwp").read_bytes()[:kept])
    with pytest.raises(BadFile, match=r"잘림\.hwp"):
        read(path)


def test_marks_of_covered_places_become_spans():
    left, above = "\ue0f0", "\ue0f1"
    rows = _table([["가", left, "나"], [above, left, "다"], ["라", "", "마"]]).rows
    assert [[(c.text, c.rowspan, c.colspan) for c in row] for row in rows] == [
        [("가", 2, 2), ("나", 1, 1)],
        [("다", 1, 1)],
        [("라", 1, 1), ("", 1, 1), ("마", 1, 1)],
    ]

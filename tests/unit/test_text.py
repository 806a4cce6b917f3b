"""txt and Markdown: sections are slices under their headings, and no text is lost."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mundap.ingest.grid import TABLE
from mundap.ingest.readers import read
from mundap.ingest.split import parents
from mundap.ingest.text import read_markdown, read_txt
from mundap.types import SPOKEN, Document

LINES = st.lists(
    st.sampled_from(
        [
            "# 규정",
            "## 제1장 총칙",
            "### 제1조",
            "## 부칙 ##",
            "#해시",
            "본문 글이다.",
            "  들여 쓴 글",
            "",
            " ",
            "```",
            "~~~",
            "# 주석",
            "- 항목",
            "😀",
            "####### 일곱",
        ]
    ),
    max_size=16,
)
on_files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8", newline="")
    return path


def markdown(folder: Path, text: str) -> Document:
    return read_markdown(written(folder, "규정.md", text), "규정.md")


def shown(document: Document) -> list[tuple[str, str]]:
    return [(s.heading, document.text[s.start : s.end]) for s in document.sections]


def assert_whole_slices(document: Document) -> None:
    ends = 0
    for section in document.sections:
        text = document.text[section.start : section.end]
        assert text == text.strip() != ""
        assert section.start >= ends
        ends = section.end


@on_files
@given(LINES)
def test_txt_sections_are_slices_that_cover_every_character_that_is_not_blank(tmp_path: Path, lines: list[str]) -> None:
    document = read_txt(written(tmp_path, "a.txt", "\n".join(lines)), "a.txt").document
    assert_whole_slices(document)
    covered = {n for s in document.sections for n in range(s.start, s.end)}
    assert {n for n, c in enumerate(document.text) if not c.isspace()} <= covered
    assert all(not re.search(r"\n[ \t]*\n", document.text[s.start : s.end]) for s in document.sections)


@on_files
@given(LINES)
def test_markdown_sections_cover_every_character_outside_headings(tmp_path: Path, lines: list[str]) -> None:
    document = markdown(tmp_path, "\n".join(lines))
    assert_whole_slices(document)
    covered = {n for s in document.sections for n in range(s.start, s.end)}
    fence, offset = "", 0
    for line in lines:  # which lines are headings, told without the reader's expressions
        mark = line.strip() if line.strip() in ("```", "~~~") else ""
        heading = not fence and 1 <= len(line) - len(line.lstrip("#")) <= 6 and line.lstrip("#").startswith(" ")
        if mark and fence in ("", mark):
            fence = "" if fence else mark
        if not heading:
            assert {offset + n for n, c in enumerate(line) if not c.isspace()} <= covered
        offset += len(line) + 1


RULES = st.sampled_from(
    [
        "## 규칙",
        "제1조(목적) 정한다.",
        "**제2조(정의)**",
        "제3장 보칙",
        "부칙 <제1호>",
        "| 가 | 나 |",
        "|---|---|",
        "| 다 | 라 |",
        "```",
        "끝난다.",
        "",
    ]
)


@on_files
@given(st.lists(RULES, max_size=12))
def test_every_word_below_a_heading_is_in_a_section_or_above_it(tmp_path: Path, lines: list[str]) -> None:
    document = markdown(tmp_path, "\n".join(lines))
    assert_whole_slices(document)
    said = " ".join(text + heading for heading, text in shown(document))
    assert all(word in said for line in lines for word in re.findall(r"[가-힣]+", line))


def test_txt_is_cut_at_blank_lines_only(tmp_path: Path) -> None:
    document = read_txt(
        written(tmp_path, "규정.txt", "\n제1조\n목적이다.\r\n \t\r\n\r\n제2조 정의 \n"), "규정.txt"
    ).document
    assert shown(document) == [("", "제1조\n목적이다."), ("", "제2조 정의")]
    assert (document.title, document.source) == ("규정", "규정.txt")


def test_a_long_line_is_read_at_once(tmp_path: Path) -> None:
    text = "풋살 경기 규칙은 다음과 같다. " * 10_000
    began = time.perf_counter()
    assert shown(read_txt(written(tmp_path, "a.txt", text), "a").document) == [("", text.strip())]
    assert time.perf_counter() - began < 2


def test_a_section_stands_under_the_path_of_headings_above_it(tmp_path: Path) -> None:
    text = "머리말\n# 규정\n개요\n## 제1장\n### 제1조\n목적\n### 제2조 ###\n정의\n## 제2장\n벌칙\n"
    document = markdown(tmp_path, text)
    assert document.title == "규정"
    assert shown(document) == [
        ("", "머리말"),
        ("규정", "개요"),
        ("제1장 > 제1조", "목적"),
        ("제1장 > 제2조", "정의"),
        ("제2장", "벌칙"),
    ]


def test_a_heading_with_nothing_below_it_is_kept_as_text(tmp_path: Path) -> None:
    assert shown(markdown(tmp_path, "# 규정\n## 제1조 (삭제)\n## 제2조\n정의\n## 제3조 (삭제)")) == [
        ("규정", "## 제1조 (삭제)"),
        ("제2조", "정의"),
        ("규정", "## 제3조 (삭제)"),
    ]


def test_a_comment_in_fenced_code_is_no_heading(tmp_path: Path) -> None:
    code = "```\n# 주석\n~~~\n```"
    assert shown(markdown(tmp_path, f"## 설치\n{code}\n## 실행\n끝")) == [("설치", code), ("실행", "끝")]


def test_articles_and_tables_below_a_heading_are_sections_of_their_own(tmp_path: Path) -> None:
    text = """# 도서관 규칙
## 이용
요금은 아래와 같다.

요금표
| 구분 | 요금 |
|:---|---:|
| 어른 | 3,000원 |
| 아이 | 없음 |

월요일은 쉰다.
## 부칙

부칙 <제7호, 2020. 1. 1.>

**제1조(시행일)** 이 규칙은 공포한 날부터 시행한다.

제2조(적용례) 제1조(시행일)에 따른 날부터 적용한다.

부칙 <제9호, 2021. 1. 1.>

제1조(시행일)에 관하여는 종전의 규칙에 따른다."""
    document = markdown(tmp_path, text)
    assert shown(document) == [
        ("이용", "요금은 아래와 같다.\n\n요금표"),
        ("이용 > 요금표", "| 구분 | 요금 |\n|:---|---:|\n| 어른 | 3,000원 |\n| 아이 | 없음 |"),
        ("이용", "월요일은 쉰다."),
        ("부칙 > 부칙 <제7호, 2020. 1. 1.> > 제1조(시행일)", "이 규칙은 공포한 날부터 시행한다."),
        ("부칙 > 부칙 <제7호, 2020. 1. 1.> > 제2조(적용례)", "제1조(시행일)에 따른 날부터 적용한다."),
        ("부칙 > 부칙 <제9호, 2021. 1. 1.>", "제1조(시행일)에 관하여는 종전의 규칙에 따른다."),
    ]
    assert [section.meta.get("kind") for section in document.sections] == [None, TABLE, None, None, None, None]
    (table,) = [whole for whole in parents(document) if whole.meta.get("kind") == TABLE]
    assert table.meta[SPOKEN] == "구분: 어른, 요금: 3,000원\n구분: 아이, 요금: 없음"


def test_front_matter_is_read_without_its_fences(tmp_path: Path) -> None:
    text = "---\n제목: 규정\n시행일: 2020-01-01\n---\n\n# 규정\n글\n---\n더\n"
    assert shown(markdown(tmp_path, text)) == [("", "제목: 규정\n시행일: 2020-01-01"), ("규정", "글\n---\n더")]


def test_headings_are_shown_without_marks_and_notes(tmp_path: Path) -> None:
    text = "## **제1장 총칙** <개정 2020. 1. 1.>\n### 제1조 (목적) [제목개정 2021. 1. 1.]\n글"
    assert shown(markdown(tmp_path, text)) == [("제1장 총칙 > 제1조 (목적)", "글")]


def test_without_a_first_level_heading_the_title_is_the_files_name(tmp_path: Path) -> None:
    assert markdown(tmp_path, "## 절\n글").title == "규정"


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff"])
def test_a_blank_file_has_no_sections(tmp_path: Path, text: str) -> None:
    assert read_txt(written(tmp_path, "a.txt", text), "a").document.sections == ()
    assert markdown(tmp_path, text).sections == ()


def test_a_txt_with_headings_is_split_at_them(tmp_path: Path) -> None:
    text = "여비 규정\n\n제1장 총칙\n제1조(목적) 여비를 정한다.\n제2조(범위)\n직원에게 적용한다.\n\n제2장 여비\n제3조(숙박비) 7만원이다."
    found = read_txt(written(tmp_path, "여비.txt", text), "여비.txt").document
    assert shown(found) == [
        ("", "여비 규정"),
        ("제1장 총칙 > 제1조(목적)", "여비를 정한다."),
        ("제1장 총칙 > 제2조(범위)", "직원에게 적용한다."),
        ("제2장 여비 > 제3조(숙박비)", "7만원이다."),
    ]
    assert_whole_slices(found)


def test_lines_that_were_broken_at_a_fixed_width_are_joined(tmp_path: Path) -> None:
    text = (
        "이 회사의 직원은 한 해에 열다섯 날의 연차를 가지며 쓰지 않은 연차는 다음 해 십이월 삼십일일까지 쓸 수\n"
        "있고 그 뒤에는 소멸한다 다만 회사의 사정으로 쓰지 못한 연차는 돈으로 바꾸어 주며 그 금액은 통상임\n"
        "금으로 한다 병가는 한 해에 예순 날까지 쓸 수 있고 이레가 넘으면 의사의 진단서를 인사팀에 내야 한다\n"
        "가족을 돌보아야 하는 직원은 한 해에 열흘까지 쉴 수 있으며 이 기간은 급여를 주지 않는 것으로 하되 근\n"
        "속 기간에는 넣는다.\n"
    )
    (section,) = shown(read_txt(written(tmp_path, "a.txt", text), "a.txt").document)
    assert "통상임금으로" in section[1]
    assert "근속 기간에는" in section[1]
    assert "쓸 수 있고" in section[1]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("filler", [" \n", " ", "\t\n", "\n"])
def test_a_hundred_thousand_blanks_take_no_hour(tmp_path: Path, filler: str) -> None:
    (tmp_path / "글.txt").write_text("가" + filler * 100_000 + "나\n다", "utf-8")
    document = read(tmp_path / "글.txt").document
    assert "".join(document.text[s.start : s.end] for s in document.sections).split()[-1] == "다"
    assert {c for s in document.sections for c in document.text[s.start : s.end]} >= set("가나다")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("filler", ["a", "#", "• ", "제1조(", "규칙 1 ", "(", "1. ", "> ", "|", "=", "\u0301"])
@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_a_hundred_thousand_marks_take_no_hour(tmp_path: Path, filler: str, suffix: str) -> None:
    (tmp_path / f"글{suffix}").write_text("# 가 " + (filler * 50_000)[:50_000] + "나\n다", "utf-8")
    assert read(tmp_path / f"글{suffix}").document.text


def test_text_behind_a_page_of_blanks_is_read(tmp_path: Path) -> None:
    (tmp_path / "글.txt").write_text(" \n" * 9000 + "가", "utf-8")
    document = read(tmp_path / "글.txt").document
    assert [document.text[s.start : s.end] for s in document.sections] == ["가"]


@pytest.mark.parametrize(
    ("line", "name"),
    [("# 가 ##", "가"), ("# 가##", "가"), ("#  가 # 나 # ", "가 # 나"), ("# ###", "#"), ("## #가", "#가")],
)
def test_marks_that_close_a_heading_are_no_part_of_it(tmp_path: Path, line: str, name: str) -> None:
    (tmp_path / "글.md").write_text(f"{line}\n\n글", "utf-8")
    assert read(tmp_path / "글.md").document.sections[0].heading == name

"""Saved pages in the manner of Korean offices: what they say goes in, what stands on every page does not."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("lxml", reason="lxml (the extra docs) is not installed")

from mundap.errors import BadFile
from mundap.ingest.blocks import Cell, Heading, Paragraph, Table
from mundap.ingest.html.reader import parse
from mundap.ingest.readers import read

MARKUP = [
    "<table>",
    "<tr>",
    "<td rowspan=0>",
    "</td>",
    "<li>",
    "<ul>",
    "<a href=x>",
    "</table>",
    "글",
    "<h1>",
    "\0",
    "<dl>",
    "<dd>",
]
BOARD = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>주차장 요금 안내 | 공지사항 | 한빛구청</title>
<script>var a = "<p>스크립트</p>";</script></head><body>
<div id="skipNavi"><a href="#con">본문 바로가기</a></div>
<div id="header"><ul class="gnb"><li><a href="/a">민원</a></li><li><a href="/b">소식</a></li></ul></div>
<div class="location">홈 &gt; 소식 &gt; 공지사항</div>
<div id="lnb"><ul><li><a href="/1">공지</a></li><li><a href="/2">고시</a></li></ul></div>
<div id="content"><h1>공지사항</h1>
<table class="view"><tbody><tr><th>제목</th><td colspan="3">주차장 요금 안내</td></tr>
<tr><th>작성일</th><td>2024-03-05</td><th>담당</th><td>교통과</td></tr></tbody></table>
<div class="cont"><p>공영주차장 요금을 다음과 같이 알립니다.<br>많은 이용 바랍니다.</p>
<table><caption>주차 요금</caption><thead><tr><th rowspan="2">구분</th><th colspan="2">요금</th></tr>
<tr><th>평일</th><th>주말</th></tr></thead><tbody><tr><td>소형</td><td>1,000원</td><td>2,000원</td></tr></tbody></table>
<ul><li>문의: 교통과<ol><li>전화 02-120</li></ol></li><li><a href="https://park.example.kr/fee">요금 조회</a></li></ul>
<dl><dt>할인</dt><dd>경차 50%</dd></dl></div>
<div class="share"><a href="#">페이스북</a></div><a href="/list">목록</a></div>
<div class="satisfaction"><form><input type="radio">만족하십니까</form></div>
<div id="footer"><p>한빛구청 우)01234</p><p>COPYRIGHT</p></div></body></html>"""


def page(folder: Path, text: str, name: str = "쪽.html", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.mark.parametrize("charset", ["utf-8", "euc-kr"])
def test_a_notice_goes_in_and_the_site_around_it_does_not(tmp_path: Path, charset: str):
    parsed = parse(page(tmp_path, BOARD.format(charset=charset), encoding=charset))
    assert parsed.date == "2024-03-05"
    assert "주차장 요금 안내" in parsed.title
    said = parsed.blocks
    assert Paragraph("공영주차장 요금을 다음과 같이 알립니다.\n많은 이용 바랍니다.") in said
    assert (
        Table(
            (
                (Cell("구분", 2), Cell("요금", 1, 2)),
                (Cell("평일"), Cell("주말")),
                (Cell("소형"), Cell("1,000원"), Cell("2,000원")),
            ),
            header=2,
            caption="주차 요금",
        )
        in said
    )
    assert said[-4:] == (
        Paragraph("• 문의: 교통과"),
        Paragraph("1. 전화 02-120"),
        Paragraph("• 요금 조회 (https://park.example.kr/fee)"),
        Paragraph("할인: 경차 50%"),
    )
    text = read(tmp_path / "쪽.html").document.text
    for gone in ("바로가기", "민원", "고시", "홈", "스크립트", "페이스북", "목록", "만족", "COPYRIGHT", "01234"):
        assert gone not in text


def test_a_sheet_that_is_html_goes_in_as_its_table(tmp_path: Path):
    text = (
        "<html><body><table><tr><td>품목</td><td>수량</td></tr><tr><td>연필</td><td>3</td></tr></table></body></html>"
    )
    path = page(tmp_path, text, "내보내기.xls", "cp949")
    assert read(path).document.text == "| 품목 | 수량 |\n| --- | --- |\n| 연필 | 3 |"


def test_headings_and_code_keep_their_form(tmp_path: Path):
    text = "<title>안내</title><h1>안내</h1><h2>설치</h2><pre>a\n  b</pre><p>끝<b>이</b>다.</p>"
    parsed = parse(page(tmp_path, text))
    assert parsed.blocks == (Heading("안내", 1), Heading("설치", 2), Paragraph("a\n  b"), Paragraph("끝이다."))


def test_articles_of_a_law_keep_every_word(tmp_path: Path):
    body = "".join(f"<p>제{n}조(목적) 이 조는 {n}번째로 정한다.</p>" for n in range(1, 30))
    text = f"<div class='menu'><a href='/'>처음</a></div><div class='lawcon'>{body}</div>"
    found = "\n".join(block.text for block in parse(page(tmp_path, text)).blocks)
    assert found.split("\n") == [f"제{n}조(목적) 이 조는 {n}번째로 정한다." for n in range(1, 30)]


def test_answers_that_open_at_a_click_are_read(tmp_path: Path):
    text = "<p>환불은 언제 되나요?</p><div style='display:none'>사흘 안에 됩니다.</div><div hidden>메뉴 열기</div>"
    found = parse(page(tmp_path, text)).blocks
    assert found == (Paragraph("환불은 언제 되나요?"), Paragraph("사흘 안에 됩니다."))


def test_a_web_archive_is_the_page_in_it(tmp_path: Path):
    text = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>보관한 글</p>\r\n--b--\r\n"
    )
    assert parse(page(tmp_path, text, "쪽.mht")).blocks == (Paragraph("보관한 글"),)


def test_a_page_without_text_is_a_bad_file(tmp_path: Path):
    with pytest.raises(BadFile, match=r"쪽\.html: .*글이 들어 있지 않습니다"):
        read(page(tmp_path, "<html><body><script>1</script></body></html>"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(MARKUP),
        max_size=25,
    )
)
def test_no_markup_escapes_as_another_error(tmp_path: Path, parts: list[str]):
    path = page(tmp_path, "<html>" + "".join(parts))
    try:
        blocks = parse(path).blocks
    except BadFile:
        return
    said = "".join(b.text if not isinstance(b, Table) else "".join(c.text for r in b.rows for c in r) for b in blocks)
    assert said.count("글") == parts.count("글")

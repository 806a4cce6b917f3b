"""Saved pages in the manner of Korean offices: what they say goes in, what stands on every page does not."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.blocks import said

pytest.importorskip("lxml", reason="lxml (the extra docs) is not installed")

from mundap.errors import BadFile
from mundap.ingest.blocks import Cell, Heading, Paragraph, Table
from mundap.ingest.grid import row_spans, spoken
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
def test_a_notice_goes_in_and_the_site_around_it_does_not(tmp_path: Path, charset: str) -> None:
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


def test_a_sheet_that_is_html_goes_in_as_its_table(tmp_path: Path) -> None:
    text = (
        "<html><body><table><tr><td>품목</td><td>수량</td></tr><tr><td>연필</td><td>3</td></tr></table></body></html>"
    )
    path = page(tmp_path, text, "내보내기.xls", "cp949")
    assert read(path).document.text == "품목: 연필\n수량: 3"


def test_headings_and_code_keep_their_form(tmp_path: Path) -> None:
    text = "<title>안내</title><h1>안내</h1><h2>설치</h2><pre>a\n  b</pre><p>끝<b>이</b>다.</p>"
    parsed = parse(page(tmp_path, text))
    assert parsed.blocks == (Heading("안내", 1), Heading("설치", 2), Paragraph("a\n  b"), Paragraph("끝이다."))


def test_articles_of_a_law_keep_every_word(tmp_path: Path) -> None:
    body = "".join(f"<p>제{n}조(목적) 이 조는 {n}번째로 정한다.</p>" for n in range(1, 30))
    text = f"<div class='menu'><a href='/'>처음</a></div><div class='lawcon'>{body}</div>"
    found = "\n".join(said(block) for block in parse(page(tmp_path, text)).blocks)
    assert found.split("\n") == [f"제{n}조(목적) 이 조는 {n}번째로 정한다." for n in range(1, 30)]


@pytest.mark.parametrize(
    "text",
    [
        '<div class="accordion"><button>운영 시간은?</button><div style="display:none">9시부터</div></div>',
        '<h3 class="accordion-header"><button aria-controls="s1">운영 시간은?</button></h3><div id="s1" hidden>9시부터</div>',
        '<div class="faq"><p onclick="toggle(1)">운영 시간은?</p><p style="display:none">9시부터</p></div>',
        "<dl><dt><button>운영 시간은?</button></dt><dd style='display:none'>9시부터</dd></dl>",
    ],
)
def test_an_answer_without_a_sentence_opens_too_and_its_button_is_the_question(tmp_path: Path, text: str) -> None:
    document = read(page(tmp_path, f"<p>안내입니다.</p>{text}")).document
    said = " ".join(f"{s.heading} {document.text[s.start : s.end]}" for s in document.sections)
    assert " ".join(said.replace(":", " ").split()) == "안내입니다. 운영 시간은? 9시부터"


def test_a_tab_that_is_not_shown_first_is_read_and_a_layer_without_a_sentence_is_not(tmp_path: Path) -> None:
    text = (
        "<ul><li><a href='#t1'>주차</a></li><li><a href='#t2'>시설</a></li></ul><div id=t1>승용차 1,000원</div>"
        "<div id=t2 style='display:none'>강당 50,000원</div><div class=popup-layer style='display:none'>오늘 하루 열지 않기</div>"
    )
    assert (
        read(page(tmp_path, f"<p>요금 안내입니다.</p>{text}")).document.text
        == "요금 안내입니다.\n승용차 1,000원\n강당 50,000원"
    )


def test_answers_that_open_at_a_click_are_read(tmp_path: Path) -> None:
    text = "<p>환불은 언제 되나요?</p><div style='display:none'>사흘 안에 됩니다.</div><div hidden>메뉴 열기</div>"
    found = parse(page(tmp_path, text)).blocks
    assert found == (Paragraph("환불은 언제 되나요?"), Paragraph("사흘 안에 됩니다."))


def test_a_web_archive_is_the_page_in_it(tmp_path: Path) -> None:
    text = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>보관한 글</p>\r\n--b--\r\n"
    )
    assert parse(page(tmp_path, text, "쪽.mht")).blocks == (Paragraph("보관한 글"),)


def test_a_page_without_text_is_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"쪽\.html: .*읽을 수 있는 텍스트가 없습니다"):
        read(page(tmp_path, "<html><body><script>1</script></body></html>"))


@settings(
    max_examples=2 * settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(
        st.sampled_from(MARKUP),
        max_size=25,
    )
)
@example(["\0", "글", "\0", "<table>"])  # as many NULs as UTF-16 would have
def test_no_markup_escapes_as_another_error(tmp_path: Path, parts: list[str]) -> None:
    path = page(tmp_path, "<html>" + "".join(parts))
    try:
        blocks = parse(path).blocks
    except BadFile:
        return
    said = "".join(b.text if not isinstance(b, Table) else "".join(c.text for r in b.rows for c in r) for b in blocks)
    assert said.count("글") == parts.count("글")


def kept(folder: Path, body: str) -> list[str]:
    return [block.text for block in parse(page(folder, f"<body>{body}</body>")).blocks if not isinstance(block, Table)]


def test_code_is_kept_whole_though_its_comments_are_named_like_those_of_readers(tmp_path: Path) -> None:
    code = "<pre><code><span class='comment'>// 결과: 3</span>\nprint(1 + 2)</code></pre>"
    assert kept(tmp_path, f"<p>더하는 법입니다.</p>{code}") == ["더하는 법입니다.", "// 결과: 3\nprint(1 + 2)"]


@pytest.mark.parametrize(
    "menu",
    [
        "<table><tr><td><b>알림</b></td></tr>"
        + "".join(f"<tr><td><a href='/{n}'>공지 게시판{n}</a></td></tr>" for n in range(5))
        + "</table>",
        "<div><a href='#'>추천</a> <a href='#'>인용</a> <a href='#none'>신고하기</a></div>",
        "<div>홈 &gt; 알림마당 &gt; 공지사항</div>",
        "<div>이전글 : <a href='?2'>대형폐기물 수거일이 바뀝니다</a></div>",
        "<p>Copyright ⓒ 한빛구청. All rights reserved.</p>",
        "<div>오늘 12 / 전체 30,221</div>",
        "<div><p>이 페이지의 정보에 만족하십니까?</p></div>",
        "<div><h4>관련기사</h4><ul><li><a href='/1'>일회용컵 사용량이 3년 만에 가장 많아졌다</a></li></ul></div>",
        "<table><tr><th>번호</th><th>제목</th><th>날짜</th></tr><tr><td>1</td><td><a href='/1'>글</a></td><td>1-2</td></tr></table>",
    ],
)
def test_what_stands_on_every_page_is_left_out(tmp_path: Path, menu: str) -> None:
    text = "공영주차장 요금을 다음과 같이 알립니다. 많은 이용 바랍니다. " * 4
    found = parse(page(tmp_path, f"<body><div><p>{text}</p></div>{menu}</body>"))
    assert found.blocks == (Paragraph(text.strip()),)


@pytest.mark.parametrize(
    "part",
    [
        "<ul><li><a href='/a.hwp'>신청서</a></li><li><a href='/b.hwp'>위임장</a></li><li><a href='/c.pdf'>동의서</a></li>"
        "<li><a href='/d.xlsx'>명세서</a></li></ul>",
        "<div><a href='#'>환불은 언제 되나요?</a><a href='#'>어디에 묻나요?</a></div>",
        "<p>이전 글에서 밝힌 대로 요금은 그대로입니다.</p>",
        "<p>저작권자가 무단으로 쓴 이를 찾는다.</p>",
    ],
)
def test_what_only_looks_like_it_stays(tmp_path: Path, part: str) -> None:
    text = "공영주차장 요금을 다음과 같이 알립니다. 많은 이용 바랍니다. " * 4
    assert len(parse(page(tmp_path, f"<body><p>{text}</p>{part}</body>")).blocks) > 1


def test_a_heading_above_the_main_part_is_kept(tmp_path: Path) -> None:
    text = "내년 3월부터 보증금을 낸다고 밝혔다. " * 12
    body = f"<div class='top'><h2>다른 매장에서도 돌려준다</h2><i>기자</i></div><div><article><p>{text}</p></article></div>"
    assert kept(tmp_path, body) == ["다른 매장에서도 돌려준다", text.strip()]


def test_a_question_and_its_answer_are_two_lines(tmp_path: Path) -> None:
    assert kept(tmp_path, "<dl><dt>언제 되나요?</dt><dd>사흘 안에 됩니다.</dd></dl>") == [
        "언제 되나요?\n사흘 안에 됩니다."
    ]


def test_a_form_names_its_rows_and_says_each_value_once(tmp_path: Path) -> None:
    text = (
        "<table><tr><th>제목</th><td colspan=3>휴대품은 몇 병까지 되나요?</td></tr>"
        "<tr><th>작성일</th><td>2023-08-17</td><th>처리</th><td>완료</td></tr></table>"
    )
    document = read(page(tmp_path, text)).document
    assert document.text.split("\n")[2:] == [
        "| 제목 | 휴대품은 몇 병까지 되나요? |",
        "| 작성일 | 2023-08-17 |",
        "| 처리 | 완료 |",
    ]
    assert spoken(document.text, row_spans(document.text)) == (
        "제목: 휴대품은 몇 병까지 되나요?\n작성일: 2023-08-17\n처리: 완료"
    )


@pytest.mark.parametrize("header", ["From", "Content-Type", "Content-Transfer-Encoding", "Subject", "Content-Location"])
def test_brackets_within_brackets_in_a_web_archive_are_no_error(tmp_path: Path, header: str) -> None:
    head = f"{header}: {'(' * 3000}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>보관한 글</p>"
    with suppress(BadFile):
        assert parse(page(tmp_path, head, "쪽.mht")).blocks == (Paragraph("보관한 글"),)


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ('{"@type": "NewsArticle", "datePublished": "2024-03-05T09:00:00+09:00"}', "2024-03-05"),
        ('{"datePublished": "2024-03-05", "dateModified": "2025-01-31"}', "2025-01-31"),
        ('{"@graph": [{"@type": "WebSite"}, "x", {"dateModified": "20250131"}]}', "2025-01-31"),
        ('[{"dateModified": 2025}, {"datePublished": "2024-03-05"}]', "2024-03-05"),
        ('{"dateModified": "2025-13-01"}', ""),
        ('{"dateModified": ["2025-01-01"]}', ""),
        ('{"dateModified": ', ""),
        ('"2025-01-01"', ""),
        pytest.param("[" * 100_000, "", id="deep"),
    ],
)
def test_a_page_is_dated_as_its_linked_data_says(tmp_path: Path, said: str, date: str) -> None:
    data = f'<script type="application/ld+json">{said}</script>'
    text = f"<html><head>{data}</head><body><h1>안내</h1><p>접수는 매일 9시부터 18시까지입니다.</p></body></html>"
    assert parse(page(tmp_path, text)).date == date

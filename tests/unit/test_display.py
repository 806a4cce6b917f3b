"""What a reader is shown of a sentence: its words, without marks that are not for readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.display import shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # Markdown
        ("## 제2장 휴가", "제2장 휴가"),
        ("### 신청 방법 ###", "신청 방법"),
        ("**①** 사용자는 휴게시간을 주어야 한다.", "① 사용자는 휴게시간을 주어야 한다."),
        ("요금은**3만원**입니다. *단*, 학생은 __무료__입니다.", "요금은3만원입니다. 단, 학생은 무료입니다."),
        ("**접수 기간: 3월 2일", "접수 기간: 3월 2일"),
        ("> > 인용한 말입니다.", "인용한 말입니다."),
        ("`문답 켜기`를 누릅니다.", "문답 켜기를 누릅니다."),
        ("  3\\. 사본 1부", "3. 사본 1부"),
        ("파일\\_이름과 \\[별지\\] 3 \\* 4", "파일_이름과 [별지] 3 * 4"),
        ("[민원24](https://example.kr/a_(b)?c=1 '누리집')에서 신청", "민원24에서 신청"),
        ("[서식](별지.hwp)을 쓴다. <https://example.kr/a>", "서식을 쓴다. https://example.kr/a"),
        ("| 연차 | 15일 | |", "연차, 15일"),
        ("|---|:--|", ""),
        ("┌───┬───┐\n│ 연차 │ 15일 │\n└───┴───┘", "연차, 15일"),
        ("- [x] 여권 사본", "- 여권 사본"),
        ("~~어제~~ 오늘", "어제 오늘"),
        # HTML
        ("A&amp;B &lt;개정 2019. 3. 1.&gt; 값은 1&nbsp;000원<br/>이다.", "A&B 값은 1 000원 이다."),
        ('<p class="a"><b>전화</b>로 문의</p>', "전화로 문의"),
        ("면적 85m<sup>2</sup> 이하<sup>3)</sup>의 주택<sup>12</sup>", "면적 85m² 이하의 주택"),
        # editors' notes
        ("허가를 받아야 한다. <개정 2018. 10. 16., 2020.5.26>", "허가를 받아야 한다."),
        ("신고한다. ‹신설 2020. 1. 1.›", "신고한다."),
        ("7. 삭제 <2022.1.11>", "7. 삭제"),
        ("시행한다. <단서 생략> [본조신설 2007. 4. 11.] [전문개정 2010.1.1]", "시행한다."),
        ("신고한다. [제12조에서 이동, 종전 제13조는 제14조로 이동 <2020.5.26>]", "신고한다."),
        ("정한다. [제목개정 2015. 2. 3.][시행일: 2025. 2. 23.]", "정한다."),
        ("부칙 <제17470호, 2020.7.31>", "부칙"),
        # footnote marks
        ("면제한다[3].", "면제한다."),
        ("관세[12][13]는 세금[4, 5]이다 [6].", "관세는 세금이다."),
        ("끝났다.[3]다음 해에 시작했다.", "끝났다. 다음 해에 시작했다."),
        ("[1] 통계청 자료", "통계청 자료"),
        ("[^2]: 부가세 포함", "부가세 포함"),
        ("감면 대상1)은 학생*이다.", "감면 대상은 학생이다."),
        ("보증금² 및 월세(주1)", "보증금 및 월세"),
        ("* 주말은 쉽니다.", "주말은 쉽니다."),
        ("*표시는 필수입니다.", "표시는 필수입니다."),
    ],
)
def test_marks_that_are_not_for_readers_are_left_out(text: str, said: str) -> None:
    assert shown(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "1. 주류 : 2병(2ℓ, 400달러 이하)",
        "가. 「관세법」 제96조제1항에 따른 물품",
        "① 제3조(별표1)은 적용하지 아니한다.",
        "2) 신분증(사본 1)",
        "- 점검 시간 (23:30 ~ 00:30)",
        "※ 만 19세 미만은 제외",
        "전화 [4번 기타문의 → 3번 실명인증]",
        "[별표 1]에 따른다. [서식 2]",
        "<골 때리는 여자들>과 <개정 헌법 해설>",
        "홍*동, 김**, 010-****-1234, 900101-1******",
        "3 * 4 = 12, a < b, x > y",
        "사이트 접속2) 로그인 후 메뉴3) 예약",
        "성명: ____ 서명: ________",
        "my_file_name.txt https://example.kr/_a_/b",
        "`24년 3월부터 `25년까지",
        "<120>까지 생략",
        "[2024] 안내, (주)한국, 1~3년, 10²",
        "금액은 \\10,000 입니다.",
        "전화 02-123-4567 | 팩스 02-123-4568",
        "근로자(파견근로자를 포함한다)[일용직은 제외한다]",
    ],
)
def test_what_is_said_stays(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("text", ["[본조신설 2020. 1. 1.]", "<개정 2011.7.4>", "[시행일 2021. 1. 1.][3]"])
def test_a_note_that_stands_alone_is_what_is_said(text: str) -> None:
    assert shown(text) == text.removesuffix("[3]")


def test_lines_stay_lines() -> None:
    assert shown("**요금**\n\n  1\\. 어른   500원\n---\n") == "요금\n1. 어른 500원"


PARTS = st.sampled_from(
    "가나다. |는 | |\n|**|*|_|__|`|\\|[|]|[3]|(|)|1)|3\\.|#|# |> |<|>|<개정 2020. 1. 1.>|[본조신설 2007.1.1]|&lt;|&amp;|"
    "&gt;|<b>|</b>|<br>|[a](http://b)|~~|①|「관세법」|홍*동|†|²|| - |---|.|,|:|5".split("|")
)
TEXTS = st.one_of(st.lists(PARTS, max_size=14).map("".join), st.text(st.characters(codec="utf-8"), max_size=60))


@given(TEXTS)
def test_what_is_shown_is_shown_again_as_it_is(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@given(TEXTS)
def test_a_text_with_hangul_is_never_shown_empty(text: str) -> None:
    assert shown("세금은 " + text + " 낸다").startswith("세금")
    if any("가" <= character <= "힣" for character in text):
        assert shown(text)


@given(TEXTS)
def test_nothing_that_is_shown_looks_like_a_mark_of_a_citation(text: str) -> None:
    assert not any(f"[{n}]" in shown(text) for n in range(20))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "**a",
        "[",
        "[a](",
        "<",
        "<b",
        "&lt;",
        "\\",
        "# ",
        "> ",
        "_",
        "`",
        "|",
        "[3]",
        " ",
        "-",
        "─",
        "| -",
        "=",
        "1)",
        "<개정 ",
        "다.[",
    ],
)
def test_ten_thousand_marks_take_no_hour(unit: str) -> None:
    shown((unit * 10_000)[:10_000] + "끝")

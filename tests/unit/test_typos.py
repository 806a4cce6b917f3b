"""Typos and the other keyboard layout: put right only towards words of the index, and only beyond doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.postings import Postings
from mundap.ingest.readers import read
from mundap.korean.hangul import from_keys, near, to_keys
from mundap.korean.tokens import SearchTokenizer
from mundap.korean.typos import Mended, mended
from mundap.workspace.mending import notice

Mend = Callable[[str], str]
HANGUL = st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)


def mend_with(texts: Sequence[str]) -> Mend:
    postings = Postings.build(SearchTokenizer()(texts), 0.9, 0.6)
    return lambda question: mended(question, lambda tokens: postings.holders(tokens).tolist()).text


@pytest.fixture(scope="module")
def garden() -> Mend:
    return mend_with(
        [
            "정기주차 신청은 관리사무소에서 합니다. 주차장 이용 요금을 냅니다.",
            "주차장은 밤 11시에 닫습니다. 방문차량은 주차장 입구에서 등록합니다.",
            "주차장 이용 요금은 월 3만 원입니다. 관리사무소 전화는 없습니다.",
            "관리사무소는 9시에 엽니다. 쓰레기 배출은 화요일입니다. FAX로도 신청합니다.",
        ]
    )


@pytest.fixture(scope="module")
def customs(shared_data: Path) -> Mend:
    return mend_with(_passages(shared_data / "customs" / "customs_qa.xlsx"))


def _passages(sheet: Path) -> list[str]:
    document = read(sheet, sheet.name).document
    return [document.text[section.start : section.end] for section in document.sections]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("주챠장 요금", "주차장 요금"),
        ("괸리사무소 전화", "관리사무소 전화"),
        ("쓰래기 배출", "쓰레기 배출"),
        ("wnckwkd dyrma", "주차장 요금"),
        ("rhksfltkanthsms 몇 시", "관리사무소는 몇 시"),
        ("rhksfltkanth 전화", "관리사무소 전화"),
        ("주ㅊㅏ장 요금", "주차장 요금"),
        ("ㄹㅁㅌ 신청", "FAX 신청"),
    ],
)
def test_what_is_mistyped_is_put_right(garden: Mend, typed: str, meant: str) -> None:
    assert garden(typed) == meant


@pytest.mark.parametrize(
    "question",
    [
        "주차장 요금은 얼마인가요?",
        "주차장에서 세차해도 되나요?",
        "김철수 소장은 누구인가요?",
        "에어팟 수리",
        "엘리베이터 점검",
        "airpods manual",
        "ㅋㅋㅋ",
        "ㅠㅠ 요금",
        "주말에도 여나요?",
        "",
        "?",
    ],
)
def test_everything_else_stays_as_it_is_typed(garden: Mend, question: str) -> None:
    assert garden(question) == question


def test_nothing_is_put_right_towards_an_empty_index() -> None:
    mend = mend_with([])
    assert mend("주챠장 wnckwkd") == "주챠장 wnckwkd"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("먼세한도 알려줘", "면세한도 알려줘"),
        ("관새 납부 기한", "관세 납부 기한"),
        ("통곤 절차", "통관 절차"),
        ("휴데품 신고", "휴대품 신고"),
        ("수입싱고 방법", "수입신고 방법"),
        ("전자담베 면세", "전자담배 면세"),
        ("원산지증멍서 제출", "원산지증명서 제출"),
        ("세관신거서", "세관신고서"),
        ("자신신고 혜택", "자진신고 혜택"),
        ("rodlsxhdrhksrhdbqngh 발급", "개인통관고유부호 발급"),
        ("rhkstpsms djswp soskdy?", "관세는 언제 내나요?"),
        ("과ㄴ세 납부", "관세 납부"),
    ],
)
def test_mistyped_words_of_customs(customs: Mend, typed: str, meant: str) -> None:
    assert customs(typed) == meant


@pytest.mark.parametrize(
    "question",
    "에어팟 통관 되나요|샴푸 통관|피자 통관|갤럭시 수입|이사짐 통관|어뢰 수출|무엇을 기입해야 되나요?|방시혁 앨범 통관".split(
        "|"
    ),
)
def test_words_that_the_sheet_lacks_become_no_others(customs: Mend, question: str) -> None:
    assert customs(question) == question


@pytest.mark.slow
def test_hardly_a_recorded_question_is_changed(customs: Mend, shared_data: Path) -> None:
    sheet = shared_data / "customs" / "customs_qa.xlsx"
    questions = [known.question for known in read(sheet, sheet.name).document.questions][::5]
    assert sum(customs(question) != question for question in questions) <= len(questions) // 100


def test_the_notice_has_the_right_particle() -> None:
    assert notice(Mended("면세한도 알려줘", ("면세한도",)), "ko") == "‘면세한도’로 검색했습니다."
    assert notice(Mended("통관", ("통관",)), "ko") == "‘통관’으로 검색했습니다."
    assert notice(Mended("휴일 세관", ("휴일",)), "ko") == "‘휴일’로 검색했습니다."
    assert notice(Mended("관세 통관", ("관세", "통관")), "ko") == "‘관세’, ‘통관’으로 검색했습니다."
    assert notice(Mended("통관", ("통관",)), "en") == "Searched for “통관”."
    assert notice(Mended("통관"), "ko") == ""


@given(HANGUL)
def test_hangul_is_what_its_keys_write(text: str) -> None:
    assert from_keys(to_keys(text)) == text


@given(st.text(max_size=20))
def test_keys_write_whole_syllables_or_nothing(keys: str) -> None:
    assert all("가" <= syllable <= "힣" for syllable in from_keys(keys))


def test_near_syllables_differ_in_one_letter() -> None:
    found = set(near("먼"))
    assert {"면", "번", "머", "멀"} <= found
    assert "먼" not in found
    assert len(found) == 18 + 20 + 27

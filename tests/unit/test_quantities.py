from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.quantities import quantities
from mundap.korean.widths import plain


def said(text: str) -> list[tuple[str, Decimal | int, str]]:
    return [(text[q.start : q.end], q.value, q.unit) for q in quantities(text)]


def values(text: str) -> list[tuple[Decimal | int, str]]:
    return [(q.value, q.unit) for q in quantities(text)]


@pytest.mark.parametrize(
    ("forms", "value", "unit"),
    [
        (
            "1만 달러|10,000달러|10000 USD|$10,000|만불|미화 1만불|USD 10,000|US$10,000|＄１０，０００|미국 달러 1만|일만 달러",
            "10000",
            "USD",
        ),
        ("1천만원|10,000,000원|천만 원|￦10,000,000|KRW 10,000,000|1,000만원|10000천원", "10000000", "KRW"),
        ("3만 5천원|35,000원|삼만 오천 원|3만5천 원", "35000", "KRW"),
        ("1억 2,000만원|120,000,000원|1.2억 원|일억 이천만 원", "120000000", "KRW"),
        ("500유로|EUR 500|€500|오백 유로", "500", "EUR"),
        ("100 홍콩달러|HKD 100|HK$100", "100", "HKD"),
        ("2L|2리터|2ℓ|두 리터|2,000ml|2000㎖|2 리터", "2", "L"),
        ("60ml|60㎖|60미리|60 미리|60밀리리터|60 mL|60cc|６０ｍｌ", "0.06", "L"),
        ("5kg|5킬로|5키로|5㎏|5킬로그램|5,000g|오 킬로그램|5 KG", "5", "kg"),
        ("10%|10퍼센트|10프로|１０％|십 퍼센트|100분의 10", "10", "%"),
        ("한 병|1병|한병|1 병", "1", "병"),
        ("두 갑|2갑|두갑", "2", "갑"),
        ("열두 개|12개|십이 개", "12", "개"),
        ("3명|세 명|세 사람|3인", "3", "명"),
        ("2주|14일|두 주|2주일|십사 일|2주간", "14", "일"),
        ("15일|보름", "15", "일"),
        ("29일|스물아홉 날", "29", "일"),
        ("7일|이레|일곱 날", "7", "일"),
        ("5영업일|5 영업일|5근무일", "5", "영업일"),
        ("3팀|세 팀", "3", "팀"),
        ("1년|12개월|일년|열두 달", "12", "개월"),
        ("90분|1.5시간|5400초", "5400", "초"),
        ("60㎡|60제곱미터|60 m²|60평방미터", "60", "m2"),
        ("만 19세|19살|열아홉 살", "19", "세"),
    ],
)
def test_what_is_written_differently_is_one_quantity(forms: str, value: str, unit: str) -> None:
    for form in forms.split("|"):
        assert (Decimal(value), unit) in values(f"현재 {form} 이하"), form


def test_a_limit_of_several_parts() -> None:
    text = "주류 2병(합산 2ℓ, 미화 400달러 이하), 담배 200개비, 향수 １００㎖"
    assert said(text) == [
        ("2병", 2, "병"),
        ("2ℓ", 2, "L"),
        ("미화 400달러", 400, "USD"),
        ("200개비", 200, "개비"),
        ("１００㎖", Decimal("0.1"), "L"),
    ]
    assert [q.kind for q in quantities(text)] == ["count", "volume", "money", "count", "volume"]


def test_both_ends_of_a_range() -> None:
    assert said("100~200달러") == [("100", 100, "USD"), ("200달러", 200, "USD")]
    assert said("5~10만 원") == [("5", 50_000, "KRW"), ("10만 원", 100_000, "KRW")]
    assert said("2-3일") == [("2", 2, "일"), ("3일", 3, "일")]
    assert said("만 5천원") == [("만 5천원", 15_000, "KRW")]
    assert said("20만~30만원") == [("20만", 200_000, "KRW"), ("30만원", 300_000, "KRW")]


@pytest.mark.parametrize(
    "text",
    "2024년 3월 15일|24년 3월|2024년도|제3조 제2항|두 번째|3분의 1|2분기|수만원|수 만 원|10여 명|한두 병|02-123-4567"
    "|아이폰 15 프로|아이폰15프로|20대 남성|만일 시간이 없으면|조건|관세 개정|세대 교체|한번 더|궁금한 점이|사건|이불|이 병은|사유로|"
    "이유로|천명하다|50,000원칙|2회원|1프로그램|한 개인 사업자|10 대 1|3초과|2 병원|5이불|급한 일|천장|주식|제 1 원칙|5㎧|60km/h".split(
        "|"
    ),
)
def test_dates_names_and_vague_numbers_are_none(text: str) -> None:
    assert said(text) == []


def test_squared_characters_keep_their_places() -> None:
    text = "가 ㎖ ５００㎖를 나"
    assert said(text) == [("５００㎖", Decimal("0.5"), "L")]


@given(st.integers(1, 10**12 - 1))
def test_every_way_to_write_an_amount_says_it(number: int) -> None:
    scaled = "".join(
        f"{part}{name}" for name, scale in (("억", 10**8), ("만", 10**4), ("", 1)) if (part := number // scale % 10**4)
    )
    for form in (
        f"{number}원",
        f"{number:,}원",
        f"{number:,} KRW",
        f"￦{number:,}",
        f"{scaled}원",
        f"한화 {scaled} 원",
    ):
        assert [(q.value, q.unit) for q in quantities(form)] == [(Decimal(number), "KRW")], form


@given(st.text(alphabet="0123456789,.-~ 만천백억일이삼한두세원달러불병개%LmlkgＫ１㎖㎏년월제", max_size=40))
def test_spans_are_in_order_and_apart(text: str) -> None:
    found = quantities(text)
    assert all(0 <= q.start < q.end <= len(text) and q.value >= 0 for q in found)
    assert all(left.end <= right.start for left, right in pairwise(found))


@given(st.text(max_size=50))
def test_plain_twice_is_plain_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)

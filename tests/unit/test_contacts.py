"""Whose number is asked for, and whether a text gives that one, in the layouts in which contacts are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.contacts import Contact, contact_asked, gives_contact


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("가람병원 전화번호", "가람병원"),
        ("가람병원 전화 번호", "가람병원"),
        ("가람병원전화번호", "가람병원"),
        ("가람병원의 대표 전화번호가 뭐예요?", "가람병원"),
        ("가람병원은 전화번호가 어떻게 되나요?", "가람병원"),
        ("가람병원에 전화하려면 몇 번으로 걸어야 하나요?", "가람병원"),
        ("가람병원 고객센터 번호 알려 주세요", "가람병원"),
        ("솔빛공단 강남지사 연락처 좀", "솔빛공단 강남지사"),
        ("나래시청 교통과 전화번호", "나래시청 교통과"),
        ("나래시청의 교통과 연락처가 뭔가요?", "나래시청 교통과"),
        ("여권 발급 문의 어디로 전화하나요?", "여권 발급"),
    ],
)
def test_whose_contact_is_asked_for(question: str, name: str) -> None:
    assert contact_asked(question) == Contact(name)


@pytest.mark.parametrize(
    "question",
    [
        "대표 전화번호가 뭐예요?",
        "휴대전화번호",
        "직접 연락할 수 있는 담당 전화번호 알려주세요",
        "환급은 며칠 걸리나요?",
    ],
)
def test_a_question_that_names_nobody(question: str) -> None:
    assert contact_asked(question) is None


def test_the_channel_that_is_asked_for() -> None:
    assert contact_asked("나래시청 교통과 팩스 번호") == Contact("나래시청 교통과", "fax")
    assert contact_asked("솔빛공단 이메일 주소가 어떻게 되나요?") == Contact("솔빛공단", "mail")


HOSPITAL = Contact("가람병원")


@pytest.mark.parametrize(
    "text",
    [
        "가람병원 02-123-4567",
        "가람병원(02-123-4567)",
        "가람병원 ☎ 02)123-4567",
        "가람병원의 대표번호는 1588-1300입니다.",
        "문의는 가람병원 국번없이 125로 하시면 됩니다.",
        "가람병원 고객지원센터 125로 문의",
        "가람병원 고객상담실(국번 없이 ☎1577)으로 문의한다.",
        "나래의원 02-111-2222, 가람병원 02-123-4567, 다온약국 02-333-4444",
        "나래의원(1588-1300), 가람병원(032-745-9747), 다온약국(055-371-0157)",
        "의뢰 기관(가람병원 고객센터 125, 나래의원, 각 보건소)",
        "- 가람병원 대표전화 031) 745-9747",
        "가람병원으로 문의하세요(☎ 02-123-4567).",
        "가람병원 (서울특별시 나래구 하늘로 17, 02-123-4567)",
        "가람병원 (서울 나래구 하늘로 17, 02-123-4567)",
        "125(가람병원 고객지원센터)로 전화하면 된다.",
        "구분: 의료, 기관명: 가람병원, 전화번호: 031-111-2222, 비고: 24시간",
        "기관명: 가람병원\n주소: 가람시 나래로 1\n대표전화: 031-111-2222",
        "기관: 가람병원, 비상 연락처: 119",
        "가람병원: 02-123-4567",
        "가람병원, 전화: 02-123-4567, 팩스: 02-123-4568",
    ],
)
def test_a_number_that_stands_with_the_name(text: str) -> None:
    assert gives_contact(text, HOSPITAL)


@pytest.mark.parametrize(
    "text",
    [
        "나래의원 02-111-2222",
        "가람병원에서 서류를 받아 나래의원 02-111-2222로 문의한다.",
        "가람병원, 나래의원 02-111-2222",
        "가람병원 원무과 02-123-4567",
        "가람병원(원무과, 02-123-4567)",
        "새가람병원 02-111-2222",
        "가람병원은 125명이 일한다.",
        "가람병원 팩스 02-123-4568",
        "가람병원은 누구나 찾을 수 있다.",
        "기관명: 나래의원, 위치: 가람병원 옆, 전화번호: 031-111-2222",
        "기관명: 나래의원, 상위기관: 가람병원, 전화번호: 031-111-2222",
        "기관: 가람병원, 부서: 원무과, 전화번호: 031-111-2222",
        "병원명: 가람병원, 원무과: 02-1234-5678",
    ],
)
def test_a_number_of_somebody_else_or_of_a_part_that_was_not_named(text: str) -> None:
    assert not gives_contact(text, HOSPITAL)


@pytest.mark.parametrize(
    ("text", "above", "expected"),
    [
        ("전화: 02-123-4567", ["가람병원"], True),
        ("- 대표번호 02-123-4567", ["가람병원 연락처는 다음과 같다."], True),
        ("☎ 02-123-4567", ["오시는 길", "가람병원 안내"], True),
        ("02-123-4567입니다.", ["가람병원 전화번호가 뭔가요?"], True),
        ("전화: 02-123-4567", ["나래의원", "가람병원"], False),
        ("전화: 02-123-4567", ["가람병원 원무과"], False),
        ("전화: 02-123-4567", ["가람병원 옆 나래약국"], False),
        ("원무과: 02-123-4567", ["가람병원"], False),
        ("부서: 원무과, 전화번호: 02-123-4567", ["가람병원 부서별 연락처"], False),
        ("국번없이 125", [], False),
    ],
)
def test_a_number_below_a_name(text: str, above: list[str], expected: bool) -> None:
    assert gives_contact(text, HOSPITAL, above) is expected


@pytest.mark.parametrize(
    ("text", "above", "expected"),
    [
        ("나래시청 교통과 02-123-4567", [], True),
        ("나래시청(교통과 02-123-4567)", [], True),
        ("부서: 교통과, 담당자: 김하늘, 전화번호: 02-123-4567", ["나래시청 부서별 연락처"], True),
        ("부서: 교통과, 전화번호: 02-123-4567", ["나래시청 부서별 연락처"], True),
        ("기관: 나래시청, 부서: 교통과, 전화번호: 02-123-4567", [], True),
        ("교통과: 02-123-4567", ["나래시청"], True),
        ("담당부서: 교통과, 업무: 주차 단속, 전화번호: 4567", ["나래시청 업무 안내"], True),
        ("부서: 교통과, 전화번호: 02-123-4567", ["다온시청 부서별 연락처"], False),
        ("다온시 교통과 02-123-4567", ["나래시청 소식"], False),
        ("나래시청 총무과 02-123-4567", [], False),
    ],
)
def test_a_part_that_was_named(text: str, above: list[str], expected: bool) -> None:
    assert gives_contact(text, Contact("나래시청 교통과"), above) is expected


def test_each_channel_by_its_own_number() -> None:
    text = "솔빛공단 전화 02-123-4567, 팩스 02-123-4568, 이메일 help@solbit.or.kr"
    assert gives_contact(text, Contact("솔빛공단"))
    assert gives_contact(text, Contact("솔빛공단", "fax"))
    assert gives_contact(text, Contact("솔빛공단", "mail"))
    assert not gives_contact("솔빛공단 02-123-4567", Contact("솔빛공단", "mail"))
    assert not gives_contact("솔빛공단 02-123-4567", Contact("솔빛공단", "fax"))
    assert not gives_contact("솔빛공단 누리집 solbit.or.kr", Contact("솔빛공단", "mail"))


SYLLABLES = st.sampled_from("가나다라마바사아자차카타파하솔빛늘샘")
NAMES = st.builds(
    lambda first, second, kind: first + second + kind,
    SYLLABLES,
    SYLLABLES,
    st.sampled_from(["병원", "시청", "학교", "공단"]),
)
NUMBERS = st.sampled_from(
    ["02-123-4567", "(031) 745-9747", "1588-1300", "국번없이 125", "032)720-7400", "☎ 1577-0990", "070-1234-5678"]
)
LAYOUTS = st.sampled_from(
    ["{} {}", "{}({})", "{}: {}", "{} 고객센터 {}", "{}, 전화 {}", "{}의 대표번호 {}", "{} (☎{})"]
)


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True), NUMBERS, LAYOUTS, st.sampled_from([", ", " / ", "\n"]))
def test_each_of_a_line_of_bodies_has_its_own_number(names: list[str], number: str, layout: str, between: str) -> None:
    for name in names:
        others = [layout.format(other, number) for other in names if other != name]
        assert not gives_contact(between.join([f"{name} 안내문", *others]), Contact(name))
        assert gives_contact(between.join([*others, layout.format(name, number)]), Contact(name))
        assert gives_contact(between.join([layout.format(name, number), *others]), Contact(name))


@given(st.text(max_size=200), st.text(min_size=1, max_size=20).filter(str.strip))
def test_any_text_is_read(text: str, name: str) -> None:
    assert gives_contact(text, Contact(name), [text]) in (True, False)

"""What documents may be called: whole names, their last words, and names that are no documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.retrieve.document_names import KINDS, is_document, key, names

GUIDE = tuple(
    f"여행자 휴대품 통관 길라잡이, {title}, page: {page}" for title, page in [("담배의 면세 기준은?", 4), ("술은?", 14)]
)
RULES = (
    "이사물품 통관에 관한 고시_제3조, 기간의 계산",
    "이사물품 통관에 관한 고시_별표 1, 목록",
    "특송물품 통관에 관한 고시_제8조, 구분",
)
KNOWN = names(
    (
        *GUIDE,
        *RULES,
        "1. (홈페이지)★ 질의응답 셋, 2021년 관세행정 상담사례집, page: 22",
        "(해외직구)특송화물 Q&A(개정판)",
        "규정.v2.pdf",
    )
)


@pytest.mark.parametrize(
    ("words", "sources"),
    [
        ("여행자 휴대품 통관 길라잡이", GUIDE),
        ("여행자휴대품 통관길라잡이", GUIDE),
        ("「여행자 휴대품 통관 길라잡이」", GUIDE),
        ("휴대품 통관 길라잡이", GUIDE),  # the last words of one document only
        (GUIDE[1], GUIDE[1:]),
        ("이사물품 통관에 관한 고시", RULES[:2]),
        ("(해외직구)특송화물 Q&A(개정판)", ("(해외직구)특송화물 Q&A(개정판)",)),
        ("특송화물 q&a", ("(해외직구)특송화물 Q&A(개정판)",)),
        ("2021년 관세행정 상담사례집", ("1. (홈페이지)★ 질의응답 셋, 2021년 관세행정 상담사례집, page: 22",)),
        ("규정.v2", ("규정.v2.pdf",)),
        ("통관에 관한 고시", ()),  # of two documents
        ("길라잡이", ()),  # too short to be sure
        ("대품 통관 길라잡이", ()),  # no whole word
        ("여행자 휴대품", ()),
        ("기간의 계산", ()),  # a section heads a page, it is no document
        ("page: 4", ()),
        ("", ()),
    ],
)
def test_a_name_stands_for_all_sources_of_its_document(words: str, sources: tuple[str, ...]) -> None:
    assert KNOWN.named(words) == sources


def test_a_word_inside_one_name_only() -> None:
    assert KNOWN.holding("길라잡이") == GUIDE
    assert KNOWN.holding("고시") == KNOWN.holding("통관") == KNOWN.holding("없는 것") == KNOWN.holding("") == ()


def test_a_kind_by_name_holds_all_documents_of_that_name_and_never_all_there_are() -> None:
    assert KNOWN.of_kind("고시") == RULES
    assert KNOWN.of_kind("회의록") == ()
    assert names(RULES).of_kind("고시") == ()


@pytest.mark.parametrize(
    "name", ["취업규칙", "관세법 시행령", "여비 규정2023", "특송화물 Q&A(개정판)", "2024년 공지사항", "보안 수칙"]
)
def test_names_of_documents(name: str) -> None:
    assert is_document(name)


@pytest.mark.parametrize("name", ["파리", "제2차 세계 대전", "Easy Pass++", "규정 개정", "", "질의응답 셋"])
def test_names_that_may_be_anything(name: str) -> None:
    assert not is_document(name)


def test_kinds_are_told_apart_by_their_letters() -> None:
    assert len({key(name) for name in KINDS}) == len(KINDS)


@given(st.lists(st.text("가나다 ,_()[]「」★.1제조Aa", max_size=15), max_size=6))
def test_every_source_is_found_by_its_own_name(sources: list[str]) -> None:
    known = names(tuple(sources))
    for source in sources:
        if len(key(source)) >= 2:
            assert source in known.named(source)
        known.holding(source)
        known.of_kind(source)

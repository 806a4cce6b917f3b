"""Nouns that name an amount."""

import pytest

from mundap.korean.measures import measures


@pytest.mark.parametrize(
    "noun", ["연회비", "주차료", "위약금", "이용료", "할인율", "강사비", "상속세율", "체류비용", "벌점금액"]
)
def test_a_noun_that_ends_in_what_is_paid_or_counted_names_an_amount(noun: str) -> None:
    assert measures({noun, "회원"}) == {noun}


@pytest.mark.parametrize("noun", ["자료", "완료", "송금", "준비", "법률", "금액", "날짜", "창구"])
def test_what_only_ends_alike_and_what_every_amount_is_names_none(noun: str) -> None:
    assert measures({noun}) == frozenset()

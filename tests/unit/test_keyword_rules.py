from importlib.resources import as_file, files
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.korean.keyword_rules import extract, read_rules


def test_the_sample_dictionary_gives_the_keywords_of_the_example() -> None:
    with as_file(files("mundap") / "examples/customs-mini/user_dictionary.txt") as words:
        found = extract(["이사화물 통관예약을 하면 뭐가 좋나요?"], words)
    assert found == [["이사화물", "통관", "예약", "장점"]]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("수입신고방법이 궁금합니다", ["수입", "신고"]),
        ("HS코드 변경 시 관세율이 달라지나요?", ["HS코드", "변경", "관세율"]),
        ("담배 200개비를 반입할 때", ["담배", "반입"]),
        ("배송이 얼마나 걸리나요?", ["배송", "기간"]),
        ("노트북을 샀어요", ["노트북", "구매"]),
        ("뭐가 안 좋나요?", ["단점"]),  # the longer row, not 장점 as well
        ("무엇이 좋지 않은가요?", ["단점"]),
        ("언제 가는 게 좋나요?", []),  # nobody asks what is good
        ("안녕하세요", []),
        ("", []),
    ],
)
def test_nouns_come_one_by_one_with_what_the_verb_asks_for(question: str, expected: list[str]) -> None:
    assert extract([question]) == [expected]


def test_a_row_of_ones_own_wins_over_the_package(tmp_path: Path) -> None:
    table = tmp_path / "verbs.tsv"
    table.write_text("# mine\n사다\t매입\n갚다\t상환\n", "utf-8")
    asked = read_rules(table)
    assert extract(["집을 샀어요", "빚을 갚았어요"], asked=asked) == [["집", "매입"], ["빚", "상환"]]


@pytest.mark.parametrize("row", ["좋다 장점", "\t장점", "좋다\t", "좋다\t장점\t나쁨"])
def test_a_broken_row_is_named(tmp_path: Path, row: str) -> None:
    table = tmp_path / "verbs.tsv"
    table.write_text(f"사다\t구매\n{row}\n", "utf-8")
    with pytest.raises(BadFile, match=r"verbs.tsv 2행"):
        read_rules(table)


def test_a_missing_table_says_where_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"\[keywords\] verbs"):
        read_rules(tmp_path / "none.tsv")

"""Everyday words are found in a question however they are inflected, and stand for what documents say."""

from collections import Counter
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.korean.everyday import BOTH, NEAR, NOT, SAME, EverydayWords, Pair, read_pairs, shipped

PAIRS = (
    Pair("짤리다", "해고", SAME),
    Pair("월급", "임금", BOTH),
    Pair("월급", "보수", NEAR),
    Pair("월급 못 받다", "임금체불", SAME),
    Pair("월급명세서", "임금명세서", BOTH),
    Pair("세", "임대차", SAME),
    Pair("개", "동물", SAME),
    Pair("안 주다", "미지급", SAME),
    Pair("봐주다", "부정청탁", SAME),
    Pair("김영란법", "부정청탁 및 금품등 수수의 금지에 관한 법률", BOTH),
)


@pytest.fixture(scope="module")
def find() -> EverydayWords:
    return EverydayWords(PAIRS)


@pytest.mark.parametrize("question", ["어제 짤렸어요", "갑자기 짤리면 어떻게 되나요?", "짤린 직원은요"])
def test_a_verb_is_found_however_it_is_inflected(find: EverydayWords, question: str) -> None:
    assert [(found.asked, found.said) for found in find(question)] == [("짤리다", (("해고", 1.0),))]


def test_what_means_the_same_comes_before_what_is_near(find: EverydayWords) -> None:
    [found] = find("월급은 언제 나오나요?")
    assert [said for said, _ in found.said] == ["임금", "보수"]
    assert found.said[0][1] > found.said[1][1] > 0


def test_one_word_for_another_goes_one_way_unless_it_is_said_to_go_both(find: EverydayWords) -> None:
    assert [found.asked for found in find("임금은 언제 주나요?")] == ["임금"]
    assert find("해고는 언제 되나요?") == ()


def test_words_apart_are_found_with_others_between(find: EverydayWords) -> None:
    asked = [found.asked for found in find("월급을 두 달째 못 받았어요")]
    assert asked == ["월급", "월급 못 받다"]


def test_a_word_within_a_longer_one_is_left_out(find: EverydayWords) -> None:
    assert [found.asked for found in find("월급명세서는 꼭 줘야 하나요?")] == ["월급명세서"]
    assert [found.asked for found in find("월급 명세서요")] == ["월급명세서"]


@pytest.mark.parametrize("question", ["세금은 얼마예요?", "세 개 있어요", "그렇게 안 해 주나요?", "두 개만 되나요?"])
def test_syllables_of_other_words_are_no_words(find: EverydayWords, question: str) -> None:
    assert find(question) == ()


def test_an_auxiliary_belongs_to_its_verb(find: EverydayWords) -> None:
    assert [found.asked for found in find("아는 공무원이 봐줬어요")] == ["봐주다"]


def test_what_the_question_says_itself_is_not_offered(find: EverydayWords) -> None:
    assert [found.said for found in find("월급과 임금은 다른가요?") if found.asked == "월급"] == [(("보수", 0.5),)]


def test_the_full_name_of_a_law_is_found_too(find: EverydayWords) -> None:
    [found] = find("부정청탁 및 금품등 수수의 금지에 관한 법률은 누구에게 적용되나요?")
    assert found.said == (("김영란법", 1.0),)


def test_rows_before_win_over_rows_behind() -> None:
    find = EverydayWords((Pair("월급", "임금", NOT), Pair("월급", "보수", NEAR), Pair("월급", "보수", SAME), *PAIRS))
    [found] = find("월급은요?")
    assert found.said == (("보수", 0.5),)
    assert find("임금은요?") == ()


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    table = tmp_path / "words.tsv"
    table.write_text("# 우리 말\n\n복지몰|복지포인트\t맞춤형복지제도\t>\n대표\t사용자\n", "utf-8")
    assert read_pairs(table) == (
        Pair("복지몰", "맞춤형복지제도", SAME),
        Pair("복지포인트", "맞춤형복지제도", SAME),
        Pair("대표", "사용자", SAME),
    )


@pytest.mark.parametrize("line", ["월급", "월급\t임금\t?", "\t임금", "월급\t임금\t>\t더"])
def test_a_broken_row_is_named(tmp_path: Path, line: str) -> None:
    table = tmp_path / "words.tsv"
    table.write_text(f"월급\t임금\n{line}\n", "utf-8")
    with pytest.raises(BadFile, match=r"2행.*일상어<탭>문서말"):
        read_pairs(table)


def test_the_table_that_ships_says_each_thing_once() -> None:
    pairs = shipped()
    assert len(pairs) > 1500
    assert max(Counter((pair.asked, pair.said) for pair in pairs).values()) == 1
    assert [pair for pair in pairs if "".join(pair.said.split()) in "".join(pair.asked.split())] == []


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("짤렸어요 어떡하죠", "해고"),
        ("알바비를 못 받았어요", "임금"),
        ("김영란법에 걸리나요", "청탁금지법"),
        ("집주인이 방 빼래요", "임대인"),
        ("국과수는 뭐 하는 데예요", "국립과학수사연구원"),
        ("실업급여 며칠 나와요", "구직급여"),
        ("직구한 옷인데요", "해외직접구매"),
        ("출장비를 뻥튀기하면요", "과장"),
        ("공사한다고 미리 안 알려줬어요", "예고"),
        ("관리비를 두 배로 올려 달래요", "증액"),
        ("휴가를 쪼개서 써도 돼요?", "나누어 사용"),
        ("주인 허락 없이 벽을 뚫었어요", "동의 없이"),
        ("이 조례는 왜 만들었대요", "목적"),
        ("조합 우두머리가 누구예요", "위원장"),
    ],
)
def test_the_table_that_ships_knows_what_citizens_say(question: str, said: str) -> None:
    find = EverydayWords(shipped())
    assert said in {word for found in find(question) for word, _ in found.said}

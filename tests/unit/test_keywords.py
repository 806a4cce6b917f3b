from pathlib import Path

import pytest

from mundap.korean.keywords import keywords


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("해외직구 면세 한도가 얼마인가요?", ["해외직구", "면세", "한도"]),
        ("이사화물을 통관하는 방법을 알려주세요", ["이사화물", "통관"]),
        ("FTA 원산지증명서는 언제까지 제출해야 하나요?", ["FTA", "원산지증명서", "제출"]),
        ("비거주자도 부가가치세 환급을 받을 수 있나요?", ["비거주자", "부가가치세", "환급"]),
        ("수입신고 방법이 궁금합니다", ["수입신고"]),
        ("담배 200개비를 반입할 때 관세가 붙나요?", ["담배", "반입", "관세"]),
        ("외국인들이 휴대품을 신고하지 않은 경우 가산세는?", ["외국인", "휴대품", "신고", "가산세"]),
        ("HS코드 변경 시 관세율이 달라지나요?", ["HS코드", "변경", "관세율"]),
        ("연차는 언제 소멸하나요?", ["연차", "소멸"]),
        ("컴퓨터·노트북을 중국에서 샀어요", ["컴퓨터", "노트북", "중국"]),
        ("관세와 관세율, 그리고 관세", ["관세", "관세율"]),
        ("안녕하세요", []),
        ("", []),
    ],
)
def test_nouns_come_whole_distinct_and_in_order(question: str, expected: list[str]) -> None:
    assert keywords([question]) == [expected]


def test_every_question_has_its_own_list_and_decomposed_hangul_is_the_same() -> None:
    decomposed = "\u1100\u116a\u11ab\u1109\u1166는?"
    assert keywords([decomposed, "", "FTA"]) == [["관세"], [], ["FTA"]]
    assert keywords([]) == []


def test_a_user_dictionary_keeps_its_words_whole(tmp_path: Path) -> None:
    dictionary = tmp_path / "words.txt"
    dictionary.write_text("배달의민족\tNNP\n", "utf-8")
    question = ["배달의민족은 어떻게 쓰나요?"]
    assert keywords(question) == [["배달", "민족"]]
    assert keywords(question, dictionary) == [["배달의민족"]]

"""Answers cut out of passages: whole lists, unharmed numbers, marks that name the passage."""

import pytest

from mundap.generate.evidence import FEATURES, Line, ReaderModel
from mundap.generate.extractive import ALONE, Extractive, pick
from mundap.generate.reading import Reader
from mundap.generate.support import refusal
from mundap.types import Answer, Hit, Passage

STUFFING = " ".join(f"제{n}조는 다른 일을 정한 조문으로서 이 물음과는 관계가 없는 내용이다." for n in range(1, 12))


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(Passage(f"p{n}", "d", text, 0, len(text), source=f"문서 {n}"), 1 / n, n) for n, text in enumerate(texts, 1)
    ]


def answer(question: str, *texts: str) -> Answer:
    return Extractive().answer(question, hits(*texts))


def test_the_sentence_that_holds_the_words_is_the_answer_and_its_citation() -> None:
    given = answer("환급은 며칠 걸리나요?", f"환급은 사흘 걸립니다. {STUFFING}")
    assert given.text.startswith("환급은 사흘 걸립니다.")
    assert given.text.endswith("[1]")
    assert given.citations[0].quote == "환급은 사흘 걸립니다."
    assert (given.citations[0].passage_id, given.citations[0].source) == ("p1", "문서 1")
    assert not given.abstained


@pytest.mark.parametrize(
    "marks", [["1.", "2.", "3."], ["①", "②", "③"], ["-", "-", "-"], ["가.", "나.", "다."], ["○"] * 3]
)
def test_a_list_after_the_sentence_that_announces_it_comes_whole(marks: list[str]) -> None:
    items = [f"{mark} {name}" for mark, name in zip(marks, ["여권 사본", "신고서 두 부", "포장 명세서"], strict=True)]
    lead = (
        "이사화물을 통관하려면 입국한 날부터 여섯 달이 지나기 전에 살던 곳을 맡은 사무실이나 공항에 있는 창구를 직접 찾아가거나 "
        "대신할 사람을 보내 다음 서류를 세관에 내야 하며 빠진 것이 있으면 이레 안에 채워야 합니다."
    )
    assert len(lead) > 100  # long enough that nothing is added only to fill the answer
    for question in ("이사화물 통관 서류 세관", "이사화물을 통관하려면 어떤 서류가 필요한가요?"):
        given = answer(question, "\n".join([lead, *items, STUFFING]))
        lines = [line.removesuffix(" [1]") for line in given.text.splitlines()][: 1 + 3]
        assert sorted(lines) == sorted([lead, *items])
        key, *others = lines
        assert others == [line for line in [lead, *items] if line != key]
        assert [c.quote for c in given.citations][: 1 + 3] == lines


def test_numbers_dates_and_units_come_as_they_stand() -> None:
    text = "수수료는 1,000.50원이며 3.5%가 붙고 2024. 1. 2.부터 10㎏까지 적용합니다."
    given = answer("수수료는 얼마이고 언제부터 적용하나요?", f"{text}\n{STUFFING}")
    assert text in given.text
    assert text in " ".join(c.quote for c in given.citations)


def test_each_passage_that_is_used_is_marked_with_its_rank() -> None:
    given = answer("면세 한도와 환급 기간은?", "면세 한도는 800달러다.", "환급 기간은 사흘이다.")
    assert "면세 한도는 800달러다. [1]" in given.text
    assert "환급 기간은 사흘이다. [2]" in given.text
    assert {c.passage_id for c in given.citations} == {"p1", "p2"}


def test_the_key_sentence_comes_first_and_the_others_in_the_order_of_the_text() -> None:
    text = "도서관은 아침에 연다. 늦게 돌려주면 하루에 100원의 연체료를 낸다. 회원증을 가져온다."
    given = answer("연체료는 얼마인가요?", text)
    assert given.text.splitlines() == [
        "늦게 돌려주면 하루에 100원의 연체료를 낸다. [1]",
        "도서관은 아침에 연다. 회원증을 가져온다. [1]",
    ]
    assert given.citations[0].quote == "늦게 돌려주면 하루에 100원의 연체료를 낸다."


def key(question: str, *texts: str, model: ReaderModel | None = None) -> str:
    picked = pick(Reader().read(question, hits(*texts)), model)
    assert picked is not None
    return picked.key.text


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        ("기숙사 관리비는 얼마인가요?", ("기숙사 관리비는 기숙사에서 정한다. 한 달에 12만원이다.",), "한 달에 12만원이다."),
        ("환불이 안 되는 상품은요?", ("환불되는 상품은 새 상품이다. 상품을 뜯은 경우 환불할 수 없다.",), "상품을 뜯은 경우 환불할 수 없다."),
        ("서류는 무엇이 필요한가요?", ("다음 서류를 준비한다.\n1. 서류: 신분증 사본",), "1. 서류: 신분증 사본"),
    ],
    ids=["a value", "what is not", "no bare lead"],
)  # fmt: skip
def test_the_key_sentence_has_what_is_asked_for(question: str, texts: tuple[str, ...], expected: str) -> None:
    assert key(question, *texts) == expected


def test_an_item_of_a_list_stands_with_its_lead() -> None:
    items = "\n".join(f"{n}. {name} 신청서" for n, name in enumerate("입학 휴학 복학 자퇴 편입 전과".split(), 1))
    given = answer("휴학 신청서는 무엇인가요?", f"{STUFFING}\n학생은 다음 신청서를 쓴다.\n{items}\n{STUFFING}")
    assert "2. 휴학 신청서" in given.text
    assert "학생은 다음 신청서를 쓴다." in given.text


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("과태료의 부과 기준은 대통령령으로 정한다.", "대통령령"),
        ("숙박비의 지급 기준은 별표 2와 같다.", "별표 2"),
        ("과태료 부과 기준에 관하여는 제5조를 준용한다.", "제5조"),
    ],
)
def test_a_sentence_that_only_defers_is_told_with_what_it_defers_to(text: str, to: str) -> None:
    given = Extractive(min_support=0.0).answer("기준은 무엇인가요?", hits(text))
    assert given.text.startswith(f"{text} [1]")
    assert f"{to}에서 정하고 있습니다." in given.text


def test_a_sentence_that_says_it_itself_is_not_said_to_defer() -> None:
    assert "정하고 있습니다" not in answer("환급은 며칠 걸리나요?", "환급은 사흘 걸립니다.").text


def test_a_model_of_ones_own_chooses_the_sentence_and_decides_whether_to_answer() -> None:
    texts = ("환급은 세관이 한다. 짧다. 아주 긴 문장은 여러 가지를 길게 늘어놓으며 말한다.",)
    longest = ReaderModel(Line({"length": 1.0}, 0.0), Line({}, 5.0))
    shortest = ReaderModel(Line({"length": -1.0}, 0.0), Line({}, 5.0))
    assert set(longest.sentences.weights) < set(FEATURES)
    assert key("환급", *texts, model=longest).startswith("아주 긴")
    assert key("환급", *texts, model=shortest) == "짧다."
    assert not Extractive(model=longest).answer("오로라", hits(*texts)).abstained
    never = ReaderModel(longest.sentences, Line({}, -5.0))
    assert Extractive(model=never).answer("환급은 누가 하나요?", hits(*texts)).abstained


def test_a_long_passage_is_not_given_whole() -> None:
    passage = f"{STUFFING} 환급은 사흘 걸립니다. {STUFFING} {STUFFING}"
    given = answer("환급은 며칠 걸리나요?", passage)
    assert given.text.startswith("환급은 사흘 걸립니다. [1]\n")
    assert len(given.text) < ALONE + len(" [1]\n [1]") + len(STUFFING) / 11  # sentences are not cut


@pytest.mark.parametrize("question", ["뷁쉙 뛟은요?", "오로라는 어디에서 보이나요?"])
def test_a_question_whose_words_are_nowhere_is_refused(question: str) -> None:
    given = answer(question, "환급은 사흘 걸린다.")
    assert given.abstained
    assert (given.text, given.citations) == (refusal("ko"), ())
    assert [hit.passage.id for hit in given.hits] == ["p1"]


def test_the_refusal_is_in_the_language_asked_for() -> None:
    assert Extractive(language="en").answer("?", []).text == refusal("en")


def test_what_is_not_allowed_is_answered_by_the_list_that_says_no() -> None:
    allowed = "다음 물품은 면세가 가능하다.\n1. 가정용 가구\n2. 서적"
    other = "구매가 취소된 물품은 통관 목록에서 제외된다."
    taxed = "다음 물품은 모두 과세대상이다.\n1. 보석\n2. 자동차"
    given = answer("면세가 안 되는 물품은 무엇인가요?", allowed, other, taxed)
    assert {c.quote for c in given.citations} == {"다음 물품은 모두 과세대상이다.", "1. 보석", "2. 자동차"}


@pytest.mark.parametrize(
    "question",
    ["반출할 수 없는 것은?", "반출이 금지된 자료는?", "반출 금지 자료는 뭔가요?", "반출이 안 되는 자료가 뭐예요?"],
)
def test_all_that_is_not_allowed_is_a_list_from_the_sentence_that_says_so(question: str) -> None:
    echo = "사서가 확인할 자료는 다음과 같다.\n1. 낡은 책\n2. 그 밖의 반출 금지 자료"
    other = "책은 빌린 사람이 반출한다. 이때 자료는 행사에 쓰는 것이 아니어야 한다."
    barred = "도서관의 다음 반출입 금지 자료는 대출할 수 없다.\n1. 고서\n2. 신문\n3. 지도"
    given = answer(question, echo, barred, other)
    assert given.text == f"{barred} [2]"


def test_a_no_to_something_else_does_not_answer_what_is_not_allowed() -> None:
    far = "자료를 반출한 사람은 두 주일 뒤에 돌려주어야 하며, 그 기간은 한 달을 넘어 연장할 수 없다."
    aside = "반출한 자료는 서고에 둔다(다만, 별관은 제외)."
    given = answer("반출할 수 없는 자료는?", far, aside)
    assert given.abstained
    assert given.support >= 0.43


def test_a_list_of_what_is_allowed_does_not_answer_what_is_not() -> None:
    given = Extractive(min_support=0).answer(
        "면세가 안 되는 물품은 무엇인가요?", hits("다음 물품은 면세가 가능하다.\n1. 가구\n2. 서적")
    )
    assert given.abstained


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("해외직구 한도는?", "(해외직구)의 한도는 정해져 있다."),
        ("개인통관 고유부호는?", "개인통관고유부호를 받는다."),
        ("개인통관고유부호는?", "개인 통관 고유 부호를 받는다."),
    ],
)
def test_a_compound_holds_the_words_it_is_made_of(question: str, text: str) -> None:
    assert Reader().read(question, hits(text)).coverage == 1


@pytest.mark.parametrize(
    "limit", ["다만, 보관료는 하루 500원을 넘지 못한다.", "단, 보관료는 하루 500원을 넘지 못한다."]
)
def test_a_proviso_that_answers_stands_behind_the_sentence_that_it_limits(limit: str) -> None:
    rule = "맡긴 물건의 값은 맡긴 사람이 정하여 창구에 적어 낸다."
    given = answer("보관료는 하루 얼마까지인가요?", f"창구는 아침에 연다. {rule} {limit} {STUFFING}")
    assert given.text.startswith(f"{rule} {limit}")


def test_a_value_is_that_of_what_it_is_asked_of() -> None:
    whole, extra = "정규 경기는 전후반 각각 25분씩 뛴다.", "연장전은 7분씩 두 번 뛴다."
    assert answer("연장전은 전후반 몇 분씩 뛰나요?", whole, extra).text.startswith(extra)
    assert answer("정규 경기는 전후반 몇 분씩 뛰나요?", whole, extra).text.startswith(whole)


def test_steps_come_whole() -> None:
    steps = ["1. 회원증을 창구에 낸다.", "2. 짐표를 받아 짐에 단다.", "3. 짐을 저울에 올린다.", "4. 보관료를 낸다."]
    lead = "짐을 맡기는 순서는 다음과 같다."
    given = answer("짐은 어떻게 맡기나요?", "\n".join([STUFFING, lead, *steps, STUFFING]))
    assert all(step in given.text for step in steps)


def test_when_something_is_not_possible_is_answered_by_what_says_no() -> None:
    says_yes = "조회는 번호로 시작 화면에서 할 수 있습니다."
    says_no = "번호가 없는 짐은 조회가 불가능합니다."
    assert answer("어떤 경우에 조회가 불가능해?", f"{says_yes} {says_no} {STUFFING}").text.startswith(says_no)


EXEMPT = (
    "관장은 책을 늦게 돌려준 사람에게 연체료를 물린다.",
    "다만, 다음 각 호의 어느 하나에 해당하는 경우에는 그러하지 아니하다.",
    "1. 몸이 아파 나오지 못한 경우",
    "2. 큰비가 내린 경우",
    "3. 도서관이 문을 닫은 경우",
)


@pytest.mark.parametrize("question", ["늦게 돌려주면 연체료를 물리나요?", "연체료는 누가 물리나요?", "도서관 연체료"])
def test_a_proviso_with_a_list_of_exceptions_comes_with_all_of_them_behind_what_it_limits(question: str) -> None:
    given = answer(question, f"{EXEMPT[0]} {EXEMPT[1]}\n" + "\n".join([*EXEMPT[2:], STUFFING]))
    assert given.text.startswith(f"{EXEMPT[0]} {EXEMPT[1]}\n" + "\n".join(EXEMPT[2:]))


def test_a_short_list_beside_the_answer_is_not_quoted_with_gaps() -> None:
    whom = "어린이와 함께 온 보호자,청소년 선수단의 지도자,어르신 수영 교실의 강사,등록된 장애인의 보조자"
    items = [f"{n}. {one}로서 창구에서 표를 내보이고 이름을 적은 사람" for n, one in enumerate(whom.split(","), 1)]
    lead = "관장은 다음 각 호의 어느 하나에 해당하는 사람에게 수영장 이용료의 절반을 돌려줄 수 있다."
    more = "수영장 이용료의 절반을 미리 낸 사람은 저녁에 나머지 절반을 내고 표를 받는다."
    given = answer(
        "수영장 이용료 절반", "수영장 이용료는 4천원이고 저녁에는 절반이다.", "\n".join([more, lead, *items, STUFFING])
    )
    assert "\n".join([lead, *items]) in given.text


def test_a_long_list_that_nobody_asks_for_stays_cut() -> None:
    items = [f"{n}. {n}번 구역에서 창구의 허락을 받아 표를 끊고 들어온 손님의 짐과 우산" for n in range(1, 25)]
    lead = "다음 각 호의 물건은 맡긴다."
    given = answer("17번 구역 짐은 맡기나요?", "\n".join([lead, *items, STUFFING]))
    assert lead in given.text
    assert items[16] in given.text
    assert sum(one in given.text for one in items) < len(items)


def test_who_is_meant_is_answered_by_the_list_of_them() -> None:
    lead = "관장은 다음 각 호의 어느 하나에 해당하는 사람에게 특별열람증을 줄 수 있다."
    items = ["1. 박사과정 학생", "2. 도서관에 책을 기증한 시민", "3. 정보 소외 지역의 교사"]
    given = answer("특별열람증은 누가 받나요?", "\n".join([lead, *items, STUFFING]))
    assert given.text.startswith("\n".join([lead, *items]))


def test_a_proviso_is_never_quoted_without_what_it_limits() -> None:
    rule = (
        "문은 아침 일곱 시에 열어 저녁 여섯 시에 닫고 토요일과 일요일에는 두 시간 늦게 열어 세 시간 일찍 닫으며 명절에는 앞뒤로 "
        "하루씩 닫고 큰비나 큰눈이 내려 길이 막힌 날에는 관장이 정하는 때까지 닫는다."
    )
    limit = "다만, 시험 기간 열람실 이용은 자정까지 할 수 있다."
    others = " ".join(
        f"열람실 이용을 마치고 {n}층 창구에 표를 내면 시험 기간에도 짐을 챙겨 나갈 수 있다." for n in (2, 3, 4, 5)
    )
    given = answer(
        "시험 기간 열람실 이용", "시험 기간 열람실 이용은 따로 알린다.", f"{others} {rule} {limit} {STUFFING}"
    )
    assert given.text.count(limit) == given.text.count(f"{rule} {limit}")
    assert "시험 기간에도 짐을 챙겨 나갈 수 있다." in given.text


@pytest.mark.parametrize(
    "leaning", ["이 경우 지각한 학생의 자리는 맨 뒷줄로 한다.", "이때에는 지각한 학생의 자리는 맨 뒷줄로 한다."]
)
def test_what_says_in_this_case_stands_behind_the_case(leaning: str) -> None:
    case = "늦게 온 사람은 쉬는 종이 울린 다음 들어온다."
    given = answer("지각한 학생의 자리는 어디인가요?", f"강당은 아침에 연다. {case} {leaning} {STUFFING}")
    assert given.text.startswith(f"{case} {leaning}")


def test_a_value_of_one_of_many_cases_comes_without_the_others() -> None:
    lead = "관장은 다음 각 호의 어느 하나에 해당하는 일을 한 사람에게 3만원 이하의 변상금을 물린다."
    done = (
        "책에 금을 긋는 일",
        "책장을 뜯는 일",
        "열람실에서 밥을 먹는 일",
        "자리를 맡아 두는 일",
        "벽에 못을 박는 일",
    )
    items = [
        f"{n}. 여러 번 말렸는데도 이웃이 보는 앞에서 {one}을 그치지 않은 사람이 한 일"
        for n, one in enumerate(done * 3, 1)
    ]
    given = answer("책장을 뜯으면 변상금이 얼마인가요?", "\n".join([lead, *items, STUFFING]))
    assert given.text.startswith(lead)
    assert items[1] in given.text
    assert items[14] not in given.text


def test_no_answer_begins_with_the_proviso_to_a_list() -> None:
    lead = "관장은 다음 각 호의 사람을 먼저 들여보낸다."
    limit = "다만, 시험 기간에는 예약한 학생을 먼저 들여보낼 수 있다."
    items = ["1. 어린이", "2. 어르신"]
    given = answer("시험 기간에는 예약한 학생을 먼저 들여보내나요?", "\n".join([f"{lead} {limit}", *items, STUFFING]))
    assert given.text.startswith("\n".join([f"{lead} {limit}", *items]))


@pytest.mark.parametrize("empty", ["2. 삭제 <2019. 3. 1.>", "2. 삭제", "2\\. 삭제 [2019. 3. 1.]"])
def test_a_repealed_provision_is_not_quoted(empty: str) -> None:
    lines = ["신청할 때에는 다음 서류를 낸다.", "1. 신청서", empty, "3. 회원증 사본"]
    given = answer("신청할 때 어떤 서류를 내나요?", "\n".join([*lines, STUFFING]))
    assert "신청서" in given.text
    assert "회원증 사본" in given.text
    assert "삭제" not in given.text
    assert not any("삭제" in citation.quote for citation in given.citations)


@pytest.mark.parametrize(
    "barring",
    ["장갑은 착용하지 않아야 한다.", "장갑은 착용하지 말아야 합니다.", "장갑의 착용을 삼가야 한다."],
)
def test_what_must_not_be_done_is_listed_however_it_is_said(barring: str) -> None:
    worn = "작업할 때에는 안전모와 안전화를 착용하여야 한다. 안전모는 금이 가 있지 않아야 한다."
    given = answer("회전하는 기계 앞에서 착용하면 안 되는 것은?", worn, f"회전하는 기계 앞에서 {barring}")
    assert given.text == f"회전하는 기계 앞에서 {barring} [2]"


def test_what_somebody_must_not_do_is_said_of_the_very_one() -> None:
    others = "관장은 회원에게 신분증을 맡기라고 할 수 없다."
    barred = "회원은 직원에게 사적인 심부름을 시키거나 영업을 방해하는 행위를 하여서는 아니 된다."
    given = answer("회원이 직원에게 하면 안 되는 행동", f"{others} {STUFFING}", f"{barred} {STUFFING}")
    assert given.text.startswith(f"{barred} [2]")


@pytest.mark.parametrize(
    "question", ["회원이 환불을 거절당하는 사유", "회원의 환불을 거절할 수 있는 이유는?", "환불을 거절할 수 있는 경우"]
)
def test_grounds_are_the_list_of_cases_that_a_proviso_announces(question: str) -> None:
    lead = "회원이 환불을 요구하면 센터는 거절하지 못한다. 다만, 다음 각 호의 어느 하나에 해당하는 경우에는 그러하지 아니하다."
    items = ["1. 강습이 절반 넘게 지난 경우", "2. 물품을 잃어버린 경우", "3. 약속을 세 번 어긴 경우"]
    echo = "센터가 환불을 거절하였을 때에는 그 이유를 회원에게 알려야 하며, 환불을 거절당한 회원은 거절한 이유를 물을 수 있다."
    given = answer(question, echo, "\n".join([lead, *items]))
    assert given.text.startswith("\n".join([lead, *items]))


def test_what_a_thing_is_is_said_by_the_definition_behind_passages_that_only_name_it() -> None:
    naming = [f"응급처치사는 {n}층에 머물며 응급처치사 명부에 적는다. {STUFFING}" for n in range(1, 4)]
    defining = "나. 응급처치사: 다친 사람을 처음 돌보는 사람을 말합니다."
    given = answer("응급처치사가 뭐예요?", *naming, f"가. 관장: 시설을 맡은 사람을 말합니다.\n{defining}")
    assert given.text.startswith(f"{defining} [4]")


def _statute(*passages: tuple[str, str]) -> list[Hit]:
    return [
        Hit(Passage(f"p{n}", "d", text, 0, len(text), heading=heading), 3.0 - n / 10, n)
        for n, (heading, text) in enumerate(passages, 1)
    ]


ADDENDUM = (
    "부칙 > 부칙 <제120호> > 제2조(반납에 관한 적용례)",
    "제7조의 개정규정은 이 조례 시행 후 빌린 책을 반납하는 경우부터 적용한다.",
)
PROVISION = ("제2장 대출 > 제7조(반납)", "빌린 책은 두 주일 안에 창구에 반납한다.")


def test_a_provision_answers_and_not_the_addenda_that_say_for_whom_it_holds() -> None:
    given = Extractive().answer("빌린 책은 어떻게 반납하나요?", _statute(ADDENDUM, PROVISION))
    assert given.text == f"{PROVISION[1]} [2]"


def test_addenda_answer_from_when_a_provision_holds() -> None:
    given = Extractive(min_support=0).answer(
        "개정 반납 규정은 언제 빌린 책부터 적용되나요?", _statute(ADDENDUM, PROVISION)
    )
    assert ADDENDUM[1] in given.text


def test_addenda_answer_where_there_is_nothing_else() -> None:
    given = Extractive(min_support=0).answer("빌린 책은 어떻게 반납하나요?", _statute(ADDENDUM))
    assert given.text == f"{ADDENDUM[1]} [1]"

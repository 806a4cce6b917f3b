"""What a question asks for, in words of many subjects, and whether a sentence has it."""

import pytest

from mundap.korean.wanted import KINDS, VALUES, defines, forbids, offers, wanted, withholds


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("기숙사비는 얼마인가요?", "amount"),
        ("연체료가 얼마예요", "amount"),
        ("장학금 금액 알려주세요", "amount"),
        ("감면율은 몇 퍼센트인가요?", "amount"),
        ("책은 며칠 동안 빌릴 수 있나요?", "period"),
        ("심사는 얼마나 걸리나요?", "period"),
        ("수리 기간이 어떻게 돼요? 며칠 걸려요?", "period"),
        ("한 팀은 몇 명이에요?", "number"),
        ("원서는 언제 내나요?", "date"),
        ("도서관은 몇 시에 여나요?", "date"),
        ("예약 전화번호 알려주세요", "contact"),
        ("병원 연락처가 뭐죠?", "contact"),
        ("병원 전화번호 알 수 있을까요?", "contact"),
        ("분실 신고 전화", "contact"),
        ("도서관에 전화하려면 몇 번으로 걸어요?", "contact"),
        ("증명서는 어디에서 떼나요?", "place"),
        ("휴가는 누가 승인하나요?", "person"),
        ("왜 수영장은 월요일에 닫나요?", "reason"),
        ("환불이 늦어지는 이유가 뭐예요?", "reason"),
        ("회원 가입은 어떻게 하나요?", "procedure"),
        ("환자를 옮기는 절차를 설명해 주세요", "procedure"),
        ("입사할 때 필요한 서류는 무엇인가요?", "list"),
        ("보험이 되는 경우는 어떤 경우인가요?", "condition"),
        ("골킥이란 무엇인가요?", "definition"),
        ("주차해도 되나요?", "yes-no"),
        ("반려견을 데려가도 괜찮아요?", "yes-no"),
        ("수영장", "other"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: str) -> None:
    assert wanted(question).kind == kind


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("한 번에 몇 권 빌리나요?", "권"),
        ("몇 명까지 타나요?", "명"),
        ("할인은 몇 퍼센트예요?", "%"),
        ("수수료가 몇 프로예요?", "%"),
    ],
)
def test_what_is_counted(question: str, unit: str) -> None:
    asked = wanted(question)
    assert asked.exact
    assert asked.unit == unit


@pytest.mark.parametrize(
    ("question", "negative"),
    [
        ("환불이 안 되는 상품은 뭔가요?", True),
        ("대출할 수 없는 자료를 알려주세요", True),
        ("보험에서 제외되는 치료는 무엇인가요?", True),
        ("환불이 되는 상품은 뭔가요?", False),
        ("안내 데스크는 어디인가요?", False),
    ],
)
def test_questions_about_what_is_not(question: str, negative: bool) -> None:
    assert wanted(question).negative is negative


@pytest.mark.parametrize(
    ("question", "having", "lacking"),
    [
        ("기숙사비는 얼마인가요?", "기숙사비는 한 학기에 85만원이다.", "기숙사비는 학기마다 낸다."),
        ("책은 며칠 동안 빌리나요?", "책은 14일 동안 빌린다.", "책은 회원이 빌린다."),
        ("책은 며칠 동안 빌리나요?", "책은 스물아홉 날 동안 빌린다.", "책은 맑은 날 빌린다."),
        ("며칠 안에 답이 오나요?", "접수한 뒤 5영업일 안에 알린다.", "접수한 뒤 영업일에 알린다."),
        ("한 팀은 몇 명인가요?", "한 팀은 다섯 명이다.", "한 팀은 여럿이다."),
        ("예약 전화번호 알려주세요", "예약: 02-123-4567", "예약은 하루 전에 한다."),
        ("원서는 언제 내나요?", "원서는 3월 2일에 낸다.", "원서는 학교에 낸다."),
        ("증명서는 어디에서 떼나요?", "증명서는 주민센터에서 뗀다.", "증명서는 무료다."),
    ],
)
def test_a_sentence_has_what_is_asked_for_or_has_not(question: str, having: str, lacking: str) -> None:
    asked = wanted(question)
    assert offers(having, asked) > offers(lacking, asked)


def test_another_unit_is_not_what_is_counted() -> None:
    asked = wanted("몇 권 빌릴 수 있나요?")
    assert offers("다섯 권을 빌린다.", asked) > offers("14일 동안 빌린다.", asked)


@pytest.mark.parametrize(
    ("question", "having", "lacking"),
    [
        ("담배는 몇 갑까지 가져오나요?", "궐련 200개비까지 가져온다.", "담배는 30일 전에 신고한다."),
        ("신청서는 몇 장 내나요?", "신청서 3매를 낸다.", "신청서는 3일 안에 낸다."),
        ("약은 하루에 몇 정 먹나요?", "하루에 3캡슐을 먹는다.", "약은 식사 30분 뒤에 먹는다."),
    ],
)
def test_counters_of_one_thing_answer_each_other(question: str, having: str, lacking: str) -> None:
    asked = wanted(question)
    assert offers(having, asked) >= 0.5 > offers(lacking, asked)


def test_the_thing_asked_about_is_the_focus() -> None:
    asked = wanted("여권 발급 수수료는 얼마인가요?")
    assert "수수료" in asked.focus
    assert {"여권", "발급", "수수료"} <= asked.names


@pytest.mark.parametrize("question", ["", " ", "😀", "?", "1", "가" * 3000])
def test_anything_can_be_read(question: str) -> None:
    assert wanted(question).kind in KINDS
    assert 0 <= offers("", wanted(question)) <= 1
    assert set(VALUES) < set(KINDS)


@pytest.mark.parametrize(
    ("question", "denied"),
    [
        ("환불이 안 되는 경우는?", "환불"),
        ("촬영이 금지된 장소는?", "촬영"),
        ("인정되지 않는 비용은 무엇인가요?", "인정"),
        ("등록할 수 없는 조건은 무엇인가요?", "등록"),
    ],
)
def test_what_is_said_not_to_be_so_is_known(question: str, denied: str) -> None:
    assert wanted(question).denied == {denied}


def test_what_is_not_exempt_is_what_is_taxed() -> None:
    assert wanted("면세가 안 되는 물품은 무엇인가요?").denied == {"면세", "면제", "과세"}


def test_leaving_something_out_is_not_asking_what_is_left_out() -> None:
    assert not wanted("주말을 제외한 운영시간은 언제인가요?").negative


@pytest.mark.parametrize(
    ("question", "row", "heading", "has"),
    [
        ("바리스타 수강료는 얼마인가요?", "강좌명: 바리스타\n수강료: 48,000", "", True),
        ("중앙공원 면적은 얼마인가요?", "시설명: 중앙공원, 면적(㎡): 607, 관리: 공원과", "", True),
        ("가람동 인구는 몇 명인가요?", "동: 가람동\n인구: 1,200", "", True),
        ("가람동 인구는 몇 명인가요?", "동: 가람동\n세대: 1,200", "", False),
        ("요가는 얼마예요?", "강좌명: 요가\n수강료: 30000", "수강료 안내 (단위: 원)", True),
        ("요가는 얼마예요?", "강좌명: 요가\n수강료: 30000", "수강료 안내", False),
        ("요가 수강료는 얼마예요?", "강좌명: 요가\n수강료: 별도 안내", "수강료 안내 (단위: 원)", False),
    ],
)
def test_a_cell_whose_unit_stands_above_has_the_value(question: str, row: str, heading: str, has: bool) -> None:
    assert (offers(row, wanted(question), heading) == 1.0) is has


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("누군가 제 계정으로 들어온 것 같아요. 어떻게 해요?", "procedure"),
        ("누구나 가입할 수 있나요?", "yes-no"),
        ("언제든지 그만둘 수 있나요?", "yes-no"),
        ("잔액이 얼마 안 되면 안 돌려줘도 되나요?", "yes-no"),
        ("뭔가 잘못 적었는데 어디에 말하나요?", "place"),
        ("누가 문을 여나요?", "person"),
        ("예약을 받지 않는 경우는?", "condition"),
    ],
)
def test_a_word_of_asking_that_means_anyone_or_anything_asks_nothing(question: str, kind: str) -> None:
    assert wanted(question).kind == kind


@pytest.mark.parametrize(
    ("question", "negative"),
    [
        ("어떤 경우에 환불이 안 되나요?", True),
        ("누가 회원이 될 수 없나요?", True),
        ("어떤 물건을 못 맡기나요?", True),
        ("어떤 경우에 조회가 불가능해?", True),
        ("왜 환불이 안 되나요?", False),
        ("어떤 경우에 환불이 되나요?", False),
    ],
)
def test_what_is_not_so_is_asked_at_the_end_too(question: str, negative: bool) -> None:
    assert wanted(question).negative is negative


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("연장전은 전후반 몇 분씩 뛰나요?", {"연장전"}),
        ("주차장에서도 표를 살 수 있나요?", {"주차장"}),
        ("표를 어디서 사나요?", set()),
    ],
)
def test_what_a_question_is_asked_of_is_its_topic(question: str, topic: set[str]) -> None:
    assert wanted(question).topic == topic


def test_a_fraction_is_a_share() -> None:
    asked = wanted("회비는 최대 몇 퍼센트까지 올릴 수 있나요?")
    assert offers("올린 회비는 먼저 회비의 20분의 1을 넘지 못한다.", asked) == 1
    assert offers("올린 회비는 먼저 회비를 넘지 못한다.", asked) < 1


@pytest.mark.parametrize(
    "text",
    [
        "거짓으로 받은 상금은 그 세 배를 돌려받는다.",
        "유족에게 이용료의 2배액을 준다.",
        "비 오는 날에는 이용료의 절반을 받는다.",
    ],
)
def test_a_multiple_or_a_half_is_an_amount(text: str) -> None:
    assert offers(text, wanted("얼마를 돌려받나요?")) == 1


def test_an_arrangement_is_no_multiple() -> None:
    assert offers("자리를 두 배치도에 따라 앉힌다.", wanted("얼마를 돌려받나요?")) < 1


@pytest.mark.parametrize(
    "question",
    [
        "기숙사에 반입하면 안 되는 물건",
        "기숙사에 반입하면 안 되는 물건 다 알려 주세요",
        "숙소에서 사용할 수 없는 전열기구",
        "도서관에서 대출이 안 되는 책들 알려줘",
        "욕장에서 입지 말아야 하는 옷",
    ],
)
def test_a_bare_name_of_what_is_not_allowed_asks_for_all_of_it(question: str) -> None:
    assert wanted(question).excluding


@pytest.mark.parametrize(
    "question", ["안 쓰는 물건 버리는 방법", "대출이 안 되는 책은 얼마인가요?", "입실이 안 되면 어떻게 하나요?"]
)
def test_what_else_is_asked_of_what_is_not_allowed_is_no_list(question: str) -> None:
    assert not wanted(question).excluding


@pytest.mark.parametrize(
    ("question", "denied", "whose"),
    [
        ("기숙사에 반입하면 안 되는 물건", {"반입"}, set()),
        ("간호사에게 시키면 안 되는 일은?", set(), {"간호사"}),
        ("교사가 학생에게 하면 안 되는 말", set(), {"교사"}),
        ("욕장에서 먹지 말아야 하는 음식", set(), {"욕장"}),
        ("세탁기 청소할 때 하면 안 되는 것", set(), {"세탁기", "청소"}),
        ("대상에서 제외되는 사람은?", {"대상"}, set()),
    ],
)
def test_a_no_is_said_of_a_noun_or_of_a_verb_of_somebody(question: str, denied: set[str], whose: set[str]) -> None:
    asked = wanted(question)
    assert asked.denied == denied
    assert asked.whose == whose


@pytest.mark.parametrize(
    "text",
    [
        "반지는 착용하지 않아야 한다.",
        "복도에서 뛰지 말아야 한다.",
        "실내에서는 흡연을 삼가야 한다.",
        "약품을 섞지 않을 것",
        "전열기구는 사용하여서는 아니 된다.",
        "동물은 데려올 수 없다.",
        "촬영을 금한다.",
    ],
)
def test_what_must_not_be_done_is_forbidden(text: str) -> None:
    assert forbids(text)


@pytest.mark.parametrize(
    "text",
    [
        "신청일에 집을 가진 사람이 아니어야 한다.",
        "포장이 훼손되지 않을 것",
        "무게가 한도를 초과하지 않아야 한다.",
        "뚜껑이 떨어져 있지 아니할 것",
        "그 몫도 무시할 수 없다.",
        "이 기간에는 이자가 붙지 않는다.",
    ],
)
def test_a_condition_or_a_way_to_speak_forbids_nothing(text: str) -> None:
    assert not forbids(text)


def test_a_no_beside_the_noun_holds_of_what_must_not_be_done_and_not_of_a_condition() -> None:
    assert withholds("목걸이는 착용하지 않아야 한다.", frozenset({"착용"}))
    assert withholds("장신구의 착용을 삼가야 한다.", frozenset({"착용"}))
    assert not withholds("착용 흔적이 있지 않아야 한다.", frozenset({"착용"}))


@pytest.mark.parametrize(
    "question",
    [
        "대출이 거절되는 이유",
        "회원이 탈퇴할 수 있는 사유는?",
        "입장을 못 하는 경우",
        "환불을 요구할 수 있는 경우 알려줘",
    ],
)
def test_the_grounds_on_which_something_may_be_so_are_its_conditions(question: str) -> None:
    assert wanted(question).kind == "condition"


@pytest.mark.parametrize("question", ["왜 대출이 거절되는 이유를 안 알려주나요?", "수영장이 쉬는 건 무슨 이유예요?"])
def test_why_something_is_so_is_a_reason(question: str) -> None:
    assert wanted(question).kind == "reason"


@pytest.mark.parametrize(
    ("question", "defining", "other"),
    [
        (
            "연장전이 뭐예요?",
            "나. 연장전: 승부가 나지 않았을 때 더 하는 경기를 말합니다.",
            "연장전은 5분씩 두 번 한다.",
        ),
        ("장애물이란?", '2\\. "장애물"이란 길을 막는 것을 말하며, 다음과 같다.', "장애물에 닿으면 감점한다."),
        ("회원이 뭔가요?", "회원은 가입 신청이 승인된 사람을 말한다.", "정회원: 회비를 낸 사람을 말한다."),
        (
            "집단 따돌림이 뭐죠?",
            '여럿이 한 사람을 멀리하는 행위(이하 "집단 따돌림"이라 한다)를 하여서는 아니 된다.',
            "집단 따돌림을 본 사람은 알려야 한다.",
        ),
    ],
)
def test_what_defines_a_thing_is_told_from_what_only_names_it(question: str, defining: str, other: str) -> None:
    assert defines(defining, wanted(question))
    assert not defines(other, wanted(question))

"""Which conditions a question states about documents, and, more often, that it states none."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.evaluation.questions import read_questions
from mundap.ingest.readers import read
from mundap.retrieve.selfquery import Understood, understand

TODAY = date(2024, 6, 12)
GUIDE = tuple(f"여행자 휴대품 통관 길라잡이, {title}, page: {n}" for n, title in enumerate(["담배는?", "술은?"], 4))
MOVING = ("이사물품 수입통관 사무처리에 관한 고시_제7조, 과세가격의 결정",)
SOURCES = (
    *GUIDE,
    *MOVING,
    "우편통관 Easy Pass++ (민원사례), 의약품, page: 3",
    "취업규칙",
    "특송물품 수입통관 사무처리에 관한 고시_제8조, 신고 구분",
    "파리",
    "공지_20240105",
    "2024 공지사항",
)
KINDS = ("faq", "제시문", "xlsx", "txt", "hwpx")
LAST_YEAR = ("2023-01-01", "2023-12-31")


def taken(question: str) -> Understood:
    return understand(question, TODAY, SOURCES, KINDS)


@pytest.mark.parametrize(
    ("question", "rest", "sources"),
    [
        ("여행자 휴대품 통관 길라잡이에서 담배 한도는?", "담배 한도는?", GUIDE),
        ("여행자휴대품 통관길라잡이에 따르면 담배는 몇 갑?", "담배는 몇 갑?", GUIDE),
        ("담배 한도를 휴대품 통관 길라잡이에서 찾아줘", "담배 한도를 찾아줘", GUIDE),
        ("길라잡이의 내용 중 출처가 여행자 휴대품 통관 길라잡이인 것", "길라잡이의 내용 중 것", GUIDE),
        ("출처: 길라잡이, 담배 한도", "담배 한도", GUIDE),
        ("담배 한도, 출처 여행자 휴대품 통관 길라잡이", "담배 한도,", GUIDE),
        ("이사물품 수입통관 사무처리에 관한 고시에 나온 과세가격은?", "과세가격은?", MOVING),
        ("「우편통관 Easy Pass++」에서 의약품은?", "의약품은?", SOURCES[3:4]),
        ("우편통관 Easy Pass 문서에서 의약품은?", "의약품은?", SOURCES[3:4]),
        ("취업규칙을 보면 연차는 며칠?", "연차는 며칠?", ("취업규칙",)),
        ("파리 문서에서 인구는?", "인구는?", ("파리",)),
    ],
)
def test_a_source_that_is_named(question: str, rest: str, sources: tuple[str, ...]) -> None:
    understood = taken(question)
    assert understood.where == {"source": sources}
    assert understood.question == rest
    assert all(words in question for words in understood.words)
    assert len(understood.words) == 1


def test_several_sources_are_allowed_together() -> None:
    understood = taken("취업규칙에서 정한 연차를 여행자 휴대품 통관 길라잡이에서 찾아줘")
    assert understood.where == {"source": ("취업규칙", *GUIDE)}
    assert understood.question == "정한 연차를 찾아줘"


@pytest.mark.parametrize(
    ("question", "rest", "bounds"),
    [
        ("작년 공지에서 휴가 일수는?", "공지에서 휴가 일수는?", LAST_YEAR),
        ("작년 공지", "공지", LAST_YEAR),
        ("작년 공지사항 모두 찾아 주세요", "공지사항 모두 찾아 주세요", LAST_YEAR),
        ("휴가 일수를 작년 인사 공지에서 알려줘", "휴가 일수를 인사 공지에서 알려줘", LAST_YEAR),
        ("작년에 올라온 게시글 중 환불 방법", "게시글 중 환불 방법", LAST_YEAR),
        ("최근 2년 자료에서 담배 한도는?", "담배 한도는?", ("2022-06-12", "2024-06-12")),
        ("2023년 이후 개정된 규정에서 담배 한도는?", "규정에서 담배 한도는?", ("2023-01-01", None)),
        ("2023년 이후 개정된 담배 규정이 있나요?", "담배 규정이 있나요?", ("2023-01-01", None)),
        ("2021년 이전 고시에 따르면 담배는?", "고시에 따르면 담배는?", (None, "2021-12-31")),
        ("2023년 5월부터 8월 사이 회의록에서 예산은?", "회의록에서 예산은?", ("2023-05-01", "2023-08-31")),
        ("지난달 회의록 요약해 줘", "회의록 요약해 줘", ("2024-05-01", "2024-05-31")),
        ("작성일이 2023년 5월 이후인 문서의 담배 한도", "문서의 담배 한도", ("2023-05-01", None)),
        ("시행일: 2024년, 담배 한도", "담배 한도", ("2024-01-01", "2024-12-31")),
    ],
)
def test_a_period_that_limits_documents(question: str, rest: str, bounds: tuple[str | None, str | None]) -> None:
    understood = taken(question)
    assert (understood.since, understood.until) == bounds
    assert understood.question == rest
    assert understood.where == {}
    assert all(words in question for words in understood.words)


@pytest.mark.parametrize(
    ("question", "rest", "where"),
    [
        ("FAQ에서 환불 방법을 찾아줘", "환불 방법을 찾아줘", {"kind": ("faq",)}),
        ("자주 묻는 질문에서 환불을 검색해 줘", "환불을 검색해 줘", {"kind": ("faq",)}),
        ("엑셀 파일에서 예약 가능한 구장 찾아줘", "예약 가능한 구장 찾아줘", {"suffix": ("xlsx",)}),
        ("한글 문서만 골라 주세요, 휴가", "골라 주세요, 휴가", {"suffix": ("hwpx",)}),
        ("휴가를 공지에서만 찾아줘", "휴가를 찾아줘", {"source": ("공지_20240105", "2024 공지사항")}),
    ],
)
def test_a_kind_that_is_to_be_looked_through(question: str, rest: str, where: dict[str, tuple[str, ...]]) -> None:
    understood = taken(question)
    assert (understood.where, understood.question) == (where, rest)


def test_conditions_together() -> None:
    understood = taken("취업규칙에서 작년에 개정된 규정 찾아줘")
    assert (understood.where, understood.since, understood.until) == ({"source": ("취업규칙",)}, *LAST_YEAR)
    assert understood.words == ("취업규칙에서", "작년에 개정된")
    assert understood.question == "규정 찾아줘"


def test_a_question_of_nothing_but_conditions_stays_whole() -> None:
    understood = taken("여행자 휴대품 통관 길라잡이에서 찾아줘")
    assert understood.where == {"source": GUIDE}
    assert understood.question == "여행자 휴대품 통관 길라잡이에서 찾아줘"


@pytest.mark.parametrize(
    "question",
    [
        # Time that the question is about.
        *[
            "2023년 면세 한도는?",
            "작년에 입국했는데 신고할 수 있나요?",
            "2023년 이후 개정된 면세 한도는?",
            "작년 자료로 신청되나요?",
        ],
        *[
            "2009년에 중국에서 공포된 법안은 무엇인가?",
            "작년에 공지에서 봤는데 한도가 얼마죠?",
            "시행일이 2023년 이후인가요?",
        ],
        *[
            "작년에 등록한 파일을 고치고 싶어요",
            "작년 보고서가 있습니다. 정정 방법은?",
            "6개월 이상 체류한 자료를 내나요?",
        ],
        *[
            "30일 전에 낸 문서를 취소하려면?",
            "2016년 발매된 앨범은?",
            "최근 이사물품 운송관련 피해사례",
            "내일 입국하는데 신고서가 있나요?",
        ],
        # Documents that the question is about, or that do not say.
        *[
            "이사물품 수입통관 사무처리에 관한 고시에 없는 상황은?",
            "이사물품 수입통관 사무처리에 관한 고시에 나와있지 않은 기준은?",
        ],
        *["이사물품 수입통관 사무처리에 관한 고시의 내용이 바뀌나요?", "여행자 휴대품 통관 길라잡이는 어디서 받나요?"],
        *["담배 한도의 출처는?", "한 씨가 빌린 돈 1억원의 출처는?", "취업규칙에서 다루지 않는 것은?"],
        # Names that may be a place or a phrase, and names of nothing here.
        *[
            "파리에서 열린 올림픽은?",
            "우편통관 Easy Pass에서 의약품은?",
            "길라잡이에서 본 담배",
            "관세법에서 정한 벌금은?",
        ],
        *["수입통관 사무처리에 관한 고시에 따르면?", "개정안에 따르면 벌금은?", "이민우에 따르면 그가 지지한 인물은?"],
        # Files and kinds that are the subject.
        *[
            "PDF만 제출 가능한가요?",
            "엑셀에서 신고서 작성 방법은?",
            "PDF에서 한도를 찾아줘",
            "어느 공지에서 찾아 주면 되나요?",
        ],
        *[
            "선편 요금 표에서 가격은?",
            "한글로 적어도 되나요?",
            "규정에서 정한 한도는?",
            "세관 공지에서 안내받은 물품의 한도는?",
        ],
        # Comparing: one condition would hide half of the answer.
        *[
            "작년 공지와 올해 공지에서 휴가 일수",
            "작년 공지와 올해 공지의 차이를 찾아줘",
            "취업규칙에서와 다른 규정이 있나요?",
        ],
        *["취업규칙과 여행자 휴대품 통관 길라잡이에서 찾아줘", "작년 공지에서 달라진 점 알려줘", "", "?", "😀"],
    ],
)
def test_a_question_without_a_sure_condition_is_left_as_it_is(question: str) -> None:
    assert taken(question) == Understood(question)


def test_nothing_known_is_nothing_taken() -> None:
    for question in ("취업규칙에서 연차는?", "FAQ에서 환불을 찾아줘", "공지에서만 휴가 찾아줘"):
        assert understand(question, TODAY, (), ()) == Understood(question)


@pytest.mark.slow
def test_questions_as_people_ask_them_are_left_alone(shared_data: Path) -> None:
    """2,554 customs and 4,110 KorQuAD questions: none says where to look, whatever the documents are called."""
    sheet = shared_data / "customs" / "customs_qa.xlsx"
    sources = {section.source for section in read(sheet).document.sections}
    squad = json.loads((shared_data / "korquad" / "korquad_dev_100.json").read_text("utf-8"))["data"]
    titles = {article["title"].replace("_", " ") for article in squad}
    asked = [q.question for q in read_questions(sheet).items]
    asked += [qa["question"] for article in squad for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    known = tuple(sorted(sources | titles))
    assert len(asked) > 6000
    assert [q for q in asked if understand(q, TODAY, known, ("faq", "제시문", "row", "xlsx", "pdf")).words] == []


PIECES = st.sampled_from(
    [
        "작년 ",
        "2023년 이후 개정된 ",
        "공지",
        "에서 ",
        "취업규칙",
        "FAQ",
        "출처: ",
        "찾아줘",
        "와 ",
        "「",
        "」",
        "자료 중 ",
        "?",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join))
def test_any_question_is_understood_with_known_values_and_its_own_words(question: str) -> None:
    understood = taken(question)
    assert set(understood.where) <= {"source", "kind", "suffix"}
    assert all(values and set(values) <= {*SOURCES, *KINDS} for values in understood.where.values())
    assert all(words in question for words in understood.words)
    assert bool(understood.words) == bool(understood.where or understood.since or understood.until)
    assert not understood.since or not understood.until or understood.since <= understood.until
    if not understood.words:
        assert understood.question == question

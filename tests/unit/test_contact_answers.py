"""A question for the number of a body is answered with that one, in the layouts of documents, and else as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from mundap.generate.extractive import Extractive
from mundap.generate.reading import FURTHER, Reader, further
from mundap.generate.support import GIVEN
from mundap.ingest.readers import read
from mundap.ingest.split import parents
from mundap.korean.wanted import wanted
from mundap.types import Answer, Hit, Passage
from mundap.workspace import Mundap

DEPARTMENTS = (
    "# 나래시청 부서별 연락처\n\n| 부서 | 담당업무 | 전화번호 |\n|---|---|---|\n| 총무과 | 인사, 보안 | 031-111-1001 |\n"
    "| 교통과 | 주차 단속 | 031-111-1002 |\n| 민원실 | 여권 발급 | 031-111-1003 |\n"
)
BODIES = (
    "기관명,주소,대표전화,팩스,이메일\n가람병원,가람시 나래로 1,02-123-4567,02-123-4568,help@garam.kr\n"
    "나래의원,나래시 하늘로 2,02-222-3333,02-222-3334,info@narae.kr\n가람병원 강남분원,서울 강남구 1,02-999-1111,,\n"
)
BRANCHES = (
    "# 솔빛공단\n\n## 연락처\n\n- 대표전화: 1577-1000\n- 강남지사: 02-555-1000\n- 부산지사: 051-555-2000\n\n"
    "# 푸른재단\n\n## 연락처\n\n- 전화: 02-777-8888\n"
)
EMERGENCY = (
    "# 연락망\n\n| 구분 | 기관명 | 전화번호 | 비고 |\n|---|---|---|---|\n| 소방 | 가람소방서 | 119 | |\n"
    "| 의료 | 가람의료원 | 031-111-2222 | 24시간 |\n| | 나래의원 | 031-333-4444 | 야간 진료 |\n"
)
PLACES = (
    "다온풋살 이용 안내\n\n나래구장\n전화: 02-1234-5678\n주소: 서울시 나래구 1\n\n"
    "하늘구장\n전화: 02-8765-4321\n주소: 서울시 하늘구 2\n"
)
ASKED_BEFORE = "질문,답변\n가람대학교 전화번호가 뭔가요?,02-300-4000입니다.\n입학처 전화번호는?,입학처는 02-300-4001로 전화하세요.\n"
SENTENCES = (
    "나래학교 급식실은 02-400-5002로 문의합니다. 하늘학교 대표전화는 국번 없이 ☎1600-4000입니다. "
    "교육청(다온시 하늘로 3, 031-600-7000)에서도 알려 드립니다.\n"
)


@pytest.mark.parametrize(
    ("name", "text", "question", "number"),
    [
        ("부서.md", DEPARTMENTS, "교통과 전화번호", "031-111-1002"),
        ("부서.md", DEPARTMENTS, "나래시청 교통과 연락처 알려 주세요", "031-111-1002"),
        ("기관.csv", BODIES, "가람병원 전화번호", "02-123-4567"),
        ("기관.csv", BODIES, "나래의원 팩스 번호 알 수 있을까요?", "02-222-3334"),
        ("기관.csv", BODIES, "나래의원 이메일 주소가 뭐예요?", "info@narae.kr"),
        ("기관.csv", BODIES, "가람병원 강남분원 연락처", "02-999-1111"),
        ("지사.md", BRANCHES, "솔빛공단 전화번호", "1577-1000"),
        ("지사.md", BRANCHES, "솔빛공단 대표번호가 어떻게 되나요?", "1577-1000"),
        ("지사.md", BRANCHES, "부산지사 전화번호", "051-555-2000"),
        ("지사.md", BRANCHES, "솔빛공단 강남지사 전화번호", "02-555-1000"),
        ("지사.md", BRANCHES, "푸른재단 연락처", "02-777-8888"),
        ("비상.md", EMERGENCY, "가람소방서 신고 전화", "119"),
        ("비상.md", EMERGENCY, "나래의원 연락처가 뭐예요?", "031-333-4444"),
        ("구장.txt", PLACES, "하늘구장 전화번호", "02-8765-4321"),
        ("문답.csv", ASKED_BEFORE, "가람대학교 대표 전화번호", "02-300-4000"),
        ("문답.csv", ASKED_BEFORE, "입학처 전화", "02-300-4001"),
        ("학교.txt", SENTENCES, "하늘학교 전화번호", "1600-4000"),
        ("학교.txt", SENTENCES, "하늘학교에 전화하려면 몇 번으로 걸어요?", "1600-4000"),
    ],
)
def test_the_number_of_the_very_body(name: str, text: str, question: str, number: str, tmp_path: Path) -> None:
    given = asked(tmp_path / name, text, question)
    first = given.text.splitlines()[0] if name.endswith(".md") else given.text
    assert number in first
    every = {"02-", "031-", "051-", "15", "16", "119"}
    others = [one.quote for one in given.citations if number not in one.quote]
    assert not any(beginning in quote for quote in others for beginning in every)
    assert given.support >= GIVEN


def asked(path: Path, text: str, question: str) -> Answer:
    path.write_text(text, "utf-8")
    passages = parents(read(path).document)
    hits = [Hit(passage, 2 - 0.3 * n, n) for n, passage in enumerate(passages, 1)]
    return Extractive().answer(question, hits)


def hits(*texts: str) -> list[Hit]:
    return [Hit(Passage(f"p{n}", "d", text, 0, len(text), source="안내"), 1 / n, n) for n, text in enumerate(texts, 1)]


OTHERS = (
    "나래의원 02-222-3333, 다온약국 02-333-4444",
    "가람병원 원무과 02-123-9999",
    "가람병원은 누구나 찾는다.",
    "약은 다온약국에서 산다.",
    "진료는 아홉 시부터 한다.",
)


def test_a_body_whose_number_nothing_gives_is_answered_as_before() -> None:
    evidence = Reader().read("가람병원 전화번호", hits(*OTHERS))
    assert evidence.asked.contact is None
    assert [s.offers for s in evidence.sentences][:2] == [1.0, 1.0]


def test_the_passage_with_the_number_is_read_however_far_behind_it_was_found() -> None:
    filling = [f"가람병원의 {n}층에는 진료실이 있다." for n in range(20)]
    found = hits(*OTHERS, *filling, "문의: 가람병원 고객센터 국번없이 125")
    assert [hit.rank for hit in further(found, 5, wanted("가람병원 전화번호"))] == [len(OTHERS) + len(filling) + 1]
    given = Extractive(min_support=0).answer("가람병원 전화번호", found)
    assert given.text == "문의: 가람병원 고객센터 국번없이 125 [26]"
    assert not further(found, 5, wanted("나래의원 전화번호"))  # the first passages have it
    many = hits(*filling, *["가람병원 02-123-4567"] * 5)
    assert len(further(many, 5, wanted("가람병원 전화번호"))) == FURTHER


def test_a_workspace_finds_the_number_among_many_passages_that_name_the_body(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    sections = [f"# 가람병원 {n}층\n\n가람병원 {n}층 전화는 나래의원 02-222-33{n}으로 돌린다.\n" for n in range(10, 30)]
    (tmp_path / "docs" / "안내.md").write_text(
        "\n".join([*sections, "# 불편\n\n불편한 점은 가람병원 고객지원센터 125로.\n"]), "utf-8"
    )
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    bot = Mundap.open(tmp_path)
    bot.ingest()
    bot.index()
    answer = bot.ask("가람병원 전화번호")
    assert answer.text.startswith("불편한 점은 가람병원 고객지원센터 125로.")
    assert [hit.rank for hit in answer.hits] == [*range(1, len(answer.hits) + 1)]
    assert len(answer.hits) <= 5 + FURTHER

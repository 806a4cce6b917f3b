"""Where a question asks about, and that no other place answers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mundap.korean.regions import is_elsewhere, is_there, regions, seeks_a_place
from mundap.workspace import Mundap


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("부산에 수영장이 있나요?", {"부산"}),
        ("부산광역시 해운대구 우동 1", {"해운대"}),
        ("경기도 성남시 분당구 정자동", {"분당"}),
        ("전북특별자치도와 충청남도", {"전북", "충남"}),
        ("제주도에서도 되나요", {"제주"}),
        ("서울·인천", {"서울", "인천"}),
        ("오산시 부산동 471", {"오산"}),
        ("서울역에서 부산세관까지", set()),
        ("남양주시와 양주시", {"남양주", "양주"}),
        ("화성의 위성, 영양 성분, 고령 근로자, 경기 시간, 세종 대왕", set()),
        ("화성시와 세종시", {"화성", "세종"}),
        ("세종에 있는 수영장, 상주에 있나요", {"세종", "상주"}),
        ("경기에 있는 반칙, 수영에 있는 영법", set()),
    ],
)
def test_regions_are_known_by_their_short_and_long_names(text: str, named: set[str]) -> None:
    assert regions(text) == named


def test_a_part_is_in_its_region_and_a_region_covers_its_parts() -> None:
    assert is_there("서울시 강남구 역삼동", regions("서울에 있나요"))
    assert not is_elsewhere("서울에서는 누구나 신청한다", regions("강남에 있나요"))
    assert is_elsewhere("서울시 서초구 1", regions("강남에 있나요"))
    assert not is_elsewhere("누구나 신청한다", regions("강남에 있나요"))


@pytest.mark.parametrize(
    ("question", "seeks"),
    [
        ("부산에 수영장 있나요?", True),
        ("부산에서 수영할 수 있는 곳은?", True),
        ("부산 수영장 주소 알려 주세요", True),
        ("부산에서 수영장 찾아 줘", True),
        ("부산에 살면 신청할 수 있나요?", False),
        ("부산에 수영장이 있으면 이용료는 얼마인가요?", False),
    ],
)
def test_what_there_is_in_a_region_is_told_from_what_is_so_there(question: str, seeks: bool) -> None:
    assert seeks_a_place(question) is seeks


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Mundap:
    root: Path = tmp_path_factory.mktemp("pools")
    (root / "mundap.toml").touch()
    docs = root / "docs"
    docs.mkdir()
    rows = [f"서울 {n}호 수영장,서울시 강남구 역삼동 {n}" for n in range(1, 40)]
    rows += ["가온 수영장,부산시 연제구 1", "나래 수영장,부산광역시 사하구 2", "다솜 수영장,경기도 수원시 3"]
    (docs / "수영장.csv").write_text("\n".join(["이름,주소", *rows]), "utf-8")
    (docs / "안내.md").write_text(
        "# 이용 안내\n\n서울에서 수영장을 예약하려면 공공예약 누리집에 로그인합니다.\n\n"
        "수영장 이용료는 한 번에 3,000원입니다. 예약은 이용 하루 전까지 취소할 수 있습니다.\n",
        "utf-8",
    )
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return bot


@pytest.mark.slow
@pytest.mark.parametrize(
    "question", ["부산에 수영장 있나요?", "부산에 있는 수영장은 어디인가요?", "부산 수영장 주소 알려 주세요"]
)
def test_only_what_is_in_the_region_answers_what_there_is(pools: Mundap, question: str) -> None:
    answer = pools.ask(question)
    assert not answer.abstained
    named = {name for name in ("가온", "나래", "다솜", "서울") if name in answer.text}
    assert named  # one alone where the search is sure of it
    assert named <= {"가온", "나래"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "question", ["부산 수영장 다 알려줘 어디 있어", "부산에 있는 수영장들", "부산에서 수영장 추천해 줘"]
)
def test_each_row_of_the_region_is_one_of_what_there_is(pools: Mundap, question: str) -> None:
    answer = pools.ask(question)
    assert all(name in answer.text for name in ("가온", "나래"))
    assert not any(name in answer.text for name in ("다솜", "서울"))


@pytest.mark.slow
def test_a_place_that_is_named_comes_without_the_others_of_its_region(pools: Mundap) -> None:
    answer = pools.ask("부산 나래 수영장 주소")
    assert "부산광역시 사하구 2" in answer.text
    assert "가온" not in answer.text


@pytest.mark.slow
def test_what_is_in_the_region_but_is_called_otherwise_does_not_answer(pools: Mundap) -> None:
    assert pools.ask("부산에 스키장 있나요?").abstained


@pytest.mark.slow
def test_other_regions_do_not_answer_for_one_that_has_none(pools: Mundap) -> None:
    assert pools.ask("제주도에 수영장 있나요?").abstained


@pytest.mark.slow
def test_what_holds_anywhere_is_answered_in_any_region(pools: Mundap) -> None:
    assert "3,000원" in pools.ask("제주에서 수영장 이용료는 얼마인가요?").text

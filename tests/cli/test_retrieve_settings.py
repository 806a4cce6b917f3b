"""What mundap.toml says about retrieval happens: a trained ranker, dates, conditions in the question, rerankers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mundap.errors import ConfigError, MundapError
from mundap.types import Hit
from mundap.workspace import Mundap

FILES = {
    "공지_20230301.txt": "주차 안내. 지하 주차장은 밤 열 시까지 엽니다.",
    "공지_20250301.txt": "주차 안내. 지하 주차장은 밤 열한 시까지 엽니다.",
    "여비규정.txt": "출장비는 출장을 다녀온 뒤 사흘 안에 청구합니다.",
}


def made(fresh: Callable[..., Path], toml: str) -> Mundap:
    root = fresh(FILES)
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n' + toml, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return bot


def names(hits: list[Hit]) -> list[str]:
    return [Path(hit.passage.source).stem for hit in hits]


def test_a_period_keeps_the_documents_that_lie_in_it(fresh: Callable[..., Path]) -> None:
    bot = made(fresh, "")
    assert names(bot.search("주차장은 언제까지 여나요", since="2024-01-01")) == ["공지_20250301"]
    assert names(bot.search("주차장은 언제까지 여나요", until="2024-01-01")) == ["공지_20230301"]
    assert bot.search("주차장", since="2030-01-01") == []


def test_a_half_life_puts_the_newer_of_two_alike_first(fresh: Callable[..., Path]) -> None:
    bot = made(fresh, "[retrieve]\nhalf_life_days = 500\n")
    assert names(bot.search("주차 안내 지하 주차장", k=2)) == ["공지_20250301", "공지_20230301"]


def test_near_duplicates_differ_in_what_counts_and_both_stay(fresh: Callable[..., Path]) -> None:
    bot = made(fresh, "[retrieve]\nduplicates_above = 0.9\ndiversity = 0.5\n")
    assert len(bot.search("주차 안내", k=3)) == 3


def test_conditions_of_the_question_choose_the_documents(fresh: Callable[..., Path]) -> None:
    bot = made(fresh, "")
    assert names(bot.find("2023년 공지에서 주차장은 언제까지 여나요?")) == ["공지_20230301"]
    off = bot.reconfigured(
        bot.config.model_copy(update={"retrieve": bot.config.retrieve.model_copy(update={"self_query": "off"})})
    )
    assert len(off.find("2023년 공지에서 주차장은 언제까지 여나요?")) > 1


def test_a_condition_that_nothing_meets_is_given_up_with_a_word(
    fresh: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    bot = made(fresh, "")
    assert bot.find("1999년 공지에서 주차장은 언제까지 여나요?")
    assert "전체 문서에서 검색했습니다" in caplog.text


@pytest.mark.parametrize("toml", ['multi_query = "llm"', "hyde = true", 'self_query = "llm"'])
def test_what_needs_a_language_model_says_so(fresh: Callable[..., Path], toml: str) -> None:
    bot = made(fresh, f"[retrieve]\n{toml}\n")
    with pytest.raises(ConfigError, match="언어 모델"):
        bot.ask("주차장은 언제까지 여나요?")


@pytest.mark.parametrize("spec", ["light:없음", "onnx:없음", "cross:없는/모델"])
def test_a_reranker_that_is_not_there_is_an_error_that_names_it(fresh: Callable[..., Path], spec: str) -> None:
    if spec.startswith("cross"):
        (folder := fresh(FILES)).joinpath("없는").mkdir()
        (folder / "mundap.toml").write_text(f'[index]\nencoder = "hashed"\n[retrieve]\nreranker = "{spec}"\n', "utf-8")
        bot = Mundap.open(folder)
        bot.ingest()
        bot.index()
    else:
        bot = made(fresh, f'[retrieve]\nreranker = "{spec}"\n')
    with pytest.raises(MundapError, match="없"):
        bot.search("주차장")


def test_a_calibration_that_is_not_there_says_how_to_make_it(fresh: Callable[..., Path]) -> None:
    bot = made(fresh, '[generate]\nsupport = "없음"\n')
    with pytest.raises(MundapError, match="mundap train support"):
        bot.ask("주차장은 언제까지 여나요?")

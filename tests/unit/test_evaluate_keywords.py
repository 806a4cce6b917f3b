import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.evaluation.keywords import MACRO, MICRO, Tagged, evaluate_keywords, read_keywords


def saying(*lists: list[str]) -> Callable[[Sequence[str]], list[list[str]]]:
    return lambda texts: [list(words) for words in lists[: len(texts)]]


def test_figures_by_hand() -> None:
    tagged = [Tagged("가", ("관세", "면세 한도")), Tagged("나", ("FTA",)), Tagged("다", ("신고",))]
    report = evaluate_keywords(tagged, saying(["관세", "직구", "면세한도"], ["FTA"], []), resamples=50)
    means = report.figures.means
    assert means["precision"] == pytest.approx((2 / 3 + 1 / 1 + 0) / 3)
    assert means["recall"] == pytest.approx((2 / 2 + 1 / 1 + 0) / 3)
    assert means["f1"] == pytest.approx((2 * 2 / (3 + 2) + 1 + 0) / 3)
    assert means["exact"] == pytest.approx((0 + 1 + 0) / 3)
    assert means["micro_precision"] == pytest.approx((2 + 1 + 0) / (3 + 1 + 0))
    assert means["micro_recall"] == pytest.approx((2 + 1 + 0) / (2 + 1 + 1))
    assert means["micro_f1"] == pytest.approx(2 * 3 / (4 + 4))


def test_white_space_repeats_and_order_do_not_matter() -> None:
    tagged = [Tagged("가", ("이사 화물", "통관"))]
    found = evaluate_keywords(tagged, saying(["통관", " 이사화물", "이사 화물", ""]), resamples=10)
    assert found.figures.means["exact"] == 1.0
    assert found.per_question[0].found == ("통관", "이사화물")


def test_finding_nothing_at_all_is_zero() -> None:
    report = evaluate_keywords([Tagged("가", ("관세",))], saying([]), resamples=10)
    assert set(report.figures.means.values()) == {0.0}


def test_json_holds_every_figure_with_its_interval() -> None:
    report = evaluate_keywords([Tagged("가", ("관세",), 2)], saying(["관세"]), extractor="nouns", resamples=10)
    shown = json.loads(json.dumps(report.to_json(per_question=True)))
    assert (shown["n"], shown["extractor"], shown["micro_f1"]) == (1, "nouns", 1.0)
    assert set(shown["ci95"]) == {*MACRO, *MICRO}
    [asked] = shown["per_question"]
    assert (asked["question"], asked["gold"], asked["row"], asked["found"]) == ("가", ["관세"], 2, ["관세"])


def test_every_question_is_asked_once_in_order_and_progress_is_told() -> None:
    seen: list[str] = []
    progress: list[tuple[int, ...]] = []
    tagged = [Tagged(f"질문 {n}", ("관세",)) for n in range(100)]

    def extract(texts: Sequence[str]) -> list[list[str]]:
        seen.extend(texts)
        return [["관세"] for _ in texts]

    evaluate_keywords(tagged, extract, progress=lambda *at: progress.append(at), resamples=10)
    assert seen == [t.question for t in tagged]
    assert progress[-1] == (100, 100)
    with pytest.raises(ValueError, match="no questions"):
        evaluate_keywords([], extract)
    with pytest.raises(ValueError, match="shorter"):
        evaluate_keywords(tagged, lambda texts: [])


def test_a_keyword_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "k.tsv"
    path.write_bytes(
        "query\tkeyword\n직구 면세는?\t해외직구, 면세 , 면세\n\n반입은?\t담배，주류、향수\n".encode("cp949")
    )
    assert read_keywords(path) == (
        Tagged("직구 면세는?", ("해외직구", "면세"), 2),
        Tagged("반입은?", ("담배", "주류", "향수"), 4),
    )


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("k.tsv", "질의\t단어\n가\t나\n", ["k.tsv", "질의, 단어", "query", "keyword"]),
        ("k.tsv", "query\tkeyword\n", ["k.tsv", "2행"]),
        ("k.tsv", "query\tkeyword\n가\t관세\n나\t\n", ["k.tsv 3행", "keyword"]),
        ("k.tsv", "query\tkeyword\n\t관세\n", ["k.tsv 2행", "query"]),
        ("k.tsv", "query\tkeyword\n가\t관세\t면세\n", ["k.tsv 2행", "3개", "쉼표"]),
        ("k.csv", "query,keyword\n가,나\n", ["k.csv", ".tsv"]),
        ("none.tsv", None, ["none.tsv", "경로"]),
    ],
    ids=["columns", "empty", "no keyword", "no query", "tabs", "suffix", "missing"],
)
def test_a_keyword_file_that_cannot_be_used_names_the_row(
    tmp_path: Path, name: str, text: str | None, parts: list[str]
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(BadFile) as error:
        read_keywords(tmp_path / name)
    assert all(part in str(error.value) for part in parts), error.value

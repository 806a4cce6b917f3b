"""What mundap train sft and mundap export say of files, options and models that do not fit, before torch is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.invoked import run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    return tmp_path


def said(root: Path, *arguments: object) -> str:
    """The one sentence of an expected error."""
    done = run(*arguments, workspace=root)
    assert done.exit_code == 1
    return str(done.exception)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "이름,값\n가,1\n", ("a.csv", "찾은 열: 이름, 값", "필요한 열: 질문")),
        ("a.json", '[{"instruction": "왜?", "output": "답"}, {"input": "글"}]', ("a.json 2번째", "찾은 키: input", "instruction, output")),
        ("a.jsonl", '{"prompt": "왜?", "completion": ""}', ("a.jsonl 1번째 줄", "completion이(가) 비어")),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_named(root: Path, name: str, content: str, expected: tuple[str, ...]) -> None:
    (root / name).write_text(content, "utf-8")
    error = said(root, "train", "sft", "--data", root / name, "--out", "x")
    assert all(part in error for part in expected), error


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--lora-sweep", "4,많이"), "--lora-sweep 4,많이: 1 이상의 정수"),
        (("--lora-sweep", "0"), "--lora-sweep 0"),
        (("--template", "없는틀"), "alpaca, kullm"),
        ((), "답변이 있는 질문이 없습니다"),
    ],
)
def test_an_option_that_cannot_be_is_named(root: Path, options: tuple[str, ...], expected: str) -> None:
    (root / "a.csv").write_text("질문,답변\n왜?,그래서\n", "utf-8")
    data = ("--data", root / "a.csv") if options else ()
    assert expected in said(root, "train", "sft", *data, "--out", "x", *options)


@pytest.mark.parametrize("form", ["merged", "gguf"])
def test_only_language_models_are_exported_whole(root: Path, form: str) -> None:
    folder = root / ".mundap" / "models" / "가까이"
    folder.mkdir(parents=True)
    card: dict[str, Any] = {"kind": "adapter"}
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    assert "'가까이'은(는) adapter 모델입니다" in said(root, "export", form, "가까이")
    assert "학습한 모델: 가까이" in said(root, "export", form, "없음")

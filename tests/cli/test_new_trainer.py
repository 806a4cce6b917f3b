"""A trainer of one's own: a config, a function and a line of the table make a command, a function, and a card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import pytest
from typer.testing import CliRunner

import mundap as md
from mundap.cli import train
from mundap.errors import BadOption, UnknownName
from mundap.evaluation.estimates import Comparisons, compare_each
from mundap.options import Option, Options
from mundap.training.common.registry import Trained, Verdict
from mundap.types import Json
from mundap.workflows.train import TRAINERS
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import Stages, begin, silent
from mundap.workflows.train.trainer import Trainer
from mundap.workspace import Mundap


@dataclass(frozen=True)
class ToyConfig(Options):
    """Options of a trainer that learns how long questions are."""

    unit: Annotated[Literal["letters", "words"], Option(help="무엇을 셀지")] = "letters"
    most: Annotated[int, Option("--at-most", help="가장 긴 것", min=1, presets={"laptop": 10, "original": 99})] = 10


@dataclass(frozen=True)
class ToyReport:
    figures: Comparisons

    @property
    def verdict(self) -> Verdict:
        return "better"

    def to_json(self) -> dict[str, Json]:
        return {"all": self.figures.to_json()}


def toy(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: ToyConfig = ToyConfig(),
    out: str = "toy",
    progress: Stages = silent,
) -> TrainResult:
    run = begin(bot, "toy", out, data, config)
    questions = [known.question for known in bot.corpus.questions()]
    lengths = [min(len(q if config.unit == "letters" else q.split()), config.most) for q in questions]
    progress("세기")(len(questions), len(questions))
    report = ToyReport(compare_each(["length"], [[0.0]] * len(lengths), [[float(n)] for n in lengths]))

    def save(folder: Path) -> None:
        (folder / "length").write_text(str(max(lengths)), "utf-8")

    folder, card = run.save(Trained(save, {"longest": max(lengths)}, report), {"file": "corpus"})
    return TrainResult(
        run.name, folder, card, report, run.name, {"모두": report.figures}, "셌습니다.", "쓰기를 권합니다."
    )


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAINERS, "toy", Trainer(f"{__name__}:toy", ToyConfig, "질문의 길이를 배웁니다."))


@pytest.fixture
def bot(indexed: Callable[..., Mundap]) -> Mundap:
    return indexed()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(train.group(), [*arguments])
    assert done.exit_code == 0, done.exception or done.stderr
    return done.stdout


@pytest.mark.usefixtures("known")
def test_the_command_line_has_it(bot: Mundap) -> None:
    assert "질문의 길이를 배웁니다." in run("--help")
    told = run("toy", "--help")
    assert all(part in told for part in ("--unit", "letters|words", "무엇을 셀지", "--at-most", "--preset", "--json"))
    shown = json.loads(run("toy", "--out", "길이", "--unit", "words", "--json", "--workspace", str(bot.root)))
    assert (shown["longest"], shown["recommended"], shown["use"]) == (4, True, "길이")
    folder = Path(shown["folder"])
    assert (folder / "length").read_text() == "4"
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["config"] == {"unit": "words", "most": 10}
    assert "--preset laptop --unit words --at-most 10" in card["command"]
    assert "length" in run("toy", "--out", "길이", "--workspace", str(bot.root))
    assert CliRunner().invoke(train.group(), ["toy", "--out", "x", "--at-most", "0"]).exit_code == 2


@pytest.mark.usefixtures("known")
def test_python_has_it(bot: Mundap) -> None:
    made: Any = md.train.toy(bot, config=ToyConfig(unit="words"))
    assert (made.name, made.kind, made.verdict) == ("toy", "toy", "better")
    assert "length" in str(made)
    assert "<table>" in made._repr_html_()
    with pytest.raises(BadOption):
        ToyConfig(most=0)


def test_what_is_no_trainer_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="none"):
        _ = md.train.none
    assert {"adapter", "reranker"} <= set(dir(md.train))


def test_importing_trainers_does_not_hide_the_functions() -> None:
    import mundap.training.retriever.adapter as trainer

    assert cast(object, md.train.adapter) is not trainer
    assert callable(md.train.adapter)


def test_losses_are_compared_by_an_option_that_needs_no_name(bot: Mundap) -> None:
    told = run("embedding", "--help")
    assert "--losses" in told
    nameless = CliRunner().invoke(train.group(), ["embedding", "--workspace", str(bot.root)])
    assert "--losses all" in str(nameless.exception)
    unknown = CliRunner().invoke(train.group(), ["embedding", "--losses", "mnrl,모름", "--workspace", str(bot.root)])
    assert isinstance(unknown.exception, UnknownName)
    assert "모름" in str(unknown.exception)
    assert callable(md.train.compare_losses)

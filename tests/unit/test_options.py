"""Options that are said once: what is checked, what a preset changes, and what comes back from a card and a command."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import BadOption
from mundap.options import Option, Options, describe, presets
from mundap.training.llm.config import SFTConfig
from mundap.training.retriever.config import DprConfig, EmbeddingConfig
from mundap.training.retriever.encoder import settled
from mundap.workflows.train import TRAINERS


@dataclass(frozen=True)
class Toy(Options):
    epochs: Annotated[int, Option(help="몇 번", min=1, max=99, presets={"laptop": 3, "original": 30})] = 1
    lr: Annotated[float, Option("--rate", min=0)] = 0.5
    loss: Annotated[Literal["a", "b"], Option()] = "a"
    wrong: Annotated[float | None, Option(min=0.001, max=0.999)] = None
    only: Annotated[bool, Option("--only")] = False
    base: Annotated[str, Option()] = ""
    scale: Annotated[float, Option("", presets={"laptop": 100.0})] = 20.0
    warmup: float = 0.1


def test_a_preset_is_before_the_defaults_and_what_was_given_before_it() -> None:
    assert Toy().epochs == 1
    assert Toy.with_preset("original") == Toy(epochs=30)
    assert Toy.with_preset("laptop", epochs=5, lr=None) == Toy(epochs=5, scale=100.0)
    assert presets(Toy) == ["laptop", "original"]
    with pytest.raises(BadOption, match="--preset gpu: laptop, original 중"):
        Toy.with_preset("gpu")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"epochs": 0}, "--epochs 0: 1 이상 99 이하이어야 합니다."),
        ({"epochs": 1.5}, "--epochs 1.5: 정수여야 합니다."),
        ({"epochs": True}, "--epochs True: 정수여야 합니다."),
        ({"lr": -1}, "--rate -1: 0 이상이어야 합니다."),
        ({"lr": "빨리"}, "--rate 빨리: 수여야 합니다."),
        ({"loss": "c"}, "--loss c: a, b 중 하나여야 합니다."),
        ({"wrong": 1.0}, "--wrong 1.0: 0.001 이상 0.999 이하이어야 합니다."),
        ({"only": 1}, "--only 1: 참이나 거짓이어야 합니다."),
        ({"warmup": None}, "warmup None: 수여야 합니다."),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadOption) as raised:
        Toy(**given)
    assert str(raised.value) == told


def test_a_field_that_is_no_option_is_refused_by_whoever_writes_it() -> None:
    @dataclass(frozen=True)
    class Wrong(Options):
        data: Annotated[bytes, Option()] = b""

    with pytest.raises(TypeError, match="data"):
        Wrong()


@st.composite
def toys(draw: st.DrawFn) -> Toy:
    return Toy(
        draw(st.integers(1, 99)),
        draw(st.floats(0, 10)),
        draw(st.sampled_from(["a", "b"])),
        draw(st.none() | st.floats(0.001, 0.999)),
        draw(st.booleans()),
        draw(st.sampled_from(["", "한글 이름"])),
        draw(st.sampled_from([20.0, 100.0])),
    )


@given(toys())
def test_a_card_gives_back_the_same(toy: Toy) -> None:
    assert Toy.from_card(json.loads(json.dumps(toy.to_card()))) == toy
    assert list(toy.to_card()) == [field.name for field in fields(Toy)]


def parsed(options: type[Options], said: list[str]) -> Options:
    """What the options of a command line are."""
    by_flag = {one.flag: one for one in describe(options) if one.flag}
    found: dict[str, Any] = {}
    preset = ""
    while said:
        flag = said.pop(0)
        if flag in by_flag:
            one = by_flag[flag]
            found[one.name] = True if one.kind is bool else one.kind(said.pop(0))
        else:
            assert flag == "--preset"
            preset = said.pop(0)
    return options.with_preset(preset, **found) if preset else options(**found)


@given(toys())
def test_a_command_gives_back_the_same(toy: Toy) -> None:
    said = toy.to_flags()
    assert parsed(Toy, said if said[:1] == ["--preset"] else ["--preset", "laptop", *said]) == toy


@pytest.mark.parametrize("name", TRAINERS)
def test_the_command_and_the_card_of_every_trainer_give_back_its_options(name: str) -> None:
    config = TRAINERS[name].config
    for made in [config(), *map(config.with_preset, presets(config))]:
        assert parsed(config, made.to_flags()) == made
        assert config.from_card(json.loads(json.dumps(made.to_card()))) == made


def test_a_card_of_before_has_the_defaults_of_what_came_later() -> None:
    assert Toy.from_card({"epochs": 7, "gone": 1}) == Toy(epochs=7)


@pytest.mark.parametrize("name", TRAINERS)
def test_every_option_of_every_trainer_is_explained(name: str) -> None:
    config = TRAINERS[name].config
    for preset in presets(config):
        config.with_preset(preset)
    if presets(config):
        assert config.with_preset(presets(config)[0]) == config()
    assert replace(cast(Any, config())) == config()
    assert [one.name for one in describe(config) if one.flag and not one.option.help] == []


def test_what_is_left_empty_on_purpose_is_said_where_it_is_not_the_default() -> None:
    said = EmbeddingConfig(query="", passage="글: ").to_flags()
    assert said[said.index("--query-prompt") + 1] == ""
    assert said[said.index("--passage-prompt") + 1] == "글: "
    assert "--pooling" not in said


def test_what_the_base_decides_is_filled_in_and_what_was_given_stays() -> None:
    assert settled(EmbeddingConfig(passage="글: ")) == EmbeddingConfig(query="query: ", passage="글: ", pooling="mean")
    assert settled(DprConfig()) == DprConfig()


def test_the_packaged_model_is_called_by_its_name() -> None:
    from mundap.generate.causal import GEMMA

    assert TRAINERS["sft"].config().to_card()["base"] == GEMMA


@pytest.mark.parametrize("sweep", ["4,많이", "0", "4;8", "-1", "²"])
def test_ranks_that_cannot_be_compared_are_refused(sweep: str) -> None:
    with pytest.raises(BadOption, match=r"--lora-sweep .*: 1 이상의 정수를 쉼표로 구분해 지정하세요"):
        SFTConfig(lora_sweep=sweep)
    assert SFTConfig(lora_sweep="4, 8,").ranks == (4, 8)

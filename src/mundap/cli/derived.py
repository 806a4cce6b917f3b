"""Commands that follow from a table: their options are those of a config, and no more is said of them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.options import Described, Options, describe, presets

if TYPE_CHECKING:
    from mundap.workflows.train.trainer import Trainer


class ReportTo(StrEnum):
    """Where curves are drawn."""

    auto = "auto"
    tensorboard = "tensorboard"
    wandb = "wandb"
    none = "none"


Out = Annotated[str, typer.Option(help="모델 이름. .mundap/models/이름/에 저장합니다", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="중단된 학습을 이어서 합니다")]
Report = Annotated[
    ReportTo, typer.Option(help="학습 곡선을 기록할 곳. auto: tensorboard가 설치되어 있으면 tensorboard")
]
OptionsT = TypeVar("OptionsT", bound=Options)
PRESET = "하이퍼파라미터 프리셋. laptop: CPU에서 수십 분, original: 원래 시스템의 값(GPU). 따로 지정한 값이 우선합니다"


def train_command(trainer: Trainer) -> Callable[..., None]:
    """The command `mundap train …` of a line of the table: it parses, shows progress, and prints."""

    def command(**given: Any) -> None:
        config = config_of(trainer.config, given)
        bot = open_workspace(given["workspace"])
        more: dict[str, object] = {}
        if trainer.resumable:
            more = {"resume": given["resume"], "report_to": given["report_to"].value, "on_log": show.point}
        with show.stages() as progress:
            result = trainer.load()(bot, given["data"], config=config, out=given["out"], progress=progress, **more)
        if result is None:  # another process of torchrun keeps the model
            return
        if given["json"]:
            show.emit(result.to_json())
        else:
            print(result)

    command.__doc__ = trainer.help
    command.__signature__ = Signature(_parameters(trainer))  # type: ignore[attr-defined]
    return command


def config_of(options: type[OptionsT], given: Mapping[str, object]) -> OptionsT:
    """What was given on the command line, over its preset if it has one."""
    values = {one.name: _plain(given[one.name]) for one in describe(options) if one.flag}
    return options.with_preset(_plain(given["preset"]), **values) if presets(options) else options(**values)


def option_parameters(options: type[Options]) -> list[Parameter]:
    """A parameter for each option that is on the command line, and before them `--preset` if they have such values."""
    found = [_parameter(one) for one in describe(options) if one.flag]
    named = presets(options)
    if not named:
        return found
    kind = _choice("Preset", named)
    return [_keyword("preset", Annotated[kind, typer.Option(help=PRESET)], kind(named[0])), *found]


def _parameters(trainer: Trainer) -> list[Parameter]:
    kind: Any = Path if trainer.data_needed else Path | None
    data = Annotated[kind, typer.Option("--data", help=trainer.data, show_default=False)]
    out = _keyword("out", Out, trainer.out or Parameter.empty)
    first = [out, _keyword("data", data, Parameter.empty if trainer.data_needed else None)]
    last = [_keyword("workspace", Workspace, HERE), _keyword("json", Json, False)]
    if trainer.resumable:
        last = [_keyword("resume", Resume, False), _keyword("report_to", Report, ReportTo.auto), *last]
    return [*first, *option_parameters(trainer.config), *last]


def _parameter(one: Described) -> Parameter:
    kind: Any = _choice(one.name.title(), one.choices) if one.choices else one.kind
    shown = typer.Option(
        one.flag,
        help=one.option.help,
        min=one.option.min,
        max=one.option.max,
        show_default=not (one.option.presets or one.option.quiet),
    )
    if one.option.presets or one.default is None:
        return _keyword(one.name, Annotated[kind | None, shown], None)
    return _keyword(one.name, Annotated[kind, shown], kind(one.default))


def _choice(name: str, choices: Sequence[str]) -> Any:
    """A type whose values are these words."""
    make: Any = StrEnum
    return make(name, {word: word for word in choices})


def _keyword(name: str, kind: object, default: object = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _plain(value: object) -> Any:
    return value.value if isinstance(value, StrEnum) else value

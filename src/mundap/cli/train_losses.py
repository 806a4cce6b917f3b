"""`mundap train embedding --losses`, which compares losses and keeps no model."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.derived import config_of
from mundap.cli.options import open_workspace
from mundap.errors import MundapError
from mundap.training.retriever.config import EmbeddingConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

Losses = Annotated[
    str,
    typer.Option(
        help="모델을 저장하지 않고 손실 함수를 비교합니다: all(denoising, triplet, mnrl) 또는 쉼표로 구분한 목록. 에포크 1·3·10, 배치 크기 8·16",
        show_default=False,
    ),
]


def or_losses(train: Callable[..., None]) -> Callable[..., None]:
    """The command `train` with an option that compares losses instead, for which no name has to be given."""

    def command(*, losses: str, **given: Any) -> None:
        if losses:
            _compare(losses, given)
        elif not given["out"]:
            raise MundapError(
                "모델 이름이 없습니다. --out 이름을 지정하세요. 손실 함수만 비교하려면 --losses all을 지정하세요."
            )
        else:
            train(**given)

    parameters = dict(signature(train).parameters)
    parameters["out"] = parameters["out"].replace(default="")
    parameters["losses"] = Parameter("losses", Parameter.KEYWORD_ONLY, default="", annotation=Losses)
    command.__doc__ = train.__doc__
    command.__signature__ = Signature(list(parameters.values()))  # type: ignore[attr-defined]
    return command


def _compare(losses: str, given: Mapping[str, Any]) -> None:
    from mundap.training.retriever.loss_comparison import COMPARED
    from mundap.workflows.train.loss_comparison import compare_losses

    chosen: Any = COMPARED if losses == "all" else tuple(losses.split(","))
    config = config_of(EmbeddingConfig, given)
    bot = open_workspace(given["workspace"])
    with show.stages() as progress:
        result = compare_losses(bot, given["data"], losses=chosen, config=config, progress=progress)
    if given["json"]:
        show.emit(result.to_json())
    else:
        print(result)

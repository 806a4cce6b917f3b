"""mundap export: trained models in forms that other programs read, most of them without torch."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

if TYPE_CHECKING:
    from mundap.workflows.export import Exported

Name = Annotated[str, typer.Argument(help="mundap train의 --out에 지정한 이름", metavar="NAME")]


class Weights(StrEnum):
    """What a weight becomes in a GGUF file."""

    q8_0 = "q8_0"
    f16 = "f16"
    f32 = "f32"


app = typer.Typer(no_args_is_help=True, help="학습한 모델을 다른 형식으로 내보냅니다.", rich_markup_mode=None)


@app.callback()
def verbs() -> None:
    """학습한 모델을 다른 형식으로 내보냅니다."""


@app.command()
def onnx(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """키워드 모델이나 임베딩을 ONNX로 내보냅니다. 내보낸 모델은 torch 없이 onnxruntime만으로 실행됩니다."""
    from mundap.workflows import export

    _tell(export.onnx(open_workspace(workspace), name), json)


@app.command()
def merged(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """언어 모델의 어댑터를 베이스 모델에 병합해 transformers나 vLLM이 바로 읽는 폴더로 내보냅니다."""
    from mundap.workflows import export

    _tell(export.merged(open_workspace(workspace), name), json)


@app.command()
def gguf(
    name: Name,
    type: Annotated[
        Weights, typer.Option(help="가중치 형식. q8_0: 8비트(손실이 거의 없음), f16: 16비트, f32: 32비트")
    ] = Weights.q8_0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """언어 모델을 llama.cpp가 읽는 GGUF 파일 하나로 내보냅니다(Llama, Gemma, GPT-NeoX 계열)."""
    from mundap.workflows import export

    _tell(export.gguf(open_workspace(workspace), name, type.value), json)


def _tell(made: Exported, json: bool) -> None:
    if json:
        show.emit(made.to_json())
    else:
        print(made)

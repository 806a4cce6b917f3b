"""mundap export: trained models in forms that other programs read, most of them without torch."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

if TYPE_CHECKING:
    from mundap.workspace import Mundap

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
def onnx(
    name: Name,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """키워드 모델이나 임베딩을 ONNX로 내보냅니다. 내보낸 모델은 torch 없이 onnxruntime만으로 실행됩니다."""
    from mundap.encode import MODEL_FILE
    from mundap.training.keywords.onnx_export import export_keywords
    from mundap.training.retriever.export_encoder import export_encoder

    folder = _folder(open_workspace(workspace), name)
    use = f"model:{folder.name}"
    if (folder / MODEL_FILE).is_file():
        export_encoder(folder)
        made: list[Path] = list(folder.glob("*/onnx"))
        setting = f'[index]\nencoder = "{use}"'
    else:
        made = [export_keywords(folder)]
        setting = f'[keywords]\nextractor = "{use}"'
    size = sum(path.stat().st_size for one in made for path in one.iterdir())
    if json:
        show.emit({"folder": str(made[0] if len(made) == 1 else folder), "bytes": size, "use": use})
        return
    print(f"{', '.join(map(str, made))} ({size / 1e6:.1f} MB)")
    print(f"사용하려면 mundap.toml에 추가하세요:\n\n{setting}")


@app.command()
def merged(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """언어 모델의 어댑터를 베이스 모델에 병합해 transformers나 vLLM이 바로 읽는 폴더로 내보냅니다."""
    from mundap.training.llm.merge import language_model, merge

    bot = open_workspace(workspace)
    folder = merge(language_model(_folder(bot, name)), bot.models)
    size = sum(path.stat().st_size for path in folder.iterdir())
    if json:
        show.emit({"folder": str(folder), "bytes": size})
        return
    print(f"{folder} ({size / 1e6:.1f} MB)")
    print(f"vLLM으로 실행하려면: vllm serve {folder}")


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
    import shutil

    from mundap.training.llm.gguf_export import export_gguf
    from mundap.training.llm.merge import MERGED, language_model, merge

    bot = open_workspace(workspace)
    kept = language_model(_folder(bot, name))
    there = (kept.folder / MERGED).is_dir()
    whole = merge(kept, bot.models)
    file = kept.folder / f"{kept.folder.name}-{type.value}.gguf"
    export_gguf(whole, file, type.value, kept.folder.name)
    if whole.name == MERGED and not there:
        shutil.rmtree(whole)
    use = f"gguf:{file.relative_to(bot.root)}"
    if json:
        show.emit({"file": str(file), "bytes": file.stat().st_size, "use": use})
        return
    print(f"{file} ({file.stat().st_size / 1e6:.1f} MB)")
    print(f'사용하려면 mundap.toml에 추가하세요:\n\n[generate]\ngenerator = "{use}"')


def _folder(bot: Mundap, name: str) -> Path:
    from mundap.errors import MundapError
    from mundap.training.common.registry import plain_name

    folder = bot.models / plain_name(name)
    if not folder.is_dir():
        known = sorted(path.name for path in bot.models.glob("[!.]*") if path.is_dir())
        raise MundapError(f"'{name}': 없는 모델입니다. 학습한 모델: {', '.join(known) or '없음'}")
    return folder

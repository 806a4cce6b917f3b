"""mundap export: trained models in forms that need no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

app = typer.Typer(no_args_is_help=True, help="학습한 모델을 다른 꼴로 내보냅니다.", rich_markup_mode=None)


@app.callback()
def verbs() -> None:
    """학습한 모델을 다른 꼴로 내보냅니다."""


@app.command()
def onnx(
    name: Annotated[str, typer.Argument(help="mundap train의 --out에 준 이름", metavar="NAME")],
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """키워드 모델이나 임베딩을 ONNX로 내보냅니다. 그 뒤로는 torch 없이 onnxruntime만으로 씁니다."""
    from mundap.encode import MODEL_FILE
    from mundap.errors import MundapError
    from mundap.train.export import export_keywords
    from mundap.train.export_encoder import export_encoder
    from mundap.train.keep import plain_name

    bot = open_workspace(workspace)
    folder = bot.models / plain_name(name)
    if not folder.is_dir():
        known = sorted(path.name for path in bot.models.glob("[!.]*") if path.is_dir())
        raise MundapError(f"'{name}': 그런 모델이 없습니다. 있는 것: {', '.join(known) or '없음'}")
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
    print(f"mundap.toml에 이렇게 적으면 씁니다:\n\n{setting}")

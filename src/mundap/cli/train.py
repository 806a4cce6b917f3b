"""mundap train: models of one's own questions, each measured before it is kept."""

from __future__ import annotations

import typer

from mundap.cli.derived import train_command
from mundap.cli.train_losses import or_losses
from mundap.workflows.train import TRAINERS


def group() -> typer.Typer:
    """A command for each trainer of the table."""
    found = typer.Typer(no_args_is_help=True, help="조직의 질문 데이터로 모델을 학습합니다.", rich_markup_mode=None)

    @found.callback()
    def verbs() -> None:
        """조직의 질문 데이터로 모델을 학습합니다."""

    for name, trainer in TRAINERS.items():
        command = train_command(trainer)
        found.command(name)(or_losses(command) if name == "embedding" else command)
    return found


app = group()

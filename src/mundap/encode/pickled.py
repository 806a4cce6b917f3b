"""Tensors of a file that torch.save wrote: a layer beside a model."""

from __future__ import annotations

from pathlib import Path

from mundap.errors import ConfigError
from mundap.extras import need
from mundap.protocols import Vectors


def read_pickled(file: Path) -> dict[str, Vectors]:
    """The tensors by name, as floats. Nothing but tensors is read. Raises ConfigError, and MissingExtra without torch."""
    torch = need("torch", extra="train")
    try:
        return {name: tensor.float().numpy() for name, tensor in torch.load(file, "cpu", weights_only=True).items()}
    except Exception as error:  # what an unpickler raises of a damaged file has no common base
        said = (str(error).strip() or repr(error)).splitlines()[0]
        raise ConfigError(f"'{file}'을(를) 읽을 수 없습니다. 모델을 다시 다운로드하세요. ({said})") from error

"""Where the files of a model are, in a folder or on a hub, and what tells them from others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from mundap.errors import ConfigError
from mundap.extras import need
from mundap.files import digest, digest_file

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_WHOLE = 1 << 24  # bytes of a file that is read whole
_SAMPLES, _SAMPLE = 256, 1 << 14  # of a larger one, evenly spread


def is_hub_id(place: str, path: Path) -> bool:
    """Whether `place` is "owner/name" on a hub, not a path, mistyped, whose folder above exists."""
    return bool(_HUB_ID.fullmatch(place)) and not path.parent.exists()


def model_folder(place: str, folder: Path, wanted: Sequence[str], weights: Sequence[Sequence[str]] = ()) -> Path:
    """The folder `place`, relative to `folder`; of a hub's model, those of its files that `wanted` has patterns for, and
    those of the first of `weights` that it has any of, which are fetched once. Raises ConfigError where there is neither,
    and MissingExtra."""
    path = folder / Path(place).expanduser()
    if path.is_dir():
        return path
    if not is_hub_id(place, path):
        raise ConfigError(f"임베딩 모델 폴더 '{path}'이(가) 없습니다. 모델을 둔 폴더의 경로를 확인하세요.")
    hub = need("huggingface_hub", extra="encoders")
    try:
        found = Path(hub.snapshot_download(place, allow_patterns=list(wanted), local_files_only=True))
        if not weights or any(_holds(found, some) for some in weights):
            return found
    except (OSError, ValueError):
        pass  # it was not fetched before
    try:
        found = Path(hub.snapshot_download(place, allow_patterns=[*wanted, *(weights[0] if weights else ())]))
        for before, some in pairwise(weights):
            if not _holds(found, before):
                found = Path(hub.snapshot_download(place, allow_patterns=list(some)))
    except Exception as error:  # of the hub's package, of its HTTP library, and of the network
        said = (str(error).strip() or repr(error)).splitlines()[0]
        raise ConfigError(
            f"허브에서 모델 '{place}'을(를) 다운로드하지 못했습니다. 모델 이름과 네트워크 연결을 확인하거나, 미리 다운로드한 폴더의"
            f" 경로를 지정하세요. ({said})"
        ) from error
    return found


def _holds(folder: Path, patterns: Iterable[str]) -> bool:
    return any(True for pattern in patterns for _ in folder.glob(pattern))


def fingerprint(folder: Path, names: Iterable[str]) -> str:
    """Of the files of `folder` that fit a pattern of `names`: their names, sizes and contents.

    Of a file of more than 16 MB evenly spread samples are read, which every training changes: a second look at 2 GB
    would take longer than the search that waits for it.
    """
    found = sorted({path for name in names for path in folder.glob(name) if path.is_file()})
    return digest(*(part for path in found for part in (path.relative_to(folder).as_posix(), content(path))))


def content(path: Path) -> str:
    """What stands for the content of a file. Raises OSError."""
    size = path.stat().st_size
    if size <= _WHOLE:
        return digest_file(path)
    step = (size - _SAMPLE) // (_SAMPLES - 1)
    with path.open("rb") as file:
        samples = []
        for place in range(_SAMPLES):
            file.seek(place * step)
            samples.append(file.read(_SAMPLE))
    return digest(str(size), *samples, size=16)

"""Where trained models are kept: a folder for each, with a card, that is whole or not there.

A model is written aside, made durable, and takes its place by a rename. A model of the same name stays until then.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

from filelock import FileLock

from mundap.errors import MundapError
from mundap.files import digest, sync_folder
from mundap.types import Json

CARD = "card.json"
_NAME = re.compile(r"[0-9A-Za-z가-힣_-][0-9A-Za-z가-힣._-]*")  # a dot in front is ours
_LONGEST = 60  # letters; a file system takes 255 bytes, and a Hangul syllable has three
_ASIDE = ".building"
_BEFORE = ".before"
_AT_CWD, _EXCHANGE = -100, 2  # of Linux's renameat2


ReportT_co = TypeVar("ReportT_co", covariant=True)
Verdict = Literal["better", "same", "worse"]  # worse: beyond chance, somewhere


class Report(Protocol):
    """What was measured of a model."""

    @property
    def verdict(self) -> Verdict:
        """Whether the model is worth using."""
        ...

    def to_json(self) -> dict[str, Json]:
        """As cards and the command line have it."""
        ...


@dataclass(frozen=True)
class Trained(Generic[ReportT_co]):
    """What a training has made. `save` fills an empty folder, `model` tells of the weights, `report` of what was measured."""

    save: Callable[[Path], None]
    model: Mapping[str, Json]
    report: ReportT_co


@dataclass(frozen=True)
class Card:
    """What a model was made of, how good it is, and how to make it again.

    `created` is in UTC. `data` has the file's name, or "corpus" for its known questions, and a digest. `settings` are
    those of the workspace, `recipe` what decided its index, `config` the options of its training, `model` what the kind
    has to tell of itself, `metrics` those before and after.
    """

    kind: str
    created: str
    command: str
    data: Mapping[str, str]
    corpus_digest: str
    settings: Mapping[str, Json]
    recipe: Mapping[str, Json]
    versions: Mapping[str, str]
    config: Mapping[str, Json]
    model: Mapping[str, Json]
    metrics: Mapping[str, Json]
    recommended: bool

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `model` among them."""
        fields = asdict(self)
        return {"kind": fields.pop("kind"), **fields.pop("model"), **fields}


def data_of(file: Path) -> dict[str, str]:
    """What a card says of a file that was learned from."""
    return {"file": file.name, "digest": digest(file.read_bytes(), size=16)}


def plain_name(name: str) -> str:
    """`name` in NFC, as file systems may take it apart. Raises MundapError unless it can name a folder."""
    whole = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(whole) or len(whole) > _LONGEST:
        raise MundapError(
            f"'{name}': 모델 이름으로 사용할 수 없습니다. 글자, 숫자, '-', '_', '.'을 사용해 최대 {_LONGEST}자로, "
            "점으로 시작하지 않게 지정하세요. 예: 관세-1"
        )
    return whole


def free_name(models: Path, name: str, kind: str) -> str:
    """`plain_name(name)`. Raises MundapError too if a model of another kind has it: it would be lost."""
    whole = plain_name(name)
    try:
        other = json.loads((models / whole / CARD).read_text("utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return whole
    if other != kind:
        raise MundapError(
            f"'{whole}'은(는) 이미 {other} 모델의 이름입니다. --out에 다른 이름을 지정하세요. 예: {whole}-{kind}"
        )
    return whole


def register(models: Path, name: str, card: Card, write: Callable[[Path], None]) -> Path:
    """Have `write` fill an empty folder, add the card, and make it the model `name`; its folder under `models`.

    Raises MundapError for a name that cannot be one, or is that of another kind of model. If `write` fails, the model of that name stays as it was.
    """
    folder = models / free_name(models, name, card.kind)
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(models / ".lock"):
        _tidy(models)
        aside = models / f"{_ASIDE}-{folder.name}"
        aside.mkdir()
        write(aside)
        (aside / CARD).write_text(json.dumps(card.to_json(), ensure_ascii=False, indent=1), "utf-8")
        _sync(aside)
        if not folder.exists():
            aside.rename(folder)
        elif not _exchanged(aside, folder):
            folder.rename(models / f"{_BEFORE}-{folder.name}")
            aside.rename(folder)
        sync_folder(models)
        _tidy(models)
    return folder


def _tidy(models: Path) -> None:
    """Put back what a kill between two renames has left aside, and remove what is not needed."""
    for before in models.glob(f"{_BEFORE}-*"):
        folder = models / before.name.removeprefix(f"{_BEFORE}-")
        if folder.exists():
            shutil.rmtree(before)
        else:
            before.rename(folder)
    for left in models.glob(f"{_ASIDE}-*"):
        shutil.rmtree(left)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot, and nothing has changed."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)

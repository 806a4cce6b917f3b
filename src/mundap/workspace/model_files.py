"""Trained models that servers on several machines use: sent to the bucket of the uploads, and fetched by who lacks them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from mundap.asides import Aside
from mundap.config import Config
from mundap.errors import ConfigError
from mundap.files import digest_file
from mundap.store.bucket import Bucket

_BELOW = ".models"  # no upload has a name that begins with a dot
_LIST = "files.json"  # sent last, so that what it names is there
_MARK = ".fetched"  # in a model that was fetched: the tag of its list
_NAMED = re.compile(r"(?:model:|light:|/models/)([^/]+)$")


def send_model(bucket: Bucket, folder: Path) -> None:
    """Have the trained model in `folder` be in the bucket as it is here. Raises as Bucket does."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _MARK)
    names = {path.relative_to(folder).as_posix(): digest_file(path) for path in files}
    with Aside(folder.parent, ".sent-") as aside:
        told = aside.folder / _LIST
        told.write_text(json.dumps(names, ensure_ascii=False), "utf-8")
        for path in files:
            bucket.put(f"{_BELOW}/{folder.name}/{path.relative_to(folder).as_posix()}", path)
        bucket.put(f"{_BELOW}/{folder.name}/{_LIST}", told)


def fetch_models(bucket: Bucket, config: Config, models: Path) -> None:
    """Have the models that the settings name in the folder `models`, as they were sent; those that were trained here stay.

    Raises as Bucket does, and ConfigError for one that came in part.
    """
    for name in sorted(named_models(config)):
        folder = models / name
        if folder.is_dir() and not (folder / _MARK).is_file():
            continue
        below = f"{_BELOW}/{name}"
        tag = bucket.tag(f"{below}/{_LIST}")
        if tag is None or (folder.is_dir() and (folder / _MARK).read_text("utf-8") == tag):
            continue
        with Aside(models, ".fetched-") as aside:
            made = aside.folder / name
            made.mkdir()
            told = aside.folder / _LIST
            names = json.loads(told.read_text("utf-8")) if bucket.get(f"{below}/{_LIST}", told) else {}
            for one, wanted in names.items():
                into = made / one
                into.parent.mkdir(parents=True, exist_ok=True)
                if not bucket.get(f"{below}/{one}", into) or digest_file(into) != wanted:
                    raise ConfigError(
                        f"'{name}': 모델의 파일이 파일 저장소에 온전하지 않습니다({one}). 학습한 컴퓨터에서 다시 실행하세요: mundap"
                        f" promote {name} (the model is not whole in the bucket)"
                    )
            (made / _MARK).write_text(tag, "utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)


def named_models(config: Config) -> set[str]:
    """The names of the trained models that the settings use."""
    generate = config.generate
    places = (config.index.encoder, config.retrieve.reranker, config.keywords.extractor, generate.generator)
    found = {named[1] for place in places if (named := _NAMED.search(place))}
    return found | {name for name in (generate.reader, generate.support) if name}

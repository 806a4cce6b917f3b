"""The models that were trained in a workspace, as their cards tell, and the trainings that have not ended."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from mundap.training.common.registry import CARD
from mundap.types import Json
from mundap.workflows.train.run import TRAINING
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

_ACTIVE = 600  # seconds since the last sign of life, after which a training is taken for broken off


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model. `used` says that the settings name it; `metrics` are those of its card."""

    name: str
    kind: str
    created: str
    recommended: bool
    used: bool
    command: str
    metrics: Json


@dataclass(frozen=True, slots=True)
class Training:
    """A training that has not ended: when it last wrote something, in UTC, and whether that is recent."""

    name: str
    changed: str
    active: bool


def trained(bot: Mundap) -> list[Model]:
    """The models, by name; what has no card that can be read is left out."""
    config = bot.config
    named = (config.index.encoder, config.retrieve.reranker, config.keywords.extractor, config.generate.generator)
    used = {spec.partition(":")[2] for spec in named} | {config.generate.support, config.generate.reader}
    found = []
    for path in sorted(bot.components.models.glob(f"[!.]*/{CARD}")):
        try:
            card = json.loads(path.read_text("utf-8"))
            about = (str(card["kind"]), str(card["created"]), bool(card["recommended"]))
            name = path.parent.name
            found.append(Model(name, *about, name in used, str(card["command"]), card["metrics"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def unfinished(bot: Mundap) -> list[Training]:
    """The trainings that were begun and have not made their model, the latest first."""
    found = []
    for folder in (bot.root / FOLDER / TRAINING).glob("[!.]*"):
        try:
            latest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
        except OSError:  # it ended just now
            continue
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(latest))
        found.append(Training(folder.name, when, time.time() - latest < _ACTIVE))
    return sorted(found, key=lambda one: one.changed, reverse=True)

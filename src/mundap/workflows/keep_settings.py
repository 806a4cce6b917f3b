"""Settings that a command or a page changes: into mundap.toml, or into the record, for all servers that share it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mundap.config import FILE, Config, parse_config
from mundap.errors import WorkspaceBusy
from mundap.files import write_atomically
from mundap.store.settings import SharedSettings
from mundap.tuning.edit import Value, set_values
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

_WAIT = 30.0  # seconds for another who changes settings


def changed_elsewhere(bot: Mundap) -> dict[str, Value]:
    """What counts over mundap.toml, by dotted keys; nothing for a record of one's own."""
    if isinstance(bot.record, Path):
        return {}
    return SharedSettings(bot.record).over(tomllib.loads(_text(bot)))


def with_values(bot: Mundap, values: Mapping[str, Value]) -> Config:
    """What the settings would be with these values, by dotted keys. Raises ConfigError for one that cannot be."""
    if isinstance(bot.record, Path):
        return parse_config(_edited(bot, values), bot.root / FILE)
    return parse_config(_text(bot), bot.root / FILE, {**changed_elsewhere(bot), **values})


def keep(bot: Mundap, values: Mapping[str, Value]) -> None:
    """Write these values, by dotted keys; servers that run take them up by themselves.

    Raises ConfigError for values that cannot be, and WorkspaceBusy; nothing is written then.
    """
    with_values(bot, values)
    if isinstance(bot.record, Path):
        with _alone(bot):  # what another writes meanwhile is not undone
            write_atomically(bot.root / FILE, _edited(bot, values))
    else:
        SharedSettings(bot.record).put(tomllib.loads(_text(bot)), values)


@contextmanager
def _alone(bot: Mundap) -> Iterator[None]:
    try:
        with FileLock(bot.root / FOLDER / "settings.lock", timeout=_WAIT, mode=0o600):
            yield
    except Timeout as error:
        raise WorkspaceBusy("다른 프로세스가 설정을 바꾸는 중입니다. 잠시 후 다시 시도하세요.") from error


def _text(bot: Mundap) -> str:
    return (bot.root / FILE).read_text("utf-8")


def _edited(bot: Mundap, values: Mapping[str, Value]) -> str:
    return set_values(_text(bot), {tuple(key.split(".")): value for key, value in values.items()})

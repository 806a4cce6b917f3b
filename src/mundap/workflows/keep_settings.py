"""Settings that a command or a page changes: into mundap.toml, or into the record, for all servers that share it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from mundap.config import FILE, Config, parse_config
from mundap.files import write_atomically
from mundap.store.settings import SharedSettings
from mundap.tuning.edit import Value, set_values
from mundap.workspace import Mundap


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

    Raises ConfigError for values that cannot be; nothing is written then.
    """
    with_values(bot, values)
    if isinstance(bot.record, Path):
        write_atomically(bot.root / FILE, _edited(bot, values))
    else:
        SharedSettings(bot.record).put(tomllib.loads(_text(bot)), values)


def _text(bot: Mundap) -> str:
    return (bot.root / FILE).read_text("utf-8")


def _edited(bot: Mundap, values: Mapping[str, Value]) -> str:
    return set_values(_text(bot), {tuple(key.split(".")): value for key, value in values.items()})

"""Heavy packages come late: asked for by the part that needs them, and their absence is raised."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias

from mundap.errors import MissingExtra, UnknownName

Untyped: TypeAlias = Any  # a value of a package that has no types of its own


def need(package: str, extra: str) -> ModuleType:
    """Import `package`, or raise MissingExtra naming the extra that brings it."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise MissingExtra(package, extra) from error


def quiet_transformers() -> Untyped:
    """The package, without the bars and remarks that it writes while it loads and saves. Raises MissingExtra."""
    transformers = need("transformers", extra="train")
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers|peft|trl")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    return transformers


def data_frame(rows: Sequence[Mapping[str, object]]) -> Untyped:
    """A data frame of pandas, a row of it for each mapping. Raises MissingExtra without pandas."""
    return need("pandas", extra="frames").DataFrame(list(rows))


def load(kind: str, name: str, table: dict[str, str]) -> Untyped:
    """The object that `table[name]` names as "module:attribute"; UnknownName lists the table."""
    if name not in table:
        raise UnknownName(kind, name, table)
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)

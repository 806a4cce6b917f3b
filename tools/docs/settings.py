"""The reference of mundap.toml: every table and key of `mundap.config`, with its type, default and bounds."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mundap.config import Config
from mundap.source_settings import KINDS, Source

_BOUNDS = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt"), MinLen: ("at least", "min_length")}
_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def markdown() -> str:
    """A section for each table."""
    return "".join([*_tables(Config, ""), *_sources()])


def _sources() -> Iterator[str]:
    """A section for what all [[sources]] have, and one for each kind with what else it has."""
    kinds = list(KINDS.values())
    shared = {name for name in kinds[0].model_fields if all(name in kind.model_fields for kind in kinds)} - {"kind"}
    parts: list[tuple[str, type[BaseModel], set[str]]] = [("`[[sources]]`", Source, shared)]
    parts += [
        (f'`[[sources]]` with `kind = "{kind}"`', model, set(model.model_fields) - shared)
        for kind, model in KINDS.items()
    ]
    for title, model, names in parts:
        yield f"\n## {title}\n\n{_docstring(model)}\n\n| key | type | default |\n|---|---|---|\n"
        yield from (_row(name, field) for name, field in model.model_fields.items() if name in names)


def _tables(model: type[BaseModel], above: str) -> Iterator[str]:
    title = f"`[{above}]`" if above else "At the top"
    yield f"\n## {title}\n\n{_docstring(model)}\n\n"
    plain = [
        (name, field) for name, field in model.model_fields.items() if _section(field) is None and name != "sources"
    ]
    if plain:
        yield "| key | type | default |\n|---|---|---|\n"
        yield from (_row(name, field) for name, field in plain)
    for name, field in model.model_fields.items():
        if inner := _section(field):
            yield from _tables(inner, f"{above}.{name}" if above else name)


def _row(name: str, field: FieldInfo) -> str:
    said = f" {field.description}" if field.description else ""
    return f"| `{name}` | {_type(field.annotation)}{_bounds(field)}{said} | `{_default(field)}` |\n"


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _docstring(model: type[BaseModel]) -> str:
    lines = (model.__doc__ or "").strip().split("\n")
    return "\n".join(line.strip() for line in lines)


def _type(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(f"`{json.dumps(one, ensure_ascii=False)}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"list of: {_type(inner[0])}"
    if origin is dict:
        return f"table of: {_type(inner[1])}"
    return _NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def _bounds(field: FieldInfo) -> str:
    said = [f"{sign} {getattr(rule, name):,}" for rule in field.metadata for sign, name in _bound(rule)]
    patterns = [f"matches `{pattern}`" for rule in field.metadata if (pattern := getattr(rule, "pattern", None))]
    return "".join(f", {one}" for one in (*said, *patterns)).replace("|", "\\|")


def _bound(rule: object) -> Iterator[tuple[str, str]]:
    for kind, shown in _BOUNDS.items():
        if isinstance(rule, kind):
            yield shown


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

"""Values put into a TOML file as a careful hand would: comments, order and every other key stay as they are."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

from mundap.errors import ConfigError

Path = tuple[str, ...]
Value: TypeAlias = "bool | int | float | str | Mapping[str, Value]"

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTES = ('"""', "'''", '"', "'")


@dataclass(frozen=True, slots=True)
class _Line:
    """A header (`value` is None) or a key: its whole path, that of its table, and where value and line end."""

    path: Path
    table: Path
    value: tuple[int, int] | None
    end: int


def set_values(text: str, values: Mapping[Path, Value]) -> str:
    """The TOML `text` with each path of `values` set: replaced where it stands, else added to its table.

    A value is a number, a boolean, a string, or a table of these, which replaces one that was there. Raises ConfigError
    where `text` writes things in a way that a single edit cannot serve, such as a table inside an inline one.
    """
    wanted = tomllib.loads(text)
    result = text
    for path, value in values.items():
        _put(wanted, path, value)
        result = _set(_without_parts(result, path), path, value)
    try:
        right = tomllib.loads(result) == wanted
    except tomllib.TOMLDecodeError:
        right = False
    if not right:
        shown = ", ".join(f"{'.'.join(path)} = {_shown(value)}" for path, value in values.items())
        raise ConfigError(f"mundap.toml을 자동으로 수정할 수 없는 형식입니다. 직접 수정하세요: {shown}")
    return result


def _put(tree: dict[str, object], path: Path, value: Value) -> None:
    for name in path[:-1]:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"'{'.'.join(path)}': '{name}'이(가) 테이블이 아닙니다. mundap.toml을 수정하세요.")
        tree = inner
    tree[path[-1]] = deepcopy(dict(value)) if isinstance(value, Mapping) else value


def _set(text: str, path: Path, value: Value) -> str:
    lines = _lines(text)
    break_ = "\r\n" if "\r\n" in text else "\n"
    for line in lines:
        if line.value and line.path == path:
            return text[: line.value[0]] + _shown(value) + text[line.value[1] :]
    inside = [line for line in lines if line.table == path[:-1]]
    dotted = [
        line
        for line in lines
        if len(line.table) < len(path) - 1 < len(line.path) and line.path[: len(path) - 1] == path[:-1]
    ]
    if inside or dotted:
        after = (inside or dotted)[-1]
        added = f"{_key(path[len(after.table) :])} = {_shown(value)}{break_}"
        return _ended(text[: after.end], break_) + added + text[after.end :]
    if len(path) == 1:
        return f"{_key(path)} = {_shown(value)}{break_}{text}"
    before = _ended(text, break_)
    return f"{before}{break_ if before.strip() else ''}[{_key(path[:-1])}]{break_}{_key(path[-1:])} = {_shown(value)}{break_}"


def _without_parts(text: str, path: Path) -> str:
    """`text` without what writes the table `path` key by key: a header of its own, or dotted keys."""
    for line in reversed(_lines(text)):
        if line.path[: len(path)] == path and (line.value is None or len(line.path) > len(path)):
            start = text.rfind("\n", 0, line.value[0] if line.value else line.end - 1) + 1
            text = text[:start] + text[line.end :]
    return text


def _ended(text: str, break_: str) -> str:
    return text if not text or text.endswith("\n") else text + break_


def _shown(value: Value) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key((name,))} = {_shown(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else repr(value)


def _key(path: Path) -> str:
    return ".".join(name if _BARE.fullmatch(name) else _shown(name) for name in path)


def _lines(text: str) -> list[_Line]:
    """The headers and keys of valid TOML, in order."""
    found: list[_Line] = []
    table: Path = ()
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text[at] == "#":
            at = _next_line(text, at)
        elif text[at] == "[":
            stop = _scan(text, at, "")
            table = _path(text[at:stop].strip("[] \t\r"))
            at = _next_line(text, stop)
            found.append(_Line(table, table, None, at))
        else:
            equals = _scan(text, at, "=")
            start = equals + 1 + len(text[equals + 1 :]) - len(text[equals + 1 :].lstrip(" \t"))
            stop = _scan(text, start, "")
            name = _path(text[at:equals])
            at = _next_line(text, stop)
            found.append(_Line(table + name, table, (start, start + len(text[start:stop].rstrip())), at))
    return found


def _path(key: str) -> Path:
    tree: object = tomllib.loads(f"{key} = 0")
    path = []
    while isinstance(tree, dict):
        [(name, tree)] = tree.items()
        path.append(name)
    return tuple(path)


def _scan(text: str, at: int, mark: str) -> int:
    """Where, from `at`, `mark` stands outside of strings; or, without one, where the line or the bracket ends."""
    depth = 0
    while at < len(text):
        if quote := next((q for q in _QUOTES if text.startswith(q, at)), ""):
            at = _string_end(text, at, quote)
        elif text[at] == mark:
            return at
        elif text[at] == "#" and not mark:
            if not depth:
                return at
            at = _next_line(text, at)
        elif text[at] == "\n" and not depth:
            return at
        else:
            depth += (text[at] in "[{") - (text[at] in "]}")
            at += 1
    return at


def _string_end(text: str, at: int, quote: str) -> int:
    at += len(quote)
    while not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and quote[0] == '"' else 1
    at += len(quote)
    while len(quote) == 3 and text.startswith(quote[0], at):  # up to two quotes may stand before the closing ones
        at += 1
    return at


def _next_line(text: str, at: int) -> int:
    place = text.find("\n", at)
    return len(text) if place < 0 else place + 1

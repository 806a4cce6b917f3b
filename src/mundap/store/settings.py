"""Settings that were changed at one of several servers, for all of them: in the record, over what mundap.toml says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from mundap.store.record import Server

Values: TypeAlias = Mapping[str, Any]  # by their dotted keys in mundap.toml


class SharedSettings:
    """Those in the record of `server`. A value counts as long as mundap.toml says of its key what it said when it was
    changed: who edits the file later has the last word. Raises as `server` does."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def version(self) -> object:
        """Another one when anything was changed."""
        return tuple(self._rows())

    def over(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """The values that count over what a mundap.toml says."""
        return {
            key: json.loads(said) for key, before, said in self._rows() if _shown(_value_in(written, key)) == before
        }

    def put(self, written: Mapping[str, Any], values: Values) -> None:
        """Have these values count over what a mundap.toml says now."""
        with self._server.transaction(alone=False):
            for key, value in values.items():
                self._server.execute(
                    "INSERT INTO settings VALUES (?,?,?)"
                    " ON CONFLICT (key) DO UPDATE SET before = excluded.before, said = excluded.said",
                    (key, _shown(_value_in(written, key)), _shown(value)),
                )

    def _rows(self) -> list[tuple[str, str, str]]:
        return [
            (key, before, said) for key, before, said in self._server.execute("SELECT * FROM settings ORDER BY key")
        ]


def _value_in(written: Mapping[str, Any], key: str) -> Any:
    """What a file says of a dotted key; None for one that it does not name."""
    value: Any = written
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

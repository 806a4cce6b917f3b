"""What bodies of requests have in common: null is as if absent."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

_NULL = {"type": "null"}


def _nullable(schema: dict[str, Any]) -> None:
    """Say of every field that may be left out that it may be null."""
    for name, field in schema.get("properties", {}).items():
        kinds = field.get("anyOf", [field])
        if name in schema.get("required", ()) or _NULL in kinds:
            continue
        about = {key: field.pop(key) for key in ("title", "description", "default", "examples") if key in field}
        schema["properties"][name] = {**about, "anyOf": [*field.get("anyOf", [field]), _NULL]}


class RequestBody(BaseModel):
    """A part of a request's body. Clients in many languages send null for what they leave out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_nullable)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        return {key: value for key, value in given.items() if value is not None or key not in optional}

"""The reference of the HTTP API, rendered from the OpenAPI schema that the server gives at /openapi.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mundap.config import FILE, read_config

Schema = Mapping[str, Any]


def schema() -> Schema:
    """What a server over an empty workspace with default settings says of itself."""
    from mundap import Mundap
    from mundap.serve.app import make_app

    with TemporaryDirectory() as folder:
        settings = Path(folder) / FILE
        settings.write_text("", "utf-8")
        described: Schema = make_app(Mundap.open(folder), read_config(settings).serve).openapi()
    return described


def markdown(api: Schema) -> str:
    """A section for each group of paths, and one for the shapes."""
    return "".join(_operations(api)) + "".join(_models(api))


def _operations(api: Schema) -> Iterator[str]:
    tagged: dict[str, list[str]] = {}
    for path, operations in api["paths"].items():
        for verb, operation in operations.items():
            [tag] = operation.get("tags", ["기타"])[:1]
            tagged.setdefault(tag, []).append(_operation(api, path, verb.upper(), operation))
    for tag, parts in tagged.items():
        yield f"\n## {tag}\n{''.join(parts)}"


def _operation(api: Schema, path: str, verb: str, operation: Schema) -> str:
    bodies = operation.get("requestBody", {}).get("content", {})
    parts = [
        f"\n### {verb} {path} {{ #{_anchor(verb, path)} }}\n\n{operation['summary']}. {operation.get('description', '')}\n"
    ]
    if operation.get("parameters"):
        parts.append("\n| 이름 | 위치 | 형식 | 의미 |\n|---|---|---|---|\n")
        parts += [
            f"| `{one['name']}` | {one['in']} | {_kind(one.get('schema', {}))} | {_cell(one.get('description', ''))} |\n"
            for one in operation["parameters"]
        ]
    parts += [f"\n요청 본문 (`{kind}`): {_kind(body['schema'])}\n" for kind, body in bodies.items()]
    parts += [_fields(body["schema"]) for body in bodies.values() if "properties" in body["schema"]]
    parts.append("\n| 상태 | 의미 | 형식 |\n|---|---|---|\n")
    parts += [
        f"| {status} | {'성공' if status == '200' else _cell(answer.get('description', ''))} | {_answers(answer)} |\n"
        for status, answer in operation["responses"].items()
    ]
    return "".join(parts)


def _answers(answer: Schema) -> str:
    return ", ".join(
        _kind(body["schema"]) if body.get("schema") else f"`{kind}`" for kind, body in answer.get("content", {}).items()
    )


def _models(api: Schema) -> Iterator[str]:
    yield "\n## 형식\n"
    for name, model in sorted(api.get("components", {}).get("schemas", {}).items()):
        yield f"\n### {name} {{ #{name.lower()} }}\n\n{_line(model.get('description', ''))}\n{_fields(model)}"


def _fields(model: Schema) -> str:
    properties, required = model.get("properties", {}), model.get("required", ())
    if not properties:
        return ""
    rows = "".join(
        f"| `{name}`{'' if name in required else ' (선택)'} | {_kind(one)} | {_meaning(one)} |\n"
        for name, one in properties.items()
    )
    return f"\n| 이름 | 형식 | 의미 |\n|---|---|---|\n{rows}"


def _meaning(field: Schema) -> str:
    parts = [_cell(field.get("description", ""))]
    if "default" in field and field["default"] is not None:
        parts.append(f"기본값 `{json.dumps(field['default'], ensure_ascii=False)}`")
    parts += [f"예 `{json.dumps(one, ensure_ascii=False)}`" for one in field.get("examples", ())[:1]]
    return ". ".join(part for part in parts if part).replace("|", "\\|")


def _kind(field: Schema) -> str:
    if reference := field.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for joined in ("anyOf", "oneOf"):
        if joined in field:
            return " 또는 ".join(dict.fromkeys(_kind(one) for one in field[joined] if one.get("type") != "null"))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{json.dumps(one, ensure_ascii=False)}`" for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"{_kind(field.get('items', {}))}의 배열"
    kinds = {"string": "문자열", "integer": "정수", "number": "숫자", "boolean": "참/거짓", "object": "객체"}
    return kinds.get(str(field.get("type", "")), "임의의 값")


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())


def _anchor(verb: str, path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{verb}{path}".lower()).strip("-")

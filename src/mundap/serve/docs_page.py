"""The page that describes the API, made of its OpenAPI document: no scripts, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

Schema = Mapping[str, Any]

_STYLE = """
body{font:16px/1.6 Pretendard,'Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR',NanumGothic,sans-serif;
 max-width:52rem;margin:0 auto;padding:1rem;color:#1a1c23;background:#fff}
summary{cursor:pointer;padding:.4rem 0} summary code{font-weight:bold} .verb{color:#1b5cb8;margin-right:.5rem}
details{border-bottom:1px solid #d5d8df} table{border-collapse:collapse;width:100%} td,th{text-align:left;
 vertical-align:top;padding:.2rem .8rem .2rem 0;overflow-wrap:anywhere}
pre{background:#f3f4f7;padding:.8rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#e8eaf0;background:#14161b} pre{background:#20232b} .verb{color:#8fbcff}
 a{color:#8fbcff} details{border-color:#3a3f4b}}
"""

router = APIRouter()


@router.get("/docs", include_in_schema=False, response_class=HTMLResponse)
async def docs(request: Request) -> str:
    """The page."""
    return page(request.app.openapi(), str(request.base_url).rstrip("/"))


def page(api: Schema, address: str) -> str:
    """The whole page; `address` stands in its examples."""
    about = api["info"]
    parts = [
        f'<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(about['title'])} API</title><style>{_STYLE}</style>"
        f"<h1>{escape(about['title'])} {escape(about['version'])}</h1><p>{escape(about['description'])}</p>"
        '<p>OpenAPI 명세: <a href="openapi.json">openapi.json</a></p>'
    ]
    tag = None
    for path, operations in api["paths"].items():
        for verb, operation in operations.items():
            [own] = operation.get("tags", [""])[:1]
            if own != tag:
                tag = own
                parts.append(f"<h2>{escape(own)}</h2>")
            parts.append(_operation(api, address, path, verb.upper(), operation))
    return "".join(parts)


def _operation(api: Schema, address: str, path: str, verb: str, operation: Schema) -> str:
    said = escape(operation.get("description", "")).replace("\n\n", "</p><p>")
    body = operation.get("requestBody", {}).get("content", {})
    schema: Schema = next((_followed(api, one["schema"]) for one in body.values()), {})
    fields = [
        *(
            (p["name"], _followed(api, p.get("schema", {})), p.get("description", ""))
            for p in operation.get("parameters", ())
        ),
        *(
            (name, _followed(api, one), one.get("description", ""))
            for name, one in schema.get("properties", {}).items()
        ),
    ]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(_kind(api, one))}<td>{escape(what or one.get('description', ''))}"
        for name, one, what in fields
    )
    answers = "".join(
        f"<tr><td>{escape(code)}<td>{escape(answer.get('description', ''))}"
        for code, answer in operation["responses"].items()
    )
    return (
        f'<details><summary><span class="verb">{verb}</span><code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><p>{said}</p>"
        + (f"<table>{rows}</table>" if rows else "")
        + f"<pre>{escape(_example(api, address, path, verb, body, schema))}</pre><table>{answers}</table></details>"
    )


def _example(api: Schema, address: str, path: str, verb: str, body: Schema, schema: Schema) -> str:
    said = f"curl {address}{path}" + ("" if verb in ("GET", "POST") else f" -X {verb}")
    if "multipart/form-data" in body:
        return f"{said} -F files=@규정.hwp"
    if not body:
        return said
    given = {
        name: example
        for name, one in schema.get("properties", {}).items()
        if name in schema.get("required", ())
        for example in [next(iter(_followed(api, one).get("examples", one.get("examples", ["…"]))), "…")]
    }
    return f"{said} -H 'Content-Type: application/json' -d '{json.dumps(given, ensure_ascii=False)}'"


def _followed(api: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    return api["components"]["schemas"][reference.rpartition("/")[2]] | dict(schema) if reference else schema


def _kind(api: Schema, schema: Schema) -> str:
    return " | ".join(dict.fromkeys(_kinds(api, schema)))


def _kinds(api: Schema, schema: Schema) -> Iterator[str]:
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _kinds(api, _followed(api, one))
    elif "enum" in schema:
        yield from map(str, schema["enum"])
    elif schema.get("type") == "array":
        yield f"[{_kind(api, _followed(api, schema.get('items', {})))}]"
    elif "const" in schema:
        yield str(schema["const"])
    else:
        yield str(schema.get("title" if "properties" in schema else "type", ""))

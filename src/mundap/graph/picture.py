"""A graph as a page to pan, zoom and filter, and as a PNG.

The page holds all it needs, plotly.js of the installed package among it, and opens without a network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.errors import MundapError
from mundap.extras import need
from mundap.graph.around import DOCUMENT, KEYWORD, MENTION, PART, PASSAGE, Around, Line
from mundap.graph.graph import LEARNED, NEAR, SYNONYM

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

EXTRA = "graph"
_SEED = 7  # of the layout, so that a picture is the same each time
_COLOURS = {KEYWORD: "#1f6feb", PASSAGE: "#2da44e", DOCUMENT: "#8250df"}
_ASKED = "#d1242f"
_LINES = {SYNONYM: "#d1242f", LEARNED: "#eb8a90", NEAR: "#8c959f", MENTION: "#b4e0bf", PART: "#d8c7f2"}
_RELATION = "#bf8700"
_WIDTH, _HEIGHT, _EDGE = 1600, 1100, 110  # pixels of the PNG
_FONTS = (
    "NanumGothic",
    "NotoSansCJK",
    "NotoSansKR",
    "NotoSerifCJK",
    "Pretendard",
    "malgun",
    "AppleGothic",
    "UnDotum",
    "Baekmuk",
)
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts")  # fmt: skip

Places = Mapping[str, tuple[float, float]]


def page(graph: Around, title: str) -> str:
    """The HTML. Raises MissingExtra."""
    script = need("plotly.offline", EXTRA).get_plotlyjs()
    shown = json.dumps(_figure(graph, places(graph)), ensure_ascii=False).replace("<", "\\u003c")
    frame = (files("mundap.graph") / "picture.html").read_text("utf-8")
    parts = {"TITLE": escape(title), "FIGURE": shown, "PLOTLY": script}
    for name, value in parts.items():
        frame = frame.replace(f"<!--{name}-->", value)
    return frame


def write_png(graph: Around, path: Path) -> None:
    """Draw it into `path`. Raises MissingExtra, and MundapError where no Korean font is installed."""
    image, draw = need("PIL.Image", EXTRA), need("PIL.ImageDraw", EXTRA)
    font = _font()
    at = {id: _pixel(x, y) for id, (x, y) in places(graph).items()}
    canvas = image.new("RGB", (_WIDTH, _HEIGHT), "white")
    pen = draw.Draw(canvas)
    for line in graph.lines:
        pen.line((*at[line.head], *at[line.tail]), fill=_LINES.get(line.kind, _RELATION), width=2)
    for node in graph.nodes:
        x, y = at[node.id]
        size = 12 if node.asked else 7
        pen.ellipse((x - size, y - size, x + size, y + size), fill=_ASKED if node.asked else _COLOURS[node.kind])
        pen.text(
            (x, y + size + 3), node.label, fill="#24292f", font=font, anchor="ma", stroke_width=2, stroke_fill="white"
        )
    canvas.save(path, "PNG")


def places(graph: Around) -> Places:
    """Where each node stands, in [-1, 1]², by the springs of Fruchterman & Reingold (1991). Raises MissingExtra."""
    networkx = need("networkx", EXTRA)
    drawn = networkx.Graph()
    drawn.add_nodes_from(node.id for node in graph.nodes)
    drawn.add_edges_from((line.head, line.tail) for line in graph.lines)
    found = networkx.spring_layout(
        drawn, seed=_SEED, k=1.6 / max(len(graph.nodes), 1) ** 0.5, iterations=200, method="force"
    )
    return {id: (float(x), float(y)) for id, (x, y) in found.items()}


def _figure(graph: Around, at: Places) -> dict[str, object]:
    lines: dict[str, list[Line]] = {}
    for line in graph.lines:
        lines.setdefault(line.kind, []).append(line)
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"— {kind}",
            "x": [x for line in some for x in (at[line.head][0], at[line.tail][0], None)],
            "y": [y for line in some for y in (at[line.head][1], at[line.tail][1], None)],
            "line": {"color": _LINES.get(kind, _RELATION), "width": 1.5},
            "hoverinfo": "skip",
        }
        for kind, some in lines.items()
    ]
    for kind in (DOCUMENT, PASSAGE, KEYWORD):
        nodes = [node for node in graph.nodes if node.kind == kind]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": kind,
                "x": [at[node.id][0] for node in nodes],
                "y": [at[node.id][1] for node in nodes],
                "text": [node.label for node in nodes],
                "customdata": [node.id for node in nodes],
                "textposition": "bottom center",
                "hoverinfo": "text",
                "marker": {
                    "size": [20 if node.asked else 12 for node in nodes],
                    "color": [_ASKED if node.asked else _COLOURS[kind] for node in nodes],
                },
            }
        )
    return {
        "traces": traces,
        "nodes": {node.id: {"label": node.label, "kind": node.kind, "shown": node.shown} for node in graph.nodes},
        "lines": [[line.head, line.tail, line.kind, line.shown] for line in graph.lines],
    }


def _pixel(x: float, y: float) -> tuple[int, int]:
    return (
        round(_EDGE + (x + 1) / 2 * (_WIDTH - 2 * _EDGE)),
        round(_EDGE + (1 - y) / 2 * (_HEIGHT - 2 * _EDGE)),
    )


def _font() -> FreeTypeFont:
    """A font with Hangul at a size that can be read."""
    fonts = need("PIL.ImageFont", EXTRA)
    there = [
        path
        for folder in _FOLDERS
        for path in sorted(Path(folder).expanduser().rglob("*"))
        if path.suffix.lower() in (".ttf", ".ttc", ".otf")
    ]
    for name in _FONTS:
        for path in there:
            if path.name.lower().startswith(name.lower()):
                found: FreeTypeFont = fonts.truetype(str(path), 18)
                return found
    raise MundapError(
        "PNG에 사용할 한글 글꼴이 없습니다. 설치: apt-get install fonts-nanum (또는 --png 없이 실행해 HTML로 확인하세요)"
    )

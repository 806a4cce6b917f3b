"""Text of documents and answers as it may be shown: nothing in it is markup unless it was meant, and nothing is loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html import escape

from mundap.ui.api_values import Graph

# A backslash is won, a dollar money, and a tilde from … to, in Korean text; to the page's Markdown they are an escape,
# mathematics and a deletion. Pictures would be fetched from elsewhere, and colons begin colours and icons.
_SPECIAL = re.compile(r"[\\$~<`]|!(?=\[)|:(?=[A-Za-z_])")
_LEAST = 2  # letters of a quote worth marking


def shown(text: str) -> str:
    """Markdown that shows an answer as it was written: tables, lists and bold letters are kept, lines stay lines.

    >>> shown("$5~$9\\n둘째 줄")
    '\\\\$5\\\\~\\\\$9  \\n둘째 줄'
    """
    return "  \n".join(_SPECIAL.sub(r"\\\g<0>", line) for line in text.split("\n"))


def plain(text: str) -> str:
    """Markdown in which no letter of `text`, made one line, is markup.

    >>> plain("1. [가] *나*")
    '1\\\\. \\\\[가\\\\] \\\\*나\\\\*'
    """
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", " ".join(text.split()))


def marked(text: str, quotes: Sequence[str]) -> str:
    """HTML of `text`, escaped, with the places of the quotes marked, white space aside.

    >>> marked("<가> 나다", ["나 다"])
    '&lt;가&gt; <mark>나다</mark>'
    """
    spans = sorted(span for quote in quotes for span in _places(text, quote))
    parts, end = [], 0
    for first, after in spans:
        if first < end:  # within, or over the end of, what is marked
            first = end
        if after <= first:
            continue
        parts += [escape(text[end:first]), "<mark>", escape(text[first:after]), "</mark>"]
        end = after
    return "".join([*parts, escape(text[end:])])


def source(text: str, quotes: Sequence[str], before: str = "", after: str = "") -> str:
    """HTML of a passage in its place, with the quotes marked and the text beside it in grey."""
    return (
        f'<div class="mundap-source" tabindex="0"><span class="beside">{escape(before)}</span>'
        f'{marked(text, quotes)}<span class="beside">{escape(after)}</span></div>'
    )


def sandboxed(page: str, title: str) -> str:
    """HTML of a frame that shows `page`, which can run nothing, reach nothing and see nothing of what is around it."""
    return (
        f'<iframe sandbox="" title="{escape(title)}" srcdoc="{escape(page)}"'
        ' style="border:0;width:100%;height:calc(100vh - 1rem)"></iframe>'
    )


def choose(words: str) -> str:
    """A style that has the file picker say `words`."""
    return f"<style>:root {{--choose: {json.dumps(words, ensure_ascii=False)}}}</style>"


_SHAPES = {"키워드": ("ellipse", "#e3eefc"), "문단": ("box", "#f1f2f4"), "문서": ("folder", "#fff3d1")}
_PLAIN = ("포함", "문서에 속함")  # what the shapes of the nodes say already


def dot(graph: Graph, font: str, named: Callable[[str], str]) -> str:
    """The graph in Graphviz's language, its relations called as `named` says. What was asked for is drawn thicker."""
    lines = [
        f'graph {{ layout=dot; rankdir=LR; nodesep=0.12; ranksep=0.35; bgcolor="transparent"; node [fontname={_id(font)}, fontsize=15, style=filled];'
        f" edge [fontname={_id(font)}, fontsize=12, color={_id('#6b7280')}, fontcolor={_id('#6b7280')}];"
    ]
    for node in graph.nodes:
        shape, fill = _SHAPES.get(node.kind, _SHAPES["키워드"])
        width = 3 if node.asked else 1
        lines.append(
            f"{_id(node.id)} [label={_id(node.label)}, shape={shape}, fillcolor={_id(fill)}, penwidth={width}];"
        )
    for edge in graph.edges:
        label = "" if edge.relation in _PLAIN else named(edge.relation)
        lines.append(f"{_id(edge.source)} -- {_id(edge.target)} [label={_id(label)}];")
    return "\n".join([*lines, "}"])


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    letters = [re.escape(letter) for letter in quote if not letter.isspace()]
    if len(letters) < _LEAST:
        return []
    return [found.span() for found in re.finditer(r"\s*".join(letters), text)]


def _id(text: str) -> str:
    """A quoted name; entities and escapes of Graphviz are taken for what they are."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", " ") + '"'

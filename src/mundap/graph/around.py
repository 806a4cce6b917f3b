"""The part of a graph around some keywords, as nodes and edges to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mundap.graph.graph import Graph, Step
from mundap.messages import paged

KEYWORD, PASSAGE, DOCUMENT = "키워드", "문단", "문서"
MENTION, PART = "포함", "문서에 속함"
_NEIGHBOURS = 8  # of a keyword that was asked for, of each kind of edge
_PASSAGES = 5
_LABEL = 24  # letters of a passage under its node


@dataclass(frozen=True, slots=True)
class Drawn:
    """A node. `kind` is a keyword, a passage or a document; `asked` marks where the picture begins."""

    id: str
    kind: str
    label: str
    shown: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """An edge between two nodes, by id."""

    head: str
    tail: str
    kind: str
    shown: str = ""


@dataclass(frozen=True)
class Around:
    """What is drawn. Every line joins two of the nodes."""

    nodes: tuple[Drawn, ...]
    lines: tuple[Line, ...]


def around(
    graph: Graph,
    words: Sequence[str],
    texts_of: Callable[[Sequence[str]], Mapping[str, str]],
    titles: Mapping[str, str],
    told: Callable[[Step], bool] = lambda step: True,
    language: str = "ko",
) -> Around:
    """The keywords, one step in every direction, and the passages that say most about each, with their documents.

    `texts_of` gives the texts of passages by id, `titles` the names of documents; a step is drawn if it may be `told`. Words
    that the graph does not know are drawn with their synonyms. Pages are named as `language` does.
    """
    nodes: dict[str, Drawn] = {}
    lines: dict[tuple[str, str, str], Line] = {}
    for word in words:
        nodes[f"k:{word}"] = Drawn(f"k:{word}", KEYWORD, word, f"문단 {graph.count(word)}개", asked=True)
    for word in words:
        for step in filter(told, _steps(graph, word)):
            for end in (step.head, step.tail):
                nodes.setdefault(f"k:{end}", Drawn(f"k:{end}", KEYWORD, end, f"문단 {graph.count(end)}개"))
            kind = (f"k:{step.head}", f"k:{step.tail}", step.kind)
            if (kind[1], kind[0], kind[2]) not in lines:
                lines[kind] = Line(*kind, shown=step.shown)
        found = graph.nodes(graph.rows_of(word, _PASSAGES))
        texts = texts_of([node.id for node in found.values()])
        for node in found.values():
            if node.id not in texts:  # removed since the graph was made
                continue
            label = paged(node.source, language) or texts[node.id]
            nodes[f"p:{node.id}"] = Drawn(f"p:{node.id}", PASSAGE, _short(label), texts[node.id])
            nodes.setdefault(f"d:{node.document}", Drawn(f"d:{node.document}", DOCUMENT, titles.get(node.document, "")))
            lines[f"p:{node.id}", f"k:{word}", MENTION] = Line(f"p:{node.id}", f"k:{word}", MENTION)
            lines[f"d:{node.document}", f"p:{node.id}", PART] = Line(f"d:{node.document}", f"p:{node.id}", PART)
    return Around(tuple(nodes.values()), tuple(lines.values()))


def uncounted(whole: Around) -> Around:
    """`whole` without what was counted or quoted over all documents, for those who see some of them only."""
    nodes = tuple(replace(one, shown="") if one.kind == KEYWORD else one for one in whole.nodes)
    return Around(nodes, tuple(replace(one, shown="") for one in whole.lines))


def _steps(graph: Graph, word: str) -> list[Step]:
    return [
        *graph.synonyms(word)[:_NEIGHBOURS],
        *graph.relations(word, _NEIGHBOURS),
        *graph.near(word, _NEIGHBOURS),
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:_LABEL]}…" if len(line) > _LABEL else line

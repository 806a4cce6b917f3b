"""The keywords of a question, and the graph around them, which grows where one of its words is chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from mundap.messages import paged
from mundap.ui import passages
from mundap.ui.api_values import Graph, Node
from mundap.ui.frame import api, language, say
from mundap.ui.markup import plain
from mundap.ui.texts import known

_KEYWORD, _PASSAGE = "키워드", "문단"
_SHAPES = {_KEYWORD: "keyword", _PASSAGE: "passage"}
_PLAIN = ("포함", "문서에 속함")  # edges that the shapes of their nodes explain
_MOST = 140  # nodes that can still be read


def view() -> None:
    """Draw the keywords."""
    st.title(say("keywords"), anchor=False)
    asked = st.text_input(say("question"), key="word", persist_state="session")
    if not asked.strip():
        return
    words = api().keywords(asked)
    with st.container(horizontal=True):
        for word in words:
            st.badge(plain(word), color="blue")
    if not words:
        st.info(say("no_keywords"), icon=":material/info:")
    st.subheader(say("around"), anchor=False)
    graph = _grown(asked)
    if not graph.found:
        st.info(say("not_in_graph"), icon=":material/info:")
        return
    st.caption(say("graph_help"))
    _draw(graph, asked)
    _steps(graph, asked)
    with st.expander(say("as_table"), icon=":material/table:"):
        st.table(_rows(graph), hide_index=True)


def _grown(asked: str) -> Graph:
    """The graph around what was asked, and around the words of it that were chosen since."""
    start, chosen = st.session_state.get("grown", ("", []))
    if start != asked:
        start, chosen = asked, []
        st.session_state.grown = (asked, chosen)
    parts = [api().graph(word) for word in (asked, *chosen)]
    nodes = {node.id: node for part in reversed(parts) for node in part.nodes}
    first = [node.id for part in parts for node in part.nodes]
    ids = list(dict.fromkeys(first))[:_MOST]
    asked_ids = {node.id for node in parts[0].nodes if node.asked}
    edges = {(edge.source, edge.target, edge.relation): edge for part in parts for edge in part.edges}
    return Graph(
        found=parts[0].found,
        nodes=tuple(nodes[id].model_copy(update={"asked": id in asked_ids}) for id in ids),
        edges=tuple(edge for edge in edges.values() if edge.source in ids and edge.target in ids),
    )


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    here = Path(__file__)
    return st.components.v2.component(
        "mundap_graph",
        html='<div class="graph"></div>',
        css=here.with_name("graph.css").read_text("utf-8"),
        js=here.with_name("graph.js").read_text("utf-8"),
    )


def _draw(graph: Graph, asked: str) -> None:
    data = {
        "nodes": [_shown(node) for node in graph.nodes],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "name": known(edge.relation, language()),
                "plain": edge.relation in _PLAIN,
            }
            for edge in graph.edges
        ],
        "texts": {
            "label": say("picture_of", word=asked),
            "nearer": say("zoom_in"),
            "farther": say("zoom_out"),
            "whole": say("zoom_all"),
        },
    }
    found = _component()(key=f"graph-{asked}", data=data, on_chosen_change=lambda: None)
    chosen: Mapping[str, str] | None = found.chosen
    if not chosen:
        return
    if chosen["kind"] == _PASSAGE:
        passages.show(chosen["id"].removeprefix("p:"), ())
    elif chosen["kind"] == _KEYWORD and chosen["label"] not in (asked, *st.session_state.grown[1]):
        st.session_state.grown[1].append(chosen["label"])
        st.rerun()


def _shown(node: Node) -> dict[str, Any]:
    """A keyword is as large as many passages name it."""
    size = 12 + 4 * math.log2(1 + (node.weight or 0)) if node.kind == _KEYWORD else 9
    label = node.label if node.kind == _KEYWORD else paged(node.label, language())
    count = f", {say('passages', passages=node.weight)}" if node.weight else ""
    return {
        "id": node.id,
        "kind": node.kind,
        "shape": _SHAPES.get(node.kind, "document"),
        "label": label,
        "said": f"{known(node.kind, language())} {label}{count}",
        "shown": node.shown if node.kind != _KEYWORD else "",
        "asked": node.asked,
        "size": min(44, size) if node.asked else min(36, size),
    }


def _steps(graph: Graph, asked: str) -> None:
    """The other words in the picture, each of which can be gone to."""
    others = [node.label for node in graph.nodes if node.kind == _KEYWORD and node.label != asked]

    def go() -> None:
        st.session_state.word = st.session_state.step

    if others:
        st.pills(say("go_to"), others, format_func=plain, key="step", on_change=go)


def _rows(graph: Graph) -> list[dict[str, str]]:
    names = {node.id: paged(node.label, language()) for node in graph.nodes}
    return [
        {
            say("from"): plain(names.get(edge.source, edge.source)),
            say("relation"): plain(known(edge.relation, language())),
            say("to"): plain(names.get(edge.target, edge.target)),
            say("evidence"): plain(edge.shown),
        }
        for edge in graph.edges
    ]

"""The keywords of a question, and the graph around them."""

from __future__ import annotations

import streamlit as st

from mundap.ui.api_values import Graph
from mundap.ui.frame import api, language, say
from mundap.ui.markup import dot, plain
from mundap.ui.texts import known

_FONT = "NanumGothic, Noto Sans CJK KR, Apple SD Gothic Neo, Malgun Gothic, sans-serif"
_KEYWORD = "키워드"


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
    graph = api().graph(asked)
    if not graph.found:
        st.info(say("not_in_graph"), icon=":material/info:")
        return
    st.graphviz_chart(dot(graph, _FONT, lambda name: known(name, language())), alt=say("picture_of", word=asked))
    _steps(graph, asked)
    with st.expander(say("as_table"), icon=":material/table:"):
        st.table(_rows(graph), hide_index=True)


def _steps(graph: Graph, asked: str) -> None:
    """The other words in the picture, each of which can be gone to."""
    others = [node.label for node in graph.nodes if node.kind == _KEYWORD and node.label != asked]

    def go() -> None:
        st.session_state.word = st.session_state.step

    if others:
        st.pills(say("go_to"), others, format_func=plain, key="step", on_change=go)


def _rows(graph: Graph) -> list[dict[str, str]]:
    names = {node.id: node.label for node in graph.nodes}
    return [
        {
            say("from"): plain(names.get(edge.source, edge.source)),
            say("relation"): plain(known(edge.relation, language())),
            say("to"): plain(names.get(edge.target, edge.target)),
            say("evidence"): plain(edge.shown),
        }
        for edge in graph.edges
    ]

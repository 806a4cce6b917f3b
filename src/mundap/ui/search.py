"""Search without an answer: passages, with their score and rank in every leg, and the words that led there."""

from __future__ import annotations

import streamlit as st

from mundap.messages import paged
from mundap.ui import passages
from mundap.ui.api_values import Hit
from mundap.ui.frame import api, language, say, settings
from mundap.ui.markup import plain, source
from mundap.ui.texts import known

_BEYOND = 100  # the most hits that the API gives of a leg


def view() -> None:
    """Draw the search."""
    st.title(say("search"), anchor=False)
    legs = settings().legs
    question = st.text_input(say("query"), placeholder=say("query_hint"), key="query", persist_state="session")
    left, right = st.columns([3, 1])
    leg = left.segmented_control(
        say("leg"),
        ["hybrid", *legs],
        format_func=say,
        default="hybrid",
        required=True,
        key="leg",
        persist_state="session",
        wrap=True,
    )
    count = right.number_input(say("count"), 1, _BEYOND, 10, key="count", persist_state="session")
    if not question.strip():
        return
    hits = api().search(question, int(count), leg or "hybrid")
    if not hits:
        st.info(say("no_hits"), icon=":material/search_off:")
        return
    words = api().keywords(question)
    if words:
        st.caption(say("searched_words", words=plain(", ".join(words))))
    by_leg = {one: {hit.passage_id: hit for hit in api().search(question, _BEYOND, one)} for one in legs}
    st.caption(say("scores_note"))
    for hit in hits:
        _show(hit, by_leg, words)


def _show(hit: Hit, by_leg: dict[str, dict[str, Hit]], words: list[str]) -> None:
    with st.container(border=True):
        where = [paged(hit.source, language()), hit.heading or "", say("page", page=hit.page) if hit.page else ""]
        st.markdown(f"**{hit.rank}. {plain(' · '.join(part for part in where if part))}**")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(f"{say('score')} {hit.score:.2f}", color="blue")
            for leg, found in by_leg.items():
                same = found.get(hit.passage_id)
                st.badge(f"{say(leg)} {f'{same.score:.2f} ({same.rank})' if same else '-'}", color="gray")
        for link in hit.links:
            st.caption(f"{plain(link.asked)} → {plain(link.said)} ({plain(known(link.kind, language()))})")
        st.html(source(hit.text, words))
        if st.button(say("open"), key=f"open-{hit.passage_id}", icon=":material/description:", type="tertiary"):
            passages.show(hit.passage_id, ())

"""The passages of a document as they are indexed: what search finds, cites, and compares questions with."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from mundap.messages import paged
from mundap.ui.api_values import Indexed
from mundap.ui.frame import api, language, say
from mundap.ui.markup import chunked, plain
from mundap.ui.texts import known

_LISTED = 20  # on a page


def view(document_id: str, close: Callable[[], None]) -> None:
    """Draw those of one document; `close` leads back."""
    st.button(say("back_to_documents"), icon=":material/arrow_back:", on_click=close, type="tertiary")
    page = st.session_state.get("passages_page", 1)
    found = api().passages(document_id, _LISTED, _LISTED * (page - 1))
    st.title(say("indexed"), anchor=False)
    st.caption(say("indexed_help", total=found.total))
    for number, one in enumerate(found.passages, _LISTED * (page - 1) + 1):
        _show(number, one)
    if found.total > _LISTED:
        st.pagination(math.ceil(found.total / _LISTED), key="passages_page")


def _show(number: int, one: Indexed) -> None:
    with st.container(border=True):
        where = [paged(one.source, language()), one.heading, say("page", page=one.page) if one.page else ""]
        st.markdown(f"**{number}. {plain(' · '.join(part for part in where if part))}**")
        about = [known(one.kind, language())] if one.kind else []
        about += [say("letters", letters=len(one.text))]
        about += [say("chunks", chunks=len(one.chunks))] if one.chunks else []
        st.caption(plain(" · ".join(about)))
        st.html(chunked(one.text, [(chunk.start, chunk.end) for chunk in one.chunks]))
        if one.keywords:
            st.caption(f"{say('keywords')}: {plain(', '.join(one.keywords))}")
        for question in one.questions:
            st.caption(f":material/help: {plain(question)}")

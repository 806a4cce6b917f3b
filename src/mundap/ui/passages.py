"""A passage opened in its document."""

from __future__ import annotations

import streamlit as st

from mundap.messages import paged
from mundap.ui.client import ApiError
from mundap.ui.frame import api, language, say, told
from mundap.ui.markup import plain, source
from mundap.ui.texts import text

_BESIDE = 160  # characters of the document on either side: more would push the quote off a phone


def show(passage_id: str, quotes: tuple[str, ...]) -> None:
    """Open the passage over the page, with the quotes marked."""

    def opened() -> None:
        try:
            passage = api().passage(passage_id)
        except ApiError as error:
            told(error)
            return
        st.markdown(f"**{plain(passage.title or paged(passage.source, language()))}**")
        about = [paged(passage.source, language()) if passage.title else "", passage.heading or ""]
        about.append(say("page", page=passage.page) if passage.page else "")
        if line := " · ".join(part for part in about if part):
            st.caption(plain(line))
        before, after = passage.before, passage.after
        before = f"…{before[-_BESIDE:]}" if len(before) > _BESIDE else before
        after = f"{after[:_BESIDE]}…" if len(after) > _BESIDE else after
        st.html(source(passage.text, quotes, before, after))
        if quotes:
            st.caption(say("quoted"))

    st.dialog(text("passage", language()), width="medium", icon=":material/description:")(opened)()

"""Logging in with an API key of one's own: who may do what is the API's to say."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from mundap.ui.api_values import Me
from mundap.ui.frame import api, log_in, log_out, problems_told, say
from mundap.ui.markup import plain


def view() -> None:
    """Draw the form."""
    st.title(say("log_in"), anchor=False)
    st.write(say("log_in_help"))
    with st.form("login"), problems_told(retry=False):
        key = st.text_input(say("key"), type="password", autocomplete="current-password")
        if st.form_submit_button(say("log_in"), type="primary") and key.strip():
            log_in(key.strip())
            st.rerun()
    with problems_told(retry=False):
        if _shared() and api().has_login():
            st.caption(say("log_in_there"))
            st.link_button(say("open_log_in"), f"{api().url}/login", icon=":material/open_in_new:")


def _shared() -> bool:
    """Whether the API has the page's host name, so that a browser can go there and its cookie comes here."""
    return urlsplit(st.context.url or "").hostname == urlsplit(api().url).hostname


def signed_in(who: Me) -> None:
    """Say in the sidebar who is logged in, with a way out."""
    with st.sidebar.container(horizontal=True, vertical_alignment="center"):
        st.caption(say("signed_in", name=plain(who.name)))
        st.button(say("log_out"), on_click=log_out, icon=":material/logout:", type="tertiary")

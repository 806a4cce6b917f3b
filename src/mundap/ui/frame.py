"""What all views share: the API, the language, and how a problem is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mundap.messages import MESSAGES
from mundap.ui.api_values import Settings
from mundap.ui.client import Api, ApiError
from mundap.ui.markup import plain
from mundap.ui.texts import text

_HANGUL = re.compile("[가-힣]")
URL = "MUNDAP_UI_API"  # where the API is
KEY = "MUNDAP_UI_KEY"  # its key; MUNDAP_API_KEY is that of a language model


@st.cache_resource(show_spinner=False)
def api() -> Api:
    """The API, one client for all who have the page open."""
    return Api(os.environ.get(URL, "http://127.0.0.1:8000"), os.environ.get(KEY, ""))


def settings() -> Settings:
    """What the API offers, asked once in a visit."""
    if "settings" not in st.session_state:
        st.session_state.settings = api().settings()
    found: Settings = st.session_state.settings
    return found


def language() -> str:
    """The language that the visitor chose, at first that of the workspace."""
    chosen: str = st.session_state.get("lang") or "ko"
    return chosen


def say(key: str, **values: object) -> str:
    """The text `key` in the visitor's language."""
    return text(key, language(), **values)


def own(words: str, key: str) -> str:
    """Words of the organisation as it wrote them; where it wrote none, the message `key` in the visitor's language."""
    return MESSAGES[key][language()] if words in MESSAGES[key].values() else words


@contextmanager
def problems_told(retry: bool = True) -> Iterator[None]:
    """Tells an ApiError in one sentence, with a button that runs the page again, and goes on after the block."""
    try:
        yield
    except ApiError as error:
        told(error)
        if retry:
            st.button(say("retry"), icon=":material/refresh:", key=f"retry-{error.kind}")


def told(error: ApiError) -> None:
    """The problem and what to do, as one sentence; below it what the API said of it, where that is in another language."""
    foreign = error.detail if language() == "en" and _HANGUL.search(error.detail) else ""
    said = say(error.kind, url=api().url, variable=KEY, detail="" if foreign else plain(error.detail))
    st.error(said.rstrip(" :"), icon=":material/error:")
    if foreign:
        st.caption(say("said_in_korean", detail=plain(foreign)))

"""What all views share: the API, the language, and how a problem is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mundap.messages import MESSAGES
from mundap.ui.api_values import Me, Settings
from mundap.ui.client import Api, ApiError
from mundap.ui.markup import plain
from mundap.ui.texts import text

_HANGUL = re.compile("[가-힣]")
URL = "MUNDAP_UI_API"  # where the API is
KEY = "MUNDAP_UI_KEY"  # its key; MUNDAP_API_KEY is that of a language model


SESSION = "mundap_session"  # the cookie that the API gives to those who log in there


@st.cache_resource(show_spinner=False)
def shared() -> Api:
    """The API under the page's own key, one client for all who have not logged in."""
    return Api(os.environ.get(URL, "http://127.0.0.1:8000"), os.environ.get(KEY, ""))


def api() -> Api:
    """The API as this visitor may use it: under their own key, as who they logged in as, or under the page's key."""
    own: Api | None = st.session_state.get("own_api")
    if own is None and not os.environ.get(KEY) and "left" not in st.session_state:
        cookie = st.context.cookies.to_dict().get(SESSION)
        if isinstance(cookie, str):
            own = st.session_state.own_api = Api(shared().url, session=f"{SESSION}={cookie}")
    return own or shared()


def log_in(key: str) -> None:
    """Use the API under this key from now on. Raises ApiError for a wrong one."""
    own = Api(shared().url, key)
    who = own.me()
    st.session_state.own_api, st.session_state.me = own, who
    st.session_state.pop("settings", None)


def log_out() -> None:
    """Forget the visitor's own key, and use the cookie of the API's log-in no more in this visit."""
    st.session_state.left = True
    for name in ("own_api", "me", "settings"):
        st.session_state.pop(name, None)


def me() -> Me:
    """Who this visitor is to the API, asked once in a visit."""
    if "me" not in st.session_state:
        st.session_state.me = api().me()
    found: Me = st.session_state.me
    return found


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

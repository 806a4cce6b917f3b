"""The page that Streamlit runs: its frame, the language, and one view after the other, those that the visitor may use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from mundap.ui import (
    activity,
    chat,
    documents,
    keywords,
    login,
    preferences,
    reports,
    search,
    synonyms,
    upkeep,
    worklist,
)
from mundap.ui.api_values import Me
from mundap.ui.client import ApiError
from mundap.ui.frame import me, problems_told, say, settings
from mundap.ui.texts import LANGUAGES


class _View(NamedTuple):
    """`role` is the role that it needs; "operate" is that of those who run the server."""

    draw: Callable[[], None]
    icon: str
    role: str


_VIEWS = {
    "chat": _View(chat.view, "chat", "ask"),
    "search": _View(search.view, "search", "ask"),
    "keywords": _View(keywords.view, "hub", "ask"),
    "worklist": _View(worklist.view, "checklist", "write"),
    "documents": _View(documents.view, "folder_open", "read"),
    "synonyms": _View(synonyms.view, "swap_horiz", "write"),
    "reports": _View(reports.view, "monitoring", "read"),
    "activity": _View(activity.view, "pulse_alert", "read"),
    "preferences": _View(preferences.view, "tune", "operate"),
    "upkeep": _View(upkeep.view, "policy", "operate"),
}
# The language for screen readers and spell checkers; Streamlit's own page says English.
_SPOKEN = "<script>document.documentElement.lang = {language!r}</script>"


def main() -> None:
    """One run of the page."""
    st.set_page_config(page_title="문답 mundap", page_icon="💬", layout="centered")
    who, refused = _who()
    with st.sidebar:
        language = st.segmented_control(
            "언어 · Language",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default=_first(),
            required=True,
            key="lang",
            bind="query-params",
        )
    st.html(Path(__file__).with_name("style.css"))
    st.html(_SPOKEN.format(language=language), unsafe_allow_javascript=True)
    view = st.navigation(
        [
            st.Page(
                login.view if refused else one.draw,
                title=say(name),
                icon=f":material/{one.icon}:",
                url_path=name,
                default=name == "chat",
            )
            for name, one in _VIEWS.items()
            if refused or _may(who, one.role)
        ],
        position="hidden" if refused else "sidebar",
        expanded=True,
    )
    if "own_api" in st.session_state:
        login.signed_in(who)
    with problems_told():
        view.run()


def _who() -> tuple[Me, bool]:
    """Who the visitor is, and whether they have to log in; where the API cannot be asked, nobody, which the view will tell."""
    try:
        return me(), False
    except ApiError as error:
        return Me(roles=("ask",)), error.kind == "unauthorized"


def _may(who: Me, role: str) -> bool:
    return who.operates if role == "operate" else who.may(role)


def _first() -> str:
    """The language of the workspace; Korean where the API cannot be asked, which the view will tell."""
    try:
        return settings().language
    except ApiError:
        return "ko"


if __name__ == "__main__":
    main()

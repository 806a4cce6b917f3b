"""The page that Streamlit runs: its frame, the language, and one view after the other."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mundap.ui import chat, documents, keywords, reports, search
from mundap.ui.client import ApiError
from mundap.ui.frame import problems_told, say, settings
from mundap.ui.texts import LANGUAGES

_VIEWS = {
    "chat": (chat.view, ":material/chat:"),
    "search": (search.view, ":material/search:"),
    "keywords": (keywords.view, ":material/hub:"),
    "documents": (documents.view, ":material/folder_open:"),
    "reports": (reports.view, ":material/monitoring:"),
}
# The language for screen readers and spell checkers; Streamlit's own page says English.
_SPOKEN = "<script>document.documentElement.lang = {language!r}</script>"


def main() -> None:
    """One run of the page."""
    st.set_page_config(page_title="문답 mundap", page_icon="💬", layout="centered")
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
            st.Page(draw, title=say(name), icon=icon, url_path=name, default=name == "chat")
            for name, (draw, icon) in _VIEWS.items()
        ]
    )
    with problems_told():
        view.run()


def _first() -> str:
    """The language of the workspace; Korean where the API cannot be asked, which the view will tell."""
    try:
        return settings().language
    except ApiError:
        return "ko"


if __name__ == "__main__":
    main()

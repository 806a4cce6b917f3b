"""Erasing what must not stay, and who changed what."""

from __future__ import annotations

import streamlit as st

from mundap.ui.frame import api, language, problems_told, say
from mundap.ui.markup import plain
from mundap.ui.texts import known

_ENTRIES = 200


def view() -> None:
    """Draw both."""
    st.title(say("upkeep"), anchor=False)
    if done := st.session_state.pop("erased", None):
        st.success(done, icon=":material/check:")
    erase_tab, audit_tab = st.tabs([say("erase"), say("audit")])
    with erase_tab:
        _erase()
    with audit_tab:
        _audit()


def _erase() -> None:
    st.caption(say("erase_help"))
    with st.form("erase"):
        name = st.text_input(say("erase_name"), help=say("erase_name_help"))
        older = st.text_input(say("erase_older"), placeholder="90d")
        file = st.checkbox(say("erase_file"))
        sent = st.form_submit_button(say("erase"), icon=":material/delete_forever:")
    if sent and bool(name.strip()) == bool(older.strip()):
        st.warning(say("erase_one"), icon=":material/warning:")
    elif sent:
        _confirm(name.strip(), older.strip(), file)


def _confirm(name: str, older: str, file: bool) -> None:
    def asked() -> None:
        st.write(say("erase_sure", what=plain(name or say("older_than", age=older))))
        with st.container(horizontal=True), problems_told(retry=False):
            if st.button(say("erase"), type="primary", key="really-erase"):
                with st.spinner(say("erasing")):
                    gone = api().erase(name, file) if name else api().erase_older(older)
                left = say("erased_left", files=plain(", ".join(gone.left))) if gone.left else ""
                st.session_state.erased = say("erased", **gone.model_dump()) + left
                st.rerun()
            if st.button(say("cancel"), key="cancel-erase"):
                st.rerun()

    st.dialog(say("erase"), icon=":material/delete_forever:")(asked)()


def _audit() -> None:
    st.caption(say("audit_help"))
    entries = api().audit(_ENTRIES)
    if not entries:
        st.info(say("no_entries"), icon=":material/info:")
        return
    st.table(
        [
            {
                say("when"): one.time[:19].replace("T", " "),
                say("who"): plain(one.who or one.address),
                say("action"): known(f"did_{one.action}", language()),
                say("what"): plain(", ".join(one.what)),
                say("result"): plain(one.result),
            }
            for one in entries
        ],
        hide_index=True,
    )

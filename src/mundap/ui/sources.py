"""Sources that documents are kept in step with, and having that done now."""

from __future__ import annotations

import streamlit as st

from mundap.ui.api_values import Source, Synced
from mundap.ui.client import ApiError
from mundap.ui.frame import api, me, problems_told, say
from mundap.ui.markup import plain


def view() -> None:
    """Draw them, if there are any and the visitor may see them."""
    try:
        found = api().sources()
    except ApiError:  # who does not see all documents is not told of sources
        return
    if not found:
        return
    st.subheader(say("sources_of_documents"), anchor=False)
    if done := st.session_state.pop("synced", None):
        _tell(*done)
    for one in found:
        _row(one)


def _row(one: Source) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        last = one.last[:16].replace("T", " ") if one.last else say("never")
        about = [one.kind, say("every", every=one.every) if one.every else "", say("last_sync", time=last)]
        about.append(say("total", total=one.documents))
        st.markdown(
            f"**{plain(one.name)}**  \n:gray[{plain(' · '.join(part for part in about if part))}]", width="stretch"
        )
        if one.error:
            st.warning(plain(one.error), icon=":material/warning:")
        if not me().may("write"):
            return
        if st.button(say("sync_now"), key=f"sync-{one.name}", icon=":material/sync:", disabled=one.running):
            with problems_told(retry=False), st.spinner(say("syncing_one", name=plain(one.name))):
                st.session_state.synced = (one.name, api().sync(one.name))
                st.rerun()


def _tell(name: str, done: Synced) -> None:
    said = say("synced", name=plain(name), added=done.added, updated=done.updated, removed=done.removed)
    st.success(said, icon=":material/check:")
    if done.error:
        st.warning(plain(done.error), icon=":material/warning:")
    for file in done.skipped:
        st.warning(f"**{plain(file.file)}**: {plain(file.reason)}", icon=":material/warning:")

"""The documents: adding, listing, removing, and what could not be read."""

from __future__ import annotations

import math

import streamlit as st

from mundap.ui.api_values import Copied, Document, Ingested, Skipped
from mundap.ui.frame import api, problems_told, say
from mundap.ui.markup import choose, plain

_LISTED = 20  # on a page of the list


def view() -> None:
    """Draw the documents."""
    st.title(say("documents"), anchor=False)
    with problems_told(retry=False):
        _add()
    if done := st.session_state.pop("done", None):
        _tell(done)
    about = st.text_input(say("filter"), key="about", icon=":material/filter_list:")
    page = st.session_state.get("list_page", 1)
    found = api().documents(_LISTED, _LISTED * (page - 1), about)
    st.caption(say("total", total=found.total))
    if not found.total and not about:
        st.info(say("no_documents"), icon=":material/info:")
    for document in found.documents:
        _row(document)
    if found.total > _LISTED:
        st.pagination(math.ceil(found.total / _LISTED), key="list_page")
    _skipped(found.skipped)
    _copied(found.copies)


def _add() -> None:
    with st.form("upload", clear_on_submit=True):
        st.html(choose(say("choose")))
        files = st.file_uploader(say("files"), accept_multiple_files=True)
        st.caption(say("files_hint"))
        sent = st.form_submit_button(say("upload"), type="primary", icon=":material/upload:")
    if sent and files:
        with st.spinner(say("uploading")):
            st.session_state.done = api().upload({file.name: file.getvalue() for file in files})


def _tell(done: Ingested | str) -> None:
    if isinstance(done, str):
        st.success(done, icon=":material/check:")
        return
    if done.added + done.updated + done.unchanged:
        st.success(
            say("uploaded", added=done.added, updated=done.updated, unchanged=done.unchanged), icon=":material/check:"
        )
    _copied(done.copies)
    for file in done.skipped:
        st.warning(f"**{plain(file.file)}**: {plain(file.reason)}", icon=":material/warning:")


def _row(document: Document) -> None:
    title = document.title or document.source
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        about = [
            document.source if document.source != title else "",
            say("passages", passages=document.passages),
            (document.added or "")[:10],
            say("was_uploaded") if document.uploaded else "",
        ]
        st.markdown(
            f"**{plain(title)}**  \n:gray[{plain(' · '.join(part for part in about if part))}]", width="stretch"
        )
        if st.button(
            say("remove"),
            key=f"remove-{document.document_id}",
            icon=":material/delete:",
            help=say("remove_it", title=plain(title)),
        ):
            _confirm(document.document_id, title)


def _confirm(document_id: str, title: str) -> None:
    def asked() -> None:
        st.write(say("sure"))
        with st.container(horizontal=True), problems_told(retry=False):
            if st.button(say("remove"), type="primary", key="really"):
                gone = api().remove(document_id)
                st.session_state.done = f"{say('removed', title=plain(title))}  \n{plain(gone.note)}"
                st.rerun()
            if st.button(say("cancel"), key="cancel"):
                st.rerun()

    st.dialog(say("remove_it", title=plain(title)), icon=":material/delete:")(asked)()


def _copied(copied: Copied) -> None:
    if not copied.passages or copied.example is None:
        return
    one, other = copied.example.passages[:2]
    st.warning(
        say("copied", passages=copied.passages, text=plain(one.text), one=plain(one.source), other=plain(other.source)),
        icon=":material/content_copy:",
    )


def _skipped(files: tuple[Skipped, ...]) -> None:
    if not files:
        return
    with st.expander(f"{say('skipped')} ({len(files)})", icon=":material/warning:"):
        for file in files:
            st.markdown(f"**{plain(file.file)}**  \n{plain(file.reason)}")

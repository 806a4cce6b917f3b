"""The documents: adding, replacing, listing, removing, and what could not be read."""

from __future__ import annotations

import math

import streamlit as st

from mundap.messages import paged
from mundap.ui import indexed, sources
from mundap.ui.api_values import Copied, Copy, Document, Ingested, Skipped
from mundap.ui.client import ApiError
from mundap.ui.frame import api, language, me, problems_told, say
from mundap.ui.markup import choose, plain

_LISTED = 20  # on a page of the list
_OPENED = "document"  # the document whose passages are shown, in the address


def view() -> None:
    """Draw the documents, or the passages of the one in the address."""
    if opened := st.query_params.get(_OPENED):
        indexed.view(opened, _close)
        return
    st.title(say("documents"), anchor=False)
    if me().may("write"):
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
    sources.view()


def _open(document_id: str) -> None:
    st.query_params[_OPENED] = document_id


def _close() -> None:
    st.query_params.pop(_OPENED, None)


def _add() -> None:
    with st.form("upload", clear_on_submit=True):
        st.html(choose(say("choose")))
        files = st.file_uploader(say("files"), accept_multiple_files=True)
        st.caption(say("files_hint"))
        with st.expander(say("more")):
            access = st.text_input(say("access"), help=say("access_help"))
        sent = st.form_submit_button(say("upload"), type="primary", icon=":material/upload:")
    if sent and files:
        st.session_state.done = _sent({file.name: file.getvalue() for file in files}, access)


def _sent(files: dict[str, bytes], access: str = "") -> Ingested:
    """Upload one file after the other, so that it is seen how far it is and what went wrong with which."""
    done: list[Ingested] = []
    bar = st.progress(0.0, say("uploading"))
    for number, (name, content) in enumerate(files.items()):
        bar.progress(number / len(files), say("uploading_file", name=plain(name), number=number + 1, total=len(files)))
        try:
            done.append(api().upload({name: content}, access))
        except ApiError as error:
            done.append(
                Ingested(
                    skipped=(
                        Skipped(
                            file=name, reason=error.detail or say(error.kind, url=api().url, variable="", detail="")
                        ),
                    )
                )
            )
            if error.kind in ("down", "unauthorized"):  # the others would fare no better
                break
    bar.empty()
    return Ingested(
        added=sum(one.added for one in done),
        updated=sum(one.updated for one in done),
        unchanged=sum(one.unchanged for one in done),
        skipped=tuple(file for one in done for file in one.skipped),
        warnings=tuple(file for one in done for file in one.warnings),
        copies=max((one.copies for one in done), key=lambda copies: copies.passages, default=Copied()),
    )


def _tell(done: Ingested | str) -> None:
    if isinstance(done, str):
        st.success(done, icon=":material/check:")
        return
    if done.added + done.updated + done.unchanged:
        st.success(
            say("uploaded", added=done.added, updated=done.updated, unchanged=done.unchanged), icon=":material/check:"
        )
    _copied(done.copies)
    for warned in done.warnings:
        st.warning(f"**{plain(warned.file)}**: {plain(warned.warning)}", icon=":material/info:")
    for file in done.skipped:
        st.warning(_reason(file), icon=":material/warning:")


def _reason(file: Skipped) -> str:
    row = f" {say('row', row=file.row)}" if file.row else ""
    return f"**{plain(file.file)}**{row}: {plain(file.reason)}"


def _row(document: Document) -> None:
    title = document.title or document.source
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        about = [
            document.source if document.source != title else "",
            (document.added or "")[:10],
            say("was_uploaded") if document.uploaded else "",
        ]
        st.markdown(
            f"**{plain(title)}**  \n:gray[{plain(' · '.join(part for part in about if part))}]", width="stretch"
        )
        with st.container(horizontal=True, width="content"):
            _acts(document, title)


def _acts(document: Document, title: str) -> None:
    st.button(
        say("passages", passages=document.passages),
        key=f"open-{document.document_id}",
        icon=":material/view_agenda:",
        help=say("passages_of", title=plain(title)),
        on_click=_open,
        args=(document.document_id,),
    )
    if (
        me().may("write")
        and document.uploaded
        and st.button(
            say("replace"),
            key=f"replace-{document.document_id}",
            icon=":material/sync_alt:",
            help=say("replace_help", name=plain(document.source.rpartition("/")[2])),
        )
    ):
        _replace(document)
    if me().may("write") and st.button(
        say("remove"),
        key=f"remove-{document.document_id}",
        icon=":material/delete:",
        help=say("remove_it", title=plain(title)),
    ):
        _confirm(document.document_id, title)


def _replace(document: Document) -> None:
    """Take a new version of an uploaded file, whatever it is called: it gets the name of the old one."""
    name = document.source.rpartition("/")[2]
    suffix = name.rpartition(".")[2]

    def asked() -> None:
        st.html(choose(say("choose")))
        file = st.file_uploader(say("new_version", name=plain(name)), type=[suffix] if suffix != name else None)
        if st.button(say("replace"), key="really-replace", type="primary", disabled=file is None) and file:
            st.session_state.done = _sent({name: file.getvalue()})
            st.rerun()

    st.dialog(say("replace"), icon=":material/sync_alt:")(asked)()


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
        say("copied", passages=copied.passages, text=plain(one.text), one=_called(one), other=_called(other)),
        icon=":material/content_copy:",
    )


def _called(copy: Copy) -> str:
    return plain(paged(copy.source, language()))


def _skipped(files: tuple[Skipped, ...]) -> None:
    if not files:
        return
    with st.expander(f"{say('skipped')} ({len(files)})", icon=":material/warning:"):
        for file in files:
            st.markdown(_reason(file))

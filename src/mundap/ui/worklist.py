"""Questions that wait for somebody, and the answers that the staff give: each becomes a known question."""

from __future__ import annotations

import math

import streamlit as st

from mundap.messages import paged
from mundap.ui.api_values import NearPassage, OpenQuestion, StaffAnswer
from mundap.ui.frame import api, language, problems_told, say
from mundap.ui.markup import plain, shown, source

_LISTED = 20  # on a page of the list
_LONGEST, _LONGEST_QUESTION = 4000, 2000  # characters, as the API takes them
_NEAR = 3  # passages that are shown


def view() -> None:
    """Draw the work list."""
    st.title(say("worklist"), anchor=False)
    if done := st.session_state.pop("worklist_done", None):
        st.success(done, icon=":material/check:")
    page = st.session_state.get("worklist_page", 1)
    waiting = api().open_questions(_LISTED, _LISTED * (page - 1))
    given = api().staff_answers()
    open_tab, given_tab = st.tabs(
        [say("waiting", total=waiting.total), say("answered", total=len(given))], key="worklist_tab"
    )
    with open_tab:
        st.caption(say("worklist_help"))
        if not waiting.total:
            st.info(say("nothing_waits"), icon=":material/task_alt:")
        for one in waiting.questions:
            _row(one)
        if waiting.total > _LISTED:
            st.pagination(math.ceil(waiting.total / _LISTED), key="worklist_page")
    with given_tab:
        st.caption(say("answered_help"))
        if st.button(say("new_answer"), icon=":material/add:", key="new-answer"):
            _edit(say("new_answer"), StaffAnswer(id="", question="", answer=""))
        for answer in given:
            _given(answer)


def _row(one: OpenQuestion) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(one.question)}**")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(say("asked_times", times=one.times), color="gray")
            if one.abstained:
                st.badge(say("abstained_times", times=one.abstained), color="orange")
            if one.downs:
                st.badge(say("down_times", times=one.downs), color="red")
            st.caption(one.last[:10])
        for comment in one.comments:
            st.caption(f":material/chat_bubble: {plain(comment)}")
        with st.container(horizontal=True):
            if st.button(say("reply"), key=f"answer-{one.id}", icon=":material/edit:", type="primary"):
                first = one.corrections[0] if one.corrections else ""
                _edit(say("reply"), StaffAnswer(id="", question=one.question, answer=first), one)
            if st.button(
                say("dismiss"), key=f"close-{one.id}", icon=":material/visibility_off:", help=say("dismiss_help")
            ):
                with problems_told(retry=False):
                    api().close(one.id)
                    st.session_state.worklist_done = say("dismissed")
                    st.rerun()


def _given(one: StaffAnswer) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(one.question)}**  \n{shown(one.answer)}")
        st.caption(plain(" · ".join(part for part in (one.source, *one.access) if part)))
        with st.container(horizontal=True):
            if st.button(say("edit"), key=f"edit-{one.id}", icon=":material/edit:"):
                _edit(say("edit"), one)
            if st.button(say("remove"), key=f"withdraw-{one.id}", icon=":material/delete:"):
                _confirm(one)


def _edit(title: str, start: StaffAnswer, one: OpenQuestion | None = None) -> None:
    """Open the form over the page."""

    def opened() -> None:
        if one and one.answer:
            st.caption(say("last_answer"))
            st.markdown(f"> {shown(one.answer)}".replace("\n", "\n> "))
        with st.form("answering", border=False):
            question = st.text_input(
                say("asked_as"), start.question, max_chars=_LONGEST_QUESTION, help=say("asked_as_help")
            )
            answer = st.text_area(say("your_answer"), start.answer, height=140, max_chars=_LONGEST)
            with st.expander(say("more")):
                from_ = st.text_input(say("answer_source"), start.source, max_chars=200, help=say("answer_source_help"))
                access = st.text_input(say("access"), ", ".join(start.access), help=say("access_help"))
            sent = st.form_submit_button(say("register"), type="primary", icon=":material/check:")
        if sent and not (question.strip() and answer.strip()):
            st.warning(say("both_needed"), icon=":material/warning:")
        elif sent:
            with problems_told(retry=False), st.spinner(say("registering")):
                api().answer(question, answer, from_, access, one.id if one else "")
                if start.id and " ".join(question.split()) != start.question:
                    api().withdraw(start.id)
                st.session_state.worklist_done = say("registered", question=plain(question))
                st.rerun()
        for near in (one.passages if one else ())[:_NEAR]:
            _near(near)

    st.dialog(title, width="large", icon=":material/edit:")(opened)()


def _near(passage: NearPassage) -> None:
    page = say("page", page=passage.page) if passage.page else ""
    st.caption(plain(" · ".join(part for part in (paged(passage.source, language()), passage.heading, page) if part)))
    st.html(source(passage.text, ()))


def _confirm(one: StaffAnswer) -> None:
    def asked() -> None:
        st.write(say("withdraw_sure"))
        with st.container(horizontal=True), problems_told(retry=False):
            if st.button(say("remove"), type="primary", key="really-withdraw"):
                api().withdraw(one.id)
                st.session_state.worklist_done = say("withdrawn")
                st.rerun()
            if st.button(say("cancel"), key="cancel-withdraw"):
                st.rerun()

    st.dialog(say("remove"), icon=":material/delete:")(asked)()

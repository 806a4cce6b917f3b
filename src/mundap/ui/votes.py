"""Votes on an answer, with a comment and the answer that would have been right."""

from __future__ import annotations

import streamlit as st

from mundap.messages import paged
from mundap.ui.api_values import Answer
from mundap.ui.client import ApiError
from mundap.ui.frame import api, language, say, told

_UP, _DOWN = "up", "down"
_LONGEST = 4000  # characters of a comment or an answer, as the API takes them
_LABELS = {_UP: ("up", ":material/thumb_up:"), _DOWN: ("down_vote", ":material/thumb_down:")}


def buttons(answer: Answer) -> None:
    """Thumbs up and down. A vote is kept at once; what is written afterwards replaces it."""

    def label(vote: str) -> str:
        text, icon = _LABELS[vote]
        return f"{icon} {say(text)}"

    st.pills(
        say("vote"),
        list(_LABELS),
        format_func=label,
        label_visibility="collapsed",
        key=_key(answer),
        on_change=_keep,
        args=(answer,),
        persist_state="session",
    )


def form(answer: Answer) -> None:
    """What may be said about a vote."""
    vote = st.session_state.get(_key(answer))
    state = st.session_state.get(f"kept-{answer.request_id}")
    if isinstance(state, ApiError):
        told(state)
        return
    if state == "said":
        st.success(say("thanks"), icon=":material/check:")
        return
    if vote is None:
        return
    with st.form(f"more-{answer.request_id}", border=True):
        comment = st.text_area(say("comment"), height=68, max_chars=_LONGEST)
        corrected, passage = "", None
        if vote == _DOWN:
            corrected = st.text_area(say("corrected"), height=100, max_chars=_LONGEST)
            passage = _passage(answer)
        if st.form_submit_button(say("send"), type="primary"):
            _post(answer, vote, "said", comment=comment, answer=corrected, passage_id=passage or "")
            st.rerun()


def _passage(answer: Answer) -> str | None:
    """One of the passages that were found, as the one that answers."""
    names = {
        hit.passage_id: f"[{hit.rank}] {paged(hit.source, language())}: {' '.join(hit.text.split())[:60]}…"
        for hit in answer.hits
    }
    return st.selectbox(
        say("right_passage"),
        list(names),
        index=None,
        format_func=lambda one: names.get(one, one),
        placeholder=say("unknown_passage"),
    )


def _keep(answer: Answer) -> None:
    vote = st.session_state.get(_key(answer))
    st.session_state.pop(f"kept-{answer.request_id}", None)
    if vote is not None:
        _post(answer, vote, "voted")


def _post(judged: Answer, vote: str, state: str, **more: str) -> None:
    kept: str | ApiError = state
    try:
        api().vote(judged.request_id, vote == _UP, **more)
    except ApiError as error:
        kept = error
    st.session_state[f"kept-{judged.request_id}"] = kept


def _key(answer: Answer) -> str:
    return f"vote-{answer.request_id}"

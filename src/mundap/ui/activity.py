"""What the server does just now, and the models that were trained."""

from __future__ import annotations

import json

import streamlit as st

from mundap.ui.api_values import Load, Model
from mundap.ui.client import ApiError
from mundap.ui.frame import api, say, told
from mundap.ui.markup import plain

_EVERY = 5.0  # seconds between two looks


def view() -> None:
    """Draw both."""
    st.title(say("activity"), anchor=False)
    st.fragment(_now, run_every=_EVERY)()
    try:
        models = api().models()
    except ApiError as error:
        if error.kind == "forbidden":  # who does not see all documents is not told what was learned from them
            return
        raise
    st.subheader(say("models"), anchor=False)
    if not models:
        st.info(say("no_models"), icon=":material/info:")
    for one in models:
        _model(one)


def _now() -> None:
    try:
        now = api().activity()
    except ApiError as error:
        told(error)
        return
    with st.container(horizontal=True):
        for name, load in (("answers_now", now.answers), ("searches_now", now.searches), ("writes_now", now.writes)):
            st.metric(say(name), _load(load), border=True)
    going = [say("indexing_now")] if now.unindexed else []
    going += [say("merging_now")] if now.merging else []
    going += [say("syncing_one", name=plain(name)) for name in now.syncing]
    for training in now.trainings:
        key = "training_now" if training.active else "training_stopped"
        going.append(say(key, name=plain(training.name), time=training.changed[:16].replace("T", " ")))
    for line in going:
        st.markdown(f":material/progress_activity: {line}")
    if not going:
        st.caption(say("nothing_runs"))
    if now.disk:
        st.warning(plain(now.disk), icon=":material/hard_disk:")


def _load(load: Load) -> str:
    return say("load", working=load.working, waiting=load.waiting) if load.waiting else str(load.working)


def _model(one: Model) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(one.name)}** :gray[{plain(f'{one.kind} · {one.created[:16]}')}]")
        with st.container(horizontal=True):
            if one.used:
                st.badge(say("model_used"), color="green")
            st.badge(
                say("model_good" if one.recommended else "model_doubtful"),
                color="blue" if one.recommended else "orange",
            )
        with st.expander(say("measured")):
            st.code(json.dumps(one.metrics, ensure_ascii=False, indent=1), language="json", wrap_lines=True)
            st.code(one.command, language=None, wrap_lines=True)

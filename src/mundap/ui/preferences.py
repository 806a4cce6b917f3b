"""The settings that matter day by day, each with what it does."""

from __future__ import annotations

import streamlit as st

from mundap.ui.api_values import Setting
from mundap.ui.frame import api, language, problems_told, say
from mundap.ui.markup import plain

_LONGEST = 2000  # characters


def view() -> None:
    """Draw the form."""
    st.title(say("preferences"), anchor=False)
    st.caption(say("preferences_help"))
    if done := st.session_state.pop("preferences_done", None):
        st.success(done, icon=":material/check:")
    found = api().config(language())
    with st.form("preferences"):
        values = {one.key: _field(one) for one in found}
        sent = st.form_submit_button(say("save"), type="primary", icon=":material/save:")
    changed = {one.key: values[one.key] for one in found if values[one.key] != one.value}
    if sent and not changed:
        st.info(say("nothing_changed"), icon=":material/info:")
    elif sent:
        with problems_told(retry=False):
            api().change(changed)
            st.session_state.pop("settings", None)
            st.session_state.preferences_done = say("preferences_saved", keys=plain(", ".join(changed)))
            st.rerun()


def _field(one: Setting) -> bool | int | float | str:
    label = f"{say(f'setting_{one.key}')} :gray[`{one.key}`]"
    key = f"setting-{one.key}"
    found: bool | int | float | str
    if one.kind == "switch":
        found = st.toggle(label, bool(one.value), key=key)
    elif one.kind == "number":
        found = int(st.number_input(label, 1, 100, int(one.value), key=key))
    elif one.kind == "share":
        found = float(st.slider(label, 0.0, 1.0, float(one.value), 0.01, key=key))
    elif one.kind == "choice":
        at = one.choices.index(str(one.value)) if one.value in one.choices else 0
        found = str(st.selectbox(label, one.choices, at, format_func=lambda name: name or "–", key=key))
    else:
        found = st.text_input(label, str(one.value), max_chars=_LONGEST, key=key)
    st.caption(plain(one.help))
    return found

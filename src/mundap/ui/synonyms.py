"""The table of synonyms: edited in place, and judged by the questions of the documents before it is saved."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mundap.ui.api_values import Effects, Synonym
from mundap.ui.frame import api, language, problems_told, say
from mundap.ui.markup import plain
from mundap.ui.texts import known

_STATES = ("", "고정", "제외")
_FIELDS = ("asked", "said", "score", "state", "origin", "evidence")
_SURE = 0.05  # p-value under which a change is no chance


def view() -> None:
    """Draw the table."""
    st.title(say("synonyms"), anchor=False)
    st.caption(say("synonyms_help"))
    if done := st.session_state.pop("synonyms_done", None):
        st.success(done, icon=":material/check:")
    if "synonyms_kept" not in st.session_state:
        _load()
    _add()
    about = st.text_input(say("filter_synonyms"), key="synonyms_about", on_change=_keep, icon=":material/filter_list:")
    rows = _edited(about.strip().lower())
    st.session_state.synonyms_now = rows
    kept = st.session_state.synonyms_kept
    changed = rows != list(kept.rows)
    with st.container(horizontal=True):
        if st.button(say("see_effect"), icon=":material/query_stats:", disabled=not changed, type="primary"):
            with problems_told(retry=False), st.spinner(say("measuring")):
                st.session_state.synonyms_effect = (rows, api().synonyms_effect(rows))
        judged = st.session_state.get("synonyms_effect", ([], None))
        if st.button(say("save"), icon=":material/save:", disabled=not changed):
            with problems_told(retry=False), st.spinner(say("saving_synonyms")):
                api().save_synonyms(rows, kept.version)
                _load()
                st.session_state.synonyms_done = say("synonyms_saved", rows=len(rows))
                st.rerun()
        if st.button(say("discard"), icon=":material/undo:", disabled=not changed):
            _load()
            st.rerun()
    if judged[1] and judged[0] == rows:
        _effect(judged[1])


def _add() -> None:
    """A row in two fields, which is easier than the table on a phone and with a keyboard."""
    with st.form("synonym", clear_on_submit=True):
        st.caption(say("add_synonym"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            asked = st.text_input(say("asked_word"), max_chars=200, placeholder=say("asked_example"))
            said = st.text_input(say("said_word"), max_chars=200, placeholder=say("said_example"))
            sent = st.form_submit_button(say("add"), icon=":material/add:")
    asked, said = (" ".join(word.split()).lower() for word in (asked, said))
    if not (sent and asked and said):
        return
    rows = st.session_state.get("synonyms_now", st.session_state.synonyms_shown)
    if any((one.asked, one.said) == (asked, said) for one in rows):
        st.info(say("twice", asked=plain(asked), said=plain(said)), icon=":material/info:")
        return
    st.session_state.synonyms_now = [Synonym(asked=asked, said=said), *rows]
    _keep()


def _load() -> None:
    st.session_state.synonyms_kept = api().synonyms()
    st.session_state.synonyms_shown = list(st.session_state.synonyms_kept.rows)
    st.session_state.synonyms_editor = st.session_state.get("synonyms_editor", 0) + 1
    for name in ("synonyms_effect", "synonyms_now"):
        st.session_state.pop(name, None)


def _keep() -> None:
    """Take what was edited as what is shown, before other rows come into view."""
    st.session_state.synonyms_shown = st.session_state.get("synonyms_now", st.session_state.synonyms_shown)
    st.session_state.synonyms_editor += 1


def _edited(about: str) -> list[Synonym]:
    """All rows as they would be saved; those that `about` finds can be edited."""
    import pandas as pd  # late: no other view needs it, and the first one need not wait for it

    shown: Sequence[Synonym] = st.session_state.synonyms_shown
    seen = [one for one in shown if about in f"{one.asked}\n{one.said}"]
    table = {name: pd.Series([getattr(one, name) for one in seen], dtype=object) for name in _FIELDS}
    table["score"] = table["score"].astype(float)
    table["origin"] = table["origin"].map(lambda origin: known(origin, language()) if origin else "")
    for name in set(_FIELDS) - {"score"}:
        table[name] = table[name].astype("string")
    edited = st.data_editor(
        pd.DataFrame(table),
        key=f"synonyms-{st.session_state.synonyms_editor}",
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "asked": st.column_config.TextColumn(say("asked_word"), required=True, max_chars=200),
            "said": st.column_config.TextColumn(say("said_word"), required=True, max_chars=200),
            "score": st.column_config.NumberColumn(say("score"), min_value=0.001, max_value=1.0, default=1.0),
            "state": st.column_config.SelectboxColumn(
                say("state"),
                options=list(_STATES),
                help=say("state_help"),
                format_func=lambda state: known(str(state), language()),
            ),
            "origin": st.column_config.TextColumn(say("found_by"), disabled=True),
            "evidence": st.column_config.TextColumn(say("evidence"), max_chars=1000),
        },
    )
    rows = [one for one in shown if one not in seen]
    by_word = {(one.asked, one.said): one.origin for one in seen}
    for row in edited.to_dict("records"):
        asked, said = (" ".join(_text(row[name]).split()).lower() for name in ("asked", "said"))
        if asked and said:
            score = row["score"]
            rows.append(
                Synonym(
                    asked=asked,
                    said=said,
                    score=1.0 if pd.isna(score) else float(score),
                    state=_text(row["state"]),
                    origin=by_word.get((asked, said), ""),
                    evidence=_text(row["evidence"]),
                )
            )
    place = {(one.asked, one.said): number for number, one in enumerate(st.session_state.synonyms_kept.rows)}
    return sorted(rows, key=lambda one: place.get((one.asked, one.said), len(place)))


def _text(cell: object) -> str:
    """The text of a cell; one that was left empty in a new row has none."""
    return cell if isinstance(cell, str) else ""


def _effect(found: Effects) -> None:
    st.subheader(say("effect"), anchor=False)
    st.caption(say("effect_help", n=found.n))
    st.table(
        [
            {
                say("leg"): say(one.leg),
                say("first_right"): f"{one.before.top1:.1%} → {one.after.top1:.1%}",
                say("third_right"): f"{one.before.top3:.1%} → {one.after.top3:.1%}",
                say("verdict"): say("significant" if one.p < _SURE else "by_chance", p=f"{one.p:.3f}"),
            }
            for one in found.legs
        ],
        hide_index=True,
    )
    st.write(say("moved", better=found.better, worse=found.worse))
    if found.moved:
        st.table(
            [
                {
                    say("question_column"): plain(one.question),
                    say("leg"): say(one.leg),
                    say("rank"): f"{_rank(one.before)} → {_rank(one.after)}",
                }
                for one in found.moved
            ],
            hide_index=True,
        )


def _rank(rank: int | None) -> str:
    return str(rank) if rank else say("beyond")

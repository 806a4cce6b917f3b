"""Reports of evaluations, as they were kept."""

from __future__ import annotations

import streamlit as st

from mundap.ui.frame import api, say
from mundap.ui.markup import sandboxed

_HEIGHT = 700  # pixels of the frame; reports are longer and scroll


def view() -> None:
    """Draw the reports."""
    st.title(say("reports"), anchor=False)
    found = {report.id: report for report in api().reports()}
    if not found:
        st.info(say("no_reports"), icon=":material/info:")
        return

    def label(report_id: str) -> str:
        report = found[report_id]
        return " · ".join(part for part in (report.kind, report.time[:16].replace("T", " "), report.id) if part)

    chosen = st.selectbox(say("report"), list(found), format_func=label)
    page = api().report(chosen)
    with st.container(horizontal=True):
        st.download_button(
            say("download_html"), page, f"{chosen}.html", "text/html", icon=":material/download:", on_click="ignore"
        )
        st.download_button(
            say("download_json"),
            api().report(chosen, ".json"),
            f"{chosen}.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
        )
    st.iframe(sandboxed(page, label(chosen)), height=_HEIGHT)

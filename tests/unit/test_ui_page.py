"""The page where its API is not there: what it says, in both languages."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.mark.slow  # it runs the page in Streamlit
def test_an_api_that_is_down_is_told_in_one_sentence_with_a_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    streamlit = pytest.importorskip("streamlit.testing.v1", reason="the extra ui is not installed")
    from mundap.ui import frame

    monkeypatch.setenv(frame.URL, "http://127.0.0.1:9")
    frame.shared.clear()
    spec = find_spec("mundap.ui.page")
    assert spec is not None
    assert spec.origin is not None
    page = streamlit.AppTest.from_file(spec.origin, default_timeout=30).run()
    assert not page.exception
    [problem] = page.error
    assert "http://127.0.0.1:9" in problem.value
    assert "mundap serve" in problem.value
    assert [button.label for button in page.button] == ["다시 시도"]
    page.session_state["lang"] = "en"
    page.run()
    assert page.button[0].label == "Try again"
    assert "Cannot reach the API" in page.error[0].value
    frame.shared.clear()

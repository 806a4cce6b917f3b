"""Spans of a question, exported in this process; none, and no package of them, unless settings say so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import UnknownName
from mundap.generate.openai import OpenAIGenerator
from mundap.workspace import Mundap

QUESTION = "연차는 언제 소멸하나요?"
CONFIG = '[index]\nencoder = "hashed"\n[tracing]\n'
MakeTraced = Callable[..., Mundap]


@pytest.fixture(scope="module")
def exporter() -> Any:
    """What keeps the spans of this process."""
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel: pip install 'mundap[otel]'")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


@pytest.fixture
def traced(tmp_path: Path, exporter: Any) -> MakeTraced:
    """Makes a workspace with these settings of tracing; nothing is exported of before."""

    def made(settings: str = "enabled = true\n") -> Mundap:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "휴가.md").write_text("# 휴가\n\n연차는 2년이 지나면 소멸합니다.\n", "utf-8")
        (tmp_path / "mundap.toml").write_text(CONFIG + settings, "utf-8")
        bot = Mundap.open(tmp_path)
        bot.ingest()
        bot.index()
        exporter.clear()
        return bot

    return made


def spans(exporter: Any) -> dict[str, Any]:
    return {one.name: one for one in exporter.get_finished_spans()}


def test_each_stage_of_an_answer_has_a_span(traced: MakeTraced, exporter: Any) -> None:
    answer = traced().ask(QUESTION)
    made = spans(exporter)
    assert {"mundap.ask", "understand", "leg", "fuse", "support", "generate"} <= set(made)
    root = made["mundap.ask"]
    assert root.parent is None
    assert {made[name].parent.span_id for name in ("leg", "fuse", "support", "generate")} == {root.context.span_id}
    assert {one.context.trace_id for one in made.values()} == {root.context.trace_id}
    assert root.attributes["mundap.abstained"] is answer.abstained
    legs = {one.attributes["mundap.leg"] for one in exporter.get_finished_spans() if one.name == "leg"}
    assert legs == {"bm25", "dense"}
    assert all(root.start_time <= one.start_time <= one.end_time <= root.end_time for one in made.values())


def test_no_text_of_people_is_told_unless_set(traced: MakeTraced, exporter: Any) -> None:
    bot = traced()
    bot.ask(QUESTION)
    bot.search(QUESTION)
    with pytest.raises(UnknownName):
        bot.search(QUESTION, leg="없는방법")
    ended = exporter.get_finished_spans()
    told = [*(str(value) for one in ended for value in one.attributes.values()), *(one.name for one in ended)]
    assert not any("연차" in one or "소멸" in one for one in told)
    assert {event.name for one in ended for event in one.events} == {"first_piece"}
    [failed] = [one for one in ended if one.status.status_code.name == "ERROR"]
    assert failed.attributes["error.type"] == "UnknownName"
    assert not failed.status.description


def test_texts_are_told_where_settings_say_so(traced: MakeTraced, exporter: Any) -> None:
    answer = traced("enabled = true\ntext = true\n").ask(QUESTION)
    root = spans(exporter)["mundap.ask"]
    assert root.attributes["mundap.question"] == QUESTION
    assert root.attributes["mundap.answer"] == answer.text


def test_a_stream_that_is_left_ends_its_spans(traced: MakeTraced, exporter: Any) -> None:
    from opentelemetry import trace

    pieces = traced().stream(QUESTION)
    next(pieces)
    assert not trace.get_current_span().get_span_context().is_valid  # who reads is not inside
    pieces.close()  # type: ignore[attr-defined]
    assert "mundap.ask" in spans(exporter)


def test_tokens_of_a_language_model_have_a_span(
    traced: MakeTraced, exporter: Any, served: Callable[..., tuple[OpenAIGenerator, Any]]
) -> None:
    bot = traced()
    bot.components.generator = served("연차는 2년이 지나면 소멸합니다 [1].")[0]
    bot.ask(QUESTION)
    made = spans(exporter)
    assert made["tokens"].parent.span_id == made["generate"].context.span_id
    assert made["tokens"].attributes["mundap.pieces"] > 1
    assert [event.name for event in made["tokens"].events] == ["first_piece"]


@pytest.mark.slow
def test_off_it_traces_nothing_and_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("연차는 2년이 지나면 소멸합니다.\n", "utf-8")
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    code = (
        "import sys; from mundap.workspace import Mundap; bot = Mundap.open(sys.argv[1]); bot.ingest(); bot.index();"
        " bot.ask('연차는 언제 소멸하나요?'); print(sorted(n for n in sys.modules if n.startswith('opentelemetry')))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"

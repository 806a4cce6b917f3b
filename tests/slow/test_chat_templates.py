"""Chat templates as families of models have them: asked by llama.cpp and by transformers as the template says, and what a
model thinks is no part of what it answers."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests import small_models

from mundap.generate import gguf
from mundap.generate.causal import chat_text, load_words
from mundap.generate.compose import written
from mundap.generate.gguf import GGUFGenerator, _door
from mundap.generate.language_model import Settings
from mundap.training.llm.gguf_export import export_gguf
from mundap.types import Json

pytest.importorskip("xllamacpp", reason="the extra llm is not installed")
for package in ("torch", "transformers", "gguf"):
    pytest.importorskip(package, reason="the extra train is not installed")

_CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
_ANSWER = "{% if add_generation_prompt %}<|im_start|>assistant\n"
TEMPLATES = {
    # thinks unless it is told not to: Qwen3, EXAONE 4
    "asked": f"{_CHATML}{_ANSWER}{{% if enable_thinking is defined and not enable_thinking %}}<think>\n\n</think>\n\n{{% endif %}}{{% endif %}}",
    # cannot be told: a thought is begun for it, under this name or another (EXAONE Deep)
    "always": f"{_CHATML}{_ANSWER}<think>\n{{% endif %}}",
    "thought": "{% for m in messages %}[|{{ m.role }}|]{{ m.content }}[|endofturn|]\n{% endfor %}"
    "{% if add_generation_prompt %}[|assistant|]<thought>\n{% endif %}",
    # does not think: HyperCLOVA X SEED, Qwen 2.5, Llama 3, EXAONE 3.5
    "plain": f"{_CHATML}{_ANSWER}{{% endif %}}",
    "headers": "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
    # rules stand before the first question: Gemma 3
    "folded": "{{ bos_token }}{% set rules = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}"
    "{% for m in (messages[1:] if rules else messages) %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ rules if loop.first else '' }}"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
}
CHAT = [
    {"role": "system", "content": "규칙입니다."},
    {"role": "user", "content": "한도는?"},
    {"role": "assistant", "content": "800달러입니다."},
    {"role": "user", "content": "술은?"},
]
THOUGHTS = {"always": ("<think>", "</think>"), "thought": ("<thought>", "</thought>")}


@pytest.fixture(scope="module", params=TEMPLATES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    folder = tmp_path_factory.mktemp("chat") / request.param
    spelling = small_models.words(chat=True, cut=small_models.QWEN)
    spelling.chat_template = TEMPLATES[request.param]
    small_models.model(folder, "qwen3", spelling, num_key_value_heads=2, head_dim=32)
    file = folder.with_suffix(".gguf")
    export_gguf(folder, file, "f16")
    return request.param, folder, file


def generator(file: Path) -> GGUFGenerator:
    return GGUFGenerator(file, Settings("거절", context_tokens=512, max_tokens=80), threads=1)


def test_a_model_is_asked_by_its_own_template(made: tuple[str, Path, Path]) -> None:
    name, folder, file = made
    bot = generator(file)
    model = bot._model()
    with _door(model.server, model.key) as client:
        prompt = client.post("/apply-template", json={"messages": CHAT}).json()["prompt"]
    words = load_words(str(folder), folder.parent)
    expected = chat_text(words, CHAT)
    assert prompt.removeprefix("<s>") == expected.removeprefix("<s>")
    assert "규칙입니다." in prompt
    assert model.thought == THOUGHTS.get(name, ("",))[0]


def test_what_a_model_thinks_is_no_part_of_its_answer(
    made: tuple[str, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, file = made
    begin, end = THOUGHTS.get(name, ("", ""))
    text = f"술이 두 병{end}면세됩니다" if end else "면세됩니다"
    streamed = gguf._streamed

    def forced(handle: Any, request: dict[str, Any], seconds: float) -> Generator[str]:
        more = {} if "response_format" in request else {"grammar": f'root ::= "{text}"'}
        yield from streamed(handle, request | more, seconds)

    monkeypatch.setattr(gguf, "_streamed", forced)
    bot = generator(file)
    assert "".join(written(bot._write(CHAT, 80), 1)) == "면세됩니다"
    assert bot.complete(CHAT, max_tokens=80) == begin + text
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"n": {"type": "string", "enum": ["하나"]}},
        "required": ["n"],
    }
    assert "하나" in bot.complete(CHAT, schema, 80)

"""transformers in this process, with small models that are made here: what settings do, and how it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.streamed import streamed

from mundap.errors import GeneratorError
from mundap.generate import make_generator
from mundap.generate.language_model import Settings
from mundap.generate.prompt import Message
from mundap.generate.sampling import Sampling
from mundap.generate.structured import ask_json
from mundap.generate.template import read_template
from mundap.generate.transformer import TransformersGenerator
from mundap.stopping import Stop
from mundap.types import Answer, Hit, Passage

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

REFUSAL = "죄송합니다. 등록된 문서에서 답을 찾지 못했습니다."
SAID = "청바지에 붙는 관세율은 13%입니다. [1]\n나머지도 문의해 주세요."
TEXT = "청바지에 붙는 관세율은 13%입니다."
_USER = {"role": "user", "content": "관세율은?"}
HITS = [Hit(Passage(f"p{n}", "d", TEXT, 0, len(TEXT), source="안내"), 1.0, n) for n in range(1, 9)]


@pytest.fixture(scope="module")
def folder(tiny_llm: Callable[[str], Path]) -> Path:
    return tiny_llm(SAID)


def generator(base: str | Path, models: Path = Path(), bits: int = 0, **options: Any) -> TransformersGenerator:
    return TransformersGenerator(str(base), models, Settings(REFUSAL, **{"max_tokens": 64, **options}), bits=bits)


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mundap-transformers"]


def gone_within(seconds: float) -> bool:
    until = time.perf_counter() + seconds
    while writers() and time.perf_counter() < until:
        time.sleep(0.01)
    return not writers()


def test_it_is_named_in_the_config_and_answers_piece_by_piece(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "llm").symlink_to(folder)
    bot = make_generator("transformers:llm", refusal=REFUSAL, folder=tmp_path, max_tokens=64)
    pieces, answer = streamed(bot.stream("관세율은?", HITS[:1]))
    assert isinstance(answer, Answer)
    assert len(pieces) > 3
    assert ("".join(pieces), answer.text) == (SAID, SAID)
    assert [citation.quote for citation in answer.citations] == [TEXT]
    assert (answer.model, gone_within(2)) == ("transformers:llm", True)


def test_writing_ends_at_a_stop_sequence_and_after_max_tokens(folder: Path) -> None:
    stopped = generator(folder, sampling=Sampling(stop=("나머지",)))
    assert stopped.answer("관세율은?", HITS[:1]).text == SAID.partition("\n")[0]
    cut, told = generator(folder, max_tokens=3).answer("관세율은?", HITS[:1]).text.split("\n")
    assert len(cut) < 12
    assert "길이 제한" in told


def test_passages_beyond_the_context_are_left_out_whole(folder: Path) -> None:
    seen: list[str] = []

    class Watched(TransformersGenerator):
        def _text(self, model: Any, chat: Sequence[Message]) -> str:
            seen.append(super()._text(model, chat))
            return seen[-1]

    bot = Watched(str(folder), Path(), Settings(REFUSAL, max_tokens=64, context_tokens=2048))
    assert bot.answer("관세율은?", HITS).hits == tuple(HITS)
    assert seen[-1].count("<자료 번호") == len(HITS)
    needed = len(bot._model().ids(seen[-1])) + 64
    tight = Watched(str(folder), Path(), Settings(REFUSAL, max_tokens=64, context_tokens=needed - 20))
    assert tight.answer("관세율은?", HITS).hits == tuple(HITS)
    assert 0 < seen[-1].count("<자료 번호") < len(HITS)
    assert len(tight._model().ids(seen[-1])) + 64 <= needed - 20
    with pytest.raises(GeneratorError, match="첫 번째 문단만으로도"):
        generator(folder, context_tokens=100).answer("관세율은?", HITS)


def test_a_template_takes_the_place_of_the_plain_text(folder: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    class Watched(TransformersGenerator):
        def _text(self, model: Any, chat: Sequence[Message]) -> str:
            seen.append(super()._text(model, chat))
            return seen[-1]

    bot = Watched(str(folder), Path(), Settings(REFUSAL, max_tokens=64, template=read_template("alpaca", tmp_path)))
    assert bot.answer("관세율은?", HITS[:1]).text == SAID
    assert "### 입력:\n" in seen[-1]
    assert seen[-1].endswith("### 응답:\n")


def test_a_chat_template_is_used_and_one_without_a_system_gets_the_rules_in_the_question(folder: Path) -> None:
    bot = generator(folder)
    model = bot._model()
    chat = [{"role": "system", "content": "규칙"}, _USER]
    ask = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
    model.words.chat_template = ask
    assert bot._text(model, chat) == "<system>규칙<user>관세율은?<assistant>"
    model.words.chat_template = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + ask
    assert bot._text(model, chat) == "<user>규칙\n\n관세율은?<assistant>"
    model.words.chat_template = "{{ raise_exception('never') }}"
    with pytest.raises(GeneratorError, match=r"never.*generate\.template"):
        bot._text(model, chat)


def test_drawing_differs_from_time_to_time_and_the_likeliest_does_not(folder: Path) -> None:
    greedy = {generator(folder).answer("관세율은?", HITS[:1]).text for _ in range(2)}
    assert greedy == {SAID}
    hot = generator(folder, sampling=Sampling(temperature=5.0, top_k=50))
    torch.manual_seed(1)
    assert len({hot.answer("관세율은?", HITS[:1]).text for _ in range(3)}) > 1
    torch.manual_seed(1)
    cold = generator(folder, sampling=Sampling(temperature=5.0, top_k=1))
    assert cold.answer("관세율은?", HITS[:1]).text == SAID


def test_closing_the_stream_and_a_stop_from_outside_end_the_model(folder: Path) -> None:
    bot = generator(folder, max_tokens=1024, sampling=Sampling(temperature=50.0))
    stream = bot.stream("관세율은?", HITS[:1])
    assert next(stream)
    assert isinstance(stream, Generator)
    stream.close()
    assert gone_within(5)
    stop = Stop()
    with stop.heard():
        stream = bot.stream("관세율은?", HITS[:1])
        next(stream)
        threading.Timer(0.05, stop.set).start()
        began = time.perf_counter()
        list(stream)
    assert time.perf_counter() - began < 10
    assert gone_within(5)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of peft, about transformers
def test_an_adapter_that_was_trained_is_asked_by_its_name(folder: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    base = transformers.LlamaForCausalLM.from_pretrained(folder)
    tuned = peft.get_peft_model(base, peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weights in tuned.named_parameters():
            if "lora_B" in name:
                weights += 0.5
    tuned.peft_config["default"].base_model_name_or_path = str(folder)
    tuned.save_pretrained(tmp_path / "관세" / "adapter")
    bot = make_generator("transformers:model:관세", refusal=REFUSAL, models=tmp_path, max_tokens=16)
    assert bot.name == "transformers:model:관세"
    assert isinstance(bot, TransformersGenerator)
    tuned_text = bot.complete([_USER], max_tokens=16)
    assert tuned_text != generator(folder).complete([_USER], max_tokens=16)
    with pytest.raises(GeneratorError, match=r"'없음'.*학습한 모델: 관세.*mundap train sft"):
        make_generator("transformers:model:없음", refusal=REFUSAL, models=tmp_path).answer("관세율은?", HITS)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantised_model_answers(folder: Path, bits: int) -> None:
    pytest.importorskip("bitsandbytes")
    answer = generator(folder, bits=bits).answer("관세율은?", HITS[:1])
    assert answer.text.startswith("청바지")


def test_a_form_is_told_in_the_prompt_and_a_reply_without_it_is_not_believed(folder: Path) -> None:
    class Reply(BaseModel):
        rate: int

    seen: list[str] = []

    class Watched(TransformersGenerator):
        def _text(self, model: Any, chat: Sequence[Message]) -> str:
            seen.append(super()._text(model, chat))
            return seen[-1]

    bot = Watched(str(folder), Path(), Settings(REFUSAL))
    assert ask_json(bot, [_USER], Reply, retries=0, max_tokens=64) is None
    assert '"rate"' in seen[0]


def test_a_model_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "빈폴더").mkdir()
    with pytest.raises(GeneratorError, match="빈폴더"):
        generator(tmp_path / "빈폴더").answer("관세율은?", HITS)

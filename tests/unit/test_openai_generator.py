"""A language model over HTTP, against a real server on this machine that behaves and misbehaves."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.language_model import Handler, Server
from tests.serving import running
from tests.streamed import streamed

from mundap.errors import ConfigError, GeneratorError
from mundap.generate import make_generator, openai
from mundap.generate.compose import CUT, compose
from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator
from mundap.generate.sampling import Sampling
from mundap.generate.sse import events
from mundap.generate.template import read_template
from mundap.types import Answer, Hit, Passage, Turn

REFUSAL = "죄송합니다. 등록된 문서에서 답을 찾지 못했습니다."
QUESTION = "청바지 관세율은 얼마인가요?"
TEXT = "청바지에 붙는 관세율은 13퍼센트입니다. 부가가치세는 10퍼센트입니다."
HITS = [Hit(Passage("p1", "d", TEXT, 0, len(TEXT), source="관세 안내"), 1.0, 1)]
Script = Callable[[Handler], None]


class Playing(Server):
    def __init__(self, scripts: Sequence[Script]) -> None:
        super().__init__(Scripted)
        self.scripts = list(scripts)
        self.seen: list[dict[str, Any]] = []


class Scripted(Handler):
    """Plays the scripts of its server one after another; the last one again and again."""

    server: Playing

    def do_GET(self) -> None:  # noqa: N802 - its name is that of the standard library
        self.close_connection = True
        self.reply({})

    def reply(self, request: dict[str, Any]) -> None:
        self.server.seen.append({"path": self.path, "headers": dict(self.headers), "body": request})
        scripts = self.server.scripts
        (scripts.pop(0) if len(scripts) > 1 else scripts[0])(self)


def says(*pieces: str) -> Script:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.say(*pieces)
        handler.end()

    return script


def sends(raw: bytes, kind: str = "text/event-stream") -> Script:
    def script(handler: Handler) -> None:
        handler.begin(kind=kind)
        handler.wfile.write(raw)

    return script


def fails(status: int, body: str = "", kind: str = "application/json", **headers: str) -> Script:
    def script(handler: Handler) -> None:
        handler.begin(status, kind, **headers)
        handler.wfile.write(body.encode())

    return script


@contextmanager
def serving(*scripts: Script) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The base URL of a server, and the requests it has seen."""
    with running(Playing(scripts)) as server:
        yield server.address, server.seen


def ask(*scripts: Script, hits: list[Hit] = HITS, **options: Any) -> tuple[list[str], Answer, list[dict[str, Any]]]:
    with serving(*scripts) as (url, seen):
        pieces, answer = streamed(generator(url, **options).stream(QUESTION, hits))
    return pieces, answer, seen


def generator(
    url: str, key: str | None = None, timeout: float = 5.0, retries: int = 2, **options: Any
) -> OpenAIGenerator:
    return OpenAIGenerator(url, "qwen3", Settings(REFUSAL, **options), key, timeout=timeout, retries=retries)


def failure(*scripts: Script, **options: Any) -> str:
    with pytest.raises(GeneratorError) as error:
        ask(*scripts, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "BACKOFF_SECONDS", 0.01)


def test_text_streams_and_ends_in_an_answer_with_citations() -> None:
    pieces, answer, seen = ask(says("청바지 관세율은 ", "13퍼센트입니다 [", "1][4]."))
    assert pieces[0] == "청바지 관세율은"
    assert "".join(pieces) == answer.text == "청바지 관세율은 13퍼센트입니다 [1]."
    assert [(c.passage_id, c.source, c.quote) for c in answer.citations] == [
        ("p1", "관세 안내", "청바지에 붙는 관세율은 13퍼센트입니다.")
    ]
    assert (answer.question, answer.hits, answer.abstained) == (QUESTION, tuple(HITS), False)
    assert answer.model == "openai:qwen3"
    assert answer.timings["generate_ms"] > 0
    assert seen[0]["path"] == "/v1/chat/completions"


def test_the_first_piece_is_there_before_the_last_is_written() -> None:
    hurry = threading.Event()

    def slowly(handler: Handler) -> None:
        handler.begin()
        handler.say("첫 조각")
        assert hurry.wait(5)
        handler.say(" 끝 조각", finish="stop")

    with serving(slowly) as (url, _):
        stream = generator(url).stream(QUESTION, HITS)
        assert next(stream) == "첫 조각"
        hurry.set()
        assert next(stream) == " 끝 조각"


def test_the_request_carries_history_settings_and_the_key() -> None:
    with serving(says("답 [1]")) as (url, seen):
        bot = generator(url, " secret-key ", max_tokens=77, sampling=Sampling(0.3))
        bot.answer(QUESTION, HITS, [Turn("관세가 뭔가요?", "세금입니다 [2].")])
    request = seen[0]["body"]
    assert [m["role"] for m in request["messages"]] == ["system", "user", "assistant", "user"]
    assert request["messages"][2]["content"] == "세금입니다."
    assert TEXT in request["messages"][3]["content"]
    assert {k: request[k] for k in ("model", "stream", "max_tokens", "temperature")} == {
        "model": "qwen3",
        "stream": True,
        "max_tokens": 77,
        "temperature": 0.3,
    }
    assert seen[0]["headers"]["Authorization"] == "Bearer secret-key"


def test_sampling_and_a_template_go_with_the_request(tmp_path: Path) -> None:
    spoken = b'data: {"choices": [{"text": "13%"}]}\n\ndata: [DONE]\n\n'
    sampling = Sampling(0.7, 0.9, 40, 1.1, ("끝",))
    _, answer, seen = ask(sends(spoken), sampling=sampling, template=read_template("alpaca", tmp_path))
    assert (answer.text, seen[0]["path"]) == ("13%", "/v1/completions")
    request = seen[0]["body"]
    assert {k: request[k] for k in ("temperature", "top_p", "top_k", "repeat_penalty", "repetition_penalty")} == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "repeat_penalty": 1.1,
        "repetition_penalty": 1.1,
    }
    assert "messages" not in request
    assert request["prompt"].endswith("### 응답:\n")
    assert QUESTION in request["prompt"]
    assert request["stop"][-1] == "끝"
    assert "\n### 입력:" in request["stop"]


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    with serving(says("답")) as (url, seen):
        make_generator(f"openai:{url}#qwen3", refusal=REFUSAL).answer(QUESTION, HITS)
        monkeypatch.setenv("MUNDAP_API_KEY", "first")
        make_generator(f"openai:{url}#qwen3", refusal=REFUSAL).answer(QUESTION, HITS)
        monkeypatch.delenv("MUNDAP_API_KEY")
        monkeypatch.delenv("OPENAI_API_KEY")
        make_generator(f"openai:{url}#qwen3", refusal=REFUSAL).answer(QUESTION, HITS)
    assert [r["headers"].get("Authorization") for r in seen] == ["Bearer second", "Bearer first", None]


def test_passages_beyond_the_context_are_left_out_and_their_markers_with_them() -> None:
    far = [Hit(Passage(f"p{n}", "d", "나" * 900, 0, 900), 1 / n, n) for n in (2, 3)]
    _, answer, seen = ask(says("13퍼센트입니다 [1][2]."), hits=HITS + far, context_tokens=1200, max_tokens=100)
    assert "나나" not in seen[0]["body"]["messages"][-1]["content"]
    assert answer.text == "13퍼센트입니다 [1]."
    assert len(answer.hits) == 3


def test_a_proxy_in_the_environment_does_not_stand_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(says("답입니다"))[1].text == "답입니다"


THOUGHT = "자료 1의 첫 문장이 답합니다 [1]."


@pytest.mark.parametrize(
    "pieces",
    [
        [f"<생각>{THOUGHT}</생각>\n", "13퍼센트입니다 [1]."],
        ["<", "생", f"각>{THOUGHT}<", "/", "생각", ">", "13퍼센트입니다 [1]."],
        [f"<think>{THOUGHT}</th", "ink>\n\n13퍼센트입니다 [1]."],
        list(f"<생각>{THOUGHT}</생각>13퍼센트입니다 [1]."),
        [f"<think>{THOUGHT}</think>", f"<생각>{THOUGHT}", "</생각>13퍼센트입니다 [1]."],
        ["13퍼센트입니다 [1].", f" <생각>{THOUGHT}"],
    ],
    ids=["at once", "split", "think", "by the letter", "twice", "afterwards"],
)
def test_a_thought_is_neither_streamed_nor_cited_nor_remembered(pieces: list[str]) -> None:
    with serving(says(*pieces)) as (url, seen):
        bot = generator(url, reason=True)
        shown, answer = streamed(bot.stream(QUESTION, HITS))
        bot.answer(QUESTION, HITS, [Turn(QUESTION, answer.text)])
    assert "".join(shown) == answer.text == "13퍼센트입니다 [1]."
    assert [c.quote for c in answer.citations] == ["청바지에 붙는 관세율은 13퍼센트입니다."]
    assert "<생각>" in seen[0]["body"]["messages"][0]["content"]
    assert "첫 문장" not in str(seen[1]["body"])


@pytest.mark.parametrize("piece", [f"<생각>{THOUGHT}", f"<think>{THOUGHT}</생각>", f"<생각>{THOUGHT}</생각>\n"])
def test_a_thought_without_an_answer_is_an_error_and_nothing_of_it_is_shown(piece: str) -> None:
    with serving(says(*piece)) as (url, _):
        stream = generator(url, reason=True).stream(QUESTION, HITS)
        with pytest.raises(GeneratorError, match=r"빈 답변을 생성했습니다.*max_tokens를 늘리거나"):
            print(next(stream))


def test_thoughts_are_asked_for_by_the_maker_too() -> None:
    with serving(says("답")) as (url, seen):
        for reason in (False, True):
            make_generator(f"openai:{url}#qwen3", refusal=REFUSAL, reason=reason).answer(QUESTION, HITS)
    assert ["<생각>" in request["body"]["messages"][0]["content"] for request in seen] == [False, True]


def test_the_refusal_is_an_abstention_without_citations() -> None:
    pieces, answer, _ = ask(says(*REFUSAL))
    assert "".join(pieces) == answer.text == REFUSAL
    assert answer.abstained
    assert answer.citations == ()


def test_without_hits_nobody_is_asked() -> None:
    pieces, answer, seen = ask(says("지어낸 답"), hits=[])
    assert pieces == [REFUSAL]
    assert answer.abstained
    assert seen == []


@pytest.mark.parametrize(
    "raw",
    [
        b': hello\n\ndata: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n: ping\n\n'
        b'data: {"choices":[{"delta":{"content":"\xeb\x8b\xb5"}}]}\n\n'
        b'data: {"choices":[],"usage":{"total_tokens":3}}\n\ndata: [DONE]\n\n',
        b'event: x\r\nid: 1\r\ndata: {"choices":[{"delta":\r\ndata: {"content":"\xeb\x8b\xb5"}}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'data:{"choices":[{"delta":{"content":"\xeb\x8b\xb5"},"finish_reason":"stop"}]}',
        b'data: {"choices":[{"delta":{"reasoning_content":"\xec\x9d\x8c"}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"\xeb\x8b\xb5"},"finish_reason":"stop"}]}\n\ndata: {"choices":null}\n\n',
    ],
    ids=["comments and usage", "CRLF and two data lines", "no last blank line", "reasoning"],
)
def test_streams_as_servers_really_write_them(raw: bytes) -> None:
    assert ask(sends(raw))[1].text == "답"


def test_an_event_is_read_the_same_wherever_the_network_cuts_it() -> None:
    raw = 'data: {"a": "가\u2028나\x85"}\r\n\r\n: ping\rdata: 1\rdata: 2\r\rdata: [DONE]'.encode()
    expected = ['{"a": "가\u2028나\x85"}', "1\n2", "[DONE]"]
    for cut in range(len(raw)):
        assert list(events([raw[:cut], raw[cut:]])) == expected
    assert list(events(bytes([byte]) for byte in raw)) == expected


def test_a_server_that_does_not_stream_is_understood() -> None:
    body = json.dumps({"choices": [{"message": {"content": "답"}, "finish_reason": "stop"}]})
    assert ask(sends(body.encode(), "application/json"))[0] == ["답"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    _, answer, seen = ask(fails(status, "{}"), says("답입니다"))
    assert answer.text == "답입니다"
    assert len(seen) == 2


def test_retry_after_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "LONGEST_WAIT", 0.3)
    began = time.perf_counter()
    ask(fails(429, "{}", Retry_After="0.15"), fails(503, "{}", Retry_After="Wed, 01 Jan 2931 00:00:00 GMT"), says("답"))
    assert 0.45 <= time.perf_counter() - began < 2


def test_a_lasting_failure_is_told_after_the_last_try() -> None:
    script = fails(500, '{"error": {"message": "CUDA out of memory"}}')
    told = pytest.raises(GeneratorError, match=r"HTTP 500: CUDA out of memory.*서버 로그를 확인")
    with serving(script) as (url, seen), told as error:
        generator(url, retries=1).answer(QUESTION, HITS)
    assert len(seen) == 2
    assert f"{url}/chat/completions" in str(error.value)


def test_a_server_that_is_not_running() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(GeneratorError, match=rf"http://127\.0\.0\.1:{port}/v1/.*연결할 수 없습니다.*실행 중인지"):
        generator(f"http://127.0.0.1:{port}/v1").answer(QUESTION, HITS)


def test_a_bad_key_is_told_once_and_never_shown() -> None:
    body = '{"error": {"message": "Incorrect API key provided: sk-abc123"}}'
    with serving(fails(401, body)) as (url, seen), pytest.raises(GeneratorError) as error:
        generator(url, "sk-abc123").answer(QUESTION, HITS)
    assert len(seen) == 1
    assert "API 키를 거부했습니다(HTTP 401: Incorrect API key provided: ***)" in str(error.value)
    assert "MUNDAP_API_KEY" in str(error.value)
    assert "sk-abc123" not in str(error.value)


def test_a_password_in_the_address_is_never_shown() -> None:
    with serving(fails(400, "no")) as (url, _), pytest.raises(GeneratorError) as error:
        generator(url.replace("//", "//user:hunter2@")).answer(QUESTION, HITS)
    assert url.removeprefix("http://") in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_missing_model_is_told_with_the_words_of_the_server() -> None:
    said = failure(fails(404, '{"error": {"message": "model \\"qwen3\\" not found, try pulling it first"}}'))
    assert "모델 'qwen3'이(가) 없거나" in said
    assert 'HTTP 404: model "qwen3" not found, try pulling it first' in said
    assert "다운로드했는지" in said


def test_a_web_page_in_place_of_an_error_is_not_poured_out() -> None:
    assert "(HTTP 404)" in failure(fails(404, "<!doctype html><html><body>nothing here</body></html>", "text/html"))


def test_a_refused_request_names_the_settings() -> None:
    said = failure(fails(400, '{"error": "context length exceeded"}'))
    assert "HTTP 400: context length exceeded" in said
    assert "context_tokens(4096)" in said


@pytest.mark.parametrize(
    "raw", [b"data: {half\n\n", b"data: 5\n\n", b'data: {"choices":[7]}\n\n', b'data: {"choices":{"a":1}}\n\n']
)
def test_garbage_is_an_error(raw: bytes) -> None:
    assert "해석할 수 없는 응답" in failure(sends(raw))


@pytest.mark.parametrize("raw", [b"", b"<html>hello</html>", b": ping\n\n"])
def test_a_stream_without_an_answer_is_an_error(raw: bytes) -> None:
    assert "끊겼습니다" in failure(sends(raw))


def test_an_empty_answer_is_an_error() -> None:
    assert "빈 답변을 생성했습니다" in failure(says("", " \n"))


def test_a_limit_that_came_before_an_answer_is_told_as_that() -> None:
    def pieces() -> Generator[str]:
        yield CUT

    with pytest.raises(GeneratorError, match=r"제한에 이르렀습니다.*time_limit"):
        list(compose(QUESTION, HITS, 1, pieces(), refusal="", model="m", started=0.0, unsupported="drop"))


def test_an_error_inside_the_stream_is_told() -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.say("관세율은 ")
        handler.wfile.write(b'data: {"error":{"message":"slot was evicted","code":500}}\n\n')

    assert "slot was evicted" in failure(script)


def dies_politely(handler: Handler) -> None:
    handler.begin()
    handler.say("관세율은 ", "13")


def dies_at_once(handler: Handler) -> None:
    handler.begin(Transfer_Encoding="chunked")
    handler.wfile.write(b"40\r\ndata: ")
    handler.wfile.flush()
    # With this option closing sends a reset, as a killed process does.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


@pytest.mark.parametrize("death", [dies_politely, dies_at_once])
def test_a_server_that_dies_in_mid_answer_is_told_and_not_asked_again(death: Script) -> None:
    with serving(death) as (url, seen):
        with pytest.raises(GeneratorError, match=r"끊겼습니다.*서버가 실행 중인지"):
            generator(url).answer(QUESTION, HITS)
        assert len(seen) == 1


def test_text_that_came_before_a_death_was_shown() -> None:
    with serving(dies_politely) as (url, _):
        stream = generator(url).stream(QUESTION, HITS)
        assert [next(stream), next(stream)] == ["관세율은", " 13"]
        with pytest.raises(GeneratorError):
            next(stream)


def test_silence_is_a_timeout_that_says_so() -> None:
    awake = threading.Event()

    def sleeps(handler: Handler) -> None:
        awake.wait(5)

    with serving(sleeps) as (url, seen):
        with pytest.raises(GeneratorError, match=r"0\.2초 동안 응답하지.*timeout을 늘리거나"):
            generator(url, timeout=0.2).answer(QUESTION, HITS)
        awake.set()
    assert len(seen) == 1


def test_closing_the_stream_closes_the_connection() -> None:
    gone = threading.Event()

    def talks_on(handler: Handler) -> None:
        handler.begin()
        try:
            for _ in range(500):
                handler.say("말 ")
                time.sleep(0.01)
        except OSError:
            gone.set()

    with serving(talks_on) as (url, _):
        stream = generator(url).stream(QUESTION, HITS)
        next(stream)
        assert isinstance(stream, Generator)
        stream.close()
        assert gone.wait(3)


def test_a_key_that_no_header_can_carry_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match="MUNDAP_API_KEY"):
        generator("http://127.0.0.1:1/v1", "비밀\n열쇠")


def cut_at(*pieces: str) -> Script:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.say(*pieces)
        handler.say("", finish="length")
        handler.end()

    return script


def test_an_answer_that_its_limit_cut_ends_at_a_sentence_and_says_so() -> None:
    _, answer, _ = ask(cut_at("관세율은 13퍼센트입니다 [1]. ", "부가가치세는 10퍼"), unsupported="drop")
    assert answer.truncated
    assert answer.text.startswith("관세율은 13퍼센트입니다 [1].")
    assert "길이 제한" in answer.text
    assert "부가가치세" not in answer.text
    _, whole, _ = ask(says("관세율은 13퍼센트입니다 [1]."))
    assert not whole.truncated


def test_a_model_that_writes_longer_than_its_time_is_cut() -> None:
    def slow(handler: Handler) -> None:
        handler.begin()
        handler.say("관세율은 13퍼센트입니다 [1]. ")
        with suppress(OSError):
            for _ in range(200):
                handler.say("부가가치세는 ")
                time.sleep(0.02)

    _, answer, _ = ask(slow, unsupported="drop", time_limit=0.2)
    assert answer.truncated
    assert "부가가치세" not in answer.text


def models(*names: str) -> Script:
    return sends(json.dumps({"data": [{"id": name} for name in names]}).encode(), "application/json")


def test_a_server_is_asked_for_its_models() -> None:
    with serving(models("qwen3", "other")) as (url, _):
        generator(url).check()
    with serving(models("qwen3:latest")) as (url, _):
        generator(url).check()
    with serving(models("gemma", "llama")) as (url, _), pytest.raises(GeneratorError, match=r"'qwen3'.*gemma, llama"):
        generator(url).check()
    with pytest.raises(GeneratorError, match="연결할 수 없습니다"):
        generator("http://127.0.0.1:9/v1").check()

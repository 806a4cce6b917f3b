"""A language model whose figures stand in no document: what is answered in a workspace instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Serve
from tests.language_model import Handler, Server
from tests.serving import running
from tests.streamed import streamed

from mundap.messages import say
from mundap.shapes import answer_json
from mundap.types import Answer
from mundap.workspace import Mundap

QUESTION = "병가는 며칠까지 쓸 수 있나요?"
WRONG = "병가는 해마다 90일까지 쓸 수 있습니다 [1]."
RIGHT = "병가는 1년에 60일까지예요 [1]."


class _Saying(Server):
    def __init__(self) -> None:
        super().__init__(_Says)
        self.text, self.finish = "", "stop"


class _Says(Handler):
    server: _Saying

    def reply(self, request: dict[str, Any]) -> None:
        self.begin()
        text = self.server.text
        self.say(*(text[at : at + 4] for at in range(0, len(text), 4)))
        self.say("", finish=self.server.finish)
        self.end()


@pytest.fixture
def asked(fresh: Callable[..., Path]) -> Iterator[Callable[..., Answer]]:
    """Asks the question of a workspace whose model says a text; `unsupported` is the setting, None its default."""
    with running(_Saying()) as server:
        generate = f'[generate]\ngenerator = "openai:{server.address}#m"\nmin_support = 0\n'
        root = fresh(config=f'[index]\nencoder = "hashed"\n{generate}')
        bot = Mundap.open(root)
        bot.ingest()
        bot.index()

        def ask(text: str, unsupported: str | None = None, finish: str = "stop") -> Answer:
            server.text, server.finish = text, finish
            named = f'unsupported = "{unsupported}"\n' if unsupported else ""
            (root / "mundap.toml").write_text(f'[index]\nencoder = "hashed"\n{generate}{named}', "utf-8")
            pieces, answer = streamed(Mundap.open(root).stream(QUESTION))
            assert isinstance(answer, Answer)
            assert "".join(map(str, pieces)) == answer.text
            return answer

        yield ask


def test_by_default_a_sentence_that_no_document_bears_out_is_left_out(asked: Callable[..., Answer]) -> None:
    answer = asked(f"{WRONG} {RIGHT}")
    assert answer.text == RIGHT
    assert answer.model == "openai:m"
    assert [one.text for one in answer.sentences] == [RIGHT]
    assert "60일" in answer.citations[answer.sentences[0].citations[0]].quote


def test_where_nothing_is_left_the_documents_answer_for_themselves(asked: Callable[..., Answer]) -> None:
    answer = asked(f"네, 알려 드릴게요. {WRONG}")
    assert answer.model == "extractive"
    assert "60일" in answer.text
    assert "90일" not in answer.text
    assert answer.citations
    assert not answer.abstained
    assert set(answer.timings) >= {"retrieve_ms", "generate_ms"}


def test_it_may_be_marked_or_kept_instead(asked: Callable[..., Answer]) -> None:
    assert asked(WRONG, "mark").text == f"{WRONG} {say('unsupported', 'ko')}"
    assert asked(WRONG, "keep").text == WRONG


def test_an_answer_that_its_limit_cut_ends_at_a_sentence(asked: Callable[..., Answer]) -> None:
    answer = asked(f"{RIGHT} 진단서는 7일이 넘", finish="length")
    assert answer.text == f"{RIGHT} \n{say('cut', 'ko')}"
    assert [one.citations for one in answer.sentences] == [(0,), ()]
    assert answer.truncated
    assert answer_json(answer)["truncated"]
    assert "truncated" not in answer_json(asked(RIGHT))


def test_clients_of_openai_hear_that_an_answer_was_cut(
    asked: Callable[..., Answer], serving: Serve, tmp_path: Path
) -> None:
    asked(f"{RIGHT} 진단서는 7일이 넘", finish="length")
    with serving(tmp_path / "ws") as server:
        body = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
        whole = server.client.post("/v1/chat/completions", json=body).json()["choices"][0]
        assert whole["finish_reason"] == "length"
        assert whole["message"]["mundap"]["truncated"]
        streamed = server.client.post("/v1/chat/completions", json=body | {"stream": True}).text
        assert '"finish_reason":"length"' in streamed
        assert server.client.post("/query", json={"query": QUESTION}).json()["truncated"]

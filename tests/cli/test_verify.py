"""Answers are proved by the documents they cite, and no forgery of one is."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run, Serve, make
from tests.cli.forging import forged
from tests.language_model import Handler, Server
from tests.serving import running

from mundap.generate.trace import traced
from mundap.messages import say
from mundap.shapes import answer_json
from mundap.types import Answer, Citation
from mundap.verify.given import given
from mundap.workspace import Mundap

FILES = {
    "휴가.md": "# 휴가 규정\n\n## 연차\n\n연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다. 남은 연차는 다음 해 6월 30일까지 쓸 수 있습니다.\n\n"
    "## 병가\n\n병가는 해마다 60일까지 쓸 수 있습니다. 7일이 넘으면 진단서를 내야 합니다. 진단서가 없으면 병가로 인정되지 않습니다.\n\n"
    "## 병가 급여\n\n병가 동안 급여의 70%를 받습니다. 60일이 넘으면 급여를 받지 않습니다.\n",
    "출장.txt": "출장비는 하루에 5만 원입니다. 국외 출장비는 하루에 100달러입니다.\n\n출장 보고서는 사흘 안에 냅니다. 보고서는 총무과장에게 냅니다.\n",
    "요금.md": "# 주차 요금\n\n| 구분 | 평일 | 주말 |\n| --- | --- | --- |\n| 승용차 | 3,000원 | 5,000원 |\n| 승합차 | 4,000원 | 7,000원 |\n",
    "문답.csv": "질문,제시문,답변,출처\n"
    "주차장은 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다. 문이 닫히면 차를 뺄 수 없습니다.,밤 11시에 닫습니다.,시설 안내\n",
}
ASKED = (
    "연차는 언제 소멸하나요?",
    "병가는 며칠까지 쓸 수 있나요?",
    "병가 동안 급여를 받나요?",
    "출장비는 하루에 얼마인가요?",
    "출장 보고서는 누구에게 내나요?",
    "승용차 주차 요금은 평일에 얼마인가요?",
    "주차장은 몇 시에 닫나요?",
    "화성에서 우주선을 어떻게 등록하나요?",
)
WRITTEN = "네, 병가는 1년에 60일까지 됩니다 [{병가}]. 급여는 70퍼센트를 받습니다 [{급여}]."


class _Writer(Handler):
    """Writes of sick leave, citing the passages by the numbers that they have in the prompt."""

    def reply(self, request: dict[str, Any]) -> None:
        shown = request["messages"][-1]["content"].split("<자료 ")[1:]
        number = {"병가": 1, "급여": 1}
        for n, block in enumerate(shown, 1):
            number |= {"병가": n} if "60일까지" in block else {}
            number |= {"급여": n} if "70%" in block else {}
        self.begin()
        self.say(WRITTEN.format(**number), finish="stop")
        self.end()


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Mundap:
    """A workspace over FILES whose encoder needs no weights."""
    made = Mundap.open(
        make(tmp_path_factory.mktemp("verify") / "ws", FILES, '[index]\nencoder = "hashed"\n[ui]\ntitle = "x"\n')
    )
    made.ingest()
    made.index()
    return made


@pytest.fixture(scope="module")
def answers(bot: Mundap) -> list[dict[str, Any]]:
    """Answers of the workspace as other programs read them: quotes, a table, a recorded one, refusals, a model's."""
    said = [bot.ask(question) for question in ASKED]
    with running(Server(_Writer)) as server:
        settings = bot.config.model_copy(
            update={
                "generate": bot.config.generate.model_copy(
                    update={"generator": f"openai:{server.address}#writer", "min_support": 0.0}
                )
            }
        )
        said += [bot.reconfigured(settings).ask("병가 급여는 얼마나 받나요?")]
    assert {answer.model for answer in said} >= {"extractive", "known", "openai:writer"}
    assert Counter(answer.abstained for answer in said)[False] >= 6
    return [json.loads(json.dumps(answer_json(answer))) for answer in said]


def state(bot: Mundap, answer: object) -> str:
    [verdict] = bot.verify([given(answer, "답")])
    return verdict.state


def test_each_answer_names_the_place_of_each_quote_and_ties_each_sentence_to_quotes(
    bot: Mundap, answers: list[dict[str, Any]]
) -> None:
    for answer in answers:
        for citation in answer["citations"]:
            text = bot.corpus.text(citation["document_id"])
            assert text is not None
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert citation["document_digest"] == bot.corpus.text_digest(citation["document_id"])
        assert answer["sentences"]
        assert answer["generation"] == bot.newest
        if answer["model"] == "extractive" and not answer["abstained"]:
            assert all(sentence["citations"] for sentence in answer["sentences"])


def test_what_was_not_forged_is_proved(bot: Mundap, answers: list[dict[str, Any]]) -> None:
    assert [(answer["question"], state(bot, answer)) for answer in answers] == [
        (answer["question"], "proved") for answer in answers
    ]


def test_ten_thousand_forgeries_are_all_found(bot: Mundap, answers: list[dict[str, Any]]) -> None:
    rng = random.Random(20261129)
    texts = list(map(json.dumps, answers))
    made = [forged(texts, rng) for _ in range(10_000)]
    verdicts = bot.verify(given(answer, name) for name, answer in made)
    missed = [
        (name, answer) for (name, answer), verdict in zip(made, verdicts, strict=True) if verdict.state == "proved"
    ]
    assert not missed, (Counter(name for name, _ in missed), missed[0])
    assert min(Counter(name for name, _ in made).values()) > 20


@pytest.fixture
def own(fresh: Callable[..., Path]) -> Mundap:
    """A workspace that a test may change."""
    made = Mundap.open(fresh(FILES))
    made.ingest()
    made.index()
    return made


def found(bot: Mundap, answer: object) -> tuple[str, list[str], str]:
    """The state of an answer, those of its citations, and what became of the index."""
    [verdict] = bot.verify([given(answer, "답")])
    return verdict.state, [one.state for one in verdict.citations], verdict.index


def test_what_became_of_the_documents_since_is_told_apart(own: Mundap) -> None:
    answer = answer_json(own.ask("병가는 며칠까지 쓸 수 있나요?"))
    n = len(answer["citations"])
    assert found(own, answer) == ("proved", ["proved"] * n, "same")

    rules = own.root / "docs" / "휴가.md"
    rules.write_text(rules.read_text("utf-8").replace("해마다 15일", "해마다 16일"), "utf-8")
    own.ingest()
    own.index()
    assert found(own, answer) == ("changed", ["changed"] * n, "newer")  # elsewhere in the document

    rules.write_text(rules.read_text("utf-8").replace("60일", "90일").replace("7일", "9일"), "utf-8")
    own.ingest()
    state, states, _ = found(own, answer)
    assert state == "missing"
    assert set(states) == {"missing", "changed"}  # one sentence stands in another passage of the new text

    own.remove("docs/휴가.md")
    assert found(own, answer)[:2] == ("missing", ["missing"] * n)

    (own.root / "docs" / "사본.md").write_text(FILES["휴가.md"], "utf-8")
    own.ingest([own.root / "docs" / "사본.md"])
    own.index()
    assert found(own, answer) == ("changed", ["changed"] * n, "gone")
    [verdict] = own.verify([given(answer, "답")])
    for one in verdict.citations:
        assert own.corpus.passages(one.elsewhere)


def test_a_recorded_answer_is_proved_by_the_sheet(own: Mundap) -> None:
    answer = answer_json(own.ask("주차장은 몇 시에 닫나요?"))
    assert answer["model"] == "known"
    assert state(own, answer) == "proved"
    sheet = own.root / "docs" / "문답.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("밤 11시에 닫습니다.", "11시예요."), "utf-8")
    own.ingest()
    assert state(own, answer) == "missing"


def test_what_personas_say_besides_states_nothing(fresh: Callable[..., Path]) -> None:
    root = fresh(FILES)
    (root / "personas").mkdir()
    (root / "personas" / "모아.toml").write_text('closing = "또 물어 주세요."\nrefusal = "모아는 몰라요."\n', "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    for question in (
        "병가는 며칠까지 쓸 수 있나요?",
        "주차장은 몇 시에 닫나요?",
        "화성에서 우주선을 어떻게 등록하나요?",
    ):
        answer = answer_json(bot.ask(question, persona="모아"))
        assert state(bot, answer) == "proved"
        assert state(bot, {**answer, "answer": answer["answer"] + " 30일이에요."}) == "forged"


def test_the_command_proves_a_file_or_lines(
    mundap: Run, bot: Mundap, answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "답.json"
    file.write_text(json.dumps(answers[0], ensure_ascii=False, indent=1), "utf-8")
    done = mundap("verify", file, workspace=bot.root)
    assert done.code == 0, done.err
    assert done.out.startswith(f"질문: {ASKED[0]}\n확인됨: 문장 3/3, 인용 3/3 확인됨\n")
    forgery = copy.deepcopy(answers[0])
    forgery["citations"][1]["quote"] = "연차는 해마다 25일입니다."
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in (answers[1], forgery))
    done = mundap("verify", "-", "--json", workspace=bot.root, stdin=lines)
    assert done.code == 1
    assert [row["state"] for row in done.rows] == ["proved", "forged"]
    assert [one["state"] for one in done.rows[1]["citations"]] == ["proved", "forged", "proved"]
    assert done.rows[1]["citations"][1]["reason"]
    assert done.rows[1]["generation"] == {"answered": bot.newest, "state": "same"}
    said = mundap("verify", "-", workspace=bot.root, stdin=lines).out
    assert "불일치" in said
    assert "인용 2 [불일치] “연차는 해마다 25일입니다.”" in said


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "빈 파일"),
        ("{", "JSON"),
        ("[1]", "ask --json"),
        ('{"question": "왜?"}', "citations"),
        ('{"choices": []}', "ask --json"),
        ('{"answer": "가", "citations": [{"quote": 1}]}', "citations.0.quote"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(
    mundap: Run, bot: Mundap, tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "답.json"
    file.write_text(content, "utf-8")
    done = mundap("verify", file, workspace=bot.root)
    assert done.code == 1
    assert done.err.startswith("mundap: 답.json")
    assert named in done.err
    assert done.err.count("\n") == 1
    assert mundap("verify", tmp_path / "없음.json", workspace=bot.root).code == 1


def test_an_answer_from_before_answers_could_be_proved_is_not_called_forged(
    bot: Mundap, answers: list[dict[str, Any]]
) -> None:
    old = {key: answers[0][key] for key in ("question", "answer", "abstained", "citations", "hits", "model")}
    old["citations"] = [{key: one[key] for key in ("passage_id", "source", "quote")} for one in old["citations"]]
    assert state(bot, old) == "missing"


def test_answers_over_http_are_proved_too(bot: Mundap, serving: Serve) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    question = ASKED[1]
    asked = {"messages": [{"role": "user", "content": question}]}
    with serving(bot.root) as server:
        plain = server.client.post("/query", json={"query": question}).json()
        chat = server.client.post("/v1/chat/completions", json=asked).json()
        with server.client.stream("POST", "/v1/chat/completions", json={**asked, "stream": True}) as response:
            lines = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: {")]
    said = "".join(line["choices"][0]["delta"].get("content") or "" for line in lines)
    for answer in (plain, chat, {**lines[-1]["mundap"], "answer": said}):
        assert state(bot, answer) == "proved"
    chat["choices"][0]["message"]["content"] = said.replace("60", "90")
    assert state(bot, chat) == "forged"


def made(bot: Mundap, question: str, text: str, *cited: tuple[int, str]) -> dict[str, Any]:
    """The JSON of an answer with this text, in which {n} is what passage n is called; `cited` are quotes by passage."""
    hits = tuple(bot.search(question.partition("?")[0], k=3))
    called = [hit.passage.heading.rsplit(" > ", 1)[-1] or hit.passage.source for hit in hits]
    citations = tuple(Citation(hits[n].passage.id, hits[n].passage.source, quote) for n, quote in cited)
    answer = Answer(question, text.format(*called), citations, hits, model="extractive")
    passages = {hit.passage.id: hit.passage for hit in hits}
    traced_answer = traced(answer, passages, bot.corpus.text_digest, bot.newest or "")
    return json.loads(json.dumps(answer_json(traced_answer)))  # type: ignore[no-any-return]


def test_cases_of_a_broad_question_are_called_as_their_passages_are(bot: Mundap) -> None:
    quotes = [hit.passage.text.split(". ")[0] for hit in bot.search("병가", k=2)]
    lines = [f"· {{{n}}}: {quote} [{n + 1}]" for n, quote in enumerate(quotes)]
    right = made(bot, "병가", "\n".join([say("choices", "ko"), *lines]), *enumerate(quotes))
    assert [bool(one["citations"]) for one in right["sentences"]] == [False, False, True, True, True, True]
    assert state(bot, right) == "proved"
    swapped = "\n".join([say("choices", "ko"), lines[0].replace("{0}", "{1}"), lines[1].replace("{1}", "{0}")])
    assert state(bot, made(bot, "병가", swapped, *enumerate(quotes))) == "forged"


def test_what_mundap_says_besides_may_name_only_what_was_asked_or_is_quoted(bot: Mundap) -> None:
    [hit, *_] = bot.search("병가 진단서", k=1)
    quote = "7일이 넘으면 진단서를 내야 합니다."
    assert quote in hit.passage.text
    for to, wanted in (("진단서", "proved"), ("보건복지부령", "missing")):
        text = f"{quote} [1]\n{say('defers', 'ko', to=to)}"
        assert state(bot, made(bot, "병가 진단서", text, (0, quote))) == wanted
    for period, wanted in (("2024년", "proved"), ("2019년", "missing")):
        text = f"{say('undated', 'ko', period=period)}\n{quote} [1]"
        assert state(bot, made(bot, "2024년 병가 진단서", text, (0, quote))) == wanted


def test_several_questions_of_one_turn_head_their_answers(bot: Mundap) -> None:
    quote = "7일이 넘으면 진단서를 내야 합니다."
    question = "병가 진단서? 그리고 달에는 어떻게 가나요?"
    text = f"Q1. 병가 진단서?\n{quote} [1]\n\nQ2. 달에는 어떻게 가나요?\n{say('refusal', 'ko')}"
    assert state(bot, made(bot, question, text, (0, quote))) == "proved"
    assert state(bot, made(bot, question, text.replace("달에는", "화성에는"), (0, quote))) == "missing"


def test_words_that_were_searched_for_instead_of_typos_are_those_of_the_search(bot: Mundap) -> None:
    quote = "7일이 넘으면 진단서를 내야 합니다."
    answer = made(bot, "병가 진단서", f"‘병가’로 검색했습니다.\n{quote} [1]", (0, quote))
    assert state(bot, {**answer, "searched": "병가 진단서"}) == "proved"
    assert state(bot, {**answer, "searched": "휴가 진단서"}) == "missing"
    other = made(bot, "병가 진단서", f"병가를 내려면 서류 3장을 검색했습니다.\n{quote} [1]", (0, quote))
    assert state(bot, other) == "forged"

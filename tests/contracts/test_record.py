"""Every record: what is kept in a SQLite file and at a PostgreSQL server is the same, and is asked for in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import postgres
from tests.unit import test_corpus as on_a_file

from mundap.errors import MundapError, UnknownName
from mundap.files import digest
from mundap.serve.keys import Keys, Quota
from mundap.serve.usage import Usage
from mundap.store.audit import Actor, Audit
from mundap.store.conversations import Conversations
from mundap.store.corpus import Corpus
from mundap.store.feedback import Feedback, Vote
from mundap.store.forgetting import Ages, Forgotten, forget_older
from mundap.store.record import Place
from mundap.store.sight import Sight
from mundap.types import Answer, Document, Passage, Turn

Places = Callable[[str], Place]  # where the record keeps what a file of that name has


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.slow)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A record that is empty."""
    if request.param == "SQLite":
        yield lambda name: tmp_path / name
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    from mundap.store.postgres import PostgresServer

    server = PostgresServer(cluster.database())
    yield lambda name: server
    server.end()


@pytest.fixture
def corpus(places: Places) -> Iterator[Corpus]:
    made = Corpus(places("corpus.sqlite"))
    yield made
    made.close()


# What holds of a corpus in a file holds of one at a server: those tests that ask for a corpus, and no file, run here again.
for name, test in vars(on_a_file).items():
    if (
        name.startswith("test_")
        and "corpus" in signature(test).parameters
        and "tmp_path" not in signature(test).parameters
    ):
        globals()[name] = test


def put(corpus: Corpus, source: str, *texts: str, **about: Any) -> None:
    own = digest(source)
    passages, start = [], 0
    for text in texts:
        id = digest(source, text, str(start))
        passages.append(Passage(id, own, text, start, start + len(text), source=source, parent_id=id, **about))
        start += len(text) + 1
    corpus.put(Document(own, "\n".join(texts), source, source), passages, [], "f")


def test_two_stores_over_one_record_see_the_same(places: Places) -> None:
    one, other = Corpus(places("corpus.sqlite")), Corpus(places("corpus.sqlite"))
    before = other.state()
    put(one, "가.txt", "글")
    assert [p.text for p in other.all_passages()] == ["글"]
    assert other.state() != before
    one.close()
    other.close()


def test_nothing_of_a_change_is_there_before_all_of_it(places: Places) -> None:
    one, other = Corpus(places("corpus.sqlite")), Corpus(places("corpus.sqlite"))
    put(one, "가.txt", "처음")

    def failing() -> Iterator[Passage]:
        yield Passage("p", digest("가.txt"), "나중", 0, 2, parent_id="p")
        with ThreadPoolExecutor(1) as elsewhere:
            assert [p.text for p in elsewhere.submit(other.all_passages).result()] == ["처음"]
        raise KeyError

    state = one.state()
    with suppress(KeyError):
        one.put(Document(digest("가.txt"), "나중", "가.txt", "가"), failing(), [], "g")
    assert [p.text for p in one.all_passages()] == ["처음"]
    assert one.state() == state
    one.close()
    other.close()


def test_who_follows_the_changes_keeps_them_from_being_forgotten(places: Places) -> None:
    one, other = (Corpus(places("corpus.sqlite"), holder=name) for name in ("하나", "다른"))
    put(one, "가.txt", "글")
    first, seen = one.mark(), other.mark()
    put(one, "나.txt", "둘")
    second = one.mark()
    one.forget_changes([second])
    assert first == seen
    assert other.changed(seen) == [digest("나.txt", "둘", "0")]
    other.forget_changes([second])
    assert one.changed(first) is None
    assert one.changed(second) == []
    put(one, "다.txt", "셋")  # numbered after all that was ever there
    assert one.changed(second) == other.changed(second) == [digest("다.txt", "셋", "0")]
    one.close()
    other.close()


def test_what_is_hidden_is_in_no_answer(places: Places) -> None:
    corpus = Corpus(places("corpus.sqlite"))
    put(corpus, "열린.txt", "누구나")
    put(corpus, "인사/닫힌.txt", "인사팀만")
    put(corpus, "꼬리표.txt", "감사팀만")
    corpus.tag("꼬리표.txt", ["감사"])
    put(corpus, "줄.csv", "총무만", meta={"access": ["총무"]})
    sight = [("인사/", frozenset(["인사"]))]
    shown = {
        who: Corpus(places("corpus.sqlite"), Sight(frozenset(tags), sight))
        for who, tags in {"손님": (), "감사": ("감사",), "모두": ("인사", "감사", "총무")}.items()
    }
    assert corpus.tags_in_use == {"감사", "총무"}
    assert [p.text for p in shown["손님"].all_passages()] == ["누구나"]
    assert {p.text for p in shown["감사"].all_passages()} == {"누구나", "감사팀만"}
    assert len(shown["모두"].ids()) == len(corpus.ids()) == 4
    with corpus._db.transaction():
        assert [p.text for p in shown["손님"].all_passages()] == ["누구나"]
    assert shown["손님"].counts() == (2, 1)  # a sheet is there, whose rows are not
    assert shown["손님"].named("닫힌.txt") == []
    assert shown["손님"].text(digest("줄.csv")) is None
    assert shown["모두"].text(digest("줄.csv")) == "총무만"
    assert shown["손님"].seen == set(shown["손님"].ids())
    assert shown["손님"].ids_where([("source", ["꼬리표.txt", "열린.txt"])]) == shown["손님"].seen
    with pytest.raises(Exception):  # noqa: B017, PT011 - which one is the engine's
        shown["감사"].remove("열린.txt")
    assert len(corpus.ids()) == 4
    for one in (corpus, *shown.values()):
        one.close()


def test_votes_are_of_answers_and_the_last_one_counts(places: Places) -> None:
    feedback = Feedback(places("corpus.sqlite"))
    answer = Answer("질문\0?", "답", (), (), abstained=False)
    feedback.answered("r1", answer, "s", "나")
    assert feedback.owner("r1") == "나"
    assert feedback.owner("r2") is None
    assert feedback.judge("r1", Vote("up"), "남") is None
    first = feedback.judge("r1", Vote("up"), "나")
    second = feedback.judge("r1", Vote("down", "틀림", "바른 답", "p"), "나")
    assert first is not None
    assert second is not None
    assert feedback.ids() == [first, second]
    [given] = feedback.given()
    assert (given.request_id, given.answer, given.abstained) == ("r1", "답", False)
    assert given.vote == Vote("down", "틀림", "바른 답", "p")
    feedback.close()


def test_conversations_keep_their_last_turns_and_the_latest_of_them(places: Places) -> None:
    kept = Conversations(places("corpus.sqlite"), 2, 2)
    for n in range(4):
        kept.add("a", Turn(f"질문 {n}", f"답 {n}"))
    assert [turn.question for turn in kept.history("a")] == ["질문 2", "질문 3"]
    kept.add("b", Turn("b", "b"))
    kept.add("a", Turn("다시", "답"), "남")  # of the same name, and another's
    kept.add("c", Turn("c", "c"))
    assert kept.history("a") == ()
    assert kept.history("a", "남") == (Turn("다시", "답"),)
    assert [kept.history(name) for name in "bc"] == [(Turn("b", "b"),), (Turn("c", "c"),)]
    for n in range(4):  # visitors share one limit
        kept.add("v", Turn("v", "v"), f"@{n}")
    assert [len(kept.history("v", f"@{n}")) for n in range(4)] == [0, 0, 1, 1]
    kept.close()


def test_what_is_older_than_its_age_is_forgotten(places: Places) -> None:
    place = places("corpus.sqlite")
    feedback, turns = Feedback(place), Conversations(place, 9, 9)
    for n in range(3):
        feedback.answered(f"r{n}", Answer(f"질문 {n}", f"답 {n}", (), ()), "s")
        turns.add("s", Turn(f"질문 {n}", f"답 {n}"))
    feedback.judge("r1", Vote("up"))
    old = (datetime.now(UTC) - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    feedback._db.execute("UPDATE answers SET time = ? WHERE request_id <> 'r2'", (old,))
    assert forget_older(place, Ages(answers=20, turns=20, feedback=20)) == Forgotten()
    assert forget_older(place, Ages(answers=9, turns=9)) == Forgotten(1, 0, 1)
    assert forget_older(place, Ages(feedback=9)) == Forgotten(1, 1, 1)
    assert [one.request_id for one in feedback.given()] == ["r2"]
    assert [turn.question for turn in turns.history("s")] == ["질문 2"]
    assert forget_older(place, Ages(answers=99999)) == Forgotten()
    feedback.close()
    turns.close()


def test_a_key_spends_no_more_than_it_has(places: Places) -> None:
    usage = Usage(places("usage.sqlite"))
    assert usage.spend("나", "upload", 3, 5)
    assert not usage.spend("나", "upload", 3, 5)
    assert usage.spend("나", "upload", 2, 5)
    assert not usage.spend("남", "upload", 6, 5)
    assert usage.spend("남", "upload", 5, 5)
    for owner in ("나", "남"):
        usage.uploaded("uploads/가.txt", owner)
    assert (usage.uploads("나"), usage.uploads("남")) == ([], ["uploads/가.txt"])
    usage.deleted("uploads/가.txt")
    assert usage.uploads("남") == []
    usage.close()


def test_a_key_opens_until_it_is_removed(places: Places) -> None:
    place = places("keys.json")
    keys, others = Keys(place), Keys(place)
    assert keys.all() == ()
    made = keys.add("홈페이지", ["ask", "read"], ["인사"], Quota(per_day=3))
    with pytest.raises(MundapError, match="이미 있습니다"):
        keys.add("홈페이지")
    found = Keys(place).holder(made)
    assert found is not None
    assert (found.name, found.roles, found.access, found.quota) == (
        "홈페이지",
        ("ask", "read"),
        ("인사",),
        Quota(per_day=3),
    )
    assert keys.change("홈페이지", roles=["admin"]) == replace(found, roles=("admin",))
    keys.remove("홈페이지")
    with pytest.raises(UnknownName):
        keys.remove("홈페이지")
    assert Keys(place).holder(made) is None
    assert others.all() == ()


def test_the_audit_log_tells_who_did_what(places: Places, tmp_path: Path) -> None:
    place = places("")
    Audit(place).record(Actor("관리", "127.0.0.1"), "delete", ["가.txt"], "ok", "r1")
    if isinstance(place, Path):
        said = (tmp_path / "audit.jsonl").read_text("utf-8")
    else:
        [(said,)] = place.execute("SELECT said FROM audit").fetchall()
    assert all(part in said for part in ("관리", "delete", "가.txt", "r1"))


# -- one beside the other ---------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["관세", "세관.", "%", "_", "'", '"', "?", ":x", "É", "é", "A", "a", "가", "힣", "😀", "\n", " ", "{}", "\\"]
)
_TEXT = st.lists(_WORDS, min_size=1, max_size=6).map("".join)
_META = st.dictionaries(
    st.sampled_from(["부서", "date", "row", "확인", 'a"b', "A b", "목록"]),
    st.one_of(
        _TEXT,
        st.integers(-9, 9),
        st.booleans(),
        st.lists(_TEXT, max_size=2),
        st.sampled_from(["2023", "2023-05", "2023-05-03"]),
    ),
    max_size=3,
)
_DOCUMENTS = st.dictionaries(
    st.tuples(_TEXT, st.sampled_from(["", ".csv", ".TXT", "/가.md"])).map("".join),
    st.lists(st.tuples(_TEXT, _META), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def server(postgres_cluster: postgres.Cluster) -> Iterator[Any]:
    from mundap.store.postgres import PostgresServer

    made = PostgresServer(postgres_cluster.database())
    yield made
    made.end()


@given(documents=_DOCUMENTS, asked=st.lists(_TEXT, min_size=1, max_size=2))
@settings(max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_and_a_server_answer_alike(
    server: Any,
    tmp_path_factory: pytest.TempPathFactory,
    documents: dict[str, list[tuple[str, dict[str, Any]]]],
    asked: list[str],
) -> None:
    both = (Corpus(tmp_path_factory.mktemp("file") / "corpus.sqlite"), Corpus(server))
    for one in both[1].documents():
        both[1].remove(one.source)
    states = [corpus.mark() for corpus in both]
    for corpus in both:
        for source, rows in documents.items():
            own = digest(source)
            passages, start = [], 0
            for text, meta in rows:
                id = digest(source, text, str(start))
                passages.append(
                    Passage(id, own, text, start, start + len(text), source=source, parent_id=id, meta=meta)
                )
                start += len(text)
            corpus.put(Document(own, "".join(text for text, _ in rows), source, f"{source} 제목"), passages, [], "f")
    file, there = (_told(corpus, asked, state) for corpus, state in zip(both, states, strict=True))
    assert file == there
    both[0].close()


def _told(corpus: Corpus, asked: list[str], state: str) -> dict[str, Any]:
    fields = corpus.fields()
    values = {field: corpus.values(field) for field in fields}
    return {
        "passages": corpus.all_passages(),
        "documents": [replace(one, added="") for one in corpus.documents()],
        "texts": [corpus.text(one.id) for one in corpus.documents()],
        "families": list(corpus.families()),
        "parents": list(corpus.parent_texts()),
        "changed": corpus.changed(state),
        "fields": fields,
        "values": values,
        "where": {(f, v): set(corpus.ids_where([(f, [v])])) for f in fields for v in values[f]},
        "period": [
            set(corpus.ids_where([], since=s, until=u))
            for s, u in (("2023-05", None), (None, "2023"), ("2023-05-03", "2023-05"))
        ],
        "like": [
            (n, [one.source for one in rows]) for n, rows in (corpus.documents_like(words, 2, 1) for words in asked)
        ],
        "named": [corpus.named(words) for words in (*asked, *(one.source for one in corpus.documents()))],
        "holding": [corpus.holding(words, 2) for words in asked],
    }

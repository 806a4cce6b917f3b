"""What is forgotten stands in no byte of the file or its log; what is not is as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mundap.errors import MundapError
from mundap.store.conversations import Conversations
from mundap.store.feedback import Feedback, Vote
from mundap.store.forgetting import Ages, days_of, empty_log, forget_older
from mundap.types import Answer, Turn


class Kept:
    """A corpus file with answers and turns, of which each holds a token of its own and some are old."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.feedback = Feedback(path)
        self.conversations = Conversations(path, 100, 100)

    def say(self, token: str, text: str, days: int, session: str | None = None, judged: bool = False) -> None:
        answer = Answer(f"{token} 질문", f"{text} {token}", (), (), False, {}, "m")
        self.feedback.answered(token, answer, session)
        self.conversations.add(session, Turn(answer.question, answer.text))
        if judged:
            self.feedback.judge(token, Vote("up", f"{token} 의견"))
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            then = f"strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{days} days')"
            db.execute(f"UPDATE answers SET time = {then} WHERE request_id = ?", (token,))
            db.execute(f"UPDATE turns SET time = {then} WHERE question = ?", (answer.question,))

    def names(self) -> list[str]:
        return [one.request_id for one in self.feedback.given()]

    def files(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.path.parent.glob(f"{self.path.name}*")))

    def close(self) -> None:
        self.feedback.close()
        self.conversations.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "corpus.sqlite")
    yield made
    made.close()


def test_each_kind_has_an_age_of_its_own(kept: Kept) -> None:
    kept.say("silent-new", "가", 1)
    kept.say("silent-old", "나", 40)
    kept.say("judged-old", "다", 40, judged=True)
    kept.say("judged-older", "라", 400, judged=True)
    assert forget_older(kept.path, Ages(answers=30)).answers == 1
    assert kept.names() == ["silent-new", "judged-old", "judged-older"]
    done = forget_older(kept.path, Ages(answers=30, feedback=365))
    assert (done.answers, done.votes) == (1, 1)
    assert kept.names() == ["silent-new", "judged-old"]
    assert not forget_older(kept.path, Ages())


def test_a_conversation_forgets_by_its_own_age_and_with_its_answers(kept: Kept) -> None:
    kept.say("t1", "가", 40, session="s")
    kept.say("t2", "나", 10, session="s")
    kept.say("t3", "다", 1, session="s")
    assert forget_older(kept.path, Ages(answers=30)).turns == 1
    assert [turn.question for turn in kept.conversations.history("s")] == ["t2 질문", "t3 질문"]
    assert forget_older(kept.path, Ages(turns=5)).turns == 1
    assert [turn.question for turn in kept.conversations.history("s")] == ["t3 질문"]
    assert kept.names() == ["t2", "t3"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 30))
@example(253873402)  # a row that SQLite has moved from one page to another
def test_no_byte_of_what_is_forgotten_is_left(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = Random(seed)
    kept = Kept(tmp_path_factory.mktemp("kept") / "corpus.sqlite")
    old: list[str] = []
    new: list[str] = []
    for n in range(chance.randrange(5, 60)):
        token = f"token{n:04}x{chance.randrange(1 << 40):010x}"
        days = chance.choice((1, 400))
        (new if days == 1 else old).append(token)
        text = token + "긴 글입니다 " * chance.choice((1, 20, 400, 3000))  # some on pages of their own
        kept.say(token, text, days, session=chance.choice((None, "a", "b")), judged=chance.random() < 0.3)
    assert forget_older(kept.path, Ages(30, 30, 30)).answers == len(old)
    assert empty_log(kept.path)
    raw = kept.files()
    assert [token for token in old if token.encode() in raw] == []
    assert all(token.encode() in raw for token in new)
    assert kept.names() == new
    kept.close()


def test_turns_that_make_room_for_later_ones_leave_nothing_either(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    conversations = Conversations(path, 2, 1)
    for n in range(6):
        conversations.add("가", Turn(f"질문{n}", f"답변{n}"))
    assert empty_log(path)
    raw = path.read_bytes()
    assert [n for n in range(6) if f"답변{n}".encode() in raw] == [4, 5]
    conversations.close()


def test_turns_of_before_there_were_times_age_from_now_on(tmp_path: Path) -> None:
    path = tmp_path / "corpus.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "CREATE TABLE turns(id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, question TEXT NOT NULL,"
            " answer TEXT NOT NULL)"
        )
        db.execute("INSERT INTO turns(session, question, answer) VALUES ('s', '질문', '답변')")
    assert not forget_older(path, Ages(turns=1))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE turns SET time = '2020-01-01T00:00:00Z'")
    assert forget_older(path, Ages(turns=1)).turns == 1


def test_a_reader_of_the_log_is_waited_for_and_then_told(kept: Kept) -> None:
    kept.say("old", "가", 40)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM answers").fetchone()
        forget_older(kept.path, Ages(answers=30))
        assert not empty_log(kept.path, wait=0.05)
        db.execute("COMMIT")
    assert empty_log(kept.path)


def test_ages_are_days() -> None:
    assert (days_of("30d"), days_of(" 7일"), days_of("")) == (30, 7, None)
    for wrong in ("soon", "0d", "-1d", "1.5d", "30"):
        with pytest.raises(MundapError, match="기간"):
            days_of(wrong)

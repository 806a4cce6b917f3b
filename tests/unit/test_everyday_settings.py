"""The table of everyday words in a workspace: on by default, added to, switched off."""

from pathlib import Path

import pytest

from mundap.errors import ConfigError
from mundap.workspace import Mundap

HASHED = '[index]\nencoder = "hashed"\n[retrieve]\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "# 안내\n\n## 해고\n\n해고는 서면으로 통지한다.\n\n## 복지\n\n선택적 복지점수는 매년 준다.\n", "utf-8"
    )
    (tmp_path / "mundap.toml").write_text(HASHED, "utf-8")
    bot = Mundap.open(tmp_path)
    bot.ingest()
    bot.index()
    return tmp_path


def lexical(workspace: Path, settings: str, question: str) -> list[str]:
    (workspace / "mundap.toml").write_text(HASHED + settings, "utf-8")
    hits = Mundap.open(workspace).search(question, leg="bm25")
    return [hit.passage.heading for hit in hits]


def test_the_table_is_used_unless_it_is_switched_off_and_nothing_is_indexed_again(workspace: Path) -> None:
    assert lexical(workspace, "", "나 짤렸어") == ["해고"]
    assert lexical(workspace, "everyday = false\n", "나 짤렸어") == []


def test_a_table_of_ones_own_adds_to_it_and_wins(workspace: Path) -> None:
    (workspace / "words.tsv").write_text("복지몰\t복지점수\n짤리다\t해고\tx\n", "utf-8")
    own = 'everyday_words = "words.tsv"\n'
    assert lexical(workspace, "", "복지몰은?") == lexical(workspace, "everyday = false\n", "복지몰은?")
    assert lexical(workspace, own, "복지몰은?")[0] == "복지"
    assert lexical(workspace, own, "나 짤렸어") == []


def test_a_table_that_is_not_there_is_named(workspace: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.tsv.*everyday_words"):
        lexical(workspace, 'everyday_words = "nowhere.tsv"\n', "해고")

"""The table of synonyms: people's rows survive the miners, and a broken row is named."""

from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.graph.synonyms import BANNED, LOCKED, Synonym, in_use, merged, read_synonyms, write_synonyms


def test_what_is_written_is_read(tmp_path: Path) -> None:
    rows = (
        Synonym("술", "주류", 0.75, "질문", "술을 몇 병까지?"),
        Synonym("wco", "세계관세기구", 0.8, "괄호", "세계관세기구(wco), 문단 1개"),
        Synonym("짐", "화물", 1.0, "", "내가 적음", LOCKED),
        Synonym("차", "차액", 0.2, "질문", "", BANNED),
    )
    write_synonyms(tmp_path / "s.tsv", rows)
    assert sorted(read_synonyms(tmp_path / "s.tsv"), key=lambda r: r.asked) == sorted(rows, key=lambda r: r.asked)


def test_people_win_over_miners(tmp_path: Path) -> None:
    kept = (
        Synonym("차", "차액", 0.2, "질문", "", BANNED),
        Synonym("짐", "화물", 0.4),
        Synonym("술", "주류", 0.1, "질문"),
    )
    mined = [Synonym("차", "차액", 0.9, "질문"), Synonym("짐", "화물", 0.9, "철자"), Synonym("술", "주류", 0.7, "질문")]
    found = {(row.asked, row.said): row for row in merged(kept, [*mined, Synonym("술", "주류", 0.3, "괄호")])}
    assert found["차", "차액"].state == BANNED
    assert found["짐", "화물"].score == 0.4
    assert found["술", "주류"].score == 0.7  # nobody locked it, and the surest miner is believed
    assert [row.asked for row in in_use(found.values())] == ["짐", "술"]


def test_an_editor_of_windows_may_save_it(tmp_path: Path) -> None:
    table = tmp_path / "s.tsv"
    table.write_bytes("# 질문말\n술\t주류\t0.5\r\n짐\t화물\r\n".encode("cp949"))
    assert [(r.asked, r.said, r.score, r.state) for r in read_synonyms(table)] == [
        ("술", "주류", 0.5, ""),
        ("짐", "화물", 1.0, ""),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("술", "형식이 아닙니다"),
        ("술\t\t0.5", "형식이 아닙니다"),
        ("술\t주류\t2", "점수 '2'"),
        ("술\t주류\t많이", "점수 '많이'"),
        ("술\t주류\t0.5\t잠금", "상태 '잠금'"),
        ("술\t주류\t0.5\t\t근거\t더", "형식이 아닙니다"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "s.tsv").write_text(f"# 머리\n짐\t화물\n{line}\n", "utf-8")
    with pytest.raises(BadFile, match=rf"s.tsv: 3번째 줄.*{said}"):
        read_synonyms(tmp_path / "s.tsv")


def test_a_missing_table_says_where_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"\[graph\] synonyms"):
        read_synonyms(tmp_path / "none.tsv")

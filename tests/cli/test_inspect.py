"""`mundap inspect` shows what will be indexed, and keeps nothing."""

from pathlib import Path

import pytest
from tests.cli.conftest import Run

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "규정.md"
    path.write_text("# 규정\n## 휴가\n연차는 15일이다.\n## 경조\n결혼은 5일이다.\n", "utf-8")
    return path


def test_passages_are_shown_with_their_heading_and_size(mundap: Run, rules: Path, tmp_path: Path) -> None:
    done = mundap("inspect", rules, workspace=tmp_path)
    assert done.code == 0
    assert "── 1. 휴가 (10자, 청크 1개)\n연차는 15일이다.\n" in done.out
    assert "「규정」 문단 2개, 청크 2개" in done.out
    assert not (tmp_path / ".mundap").exists()


def test_json_lines_are_what_search_would_give(mundap: Run, rules: Path, tmp_path: Path) -> None:
    done = mundap("inspect", rules, "--json", workspace=tmp_path)
    assert [(row["heading"], row["text"], row["kind"]) for row in done.rows] == [
        ("휴가", "연차는 15일이다.", "text"),
        ("경조", "결혼은 5일이다.", "text"),
    ]


def test_the_page_draws_tables(mundap: Run, tmp_path: Path) -> None:
    if not DOCUMENTS.exists():
        pytest.skip("needs the shared documents")
    done = mundap("inspect", DOCUMENTS / "Table.hwpx", "--html", tmp_path / "표.html", workspace=tmp_path)
    assert done.code == 0
    page = (tmp_path / "표.html").read_text("utf-8")
    assert '<th scope="row">개똥이</th><td>89</td><td>65</td><td>78</td>' in page


def test_a_file_that_cannot_be_read_is_one_clear_sentence(mundap: Run, tmp_path: Path) -> None:
    (tmp_path / "빈.hwp").write_bytes(b"")
    done = mundap("inspect", tmp_path / "빈.hwp", workspace=tmp_path)
    assert done.code == 1
    assert "빈.hwp: 읽을 수 있는 텍스트가 없습니다" in done.err
    assert "Traceback" not in done.err

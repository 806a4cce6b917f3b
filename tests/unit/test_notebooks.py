"""What is found and measured as notebooks show it, and as data frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate, Estimates
from mundap.hits import Hits
from mundap.types import Answer, Citation, Hit, Passage

MakePassage = Callable[..., Passage]


def hits(passage: MakePassage) -> Hits:
    first = passage("연차는 <b>15일</b>입니다.", source="휴가.md", heading="연차", page=3)
    return Hits([Hit(first, 1.5, 1, {"bm25": 1, "dense": 2}), Hit(passage("병가는 60일입니다."), 0.5, 2, {"dense": 1})])


def test_hits_show_themselves_without_markup_of_documents(passage: MakePassage) -> None:
    shown = hits(passage)._repr_html_()
    assert "휴가.md &gt; 연차 3쪽" in shown
    assert "&lt;b&gt;15일" in shown
    assert isinstance(hits(passage), list)


def test_hits_are_a_data_frame(passage: MakePassage) -> None:
    pandas = pytest.importorskip("pandas", reason="needs the extra frames: pip install 'mundap[frames]'")
    frame = hits(passage).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["rank"]) == [1, 2]
    assert list(frame["source"]) == ["휴가.md", ""]
    assert frame["bm25_rank"].iloc[0] == 1
    assert pandas.isna(frame["bm25_rank"].iloc[1])
    assert list(Hits().to_pandas().columns) == []


def test_answers_show_their_quotes(passage: MakePassage) -> None:
    shown = Answer("q", "15일 <입니다>", (Citation("p", "휴가.md", "15일"),))._repr_html_()
    assert "15일 &lt;입니다&gt;" in shown
    assert "휴가.md: “15일”" in shown


def test_figures_are_data_frames() -> None:
    pytest.importorskip("pandas", reason="needs the extra frames: pip install 'mundap[frames]'")
    figures = Estimates(10, {"top1": Estimate(0.5, 0.4, 0.6, 10)})
    assert figures.to_pandas().to_dict("records") == [{"metric": "top1", "mean": 0.5, "low": 0.4, "high": 0.6, "n": 10}]
    changed = Comparisons(
        {"top1": Comparison(figures["top1"], Estimate(0.7, 0.6, 0.8, 10), Difference(0.2, 0.1, 0.3, 10, 0.01))}
    )
    [row] = changed.to_pandas().to_dict("records")
    assert (row["metric"], row["before"], row["after"], row["difference"], row["p"]) == ("top1", 0.5, 0.7, 0.2, 0.01)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
def test_a_notebook_shows_hits_and_progress(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient: make setup-dev")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: make setup-dev")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "휴가.md").write_text("연차는 해마다 15일입니다.\n", "utf-8")
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    cells = [
        "import mundap as md\nfrom mundap.progress import bar\nbot = md.Mundap.open('.')\n"
        "with bar('읽기') as progress:\n    bot.ingest(progress=progress)\nbot.index()",
        "bot.search('연차는 며칠인가요?', k=1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    told = "".join(str(output) for output in notebook.cells[0].outputs)
    assert "읽기" in told
    assert "1/1" in told
    assert "15일" in notebook.cells[1].outputs[0].data["text/html"]

"""Very large files: their passages travel by the disk, come out the same, leave nothing behind, and tell how far they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mundap.ingest.pace import report, watched
from mundap.ingest.readers import read
from mundap.ingest.sheets import delimited
from mundap.jobs import reading
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.reading import Job, Read, work
from mundap.jobs.spool import Spooled, spooled
from mundap.store.corpus import Corpus
from mundap.workspace import Mundap


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "큰.csv"
    path.parent.mkdir()
    path.write_text("번호,이름,내용\n" + "".join(f"{n},직원 {n},{'여비를 준다. ' * 40}\n" for n in range(300)), "utf-8")
    return path


def stored(folder: Path, found: Read) -> list[tuple[str, str, str]]:
    corpus = Corpus(folder / "corpus.sqlite")
    corpus.put(found.reading.document, found.wholes, found.chunks, "x")
    passages = [(p.id, p.parent_id, p.text) for p in corpus.all_passages()]
    corpus.close()
    return passages


def test_passages_are_the_same_by_the_disk(tmp_path: Path, sheet: Path, monkeypatch: pytest.MonkeyPatch):
    job = Job(sheet, "큰.csv")
    here = work(job, spool=True)
    monkeypatch.setattr(reading, "_MANY", 10)
    spooled_ = work(job, spool=True)
    assert isinstance(here, Read)
    assert isinstance(spooled_, Read)
    assert isinstance(spooled_.wholes, Spooled)
    assert [*spooled_.wholes] == [*here.wholes] == [*spooled_.wholes]  # as often as one likes
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert stored(tmp_path / "a", spooled_) == stored(tmp_path / "b", here)
    for passages in (spooled_.wholes, spooled_.chunks):
        passages.path.unlink()


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken():
        yield from ()
        raise MemoryError

    with pytest.raises(MemoryError):
        spooled(broken())
    taken = spooled(())
    taken.taken()
    assert (len(taken), [*taken]) == (0, [])
    assert [*tmp_path.iterdir()] == []


def test_a_large_csv_is_read_line_by_line_to_the_same_rows(sheet: Path, monkeypatch: pytest.MonkeyPatch):
    (whole,) = delimited.pieces_of(sheet, print)
    monkeypatch.setattr(delimited, "_LARGE", 10)
    shares: list[float] = []
    monkeypatch.setattr(delimited, "_REPORTED", 100)
    with watched(shares.append):
        assert [*delimited.pieces_of(sheet, print)] == [whole]
        report(7)
    assert 0 < max(shares[:-1]) <= 0.5
    assert shares[-1] == 1
    sheet.write_bytes(sheet.read_text("utf-8").encode("cp949"))
    assert [*delimited.pieces_of(sheet, print)] == [whole]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{n},직원 {n},{n * 7}\n" for n in range(40)),
        "".join(f"{n},직원 {n},{n * 7}\n\n" for n in range(40)),
    ],
)
def test_rows_of_a_sheet_in_pieces_are_those_of_the_whole(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "표.csv").write_text(f"번호,이름,값\n{text}", "utf-8")
    whole = read(tmp_path / "표.csv", "표").document
    for size in (3, 4, 7):
        monkeypatch.setattr(delimited, "_PIECE", size)
        assert read(tmp_path / "표.csv", "표").document == whole


def test_a_passage_that_comes_again_in_another_piece_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delimited, "_PIECE", 2)
    rows = "".join(f"제시문 {n % 3}이다.,{n}번은?\n" for n in range(9))
    (tmp_path / "표.csv").write_text(f"제시문,질문\n{rows}", "utf-8")
    document = read(tmp_path / "표.csv", "표").document
    assert (len(document.sections), len(document.questions)) == (3, 9)


def test_an_ingest_counts_a_large_file_as_several(tmp_path: Path, sheet: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mundap.toml").write_text('[ingest]\npaths = ["docs"]\n')
    monkeypatch.setattr("mundap.workspace.intake._LARGE", 10_000)
    seen: list[tuple[int, int]] = []
    Mundap.open(tmp_path).ingest(progress=lambda done, total: seen.append((done, total)))
    size = 1 + sheet.stat().st_size // 10_000
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)


def test_what_a_worker_tells_on_the_way_is_heard(sheet: Path):
    heard: list[float] = []
    sheet.write_text("번호,이름\n" + "".join(f"{n},직원\n" for n in range(60_000)), "utf-8")
    outcomes = read_all([Job(sheet, "큰.csv")] * 2, Limits(1), lambda job, share: heard.append(share))
    found = [outcome for _, outcome in outcomes]
    assert all(isinstance(one, Read) and len(one.wholes) == 60_000 for one in found)
    assert all(0 <= share <= 1 for share in heard)

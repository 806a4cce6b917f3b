"""Very large files: their passages travel by the disk, come out the same, leave nothing behind, and tell how far they are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from mundap.ingest import build
from mundap.ingest.readers import read
from mundap.ingest.reading_progress import report, watched
from mundap.ingest.sheets import delimited, visible
from mundap.ingest.spool import Spooled, spooled
from mundap.jobs import task
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read, work
from mundap.store.corpus import Corpus
from mundap.workspace import Mundap


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "큰.csv"
    path.parent.mkdir()
    path.write_text("번호,이름,내용\n" + "".join(f"{n},직원 {n},{'여비를 준다. ' * 40}\n" for n in range(80)), "utf-8")
    return path


def stored(folder: Path, found: Read) -> list[str]:
    """The whole document, and each passage with its parent."""
    folder.mkdir()
    corpus = Corpus(folder / "corpus.sqlite")
    long = found.reading.long
    document = found.reading.document
    corpus.put(document, found.parents, found.chunks, "x", long.pieces() if long else ())
    text = corpus.text(document.id)
    assert text is not None
    assert found.reading.characters == len(text)
    passages = [f"{p.id} {p.parent_id} {p.text} {p.meta}" for p in corpus.all_passages()]
    assert all(text[p.start : p.end] == p.text for p in corpus.all_passages())
    corpus.close()
    return [document.id, text, *passages]


@pytest.mark.parametrize("count", [5, 80, *(pytest.param(n, marks=pytest.mark.slow) for n in (7, 79))])
def test_passages_and_text_are_the_same_by_the_disk(
    tmp_path: Path, sheet: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    job = Job(sheet, "2024-03-05 큰.csv")
    here = work(job, spool=True)
    monkeypatch.setattr(build, "PART", count)
    long = work(job, spool=True)
    assert isinstance(here, Read)
    assert isinstance(long, Read)
    assert isinstance(long.parents, Spooled)
    assert long.reading.document.text == ""
    assert [*long.parents] == [*here.parents] == [*long.parents]  # as often as one likes
    assert stored(tmp_path / "a", long) == stored(tmp_path / "b", here)
    assert len(long.spooled) == 3
    for one in long.spooled:
        one.discard()


def test_many_passages_of_what_is_no_sheet_go_by_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_MANY", 10)
    (tmp_path / "큰.txt").write_text("\n\n".join(f"문단 {n}이다." for n in range(30)), "utf-8")
    found = work(Job(tmp_path / "큰.txt", "큰.txt"), spool=True)
    assert isinstance(found, Read)
    assert [len(one) for one in found.spooled] == [30, 0]
    for one in found.spooled:
        one.discard()


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken() -> Iterator[bytes]:
        yield from ()
        raise MemoryError

    with pytest.raises(MemoryError):
        spooled(broken())
    taken: Spooled[bytes] = spooled(())
    taken.taken()
    assert (len(taken), [*taken]) == (0, [])
    assert [*tmp_path.iterdir()] == []


def test_a_large_csv_is_read_line_by_line_to_the_same_rows(sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_rows_of_a_sheet_in_pieces_are_those_of_the_whole(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "표.csv").write_text(f"번호,이름,값\n{text}", "utf-8")
    whole = read(tmp_path / "표.csv", "표").document
    for size in (3, 4, 7):
        monkeypatch.setattr(delimited, "PIECE", size)
        assert read(tmp_path / "표.csv", "표").document == whole


def test_rows_of_a_workbook_in_pieces_are_those_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merged cells, lines between rows, hidden rows and notes stand where they stood."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["□ 직원 명부"])
    sheet.append(["부서", "이름", "내선"])
    for n in range(40):
        sheet.append([f"부서 {n // 4}" if n % 4 == 0 else None, f"직원 {n}", n])
        if n % 4 == 0:
            sheet.merge_cells(f"A{n + 3}:A{n + 6}")
    sheet.append(["■ 파견"])
    for n in range(20):
        sheet.append([f"기관 {n}", f"파견 {n}", n])
    sheet.append([])
    sheet.append(["※ 2024년 기준"])
    sheet.row_dimensions[7].hidden = True
    sheet["B20"].hyperlink = "https://example.kr"
    path = tmp_path / "표.xlsx"
    book.save(path)
    whole = read(path, "표")
    assert "부서: 부서 1\n이름: 직원 5" in whole.document.text
    assert whole.document.sections[-3].heading == "□ 직원 명부 > ■ 파견"
    for size in (3, 4, 7, 10, 50):
        monkeypatch.setattr(visible, "PIECE", size)
        assert read(path, "표") == whole


def test_a_passage_that_comes_again_in_another_piece_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "PIECE", 2)
    rows = "".join(f"제시문 {n % 3}이다.,{n}번은?\n" for n in range(9))
    (tmp_path / "표.csv").write_text(f"제시문,질문\n{rows}", "utf-8")
    document = read(tmp_path / "표.csv", "표").document
    assert (len(document.sections), len(document.questions)) == (3, 9)


def test_an_ingest_counts_a_large_file_as_several(tmp_path: Path, sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mundap.toml").write_text('[ingest]\npaths = ["docs"]\n')
    monkeypatch.setattr("mundap.workspace.intake._LARGE", 10_000)
    seen: list[tuple[int, int]] = []
    Mundap.open(tmp_path).ingest(progress=lambda done, total: seen.append((done, total)))
    size = 1 + sheet.stat().st_size // 10_000
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)


@pytest.mark.slow
def test_what_a_worker_tells_on_the_way_is_heard(sheet: Path) -> None:
    heard: list[float] = []
    sheet.write_text("번호,이름\n" + "".join(f"{n},직원\n" for n in range(60_000)), "utf-8")
    outcomes = read_all([Job(sheet, "큰.csv")] * 2, Limits(1), lambda job, share: heard.append(share))
    found = [outcome for _, outcome in outcomes]
    assert all(isinstance(one, Read) and len(one.parents) == 60_000 for one in found)
    assert all(0 <= share <= 1 for share in heard)

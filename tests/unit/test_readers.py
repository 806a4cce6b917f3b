"""From a path to documents: suffixes, names, folders, and files that cannot be read."""

import logging
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.readers import (
    READER_VERSION,
    READERS,
    exists,
    files_below,
    load,
    nfc_path,
    others,
    read,
    reader_version,
    spelled,
)
from mundap.jobs.task import Job, Read, Unread, work

NFD = unicodedata.normalize("NFD", "규정집")


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv"])
def test_a_name_from_macos_is_composed_in_title_and_source(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"{NFD}{suffix}"
    path.write_text("이름,값\n가,1\n", "utf-8")
    document = read(path).document
    assert document.title == "규정집"
    assert document.source == nfc_path(tmp_path) + f"/규정집{suffix}"


def test_a_document_is_the_same_however_often_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("글", "utf-8")
    assert read(tmp_path / "a.txt", "a.txt") == read(tmp_path / "a.txt", "a.txt")
    assert read(tmp_path / "a.txt", "a.txt").document.id != read(tmp_path / "a.txt", "b.txt").document.id


def test_suffixes_are_known_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "A.TXT").write_text("글", "utf-8")
    assert read(tmp_path / "A.TXT").document.text == "글"


def test_an_unknown_suffix_is_told_what_to_save_it_as(tmp_path: Path) -> None:
    (tmp_path / "그림.psd").write_bytes(b"8BPS")
    with pytest.raises(BadFile) as caught:
        read(tmp_path / "그림.psd")
    assert str(caught.value).startswith("그림.psd: ")
    assert all(suffix in str(caught.value) and suffix in READERS for suffix in (".hwpx", ".pdf", ".xlsx", ".txt"))


@pytest.fixture
def subtitles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a file that only another package can read, which an entry point of that package says."""
    package = tmp_path / "package"
    (package / "subtitles-1.dist-info").mkdir(parents=True)
    (package / "subtitles-1.dist-info" / "METADATA").write_text("Name: subtitles\nVersion: 1\n", "utf-8")
    (package / "subtitles-1.dist-info" / "entry_points.txt").write_text(
        "[mundap.readers]\n.srt = subtitles_of_a_test:read_srt\n.txt = subtitles_of_a_test:read_srt\n", "utf-8"
    )
    (package / "subtitles_of_a_test.py").write_text(
        "from mundap.ingest.text import read_txt\n\ndef read_srt(path, source):\n    return read_txt(path, source)\n",
        "utf-8",
    )
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "설명회.srt").write_text("연차는 15일입니다.", "utf-8")
    monkeypatch.syspath_prepend(package)
    others.cache_clear()
    yield folder
    others.cache_clear()


def test_another_package_reads_its_format_and_replaces_no_reader(subtitles: Path) -> None:
    assert read(subtitles / "설명회.srt").document.text == "연차는 15일입니다."
    assert [document.title for document in load(subtitles)] == ["설명회"]
    (subtitles / "글.txt").write_text("글", "utf-8")
    assert reader_version(subtitles / "글.txt") == READER_VERSION


def test_a_file_that_was_refused_is_tried_again_once_a_package_reads_it(subtitles: Path) -> None:
    assert reader_version(subtitles / "설명회.srt") != reader_version(subtitles / "설명회.psd")


def test_a_name_that_a_zip_file_from_windows_left_in_cp949_is_readable(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("규정집.txt".encode("cp949"))
    try:
        path.write_text("글", "utf-8")
    except OSError:
        pytest.skip("the file system takes names in UTF-8 only")
    found = work(Job(path, nfc_path(path)))
    assert isinstance(found, Read)
    assert found.reading.document.title == next(iter(found.parents)).source == "규정집"
    assert found.reading.document.source == nfc_path(tmp_path) + "/규정집.txt"
    path.write_bytes(b"")
    lost = work(Job(path, nfc_path(path)))
    assert isinstance(lost, Unread)
    assert lost.reason.startswith("규정집.txt: 읽을 수 있는 텍스트가 없습니다")


@pytest.mark.parametrize("name", ["없음.txt", "없음.csv", "없음.xlsx", "없음.md"])
def test_a_file_that_is_not_there_is_a_bad_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadFile, match=name):
        read(tmp_path / name)


def test_a_file_without_text_is_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "빈.txt").write_text(" \n\u200b\n", "utf-8")
    with pytest.raises(BadFile, match=r"빈\.txt: 읽을 수 있는 텍스트가 없습니다"):
        read(tmp_path / "빈.txt")


def test_files_below_a_folder_in_order_without_hidden_and_lock_files(tmp_path: Path) -> None:
    for name in ("나.txt", "가.txt", ".숨김.txt", "~$표.xlsx", "안/다.txt", ".git/설정.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("글", "utf-8")
    assert [nfc_path(f.relative_to(tmp_path)) for f in files_below(tmp_path)] == ["가.txt", "나.txt", "안/다.txt"]
    assert list(files_below(tmp_path / "가.txt")) == [tmp_path / "가.txt"]
    with pytest.raises(BadFile, match="없음"):
        list(files_below(tmp_path / "없음"))


def test_loading_a_folder_reads_what_can_be_read_and_says_what_cannot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.txt").write_text("글", "utf-8")
    (tmp_path / "b.psd").write_bytes(b"8BPS")
    (tmp_path / "c.csv").write_text("질문,답변\n왜?,\n뭐?,글\n", "utf-8")
    with caplog.at_level(logging.WARNING):
        documents = load(tmp_path)
    assert [d.title for d in documents] == ["a", "c"]
    assert [record.getMessage()[:5] for record in caplog.records] == ["b.psd", "c.csv"]
    assert "2행" in caplog.text


def test_real_sheets_and_texts_are_read_without_loss(shared_data: Path) -> None:
    documents = load(shared_data / "futsal")
    assert len(documents) == 6
    for document in documents:
        assert all(document.text[s.start : s.end].strip() for s in document.sections)
    (sheet,) = load(shared_data / "customs" / "customs_qa.xlsx")
    assert len(sheet.sections) == 203
    starts = {section.start for section in sheet.sections}
    assert {question.start for question in sheet.questions} <= starts


def test_an_address_that_no_path_can_be_is_nowhere(tmp_path: Path) -> None:
    assert not exists(tmp_path / "https:" / "www.example.kr" / ("가" * 5000))
    assert spelled(tmp_path / ("가" * 200)) is None


def test_a_file_is_found_however_its_name_is_spelled(tmp_path: Path) -> None:
    there = tmp_path / unicodedata.normalize("NFD", "규정 모음") / unicodedata.normalize("NFD", "휴가.txt")
    there.parent.mkdir()
    there.write_text("글", "utf-8")
    assert spelled(tmp_path / "규정 모음" / "휴가.txt") == there

"""A file is what its bytes say; what cannot be read is said with its remedy."""

import zipfile
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.sniff import kind_of

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def ole(name: str) -> bytes:
    return OLE + name.encode("utf-16-le")


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", b"%PDF-1.7\n", ".pdf"),
        ("a.pdf", b"<!DOCTYPE html><html>", ".html"),
        ("a.xls", b"\xef\xbb\xbf<html><table>", ".html"),
        ("a.xls", b"<table><tr>", ".html"),
        ("a.md", b"<html> is a tag", ".md"),
        ("a.hwp", ole("FileHeader"), ".hwp"),
        ("a.doc", ole("FileHeader"), ".hwp"),
        ("a.xls", ole("Workbook"), ".xls"),
        ("a.hwp", b"<?xml version='1.0'?><HWPML Version='2.8'>", ".hml"),
        ("a.jpeg", b"\x89PNG\r\n\x1a\n\0", ".png"),
        ("A.TXT", "안녕".encode(), ".txt"),
        ("a.unknown", b"abc", ".unknown"),
    ],
)
def test_content_decides(tmp_path: Path, name: str, content: bytes, expected: str):
    path = tmp_path / name
    path.write_bytes(content)
    assert kind_of(path) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"mimetype": b"application/hwp+zip"}, ".hwpx"),
        ({"word__document.xml": b"<a/>"}, ".docx"),
        ({"ppt__presentation.xml": b"<a/>"}, ".pptx"),
        ({"xl__workbook.xml": b"<a/>"}, ".xlsx"),
        ({"readme": b"a"}, ".zip"),
    ],
)
def test_archives_are_told_by_their_members(tmp_path: Path, members: dict[str, bytes], expected: str):
    assert kind_of(zipped(tmp_path / "a.zip", **members)) == expected


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.hwp", b"", "빈 파일"),
        ("a.txt", b" \r\n\0\0", "빈 파일"),
        ("a.hwp", b"HWP Document File V3.00 \x1a", "HWPX로 다시 저장"),
        ("a.doc", ole("WordDocument"), "DOCX로 다시 저장"),
        ("a.ppt", ole("PowerPoint Document"), "PPTX로 다시 저장"),
        ("a.docx", ole("EncryptedPackage"), "암호"),
        ("a.hwp", b"SCDSA002" + b"\1" * 50, "DRM"),
        ("a.docx", b"PK\x03\x04 cut off", "잘렸거나"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_name_and_remedy(tmp_path: Path, name: str, content: bytes, said: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadFile, match=said) as caught:
        kind_of(path)
    assert name in str(caught.value)


def test_an_archive_that_would_burst_is_not_read(tmp_path: Path):
    path = zipped(tmp_path / "a.docx", word__document=b"\0" * (70 << 20))
    with pytest.raises(BadFile, match="70MB"):
        kind_of(path)

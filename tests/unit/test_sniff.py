"""A file is what its bytes say; what cannot be read is said with its remedy."""

import struct
import zipfile
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.sniff import kind_of

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def ole(name: str) -> bytes:
    """A broken OLE file, of which only a name can be found."""
    return OLE + name.encode("utf-16-le")


def tree(*top: str, text: str = "", deeper: str = "") -> bytes:
    """An OLE file with streams at its top and one in a folder, in one sector of directory, and `text` in another."""
    none = 0xFFFFFFFF
    names = ["Root Entry", "Folder", *top, deeper or "x"]
    directory = b""
    for n, name in enumerate(names):
        raw = name.encode("utf-16-le") + b"\0\0"
        right = n + 1 if 0 < n < len(names) - 2 else none
        child = (1, len(names) - 1)[n] if n < 2 else none
        directory += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), 5 if n == 0 else 1, 1, none, right, child)
        directory += bytes(128 - 80)
    sectors = -(-len(directory) // 512)
    table = b"".join(struct.pack("<I", n) for n in (0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    body = table.ljust(512, b"\xff") + directory.ljust(512 * sectors, b"\0")
    return head.ljust(512, b"\xff") + body + text.encode("utf-16-le")


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
        ("a.xls", b"\xef\xbb\xbf<html><table>", ".xls"),
        ("a.xls", b"<table><tr>", ".xls"),
        ("a.md", b"<html> is a tag", ".md"),
        ("a.hwp", ole("FileHeader"), ".hwp"),
        ("a.doc", ole("FileHeader"), ".hwp"),
        ("a.xls", ole("Workbook"), ".xls"),
        ("a.xls", tree("Workbook", text="FileHeader와 WordDocument라는 글"), ".xls"),
        ("a.xls", tree("Workbook", deeper="WordDocument"), ".xls"),
        ("a.xls", tree("Book"), ".xls"),
        ("a.hwp", tree("DocInfo", "FileHeader", text="EncryptedPackage"), ".hwp"),
        ("MZ.txt", "MZ세대는 1980년대 초부터".encode(), ".txt"),
        ("a.html", b"<!-- a -->" * 40 + b"<div>", ".html"),
        ("a.dat", b"<?xml version='1.0'?>" + b"<!-- a --> " * 40 + b"<html>", ".html"),
        ("a.hwp", b"<?xml version='1.0'?><HWPML Version='2.8'>", ".hml"),
        ("a.jpeg", b"\x89PNG\r\n\x1a\n\0", ".png"),
        ("A.TXT", "안녕".encode(), ".txt"),
        ("a.unknown", b"abc", ".unknown"),
    ],
)
def test_content_decides(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
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
    ],
)
def test_archives_are_told_by_their_members(tmp_path: Path, members: dict[str, bytes], expected: str) -> None:
    assert kind_of(zipped(tmp_path / "a.zip", **members)) == expected


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.hwp", b"", "빈 파일"),
        ("a.txt", b" \r\n\0\0", "빈 파일"),
        ("a.hwp", b"HWP Document File V3.00 \x1a", "HWPX로 다시 저장"),
        ("a.doc", ole("WordDocument"), "DOCX로 다시 저장"),
        ("a.ppt", ole("PowerPoint Document"), "PPTX로 다시 저장"),
        ("a.doc", tree("WordDocument", deeper="Workbook"), "DOCX로 다시 저장"),
        ("a.doc", tree("1Table", "WordDocument", text="FileHeader", deeper="PowerPoint Document"), "DOCX로 다시 저장"),
        ("a.ppt", tree(*"abcdefg", "PowerPoint Document"), "PPTX로 다시 저장"),
        ("a.doc", b"cut off", "DOCX로 다시 저장"),
        ("a.rtf", b"{\\rtf1 ", "DOCX로 다시 저장"),
        ("a.odt", b"cut off", "DOCX로 다시 저장"),
        ("a.epub", b"cut off", "PDF나 HTML로"),
        ("a.xml", b"<?xml version='1.0'?><a>1</a>", "XLSX, CSV, JSON, HTML"),
        ("a.yaml", b"a: 1", "JSON이나 TXT로"),
        ("a.yml", b"a: 1", "JSON이나 TXT로"),
        ("a.rar", b"Rar!\x1a\x07\0", "압축을 풀어"),
        ("a.txt", b"7z\xbc\xaf\x27\x1c\0", "압축을 풀어"),
        ("a.mp3", b"\xff\xfb\x90\0", "텍스트로 옮겨"),
        ("a.txt", b"ID3\x03\0\0", "텍스트로 옮겨"),
        ("a.hwp", b"\0\0\0\x18ftypmp42\0", "텍스트로 옮겨"),
        ("a.pdf", b"RIFF\x24\0\0\0WAVEfmt ", "텍스트로 옮겨"),
        ("a.avi", b"RIFF\x24\0\0\0AVI LIST", "텍스트로 옮겨"),
        ("a.exe", b"MZ\x90\0\x03\0\0\0", "프로그램 파일"),
        ("a.hwp", b"MZ\x90\0\x03\0\0\0", "프로그램 파일"),
        ("a.docx", ole("EncryptedPackage"), "암호"),
        ("a.hwp", b"SCDSA002" + b"\1" * 50, "DRM"),
        ("a.docx", b"PK\x03\x04 cut off", "손상되었습니다"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_name_and_remedy(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadFile, match=said) as caught:
        kind_of(path)
    said = str(caught.value)
    assert said.startswith(f"{name}: ")
    assert said.endswith("세요.")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("name", "members", "said"),
    [
        ("a.zip", {"readme": b"a"}, "압축을 풀어"),
        ("a.hwp", {"readme": b"a"}, "압축을 풀어"),
        ("a.zip", {"mimetype": b"application/vnd.oasis.opendocument.text"}, "DOCX로 다시 저장"),
        ("a.docx", {"mimetype": b"application/vnd.oasis.opendocument.presentation"}, "PPTX로 다시 저장"),
        ("a.zip", {"mimetype": b"application/epub+zip"}, "PDF나 HTML로"),
        ("a.apk", {"classes.dex": b"a"}, "프로그램 파일"),
    ],
)
def test_archives_that_are_no_document_get_a_remedy(
    tmp_path: Path, name: str, members: dict[str, bytes], said: str
) -> None:
    with pytest.raises(BadFile, match=said):
        kind_of(zipped(tmp_path / name, **members))


def test_an_archive_whose_members_cannot_be_unpacked_is_a_bad_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.hwpx", mimetype=b"application/hwp+zip" * 9)
    raw = bytearray(path.read_bytes())
    raw[38 : 38 + 8] = b"\xff" * 8  # of the packed content
    path.write_bytes(raw)
    with pytest.raises(BadFile, match=r"a\.hwpx: 파일이 손상되었습니다"):
        kind_of(path)


def test_an_archive_whose_members_claim_more_than_there_is_is_a_bad_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.pptx", ppt__presentation=b"<a/>")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02") + 20
    raw[at : at + 4] = struct.pack("<I", 0x7FFFFFFF)
    path.write_bytes(raw)
    with pytest.raises(BadFile, match=r"a\.pptx: 파일이 손상되었습니다"):
        kind_of(path)


@pytest.mark.parametrize("cut", [0, 30, 48, 76, 512, 700, 1024, 1100])
def test_no_cut_of_an_ole_file_is_another_error(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.dat").write_bytes(tree("Workbook")[: 8 + cut])
    assert kind_of(tmp_path / "a.dat") in (".dat", ".xls")


def test_an_archive_that_would_burst_is_not_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.docx", word__document=b"\0" * (70 << 20))
    with pytest.raises(BadFile, match="70MB"):
        kind_of(path)

"""PDFs that cannot be read end in one sentence that says what is wrong; parts that cannot, in a warning."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.blocks import said

from mundap.errors import BadFile
from mundap.ingest.pdf import ocr
from mundap.ingest.pdf.reader import parse
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read

pytest.importorskip("liteparse", reason="the extra docs is not installed")
pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")


def drawn(path: Path, *, pages: int = 2, picture: bool = False, text: str = "본문이다.", **about: Any) -> bytes:
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    canvas = Canvas(str(path), invariant=True, **about)
    for _ in range(pages):
        canvas.setFont("HYSMyeongJo-Medium", 12)
        if text:
            canvas.drawString(80, 700, text)
        if picture:
            canvas.drawImage(ImageReader(Image.new("L", (600, 800), 200)), 0, 0, 595, 842)
        canvas.showPage()
    canvas.save()
    return path.read_bytes()


def why(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(BadFile) as caught:
        parse(path)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "규정.pdf"


def test_a_password_that_opens_the_file(file: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    data = drawn(file, encrypt=StandardEncryption(userPassword="1234", ownerPassword="z"))
    assert why(file, data) == "규정.pdf: 암호가 걸린 PDF입니다. 암호를 풀어 다시 저장하세요."


def test_a_password_against_printing_does_not_keep_the_text_back(file: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    drawn(file, encrypt=StandardEncryption(userPassword="", ownerPassword="z", canPrint=0, canCopy=0))
    assert [said(block) for block in parse(file).blocks] == ["본문이다.", "본문이다."]


def test_cut_off_empty_and_other_files(file: Path) -> None:
    whole = drawn(file)
    assert why(file, whole[: len(whole) // 3]) == "규정.pdf: 중간에 잘린 PDF입니다. 파일을 다시 다운로드하세요."
    assert why(file, b"") == "규정.pdf: 빈 파일입니다(0바이트). 다시 받거나 저장하세요."
    assert why(file, b"hello" * 100).startswith("규정.pdf: PDF가 아닙니다.")
    broken = b"%PDF-1.4\n" + random.Random(1).randbytes(500) + b"\n%%EOF"
    assert why(file, broken).startswith("규정.pdf: PDF로 열 수 없습니다(")


def test_lines_before_the_beginning_do_no_harm(file: Path) -> None:
    file.write_bytes(b"Content-Type: application/pdf\r\n\r\n" + drawn(file))
    assert [block.page for block in parse(file).blocks] == [1, 2]


def test_no_pages(file: Path) -> None:
    data = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    assert why(file, data + b"trailer<</Root 1 0 R>>\n%%EOF").startswith("규정.pdf: ")


def test_a_lost_table_of_contents_of_the_file_is_rebuilt(file: Path) -> None:
    file.write_bytes(drawn(file).replace(b"startxref", b"startxxxx").replace(b"\nxref", b"\nxxxx"))
    assert [block.page for block in parse(file).blocks] == [1, 2]


def test_pages_without_anything(file: Path) -> None:
    assert why(file, drawn(file, text="")).startswith("규정.pdf: 텍스트가 없는 PDF입니다.")


def test_a_form_that_only_adobe_shows(file: Path) -> None:
    data = drawn(file, pages=1, text="Please wait... Adobe Reader")
    packets = b"/AcroForm<</XFA[(template)99 0 R]/Fields[]>>"
    stream = b"99 0 obj<</Length 11>>stream\n<template/>\nendstream endobj\n"
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog" + packets)
    at = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    assert "XFA 양식만 있는 PDF" in why(file, data[:at] + stream + data[at:].replace(b"startxref", b"startxxxx"))


def test_scans_without_ocr_say_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ocr, "missing", lambda: "이미지의 텍스트를 읽으려면(OCR) 설치하세요: apt-get install tesseract-ocr"
    )
    assert why(file, drawn(file, picture=True, text="")) == (
        "규정.pdf: 텍스트가 없는 이미지(스캔)만 있는 PDF입니다. 이미지의 텍스트를 읽으려면(OCR) 설치하세요: apt-get install tesseract-ocr"
    )


def test_a_scan_among_pages_of_text_is_a_warning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "missing", lambda: "설치하세요")
    drawn(file, picture=True, text="3")
    assert parse(file).warnings == ("1-2쪽은 텍스트가 없는 이미지(스캔)라 읽지 못했습니다. 설치하세요",)


def sized(file: Path, box: str) -> None:
    data = drawn(file, pages=2, pageCompression=0)
    (old,) = {*re.findall(rb"/MediaBox \[[^]]*\]", data)}
    file.write_bytes(data.replace(old, b"/MediaBox [ %s ]" % box.encode(), 1))  # of the first page


@pytest.mark.slow
def test_the_text_of_a_page_of_an_absurd_size_is_read(tmp_path: Path) -> None:
    boxes = [
        "0 0 1000000000 1000000000",
        "0 0 595 1000000000",
        "-2147483648 0 2147483648 842",
        "0 0 99999999999999999999 842",
        "0 0 0.001 0.001",
        "-1 -1 0 0",
        "0 0 NaN 842",
    ]
    files = {box: tmp_path / f"{n}.pdf" for n, box in enumerate(boxes)}
    for box, path in files.items():
        sized(path, box)
        assert [(said(block), block.page) for block in parse(path).blocks] == [("본문이다.", 1), ("본문이다.", 2)], box
    jobs = [Job(path, path.name) for path in files.values()]
    for job, found in read_all(jobs, Limits(1, megabytes=1024)):  # a process that may die
        assert isinstance(found, Read), job
        assert found.reading.warnings == (), job


def test_text_that_is_miles_apart_is_a_warning(file: Path) -> None:
    sized(file, "0 0 1000000000 1000000000")
    data = file.read_bytes()
    far = data.replace(b"1 0 0 1 80 700 Tm", b"1 0 0 1 8000000 700 Tm", 1)
    assert far != data
    text = far.index(b" Tj", far.index(b"8000000"))
    file.write_bytes(far[: text + 3] + b" 1 0 0 1 9 9 Tm <BCF8> Tj" + far[text + 3 :])
    parsed = parse(file)
    assert [(said(block), block.page) for block in parsed.blocks] == [("본", 1), ("본문이다.", 2)]
    assert parsed.warnings == (
        "1쪽은 글자가 비정상적으로 멀리 떨어져 있어 일부만 읽었습니다. PDF 뷰어에서 A4로 인쇄해 다시 저장하세요.",
    )


def test_no_bytes_whatever_raise_anything_else(file: Path) -> None:
    whole = drawn(file)
    draw = random.Random(7)
    said = []
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 12)):
            at = draw.randrange(len(data))
            data[at : at + draw.choice((0, 1, 8))] = draw.randbytes(draw.choice((0, 1, 8)))
        file.write_bytes(bytes(data))
        try:
            parse(file)
        except BadFile as error:
            said.append(str(error))
    assert all(sentence.startswith("규정.pdf: ") for sentence in said)

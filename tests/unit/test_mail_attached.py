"""What is attached to mails is read as other files are, and says which mail it came with."""

from __future__ import annotations

import io
import os
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

pytest.importorskip("lxml", reason="lxml (the extra docs) is not installed")

from tests.unit.test_mail import mail, saved
from tests.unit.test_pdf_errors import drawn
from tests.unit.test_tables import xlsx_file

from mundap.errors import MissingExtra
from mundap.ingest import readers
from mundap.ingest.mail import reader
from mundap.ingest.readers import read, reader_version
from mundap.ingest.split import parents
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read, Unread
from mundap.types import Document

RULE = "제1조(목적) 이 규정은 휴가를 정한다.\n제2조(연차) 연차는 15일이다.\n제3조(소멸) 연차는 1년 뒤 소멸한다.\n"


def add(message: EmailMessage, name: str, content: bytes | str) -> EmailMessage:
    raw = content.encode() if isinstance(content, str) else content
    message.add_attachment(raw, maintype="application", subtype="octet-stream", filename=name)
    return message


def passages(document: Document) -> list[tuple[str, str, str]]:
    return [(passage.source, passage.heading, passage.text) for passage in parents(document)]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (80 << 20))
    return out.getvalue()


def test_passages_of_an_attachment_say_of_which_mail_and_have_its_own_day(tmp_path: Path) -> None:
    message = add(mail(), "휴가 규정.txt", RULE)
    add(message, "공지_20230110.txt", "주차장은 쉽니다.")
    reading = read(saved(tmp_path, message))
    assert reading.warnings == ()
    assert passages(reading.document)[1:] == [
        ("주차장 요금 안내 > 휴가 규정.txt", "제1조(목적)", "이 규정은 휴가를 정한다."),
        ("주차장 요금 안내 > 휴가 규정.txt", "제2조(연차)", "연차는 15일이다."),
        ("주차장 요금 안내 > 휴가 규정.txt", "제3조(소멸)", "연차는 1년 뒤 소멸한다."),
        ("주차장 요금 안내 > 공지_20230110.txt", "", "주차장은 쉽니다."),
    ]
    about = [(section.meta.get("attachment"), section.meta["date"]) for section in reading.document.sections]
    assert about == [(None, "2024-03-05"), *[("휴가 규정.txt", "2024-03-05")] * 3, ("공지_20230110.txt", "2023-01-10")]


def test_a_sheet_brings_its_questions_and_the_rows_it_left_out(tmp_path: Path) -> None:
    rows = [["출처", "제시문", "질문", "답변"], ["규정", "연차는 15일이다.", "며칠?", "15일"], ["", "", "왜?", ""]]
    sheet = xlsx_file(tmp_path, 문답=rows).read_bytes()
    reading = read(saved(tmp_path, add(mail(), "문답.xlsx", sheet)))
    document = reading.document
    assert passages(document)[-1] == ("주차장 요금 안내 > 문답.xlsx > 규정", "", "연차는 15일이다.")
    (known,) = document.questions
    assert (known.question, document.text[known.start :]) == ("며칠?", "연차는 15일이다.")
    assert reading.warnings == ("첨부 문답.xlsx: 3행: 제시문이 비어 있습니다. 제시문을 채우거나 행을 삭제하세요.",)
    assert reading.problems == ()


def test_pages_are_those_of_each_attachment(tmp_path: Path) -> None:
    pytest.importorskip("liteparse", reason="the extra docs is not installed")
    pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")
    pdf = drawn(tmp_path / "a.pdf", pages=2, text="본문이다. 끝.")
    message = add(add(add(mail(), "가.pdf", pdf), "나.txt", "쪽이 없는 글이다."), "다.pdf", pdf)
    reading = read(saved(tmp_path, message))
    pages = [(passage.source.rpartition(" > ")[2], passage.page) for passage in parents(reading.document)]
    assert pages == [
        ("주차장 요금 안내", None),
        ("가.pdf", 1),
        ("나.txt", None),
        ("다.pdf", 1),
    ]
    assert reading.pages == 4


def test_a_mail_in_a_mail_is_read_with_what_is_attached_to_it(tmp_path: Path) -> None:
    inner = add(mail(text="원래 글이다.\n"), "요금.txt", "소형차는 1,000원이다.")
    inner.replace_header("Subject", "요금 문의")
    forwarded = mail()
    forwarded.add_attachment(inner)
    said = passages(read(saved(tmp_path, forwarded)).document)
    assert said[-1] == ("주차장 요금 안내 > 요금 문의 > 요금.txt", "", "소형차는 1,000원이다.")
    kept = passages(read(saved(tmp_path, add(mail(), "문의.eml", inner.as_bytes()))).document)
    assert [source for source, _, _ in kept] == [
        "주차장 요금 안내",
        "주차장 요금 안내 > 문의.eml",
        "주차장 요금 안내 > 문의.eml > 요금 문의 > 요금.txt",
    ]
    assert kept[1][1] == "요금 문의"
    assert "원래 글이다." in kept[1][2]


def test_what_cannot_be_read_is_a_warning_with_its_name_and_the_remedy_and_the_rest_goes_in(tmp_path: Path) -> None:
    message = mail()
    for name, content in (
        ("자료.zip", b"PK\x05\x06" + b"\0" * 18),
        ("빈 글.txt", b" "),
        ("../../etc/큰 문서.docx", bomb()),
        ("\N{RIGHT-TO-LEFT OVERRIDE}...", b"\x01\x02"),
        ("규정.txt", RULE.encode()),
    ):
        add(message, name, content)
    reading = read(saved(tmp_path, message))
    assert passages(reading.document)[-1][2] == "연차는 1년 뒤 소멸한다."
    starts = (
        "첨부 자료.zip: 압축 파일",
        "첨부 빈 글.txt: 읽을 수 있는 텍스트가 없습니다",
        "첨부 큰 문서.docx: 압축을 풀면",
        "첨부 이름 없음: 읽을 수 없는",
    )
    assert len(reading.warnings) == len(starts)
    for said, start in zip(reading.warnings, starts, strict=True):
        assert said.startswith(start)
        assert said.endswith(("세요.", *readers.READERS))
    assert [path.name for path in tmp_path.iterdir()] == ["메일.eml"]


@pytest.mark.slow
def test_mails_within_mails_end_somewhere(tmp_path: Path) -> None:
    message = mail(text="가장 안쪽 글이다.\n")
    for _ in range(reader._DEEPEST + 5):
        message = add(mail(text="전달합니다.\n"), "전달.eml", message.as_bytes())
    reading = read(saved(tmp_path, message))
    assert len(reading.warnings) == 1
    assert f"첨부된 메일이 {reader._DEEPEST}단계를 넘게 중첩되어 있습니다" in reading.warnings[0]
    assert sum(section.source != "" for section in reading.document.sections) == reader._DEEPEST


@pytest.mark.slow
def test_an_attachment_that_ends_the_program_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sitecustomize"
    folder.mkdir()
    # A reader of text that dies: the worker is another process, which only its environment reaches.
    (folder / "sitecustomize.py").write_text(
        "import os\nimport mundap.ingest.text as text\nimport mundap.ingest.readers as readers\n"
        "readers.read_txt = lambda path, source: os.abort()\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    path = saved(tmp_path, add(mail(), "죽음.txt", "글"))
    ((job, found),) = read_all([Job(path, "메일.eml")], Limits(1))
    assert isinstance(found, Read)
    assert not job.alone
    assert found.reading.warnings == (
        "첨부 파일을 읽는 중 프로세스가 종료되어 본문만 추가했습니다. 첨부 1개는 따로 저장해 추가하세요: 죽음.txt",
    )
    (tmp_path / "글.txt").write_text("글", "utf-8")
    (tmp_path / "그림.bin").write_bytes(b"x")
    rest = {
        job.source: found for job, found in read_all([Job(tmp_path / n, n) for n in ("글.txt", "그림.bin")], Limits(1))
    }
    assert all(isinstance(found, Unread) for found in rest.values())


def test_a_readers_mistake_and_a_missing_package_are_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, source: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(readers, "read_txt", fails)
    reading = read(saved(tmp_path, add(mail(), "글.txt", "글")))
    assert reading.warnings == ("첨부 글.txt: 읽는 중 오류가 발생했습니다(ZeroDivisionError). 따로 저장해 추가하세요.",)

    def lacks(path: Path, source: str) -> None:
        raise MissingExtra("liteparse", "docs")

    monkeypatch.setattr(readers, "read_txt", lacks)
    reading = read(saved(tmp_path, add(mail(), "글.txt", "글")))
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith("첨부 글.txt: ")
    assert "mundap[docs]" in reading.warnings[0]


def test_a_mail_is_read_again_once_its_attachments_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "available", lambda: False)
    monkeypatch.setattr(readers, "find_spec", lambda name: None)
    bare = reader_version(Path("메일.eml"))
    monkeypatch.setattr(readers, "find_spec", lambda name: name)
    more = reader_version(Path("메일.eml"))
    monkeypatch.setattr(readers, "available", lambda: True)
    assert len({bare, more, reader_version(Path("메일.eml"))}) == 3
    assert reader_version(Path("글.txt")) == bare

"""Mails as Korean mailers write them, by the rules and against them."""

import base64
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.blocks import said

pytest.importorskip("lxml", reason="lxml (the extra docs) is not installed")

from mundap.errors import BadFile
from mundap.ingest.blocks import Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.mail.headers import plain
from mundap.ingest.mail.reader import taken_apart
from mundap.ingest.readers import read
from mundap.ingest.sniff import kind_of

BODY = "안녕하세요.\n공영주차장 요금을 아래와 같이 알립니다.\n\n소형차는 1,000원입니다.\n"


def saved(folder: Path, raw: bytes | EmailMessage, name: str = "메일.eml") -> Path:
    (folder / name).write_bytes(raw if isinstance(raw, bytes) else raw.as_bytes())
    return folder / name


def mail(**about: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "주차장 요금 안내"
    message["From"] = "김한빛 <kim@hanbit.example>"
    message["To"] = "이나래 <lee@narae.example>, park@narae.example"
    message["Date"] = about.get("date", "Tue, 05 Mar 2024 10:00:00 +0900")
    message.set_content(about.get("text", BODY))
    return message


def parse(path: Path) -> Parsed:
    return taken_apart(path)[0]


def coded(text: str, charset: str, codec: str = "cp949") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(codec)).decode()}?="


def test_a_mail_is_its_subject_its_people_its_day_and_its_text(tmp_path: Path) -> None:
    reading = read(saved(tmp_path, mail()))
    assert reading.document.title == "주차장 요금 안내"
    assert reading.document.text == (
        "보낸 사람: 김한빛 <kim@hanbit.example>\n받는 사람: 이나래 <lee@narae.example>, park@narae.example\n"
        "보낸 날: 2024-03-05\n안녕하세요.\n공영주차장 요금을 아래와 같이 알립니다.\n소형차는 1,000원입니다."
    )
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("Tue, 05 Mar 2024 20:00:00 +0000", "2024-03-06"),  # in Korea
        ("Tue, 05 Mar 2024 20:00:00 +0900 (KST)", "2024-03-05"),
        ("2024-03-05 10:00", "2024-03-05"),
        ("언젠가", ""),
        ("Tue, 99 Foo 99999 99:99:99 +9999", ""),
    ],
)
def test_the_day_is_that_on_which_it_was_sent(tmp_path: Path, sent: str, day: str) -> None:
    raw = f"Subject: a\nFrom: a@b.example\nDate: {sent}\n\n(시행 2030. 1. 1.)\n".encode()
    sections = read(saved(tmp_path, raw)).document.sections
    assert sections[0].meta.get("date", "") == (day or "2030-01-01")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (coded("주차 똠방각하", "ks_c_5601-1987").encode(), "주차 똠방각하"),  # 똠 is in CP949 and not in EUC-KR
        (coded("주차", "euc-kr").encode() + b"\r\n " + coded(" 요금", "euc-kr").encode(), "주차 요금"),
        (b"=?utf-8?Q?=EC=A3=BC=EC=B0=A8_?= =?utf-8?Q?=EC=9A=94=EA=B8=88?=", "주차 요금"),
        (b"=?UTF-8?B?7KO8?=\r\n =?UTF-8?B?7LA=?=\r\n =?UTF-8?B?qA==?=", "주차"),  # cut within a letter
        (b"RE: =?utf-8?B?7KO87LCo?=(2)", "RE: 주차(2)"),
        ("[공지] 주차 요금".encode("cp949"), "[공지] 주차 요금"),
        ("[공지] 주차 요금".encode(), "[공지] 주차 요금"),
        (coded("주차", "iso-8859-1").encode(), "주차"),
        (coded("주차", "no-such-charset").encode(), "주차"),
        (b"=?utf-8?B?7KO87LCo", "=?utf-8?B?7KO87LCo"),
        (b"=?utf-8?B?!?= a", "a"),
    ],
)
def test_a_subject_is_read_however_it_was_coded(tmp_path: Path, subject: bytes, said: str) -> None:
    raw = b"Subject: " + subject + b"\r\nFrom: a@b.example\r\n\r\n" + "글입니다.".encode()
    assert parse(saved(tmp_path, raw)).title == said


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("euc-kr", "cp949"),
        ("ks_c_5601-1987", "cp949"),
        ("utf-8", "cp949"),  # a lie
        ("iso-8859-1", "cp949"),
        ("us-ascii", "utf-8"),
        ("", "cp949"),
        ("no-such-charset", "utf-8"),
        ("iso-2022-kr", "iso-2022-kr"),
        ("utf-16", "utf-16"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_text_is_read_whatever_its_charset_is_said_to_be(tmp_path: Path, charset: str, codec: str, kind: str) -> None:
    text = "공영주차장 요금을 알립니다." if kind == "plain" else "<p>공영주차장 요금을 알립니다.</p>"
    head = f"From: a@b.example\r\nContent-Type: text/{kind}" + (f"; charset={charset}" if charset else "")
    body = base64.b64encode(text.encode(codec))
    raw = head.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    assert parse(saved(tmp_path, raw)).blocks[-1] == Paragraph("공영주차장 요금을 알립니다.")


def test_people_with_commas_in_their_names_are_one_person_and_many_are_counted(tmp_path: Path) -> None:
    many = ", ".join(f"p{n}@b.example" for n in range(9))
    raw = f"From: {coded('김한빛, 팀장', 'euc-kr')} <a@b.example>\nTo: {many}\n\n글입니다.".encode()
    assert parse(saved(tmp_path, raw)).blocks[0] == Paragraph(
        "보낸 사람: 김한빛, 팀장 <a@b.example>\n"
        "받는 사람: p0@b.example, p1@b.example, p2@b.example, p3@b.example, p4@b.example 외 4명"
    )


def test_of_two_forms_the_plain_one_is_read(tmp_path: Path) -> None:
    message = mail()
    message.add_alternative("<p>안녕하세요. 요금을 <b>알립니다</b>.</p>", subtype="html")
    assert parse(saved(tmp_path, message)).blocks[1:] == (
        Paragraph("안녕하세요.\n공영주차장 요금을 아래와 같이 알립니다."),
        Paragraph("소형차는 1,000원입니다."),
    )


@pytest.mark.parametrize("plain_form", ["구분\n요금\n소형\n1,000원\n대형\n2,000원\n", "HTML 메일입니다.", " \n"])
def test_a_table_or_a_text_that_only_the_page_has_is_read_from_the_page(tmp_path: Path, plain_form: str) -> None:
    message = mail(text=plain_form)
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in [("구분", "요금"), ("소형", "1,000원")])
    message.add_alternative(f"<p>요금입니다.</p><table>{rows}</table>", subtype="html")
    assert parse(saved(tmp_path, message)).blocks[1:] == (
        Paragraph("요금입니다."),
        Table(((Cell("구분"), Cell("요금")), (Cell("소형"), Cell("1,000원")))),
    )


def test_a_reply_keeps_what_it_quotes_without_the_marks(tmp_path: Path) -> None:
    text = "네, 됩니다.\n\n2024년 3월 4일, 이나래님이 작성:\n> 환불이 되나요?\n>> 문의드립니다.\n> 감사합니다.\n"
    heard = [said(block) for block in parse(saved(tmp_path, mail(text=text))).blocks[1:]]
    assert heard == [
        "네, 됩니다.",
        "2024년 3월 4일, 이나래님이 작성:",
        "환불이 되나요?",
        "문의드립니다.",
        "감사합니다.",
    ]


def test_flowing_lines_are_joined(tmp_path: Path) -> None:
    raw = "From: a@b.example\nContent-Type: text/plain; charset=utf-8; format=flowed\n\n요금은 \n매달 냅니다.\n-- \n김한빛\n"
    assert parse(saved(tmp_path, raw.encode())).blocks[-1] == Paragraph("요금은 매달 냅니다.\n-- \n김한빛")


def test_attachments_are_named_but_for_pictures_within_the_text_and_signatures(tmp_path: Path) -> None:
    message = mail()
    for name in ("공고 안내.hwp", "예산.xlsx", "원본.zip"):
        message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=name)
    message.add_attachment(b"x", maintype="image", subtype="png", filename="로고.png", disposition="inline")
    message.add_attachment(b"x", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    parsed, attached = taken_apart(saved(tmp_path, message))
    assert said(parsed.blocks[0]).endswith("첨부: 공고 안내.hwp, 예산.xlsx, 원본.zip")
    assert [one.name for one in attached] == ["공고 안내.hwp", "예산.xlsx", "원본.zip"]


@pytest.mark.parametrize(
    "name",
    [
        b"filename*0*=euc-kr''%B0%F8;\r\n filename*1*=%B0%ED.hwp",
        b"filename*=UTF-8''%EA%B3%B5%EA%B3%A0.hwp",
        b'filename="=?euc-kr?B?sPiw7S5od3A=?="',
        b'filename="' + "공고.hwp".encode("cp949") + b'"',
        b'filename="' + "공고.hwp".encode() + b'"',
    ],
)
def test_names_of_attachments_are_read_however_they_were_coded(tmp_path: Path, name: bytes) -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; "
        + name
        + b"\r\n\r\nx\r\n--b--\r\n"
    )
    assert said(parse(saved(tmp_path, raw)).blocks[0]).endswith("첨부: 공고.hwp")


def test_a_forwarded_mail_stands_under_its_own_subject(tmp_path: Path) -> None:
    message = mail(text="아래 메일을 전달합니다.\n")
    inner = mail(text="원래 글입니다.\n")
    inner.replace_header("Subject", "요금 문의")
    message.add_attachment(inner)
    blocks = parse(saved(tmp_path, message)).blocks
    assert blocks[1:3] == (Paragraph("아래 메일을 전달합니다."), Heading("요금 문의", 1))
    assert blocks[-1] == Paragraph("원래 글입니다.")


def test_a_mail_that_was_cut_says_so_and_gives_what_is_left(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"x" * 300, maintype="application", subtype="pdf", filename="a.pdf")
    parsed = parse(saved(tmp_path, message.as_bytes()[:-200]))
    assert Paragraph("소형차는 1,000원입니다.") in parsed.blocks
    assert parsed.warnings[0].startswith("메일 내용이 잘려 있습니다")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "빈 파일"),
        ("그냥 글입니다.".encode(), "메일이 아닙니다"),
        (b"From: a@b.example\r\nSubject: a\r\n", "본문이 없습니다"),
        (b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<script>1</script>", "본문이 없습니다"),
        (b"From: a@b.example\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIAG", "암호화된 메일"),
    ],
)
def test_what_is_no_mail_or_says_nothing_is_a_bad_file(tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=rf"^메일\.eml: .*{said}"):
        read(saved(tmp_path, raw))


def test_a_mail_is_known_by_its_headers(tmp_path: Path) -> None:
    raw = mail().as_bytes()
    assert kind_of(saved(tmp_path, raw, "메일")) == ".eml"
    assert kind_of(saved(tmp_path, raw, "메일.html")) == ".eml"
    assert kind_of(saved(tmp_path, raw, "메일.txt")) == ".txt"
    assert kind_of(saved(tmp_path, raw, "쪽.mht")) == ".mht"
    assert kind_of(saved(tmp_path, b"key: value\nfrom: a\nb: c\n", "값.ini")) == ".ini"
    assert kind_of(saved(tmp_path, b"<html><body>a", "쪽.eml")) == ".html"
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    inner = "__properties_version1.0".encode("utf-16-le") + "FileHeader".encode("utf-16-le")
    with pytest.raises(BadFile, match="아웃룩"):
        kind_of(saved(tmp_path, ole + inner, "메일.msg"))


@settings(
    max_examples=2 * settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: multipart/mixed; boundary=b\r\n",
                b"Content-Type: multipart/alternative; boundary=\r\n",
                b"Content-Type: text/html; charset*0*=x''%ff\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"Content-Transfer-Encoding: base64\r\n",
                b"Content-Disposition: attachment; filename*=x'%\r\n",
                b"Subject: =?\xff?B?=?=\r\n",
                b"To: <,\xb0\xa1 (\r\n",
                b"--b\r\n",
                b"--b--\r\n",
                b"\r\n",
                b"=?utf-8?b?A?=",
                "글".encode(),
                b"\xff\0",
            ]
        ),
        max_size=20,
    )
)
def test_no_mail_escapes_as_another_error(tmp_path: Path, parts: list[bytes]) -> None:
    with suppress(BadFile):
        parse(saved(tmp_path, b"From: a@b.example\r\n" + b"".join(parts)))


@given(st.text(max_size=40), st.sampled_from(["utf-8", "cp949"]))
def test_any_text_in_code_is_read_again(text: str, codec: str) -> None:
    said = " ".join(text.encode(codec, "ignore").decode(codec).split())
    assert isinstance(plain(coded(said, codec, codec)), str)


@given(st.text("가나다라 abc,;()=?_", min_size=1, max_size=60))
def test_hangul_in_code_is_read_as_it_was(text: str) -> None:
    said = " ".join(text.split())
    assert plain(coded(said, "utf-8", "utf-8")) == plain(coded(said, "ks_c_5601-1987")) == said


@pytest.mark.parametrize("header", ["From", "Date", "Subject", "To"])
def test_brackets_within_brackets_are_no_error(tmp_path: Path, header: str) -> None:
    raw = f"From: a@b.example\nSubject: 안내\n{header}: {'(' * 3000}\n\n글\n".replace(
        "From: a@b.example\nSubject", "Subject"
    )
    found = read(saved(tmp_path, f"From: a@b.example\n{raw}".encode() if header != "From" else raw.encode()))
    assert found.document.text.endswith("글")

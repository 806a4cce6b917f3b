"""HWP 5 made here, record by record in an OLE file of our own: what real samples have none of, and what is hostile."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import BadFile
from mundap.ingest.blocks import Block, Heading, Paragraph, Table
from mundap.ingest.hwp.reader import parse

pytest.importorskip("hwp2md", reason="the extra docs is not installed")

FREE, END, FAT, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
Streams = dict[str, bytes]


def ole(streams: Streams) -> bytes:
    """A compound file (MS-CFB, version 3) with `streams`, whose names have at most one folder."""
    folders = sorted({name.partition("/")[0] for name in streams if "/" in name})
    entries: list[tuple[str, int, int, int, bytes]] = []  # name, kind, right sibling, child, content
    top = [*folders, *(name for name in streams if "/" not in name)]
    inside = [[name for name in streams if name.startswith(f"{folder}/")] for folder in folders]
    first_inside = [1 + len(top) + sum(map(len, inside[:n])) for n in range(len(folders))]
    entries.append(("Root Entry", 5, NONE, 1, b""))
    for n, name in enumerate(top):
        right = n + 2 if n + 1 < len(top) else NONE
        folder = n < len(folders)
        entries.append((name, 1 if folder else 2, right, first_inside[n] if folder else NONE, streams.get(name, b"")))
    for names, first in zip(inside, first_inside, strict=True):
        for n, name in enumerate(names):
            right = first + n + 1 if n + 1 < len(names) else NONE
            entries.append((name.partition("/")[2], 2, right, NONE, streams[name]))

    mini, mini_fat, sectors, fat = bytearray(), list[int](), bytearray(), list[int]()

    def chain(content: bytes, size: int, into: bytearray, table: list[int]) -> int:
        start, count = len(table), -(-len(content) // size)
        into += content.ljust(count * size, b"\0")
        table += [*range(start + 1, start + count), END] if count else []
        return start if count else END

    starts = [chain(e[4], 64, mini, mini_fat) if len(e[4]) < 4096 else chain(e[4], 512, sectors, fat) for e in entries]
    root = chain(bytes(mini), 512, sectors, fat)
    mini_start = chain(b"".join(struct.pack("<I", n) for n in mini_fat), 512, sectors, fat)
    directory = b""
    for n, (name, kind, right, child, content) in enumerate(entries):
        raw = name.encode("utf-16-le") + b"\0\0"
        start, size = (root, len(mini)) if n == 0 else (starts[n] if kind == 2 else 0, len(content))
        directory += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, NONE, right, child)
        directory += bytes(36) + struct.pack("<IQ", start, size)
    directory_start = chain(directory, 512, sectors, fat)
    count = 1
    while (len(fat) + count) * 4 > count * 512:
        count += 1
    fat_at = len(fat)
    fat += [FAT] * count
    sectors += b"".join(struct.pack("<I", n) for n in fat).ljust(count * 512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, count, directory_start, 0, 4096, mini_start, 1 if mini_fat else 0, END, 0)
    return (head + struct.pack(f"<{count}I", *range(fat_at, fat_at + count))).ljust(512, b"\xff") + bytes(sectors)


def rec(tag: int, level: int, payload: bytes = b"") -> bytes:
    size = min(len(payload), 0xFFF)
    long = struct.pack("<I", len(payload)) if size == 0xFFF else b""
    return struct.pack("<I", tag | level << 10 | size << 20) + long + payload


def mark(code: int) -> bytes:
    """The place of a control in a text: eight characters."""
    return struct.pack("<H", code) + bytes(12) + struct.pack("<H", code)


def string(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def para(level: int, *inside: str | tuple[int, bytes], shape: int = 0, style: int = 0, font: int = 0) -> bytes:
    """A paragraph of words and controls, each a code and its records."""
    text = b"".join(each.encode("utf-16-le") if isinstance(each, str) else mark(each[0]) for each in inside)
    return (
        rec(0x42, level, struct.pack("<IIHBB", len(text) // 2, 0, shape, style, 0) + bytes(10))
        + rec(0x43, level + 1, text + b"\r\0")
        + rec(0x44, level + 1, struct.pack("<II", 0, font))
        + b"".join(each[1] for each in inside if not isinstance(each, str))
    )


def control(level: int, kind: str, rest: bytes = b"", below: bytes = b"") -> bytes:
    return rec(0x47, level, kind.encode()[::-1] + rest) + below


def cell(
    level: int, row: int, column: int, *inside: bytes, down: int = 1, across: int = 1, header: bool = False
) -> bytes:
    head = struct.pack("<iIHHHH", len(inside), header << 18, column, row, across, down)
    return rec(0x48, level, head) + b"".join(inside)


def table(
    level: int, size: tuple[int, int], *cells: bytes, caption: bytes = b"", inline: bool = False
) -> tuple[int, bytes]:
    body = rec(0x4D, level + 1, struct.pack("<IHH", 0, *size))
    held = rec(0x48, level + 1, bytes(8)) + caption if caption else b""
    return 11, control(level, "tbl ", struct.pack("<I", inline) + bytes(40), held + body + b"".join(cells))


def paragraph_shape(kind: int, level: int, list_id: int = 0) -> bytes:
    return rec(0x19, 0, struct.pack("<I", kind << 23 | level << 25).ljust(30, b"\0") + struct.pack("<H", list_id))


def numbering(*templates: str) -> bytes:
    heads = [bytes(12) + string(template) for template in (*templates, *[""] * (7 - len(templates)))]
    return rec(0x17, 0, b"".join(heads) + struct.pack("<H", 1))


DOCINFO = b"".join(
    [
        *(rec(0x15, 0, bytes(42) + struct.pack("<i", size)) for size in (1000, 1800)),
        numbering("제^1장", "제^1장 제^2절"),
        rec(0x18, 0, bytes(12) + "☞".encode("utf-16-le")),
        *(paragraph_shape(*shape) for shape in ((0, 0), (1, 0), (1, 1), (2, 0, 1), (3, 0, 1))),
        *(rec(0x1A, 0, string(name) + string("")) for name in ("바탕글", "중제목")),
    ]
)


def packed(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def hwp(path: Path, *sections: bytes, flags: int = 1, **others: bytes) -> Path:
    head = (b"HWP Document File".ljust(32, b"\0") + struct.pack("<II", 0x05000300, flags)).ljust(256, b"\0")
    pack = packed if flags & 1 else bytes
    streams = {"FileHeader": head, "DocInfo": pack(DOCINFO)}
    streams |= {f"BodyText/Section{n}": pack(section) for n, section in enumerate(sections)}
    path.write_bytes(ole(streams | others))
    return path


def blocks(tmp_path: Path, *paragraphs: bytes) -> list[Block]:
    return list(parse(hwp(tmp_path / "문서.hwp", b"".join(paragraphs))).blocks)


def rows(block: Block) -> list[list[tuple[str, int, int]]]:
    assert isinstance(block, Table)
    return [[(cell.text, cell.rowspan, cell.colspan) for cell in row] for row in block.rows]


SECTION = (2, control(1, "secd", bytes(14) + struct.pack("<H", 1) + bytes(20)))


@pytest.mark.parametrize("flags", [0, 1])
def test_tables_have_their_spans_their_header_and_their_caption(tmp_path: Path, flags: int) -> None:
    found = table(
        1,
        (3, 3),
        cell(2, 0, 0, para(2, "구분"), down=2, header=True),
        cell(2, 0, 1, para(2, "요금"), across=2, header=True),
        cell(2, 1, 1, para(2, "평일"), header=True),
        cell(2, 1, 2, para(2, "주말"), header=True),
        cell(2, 2, 0, para(2, "대인"), para(2, "(19세부터)")),
        cell(2, 2, 1, para(2, "1,000")),
        cell(2, 2, 2, para(2, "2,000")),
        caption=para(2, "표 ", (18, control(3, "atno", struct.pack("<IH", 4, 7))), ". 요금"),
    )
    first, second, last = parse(
        hwp(tmp_path / "문서.hwp", para(0, "다음과 같다.", found) + para(0, "끝"), flags=flags)
    ).blocks
    assert (first, last) == (Paragraph("다음과 같다."), Paragraph("끝"))
    assert rows(second) == [
        [("구분", 2, 1), ("요금", 1, 2)],
        [("평일", 1, 1), ("주말", 1, 1)],
        [("대인\n(19세부터)", 1, 1), ("1,000", 1, 1), ("2,000", 1, 1)],
    ]
    assert isinstance(second, Table)
    assert (second.header, second.caption) == (2, "표 7. 요금")


def test_a_table_in_a_cell_follows_it(tmp_path: Path) -> None:
    inner = table(3, (2, 2), *(cell(4, n // 2, n % 2, para(4, word)) for n, word in enumerate("가나다라")))
    outer = table(
        1,
        (2, 2),
        *(cell(2, n // 2, n % 2, para(2, word)) for n, word in enumerate("항값신")),
        cell(2, 1, 1, para(2, inner)),
    )
    first, second = blocks(tmp_path, para(0, outer))
    assert rows(first)[1] == [("신", 1, 1), ("", 1, 1)]
    assert rows(second)[1] == [("다", 1, 1), ("라", 1, 1)]
    assert isinstance(second, Table)
    assert second.caption == "신"


def test_labels_styles_and_fonts(tmp_path: Path) -> None:
    assert blocks(
        tmp_path,
        para(0, SECTION, "총칙", shape=1),
        para(0, "목적", shape=2),
        para(0, "첫째", shape=3),
        para(0, "보기", shape=4),
        para(0, "신청", style=1),
        para(0, "글이다."),
    ) == [
        Heading("제1장 총칙", 1),
        Heading("제1장 제1절 목적", 2),
        Paragraph("제1장 첫째", listed=True),
        Paragraph("☞ 보기", listed=True),
        Heading("신청", 2),
        Paragraph("글이다."),
    ]


def test_large_letters_are_a_heading_if_nothing_else_is_and_something_follows(tmp_path: Path) -> None:
    text = "본문은 보통 크기의 글자로 길게 이어진다. " * 9
    assert blocks(
        tmp_path, para(0, "사업", font=1), para(0, "계획", font=1), para(0, text), para(0, "기관장", font=1)
    ) == [
        Heading("사업 계획", 1),
        Paragraph(text.strip()),
        Paragraph("기관장"),
    ]


def test_notes_boxes_equations_and_links(tmp_path: Path) -> None:
    note = (17, control(1, "fn  ", bytes(8), rec(0x48, 2, bytes(8)) + para(2, "관세법 제81조")))
    hidden = (15, control(1, "tcmt", b"", rec(0x48, 2, bytes(8)) + para(2, "숨은 설명")))
    header = (16, control(1, "head", bytes(8), rec(0x48, 2, bytes(8)) + para(2, "머리말")))
    shape = rec(0x4C, 2, bytes(40)) + rec(0x48, 3, bytes(8)) + para(3, "상자 안")
    box = (11, control(1, "gso ", bytes(44), rec(0x48, 2, bytes(8)) + para(2, "상자 설명") + shape))
    art = (11, control(1, "gso ", bytes(44), rec(0x4C, 2, bytes(40)) + rec(0x5A, 3, bytes(32) + string("글맵시"))))
    size = struct.pack("<IIIII", 0, 0, 0, 40000, 30000)
    picture = (11, control(1, "gso ", size, rec(0x4C, 2, bytes(40)) + rec(0x55, 3, bytes(80))))
    equation = (11, control(1, "eqed", bytes(44), rec(0x58, 2, bytes(4) + string("a over b"))))
    link = (3, control(1, "%hlk", bytes(5) + string(r"https\://mundap.kr;1;0;0;")))
    over = (23, control(1, "tdut", string("대한민국") + string("大韓民國")))
    path = hwp(
        tmp_path / "문서.hwp",
        para(0, "세율", note, hidden, header, "을 쓴다.", box, art, picture)
        + para(0, "식 ", equation, "\n둘째 줄")
        + para(0, link, "누리집", (4, b""), over),
    )
    parsed = parse(path)
    assert [block.text for block in parsed.blocks if isinstance(block, Paragraph)] == [
        "세율[주 1]을 쓴다.",
        "상자 안",
        "상자 설명",
        "글맵시",
        "[주 1] 관세법 제81조",
        "식 a over b\n둘째 줄",
        "누리집 (https://mundap.kr)대한민국(大韓民國)",
    ]
    assert parsed.warnings == ("텍스트로 읽지 못한 항목: 큰 이미지 1개.",)


def test_controls_without_their_marks_lose_no_text(tmp_path: Path) -> None:
    found = control(1, "tbl ", bytes(44), rec(0x4D, 2, struct.pack("<IHH", 0, 1, 1)) + cell(2, 0, 0, para(2, "칸")))
    assert blocks(tmp_path, para(0, "글"), para(0, "표") + found) == [Paragraph("글"), Paragraph("표"), Paragraph("칸")]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [(3, "암호가 걸린"), (0x11, "DRM"), (0x401, "DRM"), (5, "배포용으로 잠긴")],
)
def test_what_is_locked_says_how(tmp_path: Path, flags: int, sentence: str) -> None:
    with pytest.raises(BadFile, match=rf"문서\.hwp: .*{sentence}.*저장"):
        parse(hwp(tmp_path / "문서.hwp", para(0, "글"), flags=flags))


def test_the_notice_in_a_locked_document_is_never_its_text(tmp_path: Path) -> None:
    notice = "이 문서는 상위 버전의 배포용 문서입니다. 문서를 읽으려면 최신 버전의 한글이 필요합니다."
    with pytest.raises(BadFile, match="배포용으로 잠긴"):
        parse(hwp(tmp_path / "문서.hwp", para(0, notice)))
    about = [para(0, notice), *[para(0, f"{n}. 배포용 문서의 보안 수준을 설명하는 긴 글이다. " * 3) for n in range(9)]]
    assert blocks(tmp_path, *about)[0] == Paragraph(notice)


def test_a_section_that_breaks_off_is_told_and_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    path = hwp(
        tmp_path / "문서.hwp", para(0, "첫째") + para(0, "둘째") + rec(0x42, 0, bytes(22))[:-9], para(0, "2구역")
    )
    parsed = parse(path)
    assert parsed.blocks == (Paragraph("첫째"), Paragraph("둘째"), Paragraph("2구역"))
    assert parsed.warnings == ("본문 1구역이 손상되어 읽을 수 있는 부분까지만 추가했습니다. 원본을 다시 복사하세요.",)


def test_a_stream_that_bursts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.ingest.hwp.hwp5.MAX_PART", 1 << 20)
    with pytest.raises(BadFile, match="너무 크거나"):
        parse(hwp(tmp_path / "문서.hwp", rec(0x43, 0, bytes(8 << 20))))


def summary(title: str, saved: int, count: int = 3) -> bytes:
    """A property set of a title (2), when it was saved (13, in 100 ns since 1601), and another with a broken length."""
    text = struct.pack("<II", 0x1F, len(title) + 1) + f"{title}\0".encode("utf-16-le")
    values = [(2, text), (13, struct.pack("<IQ", 0x40, saved)), (99, struct.pack("<II", 0x101F, 0xFFFFFFFF))]
    at, table = 8 + 8 * len(values), b""
    for id, value in values:
        table += struct.pack("<II", id, at)
        at += len(value)
    body = struct.pack("<II", at, count) + table + b"".join(value for _, value in values)
    return bytes(44) + struct.pack("<I", 48) + body


def test_the_summary_gives_a_title_and_the_day_in_korea(tmp_path: Path) -> None:
    saved = 133_000_000_000_000_000  # 2022-06-18 04:26 in UTC
    said: dict[str, Any] = {"\x05HwpSummaryInformation": summary("휴가 규정", saved)}
    parsed = parse(hwp(tmp_path / "문서.hwp", para(0, "휴가규정"), **said))
    assert (parsed.title, parsed.date) == ("휴가 규정", "2022-06-18")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("raw", [summary("휴가 규정", 1 << 63, 0xFFFFFFFF), b"", bytes(48), b"\xff" * 99])
def test_a_broken_summary_costs_neither_time_nor_text(tmp_path: Path, raw: bytes) -> None:
    said: dict[str, Any] = {"\x05HwpSummaryInformation": raw}
    parsed = parse(hwp(tmp_path / "문서.hwp", para(0, "글"), **said))
    assert (parsed.blocks, parsed.title, parsed.date) == ((Paragraph("글"),), "", "")


def test_records_without_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.ingest.hwp.hwp5._MAX_RECORDS", 10_000)
    with pytest.raises(BadFile, match="너무 크거나"):
        parse(hwp(tmp_path / "문서.hwp", *[bytes(4 * 4_000)] * 3))


def test_records_below_each_other_without_end_are_a_bad_file(tmp_path: Path) -> None:
    level, data = 0, b""
    for _ in range(100):
        data += rec(0x42, level, bytes(22)) + rec(0x47, level + 1, b" osg" + bytes(44))
        level += 2
    with pytest.raises(BadFile, match="중첩이 깊어"):
        parse(hwp(tmp_path / "문서.hwp", data))


@pytest.mark.parametrize(
    "streams", [{}, {"FileHeader": b"x" * 256}, {"FileHeader": b"short"}, {"BodyText/Section0": b""}]
)
def test_an_ole_file_that_is_no_document(tmp_path: Path, streams: Streams) -> None:
    path = tmp_path / "문서.hwp"
    path.write_bytes(ole({"다른 것": b"x", **streams}))
    with pytest.raises(BadFile, match=r"문서\.hwp: 한글 문서로 읽을 수 없습니다.*(복사|저장)"):
        parse(path)
